"""What a test run says of the tests that it did not run; each run here is one of a few tests in a folder of its own."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ELSEWHERE, NO_SKIPS
from tests.harness import ROOT

SKIPPING = """
import pytest

@pytest.fixture
def lacking():
    pytest.skip("npm is not on PATH")

@pytest.mark.skipif(True, reason="pulumi is not on PATH")
def test_marked(): ...

def test_with_a_fixture(lacking): ...

def test_within():
    pytest.skip("no index answers")

@pytest.mark.xfail(reason="known")
def test_expected_to_fail():
    assert False

def test_that_runs(): ...
"""
REASONS = ("npm is not on PATH", "pulumi is not on PATH", "no index answers")
WHOLE = """
import pytest

pytest.skip("this system has no /proc", allow_module_level=True)
"""
PARTLY = """
import pytest

@pytest.mark.engine
@pytest.mark.parametrize("number", range(3))
def test_of_the_engine(number): ...

@pytest.mark.stories
def test_story(): ...

@pytest.mark.other
def test_that_no_target_has(): ...

def test_plain(): ...
"""


@pytest.fixture
def run(tmp_path):
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    markers = "\n    ".join((*ELSEWHERE, "other"))
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nmarkers =\n    {markers}\n")

    def run(module, *arguments, **variables):
        (tmp_path / "test_some.py").write_text(module)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", NO_SKIPS))}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, text=True, capture_output=True, check=False, timeout=60,
            env={**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **variables},
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return run


def test_a_skip_is_a_failure_that_names_its_reason_where_nothing_may_skip(run):
    code, said = run(SKIPPING)
    assert (code, "1 passed, 3 skipped, 1 xfailed" in said) == (0, True), said
    code, said = run(SKIPPING, **{NO_SKIPS: "1"})
    assert code == 1, said
    assert not [reason for reason in REASONS if reason not in said], "what is missing is what has to be installed"
    assert "skipped" not in said.splitlines()[-1], said
    assert "1 passed, 1 xfailed" in said, "what runs is not touched"


def test_a_module_that_skips_itself_is_one_too(run):
    assert run(WHOLE)[0] == pytest.ExitCode.NO_TESTS_COLLECTED
    code, said = run(WHOLE, **{NO_SKIPS: "1"})
    assert code == pytest.ExitCode.INTERRUPTED, said
    assert "this system has no /proc" in said


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2", "--dist", "loadfile")], ids=["plain", "xdist"])
def test_the_tests_that_other_targets_run_are_counted_once(run, workers):
    code, said = run(PARTLY, *workers, "-m", "not (engine or stories or other)")
    assert code == 0, said
    assert re.findall(r"left out: .*", said) == [
        "left out: 4 tests (make test-engine, test-browser, test-faults, test-stories, test-templates)"
    ], "of three engine tests and a story; the last one is no target's"


def test_a_run_of_one_of_those_targets_leaves_nothing_to_them(run):
    code, said = run(PARTLY, "-m", "engine")
    assert (code, "left out" in said) == (0, False), said


def test_the_makefile_leaves_out_the_same_markers_and_lets_no_proof_skip():
    makefile = (ROOT / "Makefile").read_text()
    assert f"ELSEWHERE := {' or '.join(ELSEWHERE)}\n" in makefile
    for target in ("test-engine", "test-browser"):
        recipe = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)[1]
        assert f"{NO_SKIPS}=1 $(BIN)/pytest" in recipe, f"make {target} would be green without proof"


TOOLS = ("pulumi", "pulumi-language-python", "pulumi-language-nodejs", "node", "npm", "actionlint", "chromium")
CI = {
    "everything": (TOOLS, True, "make test-engine ENGINE_TESTS=engine", []),
    "no plugin": (
        TOOLS, False, "make test-engine ENGINE_TESTS=engine and not aws_plugin", ["with the AWS provider itself"],
    ),
    "no npm": (
        set(TOOLS) - {"npm"}, True, "make test-engine ENGINE_TESTS=engine and not npm", ["in TypeScript"],
    ),
    "nothing": ((), False, "make policy", ["lint of the workflows", "the engine tests are", "the browser tests are"]),
}  # fmt: skip


@pytest.mark.parametrize(("tools", "plugin", "last", "said"), CI.values(), ids=CI.keys())
def test_continuous_integration_says_what_it_leaves_out_for_want_of_a_tool(tmp_path, tools, plugin, last, said):
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    programs = {f"bin/{tool}": "" for tool in tools}
    programs |= {"bin/make": 'echo make "$@"', ".venv/bin/python": f"echo {plugin}"}
    for name, line in programs.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n{line}\n")
        file.chmod(0o755)
    (tmp_path / "bin" / "dirname").symlink_to(shutil.which("dirname"))
    done = subprocess.run(
        [shutil.which("bash"), str(tmp_path / ".ci" / "run")],
        env={"PATH": str(tmp_path / "bin")}, text=True, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert last in lines, lines
    assert ("make test-engine" in done.stdout, "make test-browser" in lines) == (bool(tools), bool(tools)), lines
    left_out = [line for line in lines if "left out" in line]
    assert [part for part in said if not any(part in line for line in left_out)] == []
    assert len(left_out) == len(said), left_out
