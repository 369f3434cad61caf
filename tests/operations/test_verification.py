"""`mlops verify`: each part is found well where it is, and each thing that can be wrong is told with what mends it."""

import json

import pytest
from botocore.exceptions import ClientError

from local.aws import function_calls
from local.aws.server import EmbeddedAws
from local.functions import Function
from operations import verification
from operations.errors import RefusedError
from operations.session import Access
from operations.verification import Expected, Stage, functions, models, parameters, rules
from settings import read_stack_file
from tests.harness import ROOT

DEV = read_stack_file(ROOT / "Pulumi.dev.yaml")
MODEL = "fraud-detector"
PROVISION = DEV.names.function("provision")
QUEUE = DEV.names.queue("provision-failed")
RULE = DEV.names.event_rule("project-approved", "any")
SCHEDULE, GROUP = DEV.names.schedule(MODEL), DEV.names.schedule_group
PATHS = DEV.parameters
PUBLISHED = {PATHS.private_subnet_ids: "subnet-1,subnet-2", PATHS.job_security_group_id: "sg-1",
             PATHS.data_key_arn: "arn:key"}  # fmt: skip


def definition(values):
    return json.dumps({"Version": "2020-12-01", "Metadata": dict(values)})


EXPECTED = Expected(
    functions={PROVISION: "hash"},
    queues={PROVISION: QUEUE},
    rules={RULE: "default"},
    schedules={SCHEDULE: GROUP},
    parameters=tuple(PUBLISHED),
    definitions={MODEL: definition},
)


class Runner:
    """Functions that only exist."""

    def __init__(self, *deployed):
        self.deployed = deployed


@pytest.fixture
def aws(tmp_path):
    with EmbeddedAws(tmp_path / ".mlops", read_only=True) as server:
        yield server


