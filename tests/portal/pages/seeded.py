"""A portal with a past: the real services over a database in which operations of every kind were recorded.

No engine runs; `Record` writes what one would have reported. AWS (models, projects) is stood in for by plain values.
"""

import json
from datetime import UTC, datetime, timedelta

from portal.events import (
    Diagnostic,
    Ended,
    Phase,
    PolicyViolation,
    PropertyChange,
    ResourceChanged,
    ResourceFailed,
    ResourcePlanned,
    ResourceStarted,
    to_json,
)
from portal.fingerprints import Fingerprint
from portal.outcomes import Lock, Outcome, Pending, Repair, RepairStep, State
from tests.portal.scenario import definition

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PRINT = Fingerprint(commit="4f2a9c1d" * 5, program="9b" * 32, config="c1" * 32, state="5e" * 32, plan="a7" * 32)
HOSTILE = '<script>alert("x")</script>'
ROOT = "urn:pulumi:prod::mlops-platform::pulumi:pulumi:Stack::mlops-platform-prod"


def urn(kind, name, stack="prod"):
    return f"urn:pulumi:{stack}::mlops-platform::{kind}::{name}"


class Record:
    """Writes operations as a service with an engine would have."""

    def __init__(self, store, queue, clock):
        self.store, self.queue, self.clock = store, queue, clock

    def put(self, actor, kind, stack, why="", *, ago, seconds=40, events=(), outcome=None, start=True, **more):
        """Add an operation that began `ago` and, with an outcome, has ended."""
        now = self.clock.now
        self.clock.now = now - ago
        with self.store.writing() as unit:
            record = self.queue.put(unit, actor, kind=kind, stack=stack, why=why, **more)
        if start:
            with self.store.writing() as unit:
                assert unit.operations.claim(record.id, self.clock.now), "the stack is free"
                documents = self._numbered(events, self.clock.now)
                if outcome is not None:
                    end = self.clock.now + timedelta(seconds=seconds)
                    last = Ended(sequence=len(documents) + 1, time=end.timestamp(), outcome=outcome)
                    unit.events.append(record.id, [*documents, to_json(last)])
                    assert unit.operations.end(record.id, outcome, end), "it has not ended before"
                else:
                    unit.events.append(record.id, documents)
        self.clock.now = now
        with self.store.reading() as unit:
            return unit.operations.get(record.id)

    @staticmethod
    def _numbered(events, began):
        first = began.timestamp()
        return [{**to_json(event), "sequence": i, "time": first + i * 0.4} for i, event in enumerate(events, 1)]


def planned(kind, name, operation="create", *, parent=ROOT, changes=(), stack="prod", **more):
    return ResourcePlanned(
        urn=urn(kind, name, stack), type=kind, operation=operation, parent=parent, changes=tuple(changes), **more
    )


def change(path, old, new, kind="update", *, replaces=False):
    return PropertyChange(path=path, kind=kind, old=old, new=new, replaces=replaces)


def preview_events(resources=60):
    """A preview with everything that a page has to show."""
    network, platform = urn("mlops:index:Network", "network"), urn("mlops:index:ModelPipeline", "fraud-detector")
    tags = {"environment": "prod", "owner": "ml-platform@example.com"}
    old, new = definition(gate="0.9"), definition(gate="0.85", instance="ml.m5.2xlarge", extra=("Bias",))
    policy = json.dumps(
        {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}], "Version": "2012-10-17"}
    )
    narrower = policy.replace('"*"', '"arn:aws:s3:::acme-risk-prod-data/*"')
    yield Phase(phase="prepare", detail="settings, credentials, plugins")
    yield Phase(phase="preview")
    yield planned("pulumi:pulumi:Stack", "mlops-platform-prod", "same", parent="")
    yield planned("mlops:index:Network", "network", "same")
    yield planned("mlops:index:ModelPipeline", "fraud-detector", "same")
    for zone in ("us-east-1a", "us-east-1b"):
        yield planned("aws:ec2/subnet:Subnet", f"network-private-{zone}", "same", parent=network)
    yield planned(
        "aws:ec2/natGateway:NatGateway", "network-nat-us-east-1b", parent=network, inputs={"allocationId": "[unknown]"}
    )
    yield planned("aws:ec2/eip:Eip", "network-nat-address-us-east-1b", parent=network, inputs={"domain": "vpc"})
    yield planned(
        "aws:sagemaker/pipeline:Pipeline",
        "fraud-detector-pipeline",
        "update",
        parent=platform,
        changes=[change("pipelineDefinition", old, new)],
        inputs={"pipelineDefinition": new},
    )
    yield planned(
        "aws:iam/policy:Policy",
        "fraud-detector-read-policy",
        "update",
        parent=platform,
        changes=[change("policy", policy, narrower), change("tags.cost-center", None, "risk-ml", "add")],
        inputs={"policy": narrower},
    )
    yield planned(
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        "fraud-detector-config",
        "replace",
        parent=platform,
        changes=[change("productionVariants[0].instanceType", "ml.m5.large", "ml.m5.xlarge", replaces=True)],
        replacing=("productionVariants",),
        inputs={"productionVariants": [{"instanceType": "ml.m5.xlarge"}]},
    )
    yield planned(
        "aws:s3/bucket:Bucket", "old-artifacts", "delete", inputs={"bucket": "acme-risk-prod-old"}, protected=True
    )
    yield planned("aws:cloudwatch/logGroup:LogGroup", "old-logs", "delete", inputs={"name": "/acme/old"})
    for index in range(resources):
        yield planned("aws:ssm/parameter:Parameter", f"parameter-{index:03}", "same", inputs={"tags": tags})
    yield PolicyViolation(
        policy="bucket-encryption",
        pack="mlops",
        level="advisory",
        message="the bucket uses the AWS-managed key",
        urn=urn("aws:s3/bucket:Bucket", "old-artifacts"),
    )
    yield Diagnostic(severity="warning", message="dev reads a mutable image tag", urn=platform)


