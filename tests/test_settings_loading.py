"""Reading settings: all mistakes at once, from a file or from Pulumi, and the same rules for a direct construction."""

import json
import subprocess
import sys

import pulumi
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from settings import Environment, SettingsError, StackSettings, load_settings, read_stack_file, settings_from_pulumi
from tests.settings_errors.changes import ROOT, changed

STACKS = ("dev", "preprod", "prod")


def problems_of(raw, source="Pulumi.prod.yaml"):
    with pytest.raises(SettingsError) as caught:
        load_settings(raw, source=source)
    return caught.value.problems


def test_every_mistake_is_reported_at_once_in_blocks_that_begin_with_the_count_and_the_source():
    raw = changed(
        "prod",
        network__cidr="10.30.0.1/16",
        models__fraud__image="stable",
        models__fraud__gate__accuracy=90,
        models__fraud__schedule="daily",
        acounts={},
    )

    with pytest.raises(SettingsError) as caught:
        load_settings(raw, source="Pulumi.prod.yaml")

    assert str(caught.value) == (
        "Pulumi.prod.yaml: 5 mistakes in mlops:settings\n"
        "\n"
        "  acounts\n"
        "    rule: the key is unknown\n"
        "    fix:  did you mean accounts?\n"
        "\n"
        '  network.cidr: "10.30.0.1/16"\n'
        "    rule: the address is the first of its range (no host bits set)\n"
        "    fix:  write 10.30.0.0/16\n"
        "\n"
        "  models.fraud-detector.gate.accuracy: 90\n"
        "    rule: the value is at most 1\n"
        "    fix:  write 1 or less\n"
        "\n"
        '  models.fraud-detector.schedule: "daily"\n'
        "    rule: a schedule has the form cron(...) or rate(...)\n"
        "    fix:  write for example cron(0 6 * * ? *), which is 06:00 UTC every day\n"
        "\n"
        '  models.fraud-detector.image: "stable"\n'
        "    rule: in prod an image is named by version or digest, because another tag can move\n"
        "    fix:  write a version tag such as v1.2.3, or the digest sha256:...\n"
    )


BETWEEN_FIELDS = {
    "accounts.prod": {"accounts__prod": "222222222222"},
    "network.zones[0]": {"network__zones": ["eu-west-1a", "us-east-1b"]},
    "network.nat": {"network__nat": "single"},
    "storage.glacier_after_days": {"storage": {"glacier_after_days": 40}},
    "models.fraud-detector.image": {"models__fraud__image": "stable"},
    "models.fraud-detector.approval": {"models__fraud__approval": "automatic"},
}
ELSEWHERE = {
    "organisation": {"organisation": "A"},
    "network.cidr": {"network__cidr": "x"},
    "models.fraud-detector.gate.accuracy": {"models__fraud__gate__accuracy": 2},
    "models.fraud-detector.schedule": {"models__fraud__schedule": "x"},
    "storage.access_log_expire_after_days": {"storage__access_log_expire_after_days": 0},
    "log_retention_days": {"log_retention_days": 2},
    "unknown": {"unknown": 1},
}


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
@pytest.mark.parametrize("between", BETWEEN_FIELDS)
def test_a_mistake_elsewhere_does_not_hide_a_broken_rule_between_fields(between, elsewhere):
    found = problems_of(changed("prod", **BETWEEN_FIELDS[between], **ELSEWHERE[elsewhere]))

    assert {problem.path for problem in found} == {between, elsewhere}, "one run must show both"


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["dev", "10.0.0.0/16"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.booleans(), inner, max_size=3),
    max_leaves=6,
)
places = ["organisation", "environment", "region", "accounts", "accounts__prod", "network", "network__cidr"]
places += [
    "network__zones",
    "network__nat",
    "network__existing",
    "storage",
    "storage__glacier_after_days",
    "tags",
    "models",
]
places += [
    "models__fraud",
    "models__fraud__gate",
    "models__fraud__image",
    "models__fraud__hyperparameters",
    "x",
    "owner",
]


@given(changes=st.dictionaries(st.sampled_from(places), anything, min_size=1, max_size=1))
def test_whatever_stands_in_a_file_gives_settings_or_a_teaching_error(changes):
    try:
        load_settings(changed("prod", **changes), source="Pulumi.prod.yaml")
    except SettingsError as error:
        found = error.problems
    else:
        return

    assert found, "a refusal names its reasons"
    assert all(problem.rule and problem.fix and len(problem.value) <= 60 for problem in found)
    assert not any("see docs/" in problem.fix for problem in found), "each kind of mistake has a fix of its own"


def test_a_rule_whose_part_is_invalid_is_skipped_and_the_part_is_reported_once():
    found = problems_of(changed("prod", environment="prd", region="x", models__fraud__image="stable"))

    assert [problem.path for problem in found] == ["environment", "region"], "guesses about invalid parts mislead"


def test_one_model_in_pieces_does_not_hide_the_mistakes_of_another():
    raw = changed("prod", models__broken=3, models__fraud__image="stable")

    assert [problem.path for problem in problems_of(raw)] == ["models.broken", "models.fraud-detector.image"]


def test_a_direct_construction_runs_the_same_rules_between_fields():
    with pytest.raises(ValidationError, match="in prod an image is named by version or digest"):
        StackSettings.model_validate(changed("prod", models__fraud__image="stable"))


