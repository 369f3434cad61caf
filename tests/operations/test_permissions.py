"""Each `mlops` command as it really calls AWS, held against the personas: who should run it may, and nobody else."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from components.personas_table import COMMANDS, PERSONAS
from operations import deployments, models, removal, replay, trace
from operations.errors import OperationError
from operations.session import Access
from tests.components.personas import key_of, may, names
from tests.operations.world import CALLER, MODEL

DESCRIBED = {
    "DescribeModelPackage": ("ModelPackageName", "{}"),
    "UpdateModelPackage": ("ModelPackageArn", "{}"),
    "DescribeModelPackageGroup": ("ModelPackageGroupName", "model-package-group/{}"),
    "ListModelPackages": ("ModelPackageGroupName", "model-package/{}"),
    "DescribeEndpoint": ("EndpointName", "endpoint/{}"),
    "DescribeEndpointConfig": ("EndpointConfigName", "endpoint-config/{}"),
    "DescribeModel": ("ModelName", "model/{}"),
    "DescribePipelineExecution": ("PipelineExecutionArn", "{}"),
    "DescribePipelineDefinitionForExecution": ("PipelineExecutionArn", "{}"),
    "ListPipelineParametersForExecution": ("PipelineExecutionArn", "{}"),
    "ListTags": ("ResourceArn", "{}"),
    "DeleteEndpoint": ("EndpointName", "endpoint/{}"),
    "DeleteEndpointConfig": ("EndpointConfigName", "endpoint-config/{}"),
    "DeleteModel": ("ModelName", "model/{}"),
}
"""SageMaker's operations: the member that names what they are about, and the resource that IAM sees."""
LISTS = (
    "ListEndpoints",
    "ListEndpointConfigs",
    "ListModelPackageGroups",
    "ListModels",
    "DescribeScalableTargets",
    "DescribeScalingPolicies",
)
"""Operations that know no resource."""
UNKNOWN_TO_IAM = {"ApprovalDescription", "MaxResults", "NextToken"}
"""Members of requests that no condition key stands for."""


def requests(service, operation, given, of):
    """What IAM is asked for one call: actions, resources and condition keys (service authorization reference)."""
    account = f"{of.region}:{of.account}"
    through = {"kms:ViaService": f"{service}.{of.region}.amazonaws.com"}
    decrypt = ("kms:Decrypt", key_of(of), through)
    if operation in LISTS:
        return [(f"{service}:{operation}", "*", {})]
    if service == "sagemaker":
        member, form = DESCRIBED[operation]
        named = form.format(given[member])
        arn = named if named.startswith("arn:") else f"arn:aws:sagemaker:{account}:{named}"
        keys = {"sagemaker:ModelApprovalStatus": "ModelApprovalStatus"}
        status = {key: given[name] for key, name in keys.items() if name in given}
        beside = set(given) - {member, *keys.values()} - UNKNOWN_TO_IAM
        assert beside == set(), "IAM may have a condition key for it"
        return [(f"sagemaker:{operation}", arn, status)]
    if service == "s3":
        return [("s3:GetObject", f"arn:aws:s3:::{given['Bucket']}/{given['Key']}", {}), decrypt]
    if service == "dynamodb" and operation == "TransactWriteItems":
        puts = [item["Put"] for item in given["TransactItems"]]
        assert len(puts) == len(given["TransactItems"]), "only writes of whole items"
        return [
            ("dynamodb:PutItem", f"arn:aws:dynamodb:{account}:table/{put['TableName']}",
             {"dynamodb:LeadingKeys": [put["Item"]["pk"]["S"]]})
            for put in puts
        ] + [decrypt]  # fmt: skip
    if service == "dynamodb":
        return [(f"dynamodb:{operation}", f"arn:aws:dynamodb:{account}:table/{given['TableName']}", {}), decrypt]
    if service == "events":
        bus = f"arn:aws:events:{account}:event-bus/default"
        return [
            ("events:PutEvents", bus, {"events:source": e["Source"], "events:detail-type": e["DetailType"]})
            for e in given["Entries"]
        ]
    if service == "cloudwatch":
        wanted = given.get("AlarmNames") or [f"{given['AlarmNamePrefix']}*"]
        return [(f"cloudwatch:{operation}", f"arn:aws:cloudwatch:{account}:alarm:{name}", {}) for name in wanted]
    if service == "application-autoscaling":
        kind = {"application-autoscaling:service-namespace": given["ServiceNamespace"]}
        return [(f"{service}:{operation}", f"arn:aws:{service}:{account}:scalable-target/0", kind)]
    if service == "sqs":
        queue = given.get("QueueName") or given["QueueUrl"].rsplit("/", 1)[-1]
        return [(f"sqs:{operation}", f"arn:aws:sqs:{account}:{queue}", {})]
    raise AssertionError(f"{service}:{operation} is called by no command that this test knows: teach it the action")


