"""The cache: keyed by everything a definition depends on, whole entries only, bounded, safe for two processes."""

import logging
import os
import shutil
import subprocess
import sys
from dataclasses import fields, replace

import pytest

from pipeline_defs import cache as cache_module
from pipeline_defs.cache import PACKAGE, DefinitionCache, fingerprint
from pipeline_defs.settings import PipelineSettings
from tests.pipeline_defs.compose_examples import CHURN, EXAMPLE, PROD, ROOT


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package that a test may edit."""
    copy = tmp_path / "pipeline_defs"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("preprocess", "train", "evaluate"):
        (copy / "steps" / name / "extra.py").write_text("")
    monkeypatch.setattr(cache_module, "PACKAGE", copy)
    return copy


def other(value):
    """A different value of the same kind."""
    if isinstance(value, dict):
        return value | {"accuracy": 0.123} if "accuracy" in value else value | {"another": "x"}
    return value + 1 if isinstance(value, int) else {"Approved": "PendingManualApproval"}.get(value, f"{value}x")


def test_a_definition_is_found_by_equal_settings_only(tmp_path):
    cache = DefinitionCache(tmp_path)
    cache.put(EXAMPLE, '{"ä":1}')
    assert DefinitionCache(tmp_path).get(PipelineSettings.from_json(EXAMPLE.to_json())) == '{"ä":1}'
    assert DefinitionCache(tmp_path).get(PROD) is None


@pytest.mark.parametrize("name", [field.name for field in fields(PipelineSettings)])
def test_every_setting_is_part_of_the_key(tmp_path, package, name):
    cache = DefinitionCache(tmp_path)
    assert cache.key(replace(EXAMPLE, **{name: other(getattr(EXAMPLE, name))})) != cache.key(EXAMPLE)


@pytest.mark.parametrize(
    "path",
    [
        "tabular_classification.py",
        "jobs.py",
        "validation/validate.py",
        "schemas/fraud_detector.json",
        "steps/train/extra.py",
        "new_pipeline.py",
    ],
)
def test_an_edit_of_any_source_changes_every_key(package, path):
    before = fingerprint()
    with (package / path).open("a") as file:
        file.write("\n")
    assert fingerprint() != before, "a stale definition would be deployed"


def test_bytecode_and_editor_files_change_no_key(package):
    before = fingerprint()
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "jobs.cpython-311.pyc").write_bytes(b"x")
    (package / ".jobs.py").write_text("x")
    assert fingerprint() == before


def test_another_version_of_the_sdk_changes_every_key(package, monkeypatch):
    before = fingerprint()
    versions = cache_module._versions()
    assert {name.split("-")[0] for name in versions} >= {"sagemaker", "sagemaker_core", "sagemaker_mlops", "botocore"}
    monkeypatch.setattr(cache_module, "_versions", lambda: [*versions[1:], "sagemaker-99.dist-info"])
    assert fingerprint() != before


@pytest.mark.parametrize("damage", ["", "{}", "cut", "flip", "binary", "foreign"])
def test_a_damaged_or_foreign_entry_is_a_miss_and_is_written_again(tmp_path, package, caplog, damage):
    cache = DefinitionCache(tmp_path / "cache")
    cache.put(EXAMPLE, '{"a":1}')
    cache.put(CHURN, '{"b":1}')
    entry = tmp_path / "cache" / f"{cache.key(EXAMPLE)}.definition"
    whole = entry.read_bytes()
    replacements = {
        "cut": whole[:-1],
        "flip": whole.replace(b'"a"', b'"z"'),
        "binary": b"\xff\xfe\x00",
        "foreign": (tmp_path / "cache" / f"{cache.key(CHURN)}.definition").read_bytes(),
    }
    entry.write_bytes(replacements.get(damage, damage.encode()))
    with caplog.at_level(logging.WARNING):
        assert cache.get(EXAMPLE) is None
    assert "composed again" in caplog.text, "it is said, not hidden"
    cache.put(EXAMPLE, '{"a":1}')
    assert cache.get(EXAMPLE) == '{"a":1}'


def test_nothing_is_kept_when_a_source_changed_while_composing(tmp_path, package):
    cache = DefinitionCache(tmp_path / "cache")
    (package / "jobs.py").write_text("edited = True\n")
    cache.put(EXAMPLE, "{}")
    assert cache.get(EXAMPLE) is None, "the text may come from either version of the source"


def test_the_entries_used_longest_ago_go_first(tmp_path, package):
    cache = DefinitionCache(tmp_path / "cache", limit=3)
    models = [replace(EXAMPLE, model=f"model-{number}") for number in range(5)]
    for age, settings in enumerate(models):
        cache.put(settings, "{}")
        path = tmp_path / "cache" / f"{cache.key(settings)}.definition"
        os.utime(path, (1_000_000 + age, 1_000_000 + age))
    assert cache.get(models[0]) == "{}", "a hit makes it the newest"
    cache.prune()
    assert [cache.get(settings) is not None for settings in models] == [True, False, False, True, True]


def test_the_leftovers_of_a_crash_go_and_another_processs_unfinished_entry_stays(tmp_path, package):
    cache = DefinitionCache(tmp_path / "cache")
    cache.put(EXAMPLE, "{}")
    old, new = (tmp_path / "cache" / f".x.definition-{number}-ab" for number in (1, 2))
    old.write_text("half")
    new.write_text("half")
    os.utime(old, (1, 1))
    cache.prune()
    assert (old.exists(), new.exists()) == (False, True)


def test_a_folder_that_does_not_exist_is_an_empty_cache_and_pruning_it_does_nothing(tmp_path, package):
    cache = DefinitionCache(tmp_path / "absent")
    assert cache.get(EXAMPLE) is None
    cache.prune()
    assert not (tmp_path / "absent").exists()


def test_two_processes_may_write_read_and_prune_the_same_folder_at_once(tmp_path):
    program = (
        "import sys, json, logging\n"
        "from dataclasses import replace\n"
        "from pathlib import Path\n"
        "from pipeline_defs.cache import DefinitionCache\n"
        "from pipeline_defs.settings import PipelineSettings\n"
        "logging.raiseExceptions = False\n"
        "complaints = []\n"
        "logging.getLogger('pipeline_defs.cache').addHandler(type('H', (logging.Handler,), "
        "{'emit': lambda self, record: complaints.append(record.getMessage())})())\n"
        "base = PipelineSettings.from_json(sys.stdin.read())\n"
        "cache = DefinitionCache(Path(sys.argv[1]), limit=5)\n"
        "for turn in range(200):\n"
        "    settings = replace(base, model=f'model-{turn % 8}')\n"
        "    text = json.dumps([settings.model] * 2000)\n"
        "    cache.put(settings, text)\n"
        "    found = cache.get(settings)\n"
        "    assert found in (None, text), 'a torn entry'\n"
        "    if turn % 10 == 0: cache.prune()\n"
        "assert not complaints, complaints[:3]\n"
    )
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        for _ in range(2)
    ]
    for worker in workers:
        worker.stdin.write(EXAMPLE.to_json())
        worker.stdin.close()
        worker.stdin = None
    for worker in workers:
        _, stderr = worker.communicate(timeout=60)
        assert worker.returncode == 0, stderr
    assert not list(tmp_path.glob(".*")), "no temporary file is left"