def test_the_value_of_an_unknown_key_is_not_printed():
    with pytest.raises(SettingsError) as caught:
        load_settings(changed("dev", database_password="hunter2"), source="x")

    assert "hunter2" not in str(caught.value), "nobody knows what stands under an unknown key"


def test_a_long_value_is_cut():
    (problem,) = problems_of(changed("prod", unit="u" * 500))

    assert len(problem.value) == 60, "an error is read in a terminal"


@pytest.mark.parametrize("raw", [None, "text", ["organisation"], 3])
def test_settings_that_are_no_keys_are_one_teaching_mistake(raw):
    (problem,) = problems_of(raw)

    assert (problem.rule, problem.fix) == ("the settings are keys with values", "indent the settings below this key")


def test_keys_that_are_no_text_do_not_break_the_report():
    raw = {**changed("prod"), True: 1}

    (problem,) = problems_of(raw)

    assert problem.rule == "a key is text", "YAML reads a bare yes as true, also where a key stands"


def test_settings_cannot_be_changed_after_they_were_read():
    settings = load_settings(changed("dev"), source="Pulumi.dev.yaml")

    with pytest.raises(ValidationError):
        settings.region = "eu-west-1"


@pytest.mark.parametrize("stack", STACKS)
def test_pulumi_and_the_stack_file_give_the_same_settings(stack, monkeypatch):
    pulumi.runtime.set_all_config({"mlops:settings": json.dumps(changed(stack))})
    monkeypatch.setattr(pulumi, "get_stack", lambda: stack)

    assert settings_from_pulumi() == read_stack_file(ROOT / f"Pulumi.{stack}.yaml")


@pytest.mark.parametrize(
    ("config", "rule", "fix"),
    [
        (
            {},
            "a stack's config holds its settings under mlops:settings",
            "write mlops:settings: below config: in Pulumi.qa.yaml, as Pulumi.dev.yaml does",
        ),
        ({"mlops:settings": "dev"}, "the settings are keys with values", "indent the settings below this key"),
        ({"mlops:settings": "3"}, "the settings are keys with values", "indent the settings below this key"),
    ],
    ids=["missing", "text", "number"],
)
def test_pulumi_config_without_settings_says_where_to_write_them(config, rule, fix, monkeypatch):
    pulumi.runtime.set_all_config(config)
    monkeypatch.setattr(pulumi, "get_stack", lambda: "qa")

    with pytest.raises(pulumi.RunError) as caught:
        settings_from_pulumi()

    error = caught.value.__cause__
    assert isinstance(error, SettingsError)
    assert str(error) == str(caught.value), "the engine prints a RunError's message without a trace"
    assert [(problem.rule, problem.fix) for problem in error.problems] == [(rule, fix)]
    assert error.source == "Pulumi.qa.yaml"


FILES = {
    "missing": (None, "a stack has a file of its settings, and this one does not exist", "Pulumi.dev.yaml"),
    "broken": ("config: [", "a stack file is YAML", "line 1, column 10"),
    "tagged": ("config: !!python/object/apply:os.getcwd []", "a stack file is YAML", "line 1, column 9"),
    "doubled": ("config:\n  a: 1\n  a: 2\n", "a stack file is YAML", "line 3, column 3: the key a stands twice"),
    "empty": ("", "a stack file holds config: at its top", "write config: and mlops:settings: below it"),
    "without config": ("encryptionsalt: x", "a stack's config holds its settings under mlops:settings", "write mlops"),
    "without settings": ("config: {}", "a stack's config holds its settings under mlops:settings", "write mlops"),
    "in Latin 1": (b"config: \xe9", "a stack file is readable text in UTF-8", "can't decode byte 0xe9"),
}


@pytest.mark.parametrize(("content", "rule", "fix"), FILES.values(), ids=FILES.keys())
def test_a_stack_file_that_cannot_be_read_says_why(content, rule, fix, tmp_path):
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}")
    file = tmp_path / "Pulumi.qa.yaml"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(SettingsError) as caught:
        read_stack_file(file)

    (problem,) = caught.value.problems
    assert caught.value.source == "Pulumi.qa.yaml"
    assert problem.rule == rule
    assert fix in problem.fix, "a person must know what to write"


def test_a_merge_key_may_stand_beside_other_keys(tmp_path):
    raw = changed("dev")
    text = yaml.safe_dump({"config": {"mlops:settings": {**raw, "storage": "STORAGE"}}})
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "x-storage: &storage {glacier_after_days: 120}\n"
        + text.replace("STORAGE", "{<<: *storage, standard_ia_after_days: 40}")
    )

    storage = read_stack_file(tmp_path / "Pulumi.dev.yaml").storage

    assert (storage.standard_ia_after_days, storage.glacier_after_days) == (40, 120)


def test_importing_the_settings_loads_no_engine_and_no_cloud_library():
    heavy = "{'pulumi', 'pulumi_aws', 'boto3', 'botocore', 'yaml', 'jsonschema', 'requests'}"
    code = f"import sys, settings; sys.exit(', '.join(sorted({heavy} & set(sys.modules))) or None)"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, f"settings imported {done.stderr.strip()}, which every preview and the portal pay for"


def test_the_environment_is_a_choice_and_not_a_text():
    assert load_settings(changed("dev"), source="x").environment is Environment.DEV
