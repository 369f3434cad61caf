"""The template repositories as they land in GitHub, each in a folder of its own."""

import os
import subprocess
import sys

import pytest

from components.template_content import ROOT, rendered

ORGANIZATION = "acme"
sys.path.append(str(ROOT / "templates" / "library"))  # mlops_project, for tests that compare it with the platform


def write(name, folder):
    """Write a template's files and return the folder."""
    for place, content in rendered(name, ORGANIZATION).items():
        file = folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def python(folder, *words, **variables):
    """Run this interpreter in a repository, as its Makefile does, and return what came of it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))}
    environ = {**kept, "PYTHONPATH": f"src{os.pathsep}.", "PYTHONDONTWRITEBYTECODE": "1", **variables}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environ, text=True, capture_output=True, check=False, timeout=300
    )


@pytest.fixture(scope="session")
def repository(tmp_path_factory):
    """Render a template once per session: `repository("model-training")` is its folder."""
    made = {}

    def make(name):
        if name not in made:
            made[name] = write(name, tmp_path_factory.mktemp(name))
        return made[name]

    return make
