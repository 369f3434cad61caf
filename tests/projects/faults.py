"""Put one fault into one call of one way through a project's life, do what AWS does then, and look at the end."""

import tempfile
from pathlib import Path

from contracts.projects import Status
from tests.projects.calls import GITHUB, KINDS, LASTING
from tests.projects.world import DEV, OURS, SECRET, World

FOR_ONE_DELIVERY = ("throttle", "5xx", "denied", "not found")
"""Kinds that last as long as the event is being delivered; the others are over at once."""
NEXT = {
    "model-training": {"README.md": b"Training, better\n", "src/extra.py": b"y = 2\n"},
    "realtime-inference": {"README.md": b"Inference, better\n"},
}


def publish(world, version="1.1.0"):
    """Publish a next version of the templates."""
    for template, files in NEXT.items():
        world.hub.push(f"risk-template-{template}", files, author="platform")
        world.tag(template, version)


def launched(world):
    assert world.launch()["Status"] == "SUCCESS"


def half_made(world):
    """A creation that was refused near its end; its rollback is what is left to do."""
    world.calls.fault("PUT /repos/acme/risk-churn-inference/environments/prod", "denied", times=LASTING)
    assert world.cloudformation("Create")["Status"] == "FAILED"
    world.calls.faults.clear()


def published(world):
    launched(world)
    publish(world)


def nothing(world):
    return None


WAYS = {
    "create": (nothing, "Create", {}),
    "archive": (launched, "Delete", {}),
    "roll back": (half_made, "Delete", {}),
    "upgrade": (published, "Update", {"TemplateVersion": "1.1.0"}),
    "let others in": (launched, "Update", {"Owner": "grace", "Team": "mlops"}),
}
"""By name: what was before, the request, and its changed properties."""


def calls(way):
    """Return the calls of a way without any fault, each name once, with whether it writes."""
    with fresh() as world:
        prepare, kind, properties = WAYS[way]
        prepare(world)
        world.calls.made.clear()
        assert world.cloudformation(kind, **properties)["Status"] == "SUCCESS", f"{way}: wrong without any fault"
        check_end(world, way)
        return {call.name: call for call in world.calls.made}


def fresh():
    folder = tempfile.TemporaryDirectory()
    world = World(Path(folder.name))
    world._folder = folder  # goes with the world
    return world


def outcome(way, name, kind, occurrence=0):
    """Return how it ended, after what CloudFormation does then; raises AssertionError where the end is wrong."""
    with fresh() as world:
        prepare, request, properties = WAYS[way]
        prepare(world)
        untouched = world.bystander()
        # IAM does not show a new role for a moment; it does not deny for minutes that there is one.
        brief = kind == "not found" and name.startswith("iam:")
        times = LASTING if kind in FOR_ONE_DELIVERY and not brief else 1
        if kind == "not found" and name.startswith("sagemaker:") and way == "roll back":
            world.calls.fault(name, "do", action=lambda: remove_groups(world))  # really: SageMaker does not lie
        else:
            world.calls.fault(name, kind, occurrence=occurrence, times=times)
        event = world.request(request, **properties)
        world.deliver("provision", event)
        answer = world.told(event)
        world.calls.faults.clear()
        assert answer is not None, f"CloudFormation hangs: {world.errors}"
        if answer["Status"] == "FAILED":
            after_failure(world, way, answer)
        check_end(world, way if answer["Status"] == "SUCCESS" or way != "create" else "roll back")
        assert world.bystander() == untouched, "a repository of somebody else's was touched"
        check_log(world)
        return answer["Status"]


def remove_groups(world):
    world.groups.groups.clear()
    world.groups.tags.clear()


def after_failure(world, way, answer):
    """Do what CloudFormation and people do after a failure: roll back, delete again, update again."""
    if way == "create":
        rolled_back = world.cloudformation("Delete", physical=answer["PhysicalResourceId"])
        assert rolled_back["Status"] == "SUCCESS", rolled_back["Reason"]
        return
    _, request, properties = WAYS[way]
    if request == "Update":
        assert world.cloudformation("Update")["Status"] == "SUCCESS", "the rollback of an update must not fail"
        assert world.project().record.status is Status.READY
    assert world.cloudformation(request, **properties)["Status"] == "SUCCESS", "the next try must go on"


def check_end(world, way):
    """Check that there is what there should be, and nothing that nobody knows of."""
    project, repositories, roles = world.project(), world.repositories(), world.roles()
    recorded = {role.arn for role in project.roles} if project else set()
    assert {role["Arn"] for role in roles.values()} == recorded, "a role that nobody knows of, or none where one is due"
    known = {record.id for record in project.repositories.values()} if project else set()
    assert {record["id"] for record in repositories.values()} == known, "a repository that nobody knows of"
    if way in ("create", "upgrade", "let others in"):
        assert project.record.status is Status.READY
        assert len(roles) == 3
        assert {name for name, record in repositories.items() if not record["archived"]} == set(OURS)
        assert all(record.ready and record.heads for record in project.repositories.values())
        assert repositories["risk-churn-inference"]["environments"]["prod"]["reviewers"], "the gate is missing"
    if way == "archive":
        assert project.record.status is Status.ARCHIVED
        assert all(record["archived"] for record in repositories.values())
        assert not roles
    if way == "roll back":
        assert project is None
        assert repositories == roles == {}
        assert not world.groups.groups, "the group is left"
    if way == "upgrade":
        pulls = {name: [p["title"] for p in record["pulls"]] for name, record in repositories.items()}
        assert pulls == {name: ["Template 1.1.0"] for name in OURS}
        assert project.record.template_version == "1.1.0"
    if way == "let others in":
        assert (project.record.owner, project.record.team) == ("grace", "mlops")
        for name in OURS:
            assert set(repositories[name]["collaborators"]) == {"ada", "grace"}, "nobody is taken out"
    boundaries = [role["Boundary"] or "" for role in roles.values()]
    assert [b for b in boundaries if not b.endswith("-project-boundary")] == [], "a role without its boundary"


def check_log(world):
    text = world.log.getvalue()
    for secret in (SECRET.split("=")[1], "ghs_", "eyJ"):
        assert secret not in text, f"{secret} is in the log"


def cells(way, *, kinds=KINDS):
    """Yield (call, kind) of a way: each fault in each call; what only reads is not half done."""
    for name, call in calls(way).items():
        for kind in kinds:
            if kind == "lost" and not call.writes and call.kind != GITHUB:
                continue
            yield name, kind


__all__ = ["DEV", "WAYS", "calls", "cells", "check_end", "fresh", "outcome", "publish"]