def up_events(upto=None):
    yield Phase(phase="prepare")
    yield Phase(phase="up")
    yield Phase(phase="up", detail="as approved")
    names = [
        ("aws:ec2/eip:Eip", "network-nat-address-us-east-1b", "create"),
        ("aws:ec2/natGateway:NatGateway", "network-nat-us-east-1b", "create"),
        ("aws:iam/policy:Policy", "fraud-detector-read-policy", "update"),
        ("aws:sagemaker/pipeline:Pipeline", "fraud-detector-pipeline", "update"),
    ]
    for kind, name, operation in names[:upto]:
        yield ResourceStarted(urn=urn(kind, name), type=kind, operation=operation)
        yield ResourceChanged(urn=urn(kind, name), type=kind, operation=operation, id="i-1")
    for kind, name, operation in names[upto:] if upto is not None else ():
        yield ResourceStarted(urn=urn(kind, name), type=kind, operation=operation)


def failed_events():
    endpoint = "aws:sagemaker/endpoint:Endpoint"
    yield Phase(phase="up")
    yield ResourceStarted(urn=urn(endpoint, "fraud-endpoint"), type=endpoint, operation="create")
    yield Diagnostic(severity="error", message=f"ResourceLimitExceeded {HOSTILE}", urn=urn(endpoint, "fraud-endpoint"))
    yield ResourceFailed(urn=urn(endpoint, "fraud-endpoint"), type=endpoint, operation="create")


def drift_events(stack):
    key, bucket = "aws:kms/key:Key", "aws:s3/bucket:Bucket"
    yield Phase(phase="refresh")
    yield planned(key, "key", "update", stack=stack, changes=[change("enableKeyRotation", True, False)])
    yield planned(bucket, "artifacts", "delete", stack=stack)


PREVIEWED = Outcome(
    state=State.SUCCEEDED,
    counts={"create": 2, "update": 2, "replace": 1, "delete": 2, "same": 66},
    fingerprint=PRINT,
    state_version=PRINT.state,
    resources=71,
    seconds=38,
)
LOST = Outcome(
    state=State.LOST,
    message="the engine was killed. What it began may have happened: see the pending operations.",
    diagnostics=(f"error: connection reset {HOSTILE}",),
    counts={"create": 3},
    resources=68,
    seconds=72,
    pending=(
        Pending(urn=urn("aws:s3/bucket:Bucket", "data", "preprod"), type="aws:s3/bucket:Bucket", operation="creating"),
    ),
    locks=(Lock(by="portal@build-7", process=4711, since="2026-03-02T08:12:00Z"),),
    repairs=(
        Repair(
            step=RepairStep.UNLOCK, about="take the lock away: portal@build-7 may still run", needs_confirmation=True
        ),
        Repair(
            step=RepairStep.REFRESH,
            about="read what is really there; ends pending updates and deletions",
            needs_confirmation=False,
        ),
        Repair(
            step=RepairStep.CLEAR_PENDING,
            about="forget pending creations: after a look in AWS",
            needs_confirmation=True,
        ),
    ),
)
