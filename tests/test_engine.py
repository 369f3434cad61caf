"""What only the real engine shows. Needs the Pulumi CLI and its Python language host; needs no provider plugin."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.harness import ROOT

MISSING = [name for name in ("pulumi", "pulumi-language-python") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}"),
]


@pytest.fixture
def project(tmp_path):
    """A copy of the project that the engine runs with this interpreter and keeps its state beside it."""
    copy = tmp_path / "project"
    ignored = shutil.ignore_patterns(".git", ".venv", ".mlops", ".tools", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, copy, ignore=ignored)
    description = yaml.safe_load((copy / "Pulumi.yaml").read_text())
    description["runtime"]["options"] = {"virtualenv": sys.prefix}
    (copy / "Pulumi.yaml").write_text(yaml.safe_dump(description))
    (tmp_path / "state").mkdir()
    return copy


def pulumi(project: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {
        **os.environ,
        "PULUMI_HOME": str(project.parent / "home"),
        "PULUMI_BACKEND_URL": f"file://{project.parent / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    return subprocess.run(
        ["pulumi", *arguments, "--non-interactive"],
        cwd=project,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )


def test_the_engine_shows_every_mistake_of_a_stack_file_before_it_registers_anything(project):
    path = project / "Pulumi.dev.yaml"
    path.write_text(path.read_text().replace("accuracy: 0.80", "accuracy: 8").replace("10.10.0.0/16", "10.10.0.0/8"))
    assert pulumi(project, "stack", "init", "dev").returncode == 0
    preview = pulumi(project, "preview", "--stack", "dev")
    shown = preview.stdout + preview.stderr
    assert preview.returncode != 0
    assert "models.fraud-detector.gate.accuracy" in shown, shown
    assert "network.cidr" in shown, shown
    assert "Traceback" not in shown, "a mistake in a file is no crash of the program"
    assert "pulumi:providers:aws" not in shown, "the provider was registered before the settings were checked"
