"""Every AWS call that the four functions make: the real handlers are run through all scenarios, once per test process.

Calls are taken from botocore's own events, with the parameters that it would send. Names are those of the stack that
the tests of a function use; `tests/iam/stacks.py` reads them as another stack's.
"""

import contextlib
import functools
import json
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest
from moto.core.base_backend import BackendDict

from contracts import delivery_config as dc
from lambda_src.shared import clients, configuration
from lambda_src.sweep.handler import SWEPT, SweepError
from local.aws import credentials
from local.aws.notices import OUTBOX
from local.aws.server import EmbeddedAws
from tests.harness import stack_graph
from tests.iam.scenarios import FURTHER
from tests.lambda_src.scenarios import ANSWERED_LATER, SCENARIOS, patched
from tests.lambda_src.test_sweep import NAMES as SWEPT_NAMES
from tests.lambda_src.test_sweep import Account
from tests.lambda_src.world import MODEL, World


@dataclass(frozen=True)
class Call:
    """One call, without the times and payloads in it, so that equal calls count once."""

    function: str
    service: str
    """boto3's client name."""
    operation: str
    text: str
    """The parameters as JSON."""
    stack: str
    """The stack whose names are in them."""
    kind: str = ""
    """What the model of the scenario is served as."""
    approval: str = ""
    """Who approves that model's versions here; its group is tagged so."""

    @property
    def name(self):
        return f"{self.service}:{self.operation}"

    @property
    def parameters(self):
        return json.loads(self.text)


CLIENTS = {"autoscaling": "application-autoscaling"}
LEFT_OUT = (
    "Body", "ClientRequestToken", "ClientToken", "ConditionExpression", "CreationTimeAfter",
    "CustomerMetadataProperties", "ExpressionAttributeNames", "ExpressionAttributeValues", "Item", "Key", "Message",
    "MultipartUpload", "Subject", "Tagging", "UpdateExpression", "UploadId",
)  # fmt: skip
"""Parameters that IAM does not look at and that differ from run to run; S3's `Key` and `Tagging` stay."""
TAKEN = ("role_arn", "key_arn", "artifact_bucket", "capture_bucket", "data_bucket", "subnets", "security_groups")
"""What each scenario's delivery takes from the stack's own."""


def rendered_config(stack):
    """Return the delivery of the model as the stack publishes it, which the function reads from SSM."""
    (parameter,) = [
        p for p in stack_graph(stack).of_type("ssm:Parameter") if p.inputs["name"].endswith(f"/{MODEL}/delivery")
    ]
    value = parameter.inputs["value"]
    return dc.decode(value["value"] if isinstance(value, dict) else value)


class StackWorld(World):
    """The functions' world with the role, key, buckets and network that the stack really has."""

    def publish_config(self, delivered):
        known = rendered_config("prod")
        super().publish_config(replace(delivered, **{name: getattr(known, name) for name in TAKEN}))


@functools.cache
def recorded():
    """Return the calls of all functions. Raises AssertionError where a scenario did not end as it should."""
    return frozenset({*_of_delivery(), *_of_sweep()})


def _of_delivery():
    for scenario in [*SCENARIOS, *ANSWERED_LATER, *FURTHER]:
        with patched(scenario.patches), StackWorld(scenario.delivered()) as world:
            world.run(scenario.function, scenario.prepare(world))
            assert scenario.expect(world), f"{scenario.function}, {scenario.name}: did not end as it should"
            world.repair()
            world.pump()  # what follows is real too
            delivered, calls = world.delivered, list(world.calls)
        for call in calls:
            service = CLIENTS.get(call.service, call.service)
            kind, approval = delivered.delivery.kind.value, delivered.approval
            yield Call(call.function, service, call.operation, _text(call.parameters), "prod", kind, approval)


def _of_sweep():
    """A stack that retains its data is looked at and refused; another is swept until nothing is left."""
    found = set()

    def note(params, model, context, **_):
        context["sent"] = params
        found.add((model.service_model.service_name, model.name, _text(params)))

    with _embedded(note) as (patch, server):
        for retains in ("true", "false"):
            found.clear()
            patch.setenv("RETAINS_DATA", retains)
            BackendDict.reset()
            OUTBOX.clear()
            credentials.enable(SWEPT_NAMES.account)
            account = Account.current = Account(server)
            account.furnish()
            account.started_pipeline("Succeeded")
            if retains == "true":
                with pytest.raises(SweepError, match="retains its data"):
                    account.destroy()
            else:
                assert account.destroy_until_done()[0] == SWEPT
            yield from [Call("sweep", *call, stack="sweep", kind=f"retain {retains}") for call in found]


@contextlib.contextmanager
def _embedded(note):
    """An embedded AWS with the function's clients, whose every call is noted before it is sent."""
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory() as folder,
        EmbeddedAws(Path(folder) / ".mlops") as server,
    ):
        for name, value in {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_ACCESS_KEY_ID": credentials.access_key(SWEPT_NAMES.account),
            "AWS_SECRET_ACCESS_KEY": credentials.SECRET,
            "AWS_DEFAULT_REGION": SWEPT_NAMES.region,
            "NAMES": json.dumps(asdict(SWEPT_NAMES)),
        }.items():
            patch.setenv(name, value)
        patch.setattr("boto3.DEFAULT_SESSION", None)
        clients.client.cache_clear()
        configuration.names.cache_clear()
        try:
            for service in ("sagemaker", "cloudwatch", "application-autoscaling"):
                events = clients.client(service).meta.events
                events.register_first("before-call", Account.on_call)
                events.register("before-parameter-build", note)
            yield patch, server
        finally:
            clients.client.cache_clear()
            configuration.names.cache_clear()


def _text(parameters):
    left_out = set(LEFT_OUT) - ({"Key", "Tagging"} if "Bucket" in parameters else set())
    kept = {name: value for name, value in parameters.items() if name not in left_out}
    if "TransactItems" in parameters:
        items = [(how, item["TableName"]) for entry in parameters["TransactItems"] for how, item in entry.items()]
        kept = {"TransactItems": sorted(set(items))}
    return json.dumps(kept, sort_keys=True, default=str)
