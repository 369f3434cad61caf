"""The real engine runs the pack: it blocks, it lets through, and it judges late what it could not judge early.

The AWS provider is a test double (tests/package/aws_double.py); engine, language host and pulumi-policy are real.
"""

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from tests.harness import ROOT, raw_settings
from tests.package import aws_double

MISSING = [name for name in ("pulumi", "pulumi-language-python") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}"),
]
PROGRAMS = Path(__file__).resolve().parent / "programs"
RUNTIME = {"name": "python", "options": {"virtualenv": sys.prefix}}


class Project:
    """A Pulumi project with the stack dev, and a copy of the pack beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.pack = folder / "program", folder / "pack" / "policy"
        for name in ("policy", "contracts"):
            shutil.copytree(ROOT / name, folder / "pack" / name, ignore=shutil.ignore_patterns("__pycache__"))
        self._point_at_this_interpreter(self.pack / "PulumiPolicy.yaml")
        (folder / "state").mkdir()
        aws_double.install(folder / "home", version("pulumi-aws"))

    def program(self, name: str) -> "Project":
        """Fill the project with one of the small programs."""
        self.folder.mkdir()
        shutil.copy(PROGRAMS / f"{name}.py", self.folder / "__main__.py")
        shutil.copy(PROGRAMS / "common.py", self.folder)
        (self.folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "mlops", "runtime": RUNTIME}))
        shutil.copy(ROOT / "Pulumi.dev.yaml", self.folder)
        return self.initialised()

    def platform(self, stack: str) -> "Project":
        """Fill the project with the platform's own program."""
        ignored = shutil.ignore_patterns(".*", "__pycache__", "tests")
        shutil.copytree(ROOT, self.folder, ignore=ignored)
        shutil.copy(ROOT / ".gitignore", self.folder)
        self._point_at_this_interpreter(self.folder / "Pulumi.yaml")
        return self.initialised(stack)

    def initialised(self, stack: str = "dev") -> "Project":
        self.run("stack", "init", stack, expect=0)
        return self

    def run(self, *arguments: str, expect: int | None = None) -> str:
        """Run the CLI and return what it showed."""
        environment = {
            **os.environ,
            "PULUMI_HOME": str(self.folder.parent / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder.parent / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder, env=environment, text=True, capture_output=True, check=False, timeout=300,
        )  # fmt: skip
        shown = done.stdout + done.stderr
        if expect is not None:
            assert done.returncode == expect, shown[-6000:]
        self.code = done.returncode
        return shown

    def judged(self, command: str, *arguments: str, stack: str = "dev", expect: int | None = None) -> str:
        pack = ("--policy-pack", str(self.pack))
        return self.run(command, "--stack", stack, *pack, *arguments, expect=expect)

    @staticmethod
    def _point_at_this_interpreter(file: Path) -> None:
        description = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump({**description, "runtime": RUNTIME}))


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def test_a_preview_that_breaks_rules_is_blocked_and_says_which_where_and_how_to_mend_it(project):
    shown = project.program("bad").judged("preview")
    assert project.code != 0, shown
    assert "[mandatory]" in shown, shown
    for words in ("customer-key", "log-retention", "versioning", "logs: kmsKeyId is not set", "Fix:"):
        assert words in shown, (words, shown)
    assert "bucket: it has no public access block of its own" in shown, "rules over several resources run too"


def test_a_preview_that_follows_the_rules_passes_and_says_what_is_judged_later(project):
    shown = project.program("good").judged("preview", expect=0)
    assert "[mandatory]" not in shown, shown
    assert "not-judged-yet" in shown, shown
    assert "customer-key: logs" in shown, "its key is known during the update only, which is neither good nor bad"


def test_an_update_that_follows_the_rules_is_made(project):
    shown = project.program("good").judged("up", "--yes", expect=0)
    assert "3 created" in shown or "+ 4 created" in shown, shown


def test_what_a_preview_could_not_know_is_blocked_when_the_update_shows_it(project):
    shown = project.program("late").judged("preview", expect=0)
    assert "customer-key: logs" in shown
    shown = project.judged("up", "--yes", "--skip-preview")
    assert project.code != 0, shown
    assert "kmsKeyId is alias/aws/logs, a key of AWS" in shown, shown


def test_a_variable_makes_every_command_run_the_pack(project, monkeypatch):
    monkeypatch.setenv("PULUMI_OPTION_POLICY_PACK", str(project.pack))
    shown = project.program("bad").run("preview", "--stack", "dev")
    assert project.code != 0, shown
    assert "customer-key" in shown, shown


def test_a_provider_that_takes_any_account_is_blocked(project):
    shown = project.program("elsewhere").judged("preview")
    assert project.code != 0, shown
    assert "anywhere: allowedAccountIds is not set" in shown, "the engine judges providers too"


def test_a_stack_of_another_project_is_told_that_the_pack_is_not_for_it(project):
    program = project.program("good")
    (project.folder / "Pulumi.dev.yaml").write_text("config: {}\n")
    shown = program.judged("preview")
    assert project.code != 0
    assert "the stack has no mlops:settings" in shown, shown


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_platform_itself_passes_on_the_engine(project, stack):
    assert raw_settings(stack)["environment"] == stack
    shown = project.platform(stack).judged("preview", stack=stack, expect=0)
    assert "[mandatory]" not in shown, shown
    assert "not-judged-yet" in shown, shown
