"""Run Pulumi: the real deployment with its state in S3, and a preview that needs neither credentials nor state."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_project.facts import Facts
from mlops_project.variables import variable

QUIET = {"PULUMI_SKIP_UPDATE_CHECK": "true"}
PROGRAM = ("Pulumi.yaml", "__main__.py", "mlops_project")
"""What a preview copies of the repository, besides the stack's own file."""
LINKED = (".platform", ".venv")
"""What it needs and does not copy, as that is large."""


class PulumiError(RuntimeError):
    """Pulumi did not do what it was asked; it has said why itself."""


def up(facts: Facts, environ: Mapping[str, str]) -> dict[str, Any]:
    """Deploy the stack of the environment and return its outputs. The first deployment makes the stack.

    The state holds no secret: nothing in the program is one, and the bucket encrypts the whole of it with the
    platform's key. So Pulumi's own encryption of secrets has an empty passphrase; the platform's key opens data through
    services only, and would refuse Pulumi.
    """
    backend = f"s3://{variable('STATE_BUCKET', environ)}/projects/{facts.project}?region={facts.region}&awssdk=v2"
    settings = {
        **environ,
        **QUIET,
        "PULUMI_BACKEND_URL": backend,
        "PULUMI_CONFIG_PASSPHRASE": "",
        # The checkout is new each time, so the passphrase's salt is in the state alone.
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
    }
    known = json.loads(pulumi(["stack", "ls", "--json"], settings, capture=True))
    if facts.environment in {found["name"].rpartition("/")[2] for found in known}:
        pulumi(["stack", "select", facts.environment], settings)
    else:
        pulumi(["stack", "init", facts.environment, "--secrets-provider", "passphrase"], settings)
    pulumi(["up", "--stack", facts.environment, "--yes", "--diff", "--suppress-outputs"], settings)
    found: dict[str, Any] = json.loads(
        pulumi(["stack", "output", "--stack", facts.environment, "--json"], settings, capture=True)
    )
    if found["endpoint_name"] != facts.endpoint_name:
        raise PulumiError(
            f"the endpoint is {found['endpoint_name']}, and ENDPOINT_NAME is {facts.endpoint_name}: callers and tests "
            "would ask another one; ask the platform team to correct the variables"
        )
    return found


def preview(facts: Facts, repository: Path) -> str:
    """Return what the first deployment of a stack would create, as Pulumi shows it. Calls no cloud.

    Works on a copy, because Pulumi writes into the stack's file.
    """
    with tempfile.TemporaryDirectory(prefix="preview-") as scratch:
        folder = Path(scratch) / "program"
        folder.mkdir()
        for name in (*PROGRAM, f"Pulumi.{facts.environment}.yaml"):
            source = repository / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / name)
        for name in LINKED:
            (folder / name).symlink_to((repository / name).resolve())
        facts.write(folder / "facts.json")
        (Path(scratch) / "state").mkdir()
        settings = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            **QUIET,
            "PULUMI_BACKEND_URL": f"file://{scratch}/state",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "DEPLOYMENT_FACTS": str(folder / "facts.json"),
            "MLOPS_OFFLINE": "true",
        }
        pulumi(["stack", "init", facts.environment], settings, folder=folder, capture=True)
        return pulumi(
            ["preview", "--stack", facts.environment, "--diff", "--color", "never"],
            settings,
            folder=folder,
            capture=True,
        )


def pulumi(
    arguments: Sequence[str], environ: Mapping[str, str], *, folder: Path | None = None, capture: bool = False
) -> str:
    """Run the CLI and return what it printed, or show that as it comes. Raises PulumiError where it fails."""
    program = shutil.which("pulumi", path=environ.get("PATH"))
    if program is None:
        raise PulumiError("pulumi is not on PATH: install the Pulumi CLI, in the version that pyproject.toml names")
    done = subprocess.run(  # the one program, without a shell
        [program, *arguments, "--non-interactive"],
        env=dict(environ),
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE if capture else None,
        check=False,
    )
    if done.returncode:
        raise PulumiError(f"`pulumi {' '.join(arguments[:2])}` ended with {done.returncode}\n{done.stdout or ''}")
    return done.stdout or ""
