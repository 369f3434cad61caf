"""Paths of the handlers beside those of `tests/lambda_src/scenarios.py`: run for their calls, each with what it proves.

Versioned buckets, as the real ones are; every kind of delivery; what is gone; names that were cut; half-done work.
"""

from contracts import delivery_config as dc
from contracts import operator_events
from contracts.desired_state import State
from contracts.endpoint_plan import ALARM_PURPOSES
from tests.lambda_src import scenarios
from tests.lambda_src.scenarios import IN_PARTS, Scenario
from tests.lambda_src.world import BUCKET, MODEL, NAMES, PREVIOUS_BUCKET, config

ALARMS = [NAMES.alarm(purpose, MODEL) for purpose in ALARM_PURPOSES]
LONG = "a-very-long-model-name-of-forty-letters"
KINDS = {
    "realtime with capture": lambda: config(capture=dc.Capture(percent=50)),
    "realtime on local NVMe": lambda: config(instance_type="ml.g5.xlarge"),
    "realtime, rolling": lambda: config(rollout=dc.Rollout(strategy=dc.Strategy.ROLLING)),
    "realtime, linear": lambda: config(rollout=dc.Rollout(strategy=dc.Strategy.LINEAR)),
    "with a shadow": lambda: config(shadow=dc.Shadow(version=1, percent=50)),
    "serverless": lambda: config(
        kind=dc.Kind.SERVERLESS, serverless=dc.Serverless(), instances=dc.Instances(), scaling=None, alarms=None,
        rollout=dc.Rollout(), instance_type="ml.m5.large",
    ),
    "async": lambda: config(kind=dc.Kind.ASYNC, asynchronous=dc.Asynchronous(), alarms=None, smoke=()),
}  # fmt: skip
"""Deliveries that are deployed and updated; batch has its own scenarios."""


def _versioned(world):
    for bucket in (BUCKET, PREVIOUS_BUCKET):
        world.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def _source(world, **members):
    _versioned(world)
    return world.approval(world.source_version(**members))


def _with_baselines(world):
    _versioned(world)
    base = f"s3://{PREVIOUS_BUCKET}/pipelines/run-1"
    for name in ("constraints.json", "payload.tar.gz"):
        world.client("s3").put_object(Bucket=PREVIOUS_BUCKET, Key=f"pipelines/run-1/{name}", Body=b"{}")
    constraints = {"Constraints": {"ContentType": "application/json", "S3Uri": f"{base}/constraints.json"}}
    return world.approval(
        world.source_version(
            DriftCheckBaselines={"ModelQuality": constraints}, SamplePayloadUrl=f"{base}/payload.tar.gz"
        )
    )


def _promoted_before(world):
    """The source was itself promoted into the previous environment, so its files lie under another prefix."""
    event = _source(world)
    (package,) = world.sagemaker.packages.values()
    s3, container = world.client("s3"), package["InferenceSpecification"]["Containers"][0]
    key = f"promoted/{MODEL}/0123/model.tar.gz"
    s3.put_object(Bucket=PREVIOUS_BUCKET, Key=key, Body=b"model 1")
    container["ModelDataUrl"] = f"s3://{PREVIOUS_BUCKET}/{key}"
    statistics = package["ModelMetrics"]["ModelQuality"]["Statistics"]
    report = s3.get_object(Bucket=PREVIOUS_BUCKET, Key="pipelines/run-1/statistics.json")["Body"].read()
    statistics["S3Uri"] = f"s3://{PREVIOUS_BUCKET}/promoted/{MODEL}/0123/statistics.json"
    s3.put_object(Bucket=PREVIOUS_BUCKET, Key=f"promoted/{MODEL}/0123/statistics.json", Body=report)
    return event


def _outcome(state):
    return lambda world: [item["state"] for item in world.items("promotion#")] == [state]


def _served(number):
    return lambda world: (
        (world.desired["state"], world.desired["version_arn"].rsplit("/", 1)[-1]) == (State.IN_SERVICE, str(number))
    )


def _updated(world):
    """A second version arrives, is deployed and comes to rest; its event is what is left to do."""
    world.deployed(1)
    world.run("deploy", world.approval(world.own_version(2)))
    world.settle()
    return world.endpoint_event()


def _cut(function):
    def prepare(world):
        if function == "promote":
            return world.approval(world.source_version())
        if function == "verify":
            return world.endpoint_event()
        return world.approval(world.own_version(1))

    return prepare


def _waits_behind_a_failed_one(world):
    world.run("deploy", world.approval(world.own_version(1)))
    world.run("deploy", world.approval(world.own_version(2)))
    world.settle("Failed", reason="the container did not pass its ping")

    def deletion_ends():  # before Lambda's retry
        if world.endpoint is not None and world.endpoint["status"] == "Deleting":
            world.settle()

    world.meanwhile = deletion_ends
    return world.endpoint_event("FAILED")


