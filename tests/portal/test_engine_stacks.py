"""All three stacks through the engine: preview, up, no change, destroy. AWS is the double of tests/package."""

import os
import shutil
import sys
from importlib.metadata import version

import pytest
import yaml

from portal.engine import Engine
from portal.events import UNKNOWN
from portal.operation import Patience
from portal.outcomes import Reason, State
from settings import read_stack_file
from tests.harness import ROOT
from tests.package import aws_double

MISSING = [name for name in ("pulumi", "pulumi-language-python") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}"),
]


@pytest.fixture
def project(tmp_path):
    copy = tmp_path / "project"
    ignored = shutil.ignore_patterns(".git", ".venv", ".mlops", ".tools", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, copy, ignore=ignored)
    description = yaml.safe_load((copy / "Pulumi.yaml").read_text())
    description["runtime"]["options"] = {"virtualenv": sys.prefix}
    (copy / "Pulumi.yaml").write_text(yaml.safe_dump(description))
    return copy


@pytest.fixture
def engine(project, tmp_path):
    aws_double.install(tmp_path / "home", version("pulumi-aws"))
    (tmp_path / "state").mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "only-for-this-test",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    return Engine(
        project,
        work=tmp_path / "work",
        backend=f"file://{tmp_path / 'state'}",
        environment=environment,
        plugins=("aws",),
        patience=Patience(deadline=300, grace=20, silence=60),
    )


@pytest.mark.parametrize("stack", ["dev", "preprod", "prod"])
def test_a_stack_is_previewed_made_left_alone_and_removed(engine, project, stack):
    approved = engine.preview(stack).wait()
    assert approved.state is State.SUCCEEDED, (approved.message, approved.diagnostics)
    made = engine.up(stack, approved=approved.fingerprint).wait()
    assert made.state is State.SUCCEEDED, (made.message, made.diagnostics)
    assert made.counts == approved.counts
    again = engine.preview(stack)
    assert again.wait().state is State.SUCCEEDED
    # The double leaves out some outputs that AWS computes; what is made from one of those stays unknown.
    changed = [event for event in again.planned if event.operation != "same" and UNKNOWN not in str(event.inputs)]
    assert changed == [], "a second run changes nothing"
    removed = engine.destroy(stack, remove=True).wait()
    if read_stack_file(project / f"Pulumi.{stack}.yaml").retains_data:
        assert removed.reason is Reason.RESOURCES or "protect" in removed.message, "what holds data is protected"
        assert removed.resources
    else:
        assert (removed.state, removed.resources) == (State.SUCCEEDED, 0), (removed.message, removed.diagnostics)