@pytest.fixture
def stage(aws):
    """A dev stack in which everything that is expected is there."""

    def client(service):
        return aws.client(service, DEV.account, DEV.region)

    arn = DEV.names.function_arn("provision")
    function_calls.use(Runner(Function(arn=arn, handler="h.h", role="r", code_sha256="hash")))
    client("sqs").create_queue(QueueName=QUEUE)
    client("events").put_rule(Name=RULE, EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
    client("events").put_targets(Rule=RULE, Targets=[{"Id": "trigger", "Arn": arn}])
    client("scheduler").create_schedule_group(Name=GROUP)
    client("scheduler").create_schedule(
        Name=SCHEDULE, GroupName=GROUP, ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": "arn:aws:iam::111111111111:role/r"},
    )  # fmt: skip
    for name, value in PUBLISHED.items():
        client("ssm").put_parameter(Name=name, Value=value, Type="String")
    client("sagemaker").create_model_package_group(ModelPackageGroupName=DEV.names.model_package_group(MODEL))
    filled = definition({"subnets": "subnet-1,subnet-2", "security_group": "sg-1", "key": "arn:key"})
    role = {"RoleArn": DEV.names.role_arn("pipeline"), "ClientRequestToken": "t" * 32}
    client("sagemaker").create_pipeline(PipelineName=DEV.names.pipeline(MODEL), PipelineDefinition=filled, **role)
    return Stage(access=Access(settings=DEV, client=client, caller="arn:aws:iam::111111111111:root"), expected=EXPECTED)


def problems(found):
    return {result.what: result.why for result in found if result.state == "failed"}


@pytest.mark.parametrize("check", [functions.check, rules.check, parameters.check, models.check])
def test_what_is_there_is_found_well(stage, check):
    found = check(stage)
    assert found
    assert {result.state.value for result in found} == {"ok"}, found


def change_pipeline(stage):
    other = json.dumps({"Version": "2020-12-01"})
    stage.client("sagemaker").update_pipeline(PipelineName=DEV.names.pipeline(MODEL), PipelineDefinition=other)


def disable_schedule(stage):
    stage.client("scheduler").update_schedule(
        Name=SCHEDULE, GroupName=GROUP, ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": "arn:aws:lambda:us-east-1:1:function:f", "RoleArn": "arn:aws:iam::1:role/r"}, State="DISABLED",
    )  # fmt: skip


def fail_event(stage):
    sqs = stage.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"], MessageBody="{}")


def other_code(_stage):
    arn = DEV.names.function_arn("provision")
    function_calls.use(Runner(Function(arn=arn, handler="h.h", role="r", code_sha256="other")))


@pytest.mark.parametrize(
    ("check", "damage", "what", "why"),
    [
        (functions.check, lambda _: function_calls.use(None), "provision", "does not exist"),
        (functions.check, other_code, "provision", "its code is other, this checkout's is hash"),
        (functions.check, fail_event, "provision: dead letters", "1 event(s)"),
        (rules.check, lambda s: s.client("events").disable_rule(Name=RULE), "rule any.project-approved", "DISABLED"),
        (rules.check, lambda s: s.client("events").remove_targets(Rule=RULE, Ids=["trigger"]),
         "rule any.project-approved", "leads nowhere"),
        (rules.check, disable_schedule, f"schedule {MODEL}", "DISABLED"),
        (rules.check, lambda s: s.client("scheduler").delete_schedule(Name=SCHEDULE, GroupName=GROUP),
         f"schedule {MODEL}", "does not exist"),
        (parameters.check, lambda s: s.client("ssm").delete_parameter(Name=PATHS.data_key_arn),
         "3 published parameters", PATHS.data_key_arn),
        (models.check, change_pipeline, f"{MODEL}: pipeline", "not the one that this checkout composes"),
        (models.check, lambda s: s.client("sagemaker").delete_pipeline(PipelineName=DEV.names.pipeline(MODEL)),
         f"{MODEL}: pipeline", "does not exist"),
        (models.check, lambda s: s.client("ssm").delete_parameter(Name=PATHS.data_key_arn),
         f"{MODEL}: pipeline", "are not published"),
        (models.check, lambda s: s.client("sagemaker").delete_model_package_group(
            ModelPackageGroupName=DEV.names.model_package_group(MODEL)), f"{MODEL}: package group", "does not exist"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_what_mends_it(stage, check, damage, what, why):
    damage(stage)
    found = check(stage)
    assert why in problems(found).get(what, "nothing"), found
    assert all(result.fix for result in found if result.state == "failed")


def test_a_part_that_cannot_be_looked_at_is_no_success_and_stops_no_other(stage, monkeypatch):
    def refused(_stage):
        raise RefusedError("describe: AWS refused")

    others = {"studio": refused, "github": lambda _: [], "projects": lambda _: []}
    monkeypatch.setattr(verification, "CHECKS", {**verification.CHECKS, **others})
    found = verification.verify(stage.access, EXPECTED, absent={"catalog": "not here"})
    states = {result.part: result.state.value for result in found}
    assert (states["studio"], states["catalog"], states["models"]) == ("not checked", "not checked", "ok")


def test_a_stack_that_asks_for_nothing_of_it_says_so():
    prod = read_stack_file(ROOT / "Pulumi.prod.yaml").model_copy(update={"projects": None, "studio": None})
    access = Access(settings=prod, client=lambda _: None, caller="c")
    for part in ("studio", "catalog", "github", "projects"):
        (result,) = verification.CHECKS[part](Stage(access=access, expected=Expected()))
        assert result.state == "not configured", result


def test_a_refusal_is_not_taken_for_absence():
    access = Access(settings=DEV, client=lambda _: Refusing(), caller="c")
    for check in (parameters.check, functions.check, rules.check, models.check):
        with pytest.raises(RefusedError):
            check(Stage(access=access, expected=EXPECTED))


class Refusing:
    """Every call is denied."""

    def __getattr__(self, name):
        def call(**_):
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, name)

        return call
