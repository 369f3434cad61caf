"""What happens to each function when all goes well: every path, each with what it starts from and the event it gets.

The fault table injects its faults into these, and the IAM comparison takes its calls from them.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from contracts import delivery_config as dc
from contracts.desired_state import State
from lambda_src.shared import artifacts
from tests.lambda_src.world import IMAGE, MODEL, NAMES, World, config


@dataclass(frozen=True, kw_only=True)
class Scenario:
    name: str
    function: str
    prepare: Callable[[World], Any]
    """Build what is there and return the event."""
    expect: Callable[[World], bool]
    """Whether the final state is the right one."""
    delivered: Callable[[], dc.DeliveryConfig] = config
    patches: dict[str, Any] = field(default_factory=dict)
    """Attributes of `artifacts`."""


def _tagged(world):
    world.client("ecr").create_repository(repositoryName=f"acme-risk/{MODEL}")
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"digest": f"sha256:{'cd' * 32}"},
            "layers": [],
        }
    )
    world.client("ecr").put_image(repositoryName=f"acme-risk/{MODEL}", imageManifest=manifest, imageTag="v1")
    registry = world.client("ecr").describe_repositories()["repositories"][0]["registryId"]
    image = IMAGE.replace("111111111111", registry)
    return world.approval(world.source_version(image=f"{image}:v1", digest=None))


def _throttled_copy(world):
    world.fault("s3:UploadPartCopy", "throttle")
    return world.approval(world.source_version())


def _resumed(world):
    event = world.approval(world.source_version())
    world.fault("sagemaker:CreateModelPackage", "died")
    world.run("promote", event, tries=1)
    world.repair()
    world.sagemaker.tokens.clear()  # so long ago that the service has forgotten it
    return event


def _promoted(world):
    (item,) = world.items("promotion#")
    copies = [a for a, p in world.sagemaker.packages.items() if NAMES.model_package_group(MODEL) in a]
    return item["state"] == "Registered" and copies == [item["target_arn"]]


def _refused(world):
    (item,) = world.items("promotion#")
    return item["state"] == "Refused" and "accuracy" in item["detail"]


def _is(state, number):
    def expect(world):
        desired = world.desired
        return desired["state"] == state and desired["version_arn"].endswith(f"/{number}")

    return expect


def _first(world):
    return world.approval(world.own_version(1))


def _update(world):
    world.deployed(1)
    return world.approval(world.own_version(2))


def _failed_before(world):
    world.run("deploy", world.approval(world.own_version(1)))
    world.settle("Failed", reason="the container did not pass its ping")
    world.run("verify", world.endpoint_event("FAILED"))

    def deletion_ends():  # before Lambda's retry
        if world.endpoint is not None and world.endpoint["status"] == "Deleting":
            world.settle()

    world.meanwhile = deletion_ends
    return world.approval(world.own_version(2))


def _runs_already(world):
    return _told_and_died(world, world.own_version(1), "sagemaker:CreateEndpoint")


def _bad_one_runs_already(world):
    world.deployed(1)
    event = _told_and_died(world, world.own_version(2), "sagemaker:UpdateEndpoint")
    world.sagemaker.answers[world.endpoint["config"]] = 500
    return event


def _told_and_died(world, arn, call):
    event = world.approval(arn)
    world.fault(call, "died")
    world.run("deploy", event, tries=1)
    world.repair()
    world.settle()
    return event


def _batch_config():
    return config(
        kind=dc.Kind.BATCH, batch=dc.Batch(schedule="cron(0 3 * * ? *)"), instances=dc.Instances(), scaling=None,
        alarms=None, smoke=(),
    )  # fmt: skip


def _scheduled(world):
    world.run("deploy", world.approval(world.own_version(1)))
    return {
        "source": "mlops.schedule",
        "detail-type": "Scheduled Batch Transform",
        "id": "execution-1",
        "time": "2026-01-01T03:00:00Z",
        "detail": {"model": MODEL},
    }


def _third_settled(world):
    world.deployed(1)
    world.deployed(2)
    world.run("deploy", world.approval(world.own_version(3)))
    world.settle()
    return world.endpoint_event()


def _cleaned(world):
    return _is(State.IN_SERVICE, 3)(world) and len(world.sagemaker.configs) == 2 and len(world.sagemaker.models) == 2


def _first_settled(world):
    world.run("deploy", _first(world))
    world.settle()
    return world.endpoint_event()


def _second_settled(world, *args, **keywords):
    world.run("deploy", _update(world))
    world.settle(*args, **keywords)
    return world.endpoint_event()


def _bad_second(world):
    event = _second_settled(world)
    world.sagemaker.answers[world.desired["endpoint_config"]] = 500
    return event


def _back(world):
    moving_to_good = world.endpoint["pending"] == world.items("deployment#")[0]["endpoint_config"]
    return (
        _is(State.FAILED, 2)(world) and moving_to_good and world.desired["endpoint_config"] in world.sagemaker.configs
    )


def _newer_waits(world):
    world.run("deploy", _update(world))
    world.run("deploy", world.approval(world.own_version(3)))
    world.settle()
    world.fault("sagemaker:DescribeEndpoint", "throttle")  # one try fails, and gives the event back
    return world.endpoint_event()


def _fixed_size(world):
    event = _second_settled(world)
    world.publish_config(config(instances=dc.Instances(min=2, max=2), scaling=None))
    return event


def _no_targets(world):
    scaling = world.client("application-autoscaling")
    return not scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]


def _asynchronous():
    return config(kind=dc.Kind.ASYNC, alarms=None, asynchronous=dc.Asynchronous())


def _queued(world):
    world.meanwhile = world.answer_queued
    return _first_settled(world)


def _shadowed():
    return config(shadow=dc.Shadow(version=1, percent=50))


def _with_shadow(world):
    world.own_version(1)
    return world.approval(world.own_version(2))


IN_PARTS = {"LARGEST_COPY": 1}
SCENARIOS = [
    Scenario(
        name="register a copy",
        function="promote",
        prepare=lambda w: w.approval(w.source_version()),
        expect=_promoted,
    ),
    Scenario(name="resolve a tag", function="promote", prepare=_tagged, expect=_promoted),
    Scenario(
        name="copy in parts, again after a throttle",
        function="promote",
        prepare=_throttled_copy,
        expect=_promoted,
        patches=IN_PARTS,
    ),
    Scenario(name="go on after a death", function="promote", prepare=_resumed, expect=_promoted),
    Scenario(
        name="refuse below the gate",
        function="promote",
        prepare=lambda w: w.approval(w.source_version(accuracy=0.5)),
        expect=_refused,
    ),
    Scenario(name="first deployment", function="deploy", prepare=_first, expect=_is(State.DEPLOYING, 1)),
    Scenario(name="update", function="deploy", prepare=_update, expect=_is(State.DEPLOYING, 2)),
    Scenario(
        name="with a shadow",
        function="deploy",
        prepare=_with_shadow,
        expect=_is(State.DEPLOYING, 2),
        delivered=_shadowed,
    ),
    Scenario(
        name="replace a failed endpoint", function="deploy", prepare=_failed_before, expect=_is(State.DEPLOYING, 2)
    ),
    Scenario(name="runs it already", function="deploy", prepare=_runs_already, expect=_is(State.IN_SERVICE, 1)),
    Scenario(name="runs a bad one already", function="deploy", prepare=_bad_one_runs_already, expect=_back),
    Scenario(
        name="batch version",
        function="deploy",
        prepare=_first,
        expect=_is(State.IN_SERVICE, 1),
        delivered=_batch_config,
    ),
    Scenario(
        name="batch job",
        function="deploy",
        prepare=_scheduled,
        expect=lambda w: len(w.sagemaker.transform_jobs) == 1,
        delivered=_batch_config,
    ),
    Scenario(name="first version serves", function="verify", prepare=_first_settled, expect=_is(State.IN_SERVICE, 1)),
    Scenario(name="third version serves", function="verify", prepare=_third_settled, expect=_cleaned),
    Scenario(name="smoke fails", function="verify", prepare=_bad_second, expect=_back),
    Scenario(
        name="silent rollback",
        function="verify",
        prepare=lambda w: _second_settled(w, rolled_back=True),
        expect=_is(State.ROLLED_BACK, 2),
    ),
    Scenario(
        name="endpoint failed",
        function="verify",
        prepare=lambda w: _second_settled(w, "Failed", rolled_back=True),
        expect=_is(State.FAILED, 2),
    ),
    Scenario(name="a newer one waits", function="verify", prepare=_newer_waits, expect=_is(State.DEPLOYING, 3)),
    Scenario(name="scaling is over", function="verify", prepare=_fixed_size, expect=_no_targets),
]
ANSWERED_LATER = [
    Scenario(
        name="asynchronous version serves",
        function="verify",
        prepare=_queued,
        expect=_is(State.IN_SERVICE, 1),
        delivered=_asynchronous,
    ),
]
"""Paths of a stack with an asynchronous endpoint, whose functions have statements of their own."""
BY_NAME = {f"{scenario.function}: {scenario.name}": scenario for scenario in [*SCENARIOS, *ANSWERED_LATER]}


class patched:  # noqa: N801  # used as a verb
    """Set attributes of `artifacts` for a while."""

    def __init__(self, patches):
        self._patches = patches

    def __enter__(self):
        self._before = {name: getattr(artifacts, name) for name in self._patches}
        for name, value in self._patches.items():
            setattr(artifacts, name, value)

    def __exit__(self, *_):
        for name, value in self._before.items():
            setattr(artifacts, name, value)
