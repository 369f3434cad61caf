"""The life of all three stacks through the engine, from the first preview to the destroy. AWS is `aws_cloud`'s."""

import json
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
from settings import CONFIG_KEY, read_stack_file
from tests.harness import ROOT
from tests.portal import aws_cloud

MISSING = [name for name in ("pulumi", "pulumi-language-python") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}"),
]
LOGS = "platform-network-flow-logs-log-group"
"""A resource of every stack that one setting changes, and that holds nothing a stack would protect."""


class World:
    """A copy of the project, an empty AWS, and the engine of both."""

    def __init__(self, folder, stack):
        self.stack, self.project, self.cloud = stack, folder / "project", folder / "cloud"
        ignored = shutil.ignore_patterns(".git", ".venv", ".mlops", ".tools", "__pycache__", ".*_cache", ".hypothesis")
        shutil.copytree(ROOT, self.project, ignore=ignored)
        description = yaml.safe_load((self.project / "Pulumi.yaml").read_text())
        description["runtime"]["options"] = {"virtualenv": sys.prefix}
        (self.project / "Pulumi.yaml").write_text(yaml.safe_dump(description))
        aws_cloud.install(folder / "home", version("pulumi-aws"))
        for each in (self.cloud, folder / "state"):
            each.mkdir()
        self.engine = Engine(
            self.project,
            work=folder / "work",
            backend=f"file://{folder / 'state'}",
            environment={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "PULUMI_HOME": str(folder / "home"),
                "PULUMI_CONFIG_PASSPHRASE": "only-for-this-test",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                aws_cloud.FOLDER: str(self.cloud),
            },
            plugins=("aws",),
            patience=Patience(deadline=300, grace=20, silence=60),
        )

    def order(self, **orders):
        (self.cloud / "orders.json").write_text(json.dumps(orders))

    def keep_flow_logs(self, days):
        file = self.project / f"Pulumi.{self.stack}.yaml"
        lines = [line for line in file.read_text().splitlines() if "flow_log_retention_days" not in line]
        lines.insert(lines.index("    network:") + 1, f"      flow_log_retention_days: {days}")
        file.write_text("\n".join(lines) + "\n")

    def give_up_data(self):
        """Set `retain_data: false`, as docs/adr/0010 tells whoever ends a stack of prod deliberately."""
        file = self.project / f"Pulumi.{self.stack}.yaml"
        document = yaml.safe_load(file.read_text())
        document["config"][CONFIG_KEY]["retain_data"] = False
        file.write_text(yaml.safe_dump(document, sort_keys=False))

    def things(self):
        """The names of the files in which AWS holds what was made."""
        return {path.name for path in self.cloud.glob("*.*.json")}

    def logs(self):
        return self.cloud / f"{LOGS}.LogGroup.json"

    def kept_days(self):
        return json.loads(self.logs().read_text())["retentionInDays"]

    def do(self, kind, **options):
        """Run an operation to its end, which has to be a success."""
        operation = getattr(self.engine, kind)(self.stack, **options)
        outcome = operation.wait()
        assert outcome.state is State.SUCCEEDED, (kind, outcome.message, outcome.diagnostics)
        return operation

    def planned(self, kind="preview"):
        """What an operation that changes nothing says of resources, by name; of the rest, nothing.

        The double leaves out some outputs that AWS computes; what is made from one of those stays unknown.
        """
        found = self.do(kind).planned
        return {
            event.urn.split("::")[-1]: event.operation
            for event in found
            if event.operation != "same" and UNKNOWN not in str(event.inputs)
        }


@pytest.fixture(params=["dev", "preprod", "prod"])
def world(request, tmp_path):
    return World(tmp_path, request.param)


def test_a_stack_is_made_resumed_changed_replaced_drifts_is_refreshed_and_removed(world):
    approved = world.do("preview").outcome
    total = approved.counts["create"]
    assert not list(world.cloud.iterdir()), "a preview makes nothing"

    world.order(fail={LOGS: "too many log groups"})
    failed = world.engine.up(world.stack, approved=approved.fingerprint).wait()
    assert (failed.state, failed.reason, failed.pending) == (State.FAILED, Reason.RESOURCES, ()), failed
    assert any("too many log groups" in each for each in failed.diagnostics), failed.diagnostics
    world.order()
    resumed = world.do("up").outcome
    assert 0 < resumed.counts["create"] < total, "what was made before the failure is not made again"
    assert resumed.resources >= total, "and nothing is missing"
    assert world.planned() == {}, "a second run changes nothing"

    world.keep_flow_logs(400)
    assert world.planned() == {LOGS: "update"}
    world.do("up")
    assert world.kept_days() == 400
    protected = read_stack_file(world.project / f"Pulumi.{world.stack}.yaml").retains_data
    world.order(replace=[LOGS])
    world.keep_flow_logs(545)
    if protected:
        refused = world.engine.preview(world.stack).wait()
        assert refused.state is State.FAILED
        assert "protect" in refused.message, "what holds data is not replaced"
        world.keep_flow_logs(400)
    else:
        assert "replace" in world.planned()[LOGS], "whichever of its steps came last"
        world.do("up")
    world.order()

    days = world.kept_days()
    assert days == (400 if protected else 545)
    world.logs().write_text(world.logs().read_text().replace(str(days), "1"))
    assert LOGS in world.planned("drift")
    assert world.planned() == {}, "a look for drift does not touch the state"
    world.do("refresh")
    assert world.planned() == {LOGS: "update"}, "a refresh did: the program wants it back"
    world.do("up")
    assert world.kept_days() == days

    there = world.things()
    removed = world.engine.destroy(world.stack, remove=True).wait()
    if protected:
        assert (removed.state, removed.reason) == (State.FAILED, Reason.PROGRAM), removed
        assert "platform-data-bucket" in removed.message, "it names what holds data and is protected"
        assert world.things() == there, "nothing is gone, neither that nor what stands on it"
        world.give_up_data()
        opened = world.do("up").outcome
        assert set(opened.counts) <= {"same", "update"}, "it takes the protection off, and destroys nothing"
        assert opened.resources == removed.resources
        removed = world.engine.destroy(world.stack, remove=True).wait()
    assert (removed.state, removed.resources) == (State.SUCCEEDED, 0), (removed.message, removed.diagnostics)
    left = {name.split(".")[-2] for name in world.things()}
    assert left <= {"BucketObjectv2"}, "nothing but files, which go with their buckets"