@contextmanager
def recorded(world):
    """Yield an access whose calls are noted, and the list of what IAM would be asked."""
    asked, hooked = [], []

    def client(service):
        made = world.client(service)
        if not hasattr(made, "meta"):  # the stand-in for Lambda, which is reached by `replay` only
            asked.append(("lambda:InvokeFunction", world.names.function_arn("deploy"), {}))
            return made
        if service not in [name for name, _, _ in hooked]:

            def note(params, model, **_):
                asked.extend(requests(service, model.name, params, world.names))

            made.meta.events.register_first(f"provide-client-params.{service}", note)
            hooked.append((service, made, note))
        return made

    try:
        yield Access(settings=world.settings, client=client, caller=CALLER), asked
    finally:
        for service, made, note in hooked:
            made.meta.events.unregister(f"provide-client-params.{service}", note)


@pytest.fixture
def served(world, monkeypatch):
    """Two approved versions, one pending; the second is deployed. Files lie where pipelines put them."""
    write = world.write

    def as_pipelines_do(key, content):
        run, name = key.split("/")[1:]
        step = "Preprocess/manifest" if name == "manifest.json" else "Evaluate/evaluation"
        return write(f"pipelines/{world.names.pipeline(MODEL)}/{run}/{step}/{name}", content)

    monkeypatch.setattr(world, "write", as_pipelines_do)
    made = [world.version(status=s) for s in ("Approved", "Approved", "PendingManualApproval")]
    world.deployed(made[1], at="2026-03-01T10:00:00Z")
    # Named as delivery names them, which policies match on.
    sagemaker, names = world.client("sagemaker"), world.names
    sagemaker.create_model(
        ModelName=names.endpoint_model(MODEL, "01234567"), ExecutionRoleArn=names.role_arn("serving"),
        PrimaryContainer={"Image": "i@sha256:0", "ModelDataUrl": "s3://b/m"},
    )  # fmt: skip
    variant = {"VariantName": "primary", "ModelName": names.endpoint_model(MODEL, "01234567"),
               "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}  # fmt: skip
    config = names.endpoint_config(MODEL, "01234567")
    sagemaker.create_endpoint_config(EndpointConfigName=config, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=names.endpoint(MODEL), EndpointConfigName=config)
    world.settle()
    world.failed_event()
    return world


RUNS = {
    "models list": models.listed,
    "models show": lambda access: models.show(access, MODEL, 2),
    "models diff": lambda access: models.diff(access, MODEL, 1, 2),
    "models approve": lambda access: models.approve(access, MODEL, 3, reason="better recall"),
    "models reject": lambda access: models.reject(access, MODEL, 3, reason="worse recall"),
    "deployments list": deployments.listed,
    "rollback": lambda access: deployments.rollback(access, MODEL, to=1, reason="complaints"),
    "trace": lambda access: trace.trace(access, MODEL),
    "replay": lambda access: replay.replay(access, "deploy"),
    "deployments remove": lambda access: removal.remove(
        replace(access, settings=access.settings.model_copy(update={"models": {}})), MODEL, confirmed=MODEL, reason="r"
    ),
}
WRITES = {
    "models approve": "sagemaker:UpdateModelPackage",
    "models reject": "sagemaker:UpdateModelPackage",
    "deployments remove": "sagemaker:DeleteEndpoint",
    "rollback": "events:PutEvents",
    "replay": "sqs:DeleteMessage",
}
"""The call by which a command changes something; the record must hold it, or the command was not really run."""


def test_each_command_is_allowed_to_who_should_run_it_and_to_nobody_else(served):
    allowed, refused = {}, {}
    for command, run in RUNS.items():
        with recorded(served) as (access, asked):
            run(access)
        assert WRITES.get(command, asked[0][0]) in {action for action, _, _ in asked}, f"{command} was not really run"
        for persona in PERSONAS:
            refused[command, persona] = [call[:2] for call in asked if not may(persona, served.names, *call)]
        allowed[command] = {persona for persona in PERSONAS if not refused[command, persona]}
    assert allowed == COMMANDS, {where: calls for where, calls in refused.items() if calls}


def test_every_command_of_the_table_is_run():
    assert set(RUNS) == set(COMMANDS)


def test_who_is_refused_a_decision_is_told_who_may(served):
    served.fails("sagemaker", "UpdateModelPackage", "AccessDeniedException")
    with pytest.raises(OperationError, match="lead data scientist's or approver's role"):
        models.approve(served.access, MODEL, 3, reason="better")


def test_a_record_of_a_call_that_nobody_may_make_is_found():
    """The comparison can fail: a call beyond every persona's policy is refused to all."""
    of = names("dev")
    call = requests("sqs", "ReceiveMessage", {"QueueUrl": "https://sqs/1/x"}, of)[0]
    assert [p for p in PERSONAS if may(p, of, *call)] == []
    with pytest.raises(AssertionError, match="teach it"):
        requests("glue", "StartJobRun", {}, of)