def _created_anew(world):
    return world.desired["version_arn"].endswith("/2") and world.endpoint["status"] == "Creating"


def _without_alarms(world):
    event = _updated(world)
    world.client("cloudwatch").delete_alarms(AlarmNames=ALARMS)
    return event


def _alarms_are_back(world):
    found = world.client("cloudwatch").describe_alarms(AlarmNames=ALARMS)["MetricAlarms"]
    return len(found) == len(ALARMS) and _served(2)(world)


def _half_done_without_scaling(world):
    """A first try told the endpoint and died; since then scaling ended, and the next try finds the endpoint at rest."""
    world.deployed(1)
    event = world.approval(world.own_version(2))
    world.publish_config(config(instances=dc.Instances(min=2, max=2), scaling=None))
    world.fault("sagemaker:UpdateEndpoint", "died")
    world.run("deploy", event, tries=1)
    world.repair()
    world.settle()
    return event


def _no_target(world):
    found = world.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    return not found["ScalableTargets"] and _served(2)(world)


def _asked_for(world):
    world.run("deploy", world.approval(world.own_version(1)))
    world.settle()
    world.run("verify", world.endpoint_event())
    return {
        "source": operator_events.SOURCE,
        "detail-type": operator_events.DETAIL_TYPE,
        "detail": {"stack": NAMES.prefix, "model": MODEL},
        "id": "operator-1",
        "account": NAMES.account,
        "region": NAMES.region,
        "time": "2026-01-01T00:00:00Z",
    }


def _refused_later(world, event):
    """Let the containers of an asynchronous endpoint answer an error, between two tries of the event."""
    world.sagemaker.answers[world.endpoint["config"]] = 500
    world.meanwhile = world.answer_queued
    return event


def _failed(world):
    return world.desired["state"] == State.FAILED


def _asynchronous():
    return config(kind=dc.Kind.ASYNC, alarms=None, asynchronous=dc.Asynchronous())


def _batch():
    return config(
        kind=dc.Kind.BATCH, batch=dc.Batch(schedule="cron(0 3 * * ? *)"), instances=dc.Instances(), scaling=None,
        alarms=None, smoke=(), instance_type="ml.g5.xlarge",
    )  # fmt: skip


FURTHER = [
    Scenario(name="copy a version of each file", function="promote", prepare=_with_baselines,
             expect=_outcome("Registered")),
    Scenario(name="copy a version in parts", function="promote", prepare=_source, expect=_outcome("Registered"),
             patches=IN_PARTS),
    Scenario(name="copy what was promoted before", function="promote", prepare=_promoted_before,
             expect=_outcome("Registered")),
    Scenario(name="approve by policy", function="promote", prepare=_source, expect=_outcome("Registered"),
             delivered=lambda: config(approval="automatic")),
    Scenario(name="files are gone", function="promote", prepare=lambda w: _source(w, files=False),
             expect=_outcome("Refused")),
    *(
        Scenario(name=f"{function} a model whose names were cut", function=function, prepare=_cut(function),
                 expect=lambda _: True,
                 delivered=lambda: config(model=LONG, group=NAMES.model_package_group(MODEL)))
        for function in ("promote", "deploy", "verify")
    ),
    *(
        Scenario(name=f"serve {name}", function="verify", prepare=_updated, expect=_served(2), delivered=delivered)
        for name, delivered in KINDS.items()
    ),
    Scenario(name="batch on local NVMe", function="deploy", prepare=lambda w: w.approval(w.own_version(1)),
             expect=_served(1), delivered=_batch),
    Scenario(name="a newer one waits behind a failed one", function="verify", prepare=_waits_behind_a_failed_one,
             expect=_created_anew),
    Scenario(name="somebody removed the alarms", function="verify", prepare=_without_alarms, expect=_alarms_are_back),
    Scenario(name="scaling ended meanwhile", function="deploy", prepare=_half_done_without_scaling, expect=_no_target),
    Scenario(name="an asynchronous answer is an error", function="verify",
             prepare=lambda w: _refused_later(w, scenarios._first_settled(w)), expect=_failed, delivered=_asynchronous),
    Scenario(name="a half-done asynchronous rollout is judged", function="deploy",
             prepare=lambda w: _refused_later(w, scenarios._runs_already(w)), expect=_failed, delivered=_asynchronous),
    Scenario(name="an operator asks", function="deploy", prepare=_asked_for, expect=_served(1)),
]  # fmt: skip
"""Scenarios for the calls; their outcomes are tested where the functions are."""
