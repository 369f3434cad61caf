"""Who imports whom, and that importing reaches nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import ROOT

FOLDERS = (
    "contracts",
    "settings",
    "pipeline_defs",
    "components",
    "operations",
    "policy",
    "portal",
    "local",
    "lambda_src",
    "wiring",
)
FORBIDDEN = {
    "contracts": {*FOLDERS, "pulumi", "pulumi_aws", "boto3", "botocore", "sagemaker", "pydantic"} - {"contracts"},
    "settings": {
        "pipeline_defs", "components", "local", "operations", "lambda_src", "wiring", "boto3", "sagemaker",
        "pulumi_aws",
    },
    "pipeline_defs": {"settings", "components", "local", "operations", "lambda_src", "wiring", "pulumi", "pulumi_aws"},
    "components": {"local", "operations", "lambda_src", "wiring", "sagemaker", "boto3"},
    # The engine runs it beside the program, and judges what that registers by its inputs alone.
    "policy": {"components", "local", "operations", "lambda_src", "wiring", "sagemaker", "boto3"},
    "lambda_src": {
        "settings", "pipeline_defs", "components", "local", "operations", "wiring", "pulumi", "pulumi_aws",
        "sagemaker",
    },
    # A portal imports it, so it knows AWS and the settings, and nothing of terminals, programs or this machine.
    "operations": {
        "pipeline_defs", "components", "local", "lambda_src", "wiring", "pulumi", "pulumi_aws", "sagemaker", "typer",
        "rich", "moto",
    },
    # A service imports it: Pulumi is loaded in its workers only, and this machine's stand-ins not at all.
    "portal": {
        "pipeline_defs", "components", "local", "lambda_src", "wiring", "pulumi_aws", "sagemaker", "typer", "rich",
        "moto",
    },
}  # fmt: skip
MINTER = "operations/github_token.py"
"""Mints what Pulumi manages repositories with, for the command line and for the portal."""
CLOSED_SOCKETS = """
import socket
def refuse(*arguments, **options):
    raise SystemExit("a socket was opened during import")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
"""


def imported(path: Path) -> set[str]:
    """First names of everything that a file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def files(folder: str) -> list[Path]:
    steps = ROOT / "pipeline_defs" / "steps"
    return [path for path in (ROOT / folder).rglob("*.py") if steps not in path.parents]


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_arrows_go_one_way(folder):
    wrong = {
        str(path.relative_to(ROOT)): found for path in files(folder) if (found := imported(path) & FORBIDDEN[folder])
    }
    if folder == "pipeline_defs":  # only what runs in the worker process may know the SDK; it is named here
        wrong = {path: found for path, found in wrong.items() if found != {"sagemaker"}}
    if folder == "operations":  # one module, and nothing of the functions but their client of GitHub
        assert wrong.pop(MINTER, None) == {"lambda_src"}
        assert modules_of_functions(ROOT / MINTER) <= {"github_client"}
    assert wrong == {}


def modules_of_functions(path: Path) -> set[str]:
    """What a file imports of lambda_src, by the names of the folders below it; empty for the folder itself."""
    names = {
        name
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if name.split(".")[0] == "lambda_src"
    }
    return {[*name.split("."), ""][1] for name in names}


def test_the_client_of_github_needs_nothing_that_is_only_there_in_a_function():
    wrong = {"settings", "pulumi", "pulumi_aws", "aws_lambda_powertools", "boto3", "botocore"}
    folder = ROOT / "lambda_src" / "github_client"
    assert {path.name: found for path in folder.rglob("*.py") if (found := imported(path) & wrong)} == {}
    outside = {path.name: found for path in folder.rglob("*.py") if (found := modules_of_functions(path))}
    assert set().union(*outside.values()) == {"github_client"}, "the service would load the functions with it"


def test_only_the_engine_s_modules_know_the_automation_api():
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in (*FOLDERS, "bench", "package")
        for path in [*files(folder), *ROOT.glob(f"{folder}.py")]
        if "pulumi.automation" in path.read_text() and _imports_automation(path)
    }
    assert found
    assert all(name.startswith("portal/engine") for name in found), found
    code = "import sys, portal.engine; assert not [name for name in sys.modules if name.split('.')[0] == 'pulumi']"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"the service itself loads no Pulumi\n{done.stderr[-2000:]}"


def _imports_automation(path: Path) -> bool:
    return any(
        (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pulumi.automation"))
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "pulumi"
            and any(a.name == "automation" for a in node.names)
        )
        or (isinstance(node, ast.Import) and any(a.name.startswith("pulumi.automation") for a in node.names))
        for node in ast.walk(ast.parse(path.read_text()))
    )


def test_an_import_within_a_function_is_seen(tmp_path):
    file = tmp_path / "module.py"
    file.write_text("def f():\n    from local.recorder import record\n")
    assert imported(file) == {"local"}


@pytest.mark.parametrize(
    "module",
    [
        "settings",
        "components.platform",
        "wiring",
        "pipeline_defs.composer",
        "pipeline_defs.validation",
        "local.cli",
        "local.recorder",
        "operations.github_token",
        "operations.models",
        "operations.replay",
        "portal.engine",
    ],
)
def test_importing_opens_no_socket(module):
    code = f"{CLOSED_SOCKETS}\nimport {module}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_program_that_the_engine_runs_stays_short_and_without_logic():
    text = (ROOT / "__main__.py").read_text()
    assert len(text.splitlines()) < 60
    branches = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.If | ast.For | ast.While)]
    assert branches == [], "logic belongs where it can be tested on its own"
