"""What `pulumi destroy` calls: everything of this stack goes, in order, or the reason why not is said."""

import json
from dataclasses import asdict, replace
from types import SimpleNamespace

import pytest
from botocore.awsrequest import AWSResponse
from moto.core.base_backend import BackendDict
from moto.sagemaker.models import sagemaker_backends

from components.sweep import sweep_statements
from contracts.endpoint_plan.scaling import DIMENSION
from contracts.names import Names
from lambda_src.shared import clients, configuration
from lambda_src.sweep.handler import READY, SWEPT, SweepError, handler
from lambda_src.sweep.inventory import Found, look
from lambda_src.sweep.removal import calls
from local.aws import credentials, endpoint_machine
from local.aws.notices import OUTBOX
from local.aws.server import EmbeddedAws
from local.functions import Function, FunctionError, Functions

ACCOUNT, REGION = "333333333333", "us-east-1"
MODEL = "fraud-detector"
NAMES = Names(
    organisation="acme", unit="risk", environment="dev", region=REGION, account=ACCOUNT, image_account="111111111111"
)
DELETE = {"repository_endpoints": [], "tf": {"action": "delete", "prev_input": {"repository_endpoints": []}}}
IMAGE = f"111111111111.dkr.ecr.{REGION}.amazonaws.com/acme-risk/{MODEL}@sha256:{'ab' * 32}"
OTHERS = {
    "another unit": "acme-riskier-dev-us-east-1",
    "another environment": "acme-risk-preprod-us-east-1",
    "another region": "acme-risk-dev-us-east-10",
    "another organisation": "xacme-risk-dev-us-east-1",
}
"""Prefixes of stacks that may share the account; two of them contain or continue ours."""
REMOVALS = (
    "DeregisterScalableTarget",
    "DeleteEndpoint",
    "StopTransformJob",
    "DeleteEndpointConfig",
    "DeleteModel",
    "DeleteAlarms",
    "DeleteModelPackage",
)


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """One embedded AWS and one set of clients for all tests; each test finds it empty."""
    with pytest.MonkeyPatch.context() as patch, EmbeddedAws(tmp_path_factory.mktemp("sweep") / ".mlops") as server:
        for name, value in {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_ACCESS_KEY_ID": credentials.access_key(ACCOUNT),
            "AWS_SECRET_ACCESS_KEY": credentials.SECRET,
            "AWS_DEFAULT_REGION": REGION,
            "NAMES": json.dumps(asdict(NAMES)),
        }.items():
            patch.setenv(name, value)
        patch.setattr("boto3.DEFAULT_SESSION", None)
        clients.client.cache_clear()
        configuration.names.cache_clear()
        for service in ("sagemaker", "cloudwatch", "application-autoscaling"):
            events = clients.client(service).meta.events
            events.register_first("before-call", Account.on_call)
            events.register("before-parameter-build", lambda params, context, **_: context.update(sent=params))
        yield server
        clients.client.cache_clear()
        configuration.names.cache_clear()


@pytest.fixture
def account(aws, monkeypatch):
    BackendDict.reset()
    OUTBOX.clear()
    credentials.enable(ACCOUNT)
    monkeypatch.setenv("RETAINS_DATA", "false")
    Account.current = Account(aws)
    return Account.current


class Account:
    """One account, what it holds, and every call of the function, any of which can be made to fail."""

    current = None

    def __init__(self, aws):
        self._aws = aws
        self.calls = []
        self.faults = {}
        """By operation: an error code and text."""

    @classmethod
    def on_call(cls, model, context, **_):
        return cls.current._answer(model.name, context["sent"])

    def client(self, service):
        """A client of the test's own: not recorded, no faults."""
        return self._aws.client(service, ACCOUNT, REGION)

    @property
    def backend(self):
        return sagemaker_backends[ACCOUNT][REGION]

    def _answer(self, operation, sent):
        """Answer in place of the service where there is a fault, or where moto has no such operation."""
        self.calls.append(operation)
        if operation in self.faults:
            code, text = self.faults[operation]
            answer = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": 400}}
            return AWSResponse("", 400, {}, None), answer
        if operation == "StopTransformJob":
            self.backend.transform_jobs[sent["TransformJobName"]].transform_job_status = "Stopping"
            return AWSResponse("", 200, {}, None), {"ResponseMetadata": {"HTTPStatusCode": 200}}
        return None

    def destroy(self, *, seconds=(), event=DELETE):
        """Call the function as the provider does; `seconds` are the answers to how much time remains."""
        remaining = iter(seconds)
        context = SimpleNamespace(
            function_name="sweep",
            memory_limit_in_mb=256,
            invoked_function_arn=NAMES.function_arn("sweep"),
            aws_request_id="1",
            get_remaining_time_in_millis=lambda: 1000 * next(remaining, 300),
        )
        return handler(event, context)

    def destroy_until_done(self):
        """Run destroy as often as it asks for it, while the endpoints and jobs come to rest."""
        texts = []
        for _ in range(5):
            try:
                return self.destroy(), texts
            except SweepError as error:
                texts.append(str(error))
                self.settle()
        raise AssertionError(texts)

    def settle(self):
        for _ in range(5):
            endpoint_machine.advance()
        for job in self.backend.transform_jobs.values():
            job.transform_job_status = "Stopped"

    def furnish(self, prefix=NAMES.prefix, *, versions=2, settled=True):
        """Create one of everything that functions and pipelines create, named as the stack of `prefix` names it."""
        sagemaker, name = self.client("sagemaker"), f"{prefix}-{MODEL}"
        sagemaker.create_model(
            ModelName=f"{name}-0a0a0a0a", PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=NAMES.role_arn("serving")
        )
        variant = {
            "VariantName": "primary",
            "ModelName": f"{name}-0a0a0a0a",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        sagemaker.create_endpoint_config(EndpointConfigName=f"{name}-0b0b0b0b", ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-0b0b0b0b")
        target = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{name}/variant/primary",
            "ScalableDimension": DIMENSION,
        }
        self.client("application-autoscaling").register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
        sagemaker.create_transform_job(
            TransformJobName=f"{name}-0c0c0c0c",
            ModelName=f"{name}-0a0a0a0a",
            TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in"}}},
            TransformOutput={"S3OutputPath": "s3://bucket/out"},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        )
        self.backend.transform_jobs[f"{name}-0c0c0c0c"].transform_job_status = "InProgress"
        for alarm in (f"{name}.errors", f"{name}.latency", f"TargetTracking-{target['ResourceId']}-AlarmHigh-1"):
            self._alarm(alarm)
        sagemaker.create_model_package_group(ModelPackageGroupName=name)
        for _ in range(versions):
            sagemaker.create_model_package(ModelPackageGroupName=name)
        if settled:
            for _ in range(5):
                endpoint_machine.advance()

    def _alarm(self, name):
        self.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            MetricName="Invocations",
            Namespace="AWS/SageMaker",
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            Period=60,
            Statistic="Sum",
            Threshold=1,
        )

    def started_pipeline(self, status="Executing"):
        sagemaker, name = self.client("sagemaker"), NAMES.pipeline(MODEL)
        sagemaker.create_pipeline(
            PipelineName=name, PipelineDefinition="{}", RoleArn=NAMES.role_arn("pipeline"), ClientRequestToken="t" * 32
        )
        arn = sagemaker.start_pipeline_execution(PipelineName=name, ClientRequestToken="r" * 32)["PipelineExecutionArn"]
        self.backend.pipelines[name].pipeline_executions[arn].pipeline_execution_status = status
        return arn

    def left(self, prefix=NAMES.prefix):
        """What the stack of `prefix` has, as this test's own client sees it."""
        organisation, unit, environment, region = prefix.split("-", 3)
        names = replace(NAMES, organisation=organisation, unit=unit, environment=environment, region=region)
        seen, self.calls, faults, self.faults = self.calls, [], self.faults, {}
        try:
            return look(names)
        finally:
            self.calls, self.faults = seen, faults


def everything():
    name = f"{NAMES.prefix}-{MODEL}"
    return Found(
        scalable_targets=((f"endpoint/{name}/variant/primary", DIMENSION),),
        endpoints={name: "InService", f"{name}-2": "Deleting"},
        transform_jobs={f"{name}-0c0c0c0c": "InProgress", f"{name}-0d0d0d0d": "Stopping"},
        endpoint_configs=(f"{name}-0b0b0b0b",),
        models=(f"{name}-0a0a0a0a",),
        alarms=(f"{name}.errors",),
        versions=(f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{name}/1",),
    )


@pytest.mark.parametrize("action", ["create", "update"])
def test_creating_and_updating_the_stack_calls_nothing_and_answers_the_same(account, action):
    account.furnish()
    assert account.destroy(event={"tf": {"action": action, "prev_input": None}}) == READY == {"outcome": "ready"}
    assert account.calls == [], "an update of the stack must not even look"


@pytest.mark.parametrize("event", [{}, {"tf": {}}, {"tf": None}, {"tf": {"action": "destroy"}}])
def test_an_event_that_is_no_deletion_of_the_provider_deletes_nothing(account, event):
    account.furnish()
    with pytest.raises(SweepError, match="only `pulumi destroy`"):
        account.destroy(event=event)
    assert account.calls == []


def test_everything_of_the_stack_goes_and_its_groups_can_be_deleted(account):
    account.furnish(versions=3)
    answer, texts = account.destroy_until_done()
    assert answer == SWEPT
    assert not account.left()
    assert len(texts) == 1, f"one more run, when the endpoint is gone: {texts}"
    account.client("sagemaker").delete_model_package_group(ModelPackageGroupName=NAMES.model_package_group(MODEL))


def test_while_an_endpoint_goes_its_role_and_network_are_kept(account):
    account.furnish()
    with pytest.raises(SweepError) as raised:
        account.destroy()
    text = str(raised.value)
    assert f"{NAMES.endpoint(MODEL)} (Deleting)" in text, text
    assert "run `pulumi destroy` again" in text
    assert "All else is deleted" in text
    with pytest.raises(SweepError, match=r"\(Deleting\)"):
        account.destroy()
    assert account.calls.count("DeleteEndpoint") == 1, "an endpoint that is going is not deleted twice"


def test_the_order_leaves_nothing_that_could_not_be_found_again(account):
    account.furnish()
    with pytest.raises(SweepError):
        account.destroy()
    made = [name for name in account.calls if name in REMOVALS]
    assert tuple(dict.fromkeys(made)) == REMOVALS


def test_what_is_going_already_is_not_told_again():
    wanted = [(call.operation, next(iter(call.request.values()))) for call in calls(everything())]
    name = f"{NAMES.prefix}-{MODEL}"
    assert ("delete_endpoint", name) in wanted
    assert ("delete_endpoint", f"{name}-2") not in wanted
    assert ("stop_transform_job", f"{name}-0d0d0d0d") not in wanted


@pytest.mark.parametrize("prefix", OTHERS.values(), ids=OTHERS)
def test_nothing_of_another_stack_in_the_account_is_touched(account, prefix):
    account.furnish()
    account.furnish(prefix)
    before = account.left(prefix)
    answer, _ = account.destroy_until_done()
    assert answer == SWEPT
    assert account.left(prefix).endpoint_configs == before.endpoint_configs != ()
    after = account.left(prefix)
    for kind in ("scalable_targets", "endpoints", "models", "alarms", "versions"):
        assert getattr(after, kind) == getattr(before, kind) != (), f"{kind} of {prefix} are not ours"
    stopped = [c for c in account.calls if c == "StopTransformJob"]
    assert len(stopped) == 1, "only our own job is stopped"


def test_alarms_that_are_in_the_stacks_state_stay(account):
    account.furnish()
    own = [NAMES.alarm("delivery-failed", MODEL), NAMES.alarm("deploy-failed"), NAMES.alarm("failed", MODEL)]
    for name in own:
        account._alarm(name)
    account.destroy_until_done()
    left = {a["AlarmName"] for a in account.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert left == set(own), "the engine deletes these itself, and a destroy that stops half way still needs them"


def test_a_cut_name_is_found_too(account):
    model = "m" * 40
    sagemaker = account.client("sagemaker")
    cut = NAMES.endpoint_model(model, "0a0a0a0a")
    assert model not in cut, "the name must be one that was cut"
    sagemaker.create_model(ModelName=cut, PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=NAMES.role_arn("serving"))
    assert account.destroy() == SWEPT
    assert sagemaker.list_models()["Models"] == []


def test_more_than_one_page_is_swept(account):
    account.furnish(versions=120)
    sagemaker = account.client("sagemaker")
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    for number in range(110):
        sagemaker.create_endpoint_config(
            EndpointConfigName=f"{NAMES.prefix}-{number}", ProductionVariants=[{**variant, "ModelName": made(account)}]
        )
    account.destroy_until_done()
    assert not account.left()
    assert account.calls.count("DeleteModelPackage") == 120
    assert account.calls.count("DeleteEndpointConfig") == 111


def made(account):
    return next(iter(account.backend._models))


# what must not or cannot be deleted
def test_a_stack_that_retains_its_data_refuses_and_lists_it(account, monkeypatch):
    monkeypatch.setenv("RETAINS_DATA", "true")
    account.furnish()
    before = account.left()
    with pytest.raises(SweepError) as raised:
        account.destroy()
    text = str(raised.value)
    for name in (NAMES.endpoint(MODEL), f"{NAMES.model_package_group(MODEL)}/2", f"{NAMES.prefix}-{MODEL}-0a0a0a0a"):
        assert name in text, "what exists is listed"
    assert "retain_data" in text
    assert "0010-protected-stores.md" in text
    assert account.left() == before
    assert not set(account.calls) & set(REMOVALS)


@pytest.mark.parametrize("value", [None, "", "True", "False", "0"])
def test_anything_but_false_retains(account, monkeypatch, value):
    account.furnish()
    monkeypatch.delenv("RETAINS_DATA") if value is None else monkeypatch.setenv("RETAINS_DATA", value)
    with pytest.raises(SweepError, match="retains its data"):
        account.destroy()


def test_a_stack_that_retains_its_data_and_has_none_can_go(account, monkeypatch):
    monkeypatch.setenv("RETAINS_DATA", "true")
    assert account.destroy() == SWEPT


def test_a_long_list_is_cut_and_counted(account, monkeypatch):
    monkeypatch.setenv("RETAINS_DATA", "true")
    account.furnish(versions=25)
    with pytest.raises(SweepError, match=r"25 model package versions: .*/20 and 5 more"):
        account.destroy()


def test_an_endpoint_that_changes_stops_the_sweep_before_it_begins(account):
    account.furnish(settled=False)
    before = account.left()
    with pytest.raises(SweepError) as raised:
        account.destroy()
    assert f"{NAMES.endpoint(MODEL)} (Creating)" in str(raised.value)
    assert "Wait" in str(raised.value)
    assert "Nothing has been deleted" in str(raised.value)
    assert account.left() == before
    account.settle()
    assert account.destroy_until_done()[0] == SWEPT


def test_an_endpoint_that_begins_to_change_after_the_look_keeps_its_config_and_model(account):
    account.furnish()
    account.faults["DeleteEndpoint"] = ("ValidationException", 'Cannot update in-progress endpoint "x".')
    with pytest.raises(SweepError, match=rf"{NAMES.endpoint(MODEL)} began to change"):
        account.destroy()
    assert account.left().endpoint_configs != ()
    assert account.left().models != ()
    account.faults.clear()
    assert account.destroy_until_done()[0] == SWEPT


@pytest.mark.parametrize("status", ["Executing", "Stopping"])
def test_a_running_pipeline_stops_the_sweep_because_it_would_register_a_version_later(account, status):
    account.furnish()
    arn = account.started_pipeline(status)
    before = account.left()
    with pytest.raises(SweepError) as raised:
        account.destroy()
    assert arn.split("/", 1)[1] in str(raised.value)
    assert account.left() == before


def test_a_pipeline_whose_runs_have_ended_stops_nothing(account):
    account.started_pipeline("Succeeded")
    assert account.destroy() == SWEPT


def test_an_endpoint_of_a_models_repository_is_left_to_the_repositorys_stack(account):
    account.furnish()
    before = account.left()
    event = {**DELETE, "repository_endpoints": [NAMES.endpoint(MODEL)]}
    with pytest.raises(SweepError, match="repositories' own stacks first"):
        account.destroy(event=event)
    assert account.left() == before


# faults
@pytest.mark.parametrize("operation", REMOVALS)
def test_throttling_at_any_removal_loses_nothing_and_the_next_run_finishes(account, operation):
    account.furnish()
    account.faults[operation] = ("ThrottlingException", "Rate exceeded")
    with pytest.raises(SweepError) as raised:
        account.destroy()
    assert operation in str(raised.value)
    assert "run `pulumi destroy` again" in str(raised.value)
    assert account.left(), "what was not removed can still be found"
    account.faults.clear()
    assert account.destroy_until_done()[0] == SWEPT
    assert not account.left()


def test_a_throttled_look_deletes_nothing(account):
    account.furnish()
    before = account.left()
    account.faults["ListModelPackages"] = ("ThrottlingException", "Rate exceeded")
    with pytest.raises(SweepError, match="again"):
        account.destroy()
    assert account.left() == before


@pytest.mark.parametrize("operation", REMOVALS)
def test_a_denied_removal_names_the_operation_and_the_remedy(account, operation):
    account.furnish()
    account.faults[operation] = ("AccessDeniedException", "not authorized")
    with pytest.raises(SweepError, match=rf"{operation} operation.*`pulumi up`"):
        account.destroy()


@pytest.mark.parametrize("operation", REMOVALS)
def test_what_somebody_else_removed_meanwhile_counts_as_removed(account, operation):
    account.furnish()
    code, text = {
        "DeregisterScalableTarget": ("ObjectNotFoundException", "No scalable target found"),
        "DeleteAlarms": ("ResourceNotFound", "gone"),
        "StopTransformJob": ("ResourceNotFound", "gone"),
        "DeleteModelPackage": ("ValidationException", "ModelPackage x does not exist."),
    }.get(operation, ("ValidationException", 'Could not find "x".'))
    account.faults[operation] = (code, text)
    with pytest.raises(SweepError, match="All else is deleted"):
        account.destroy()  # the job or the endpoint is still on its way


def test_a_job_that_ends_by_itself_is_no_fault(account):
    account.furnish()
    account.faults["StopTransformJob"] = ("ValidationException", "The transform job is in Completed status.")
    account.settle()
    assert account.destroy_until_done()[0] == SWEPT


def test_without_time_it_stops_between_two_calls_and_goes_on_next_time(account):
    account.furnish(versions=5)
    with pytest.raises(SweepError, match=r"3 of 13 are removed, nothing is lost; run `pulumi destroy` again"):
        account.destroy(seconds=[200, 100, 31, 30])
    assert [c for c in account.calls if c in REMOVALS] == list(REMOVALS[:3])
    assert account.destroy_until_done()[0] == SWEPT
    assert not account.left()


def test_a_second_destroy_of_a_stack_that_is_gone_is_quiet(account):
    account.furnish()
    account.destroy_until_done()
    account.calls.clear()
    assert account.destroy() == SWEPT
    assert not set(account.calls) & set(REMOVALS)


# its role
def test_the_role_allows_exactly_the_calls_that_are_made(account, monkeypatch):
    account.furnish()
    account.started_pipeline("Succeeded")
    monkeypatch.setenv("RETAINS_DATA", "true")
    with pytest.raises(SweepError):
        account.destroy()
    assert actions(sweep_statements(NAMES, retain=True)) == called(account), "retaining, it may look only"
    monkeypatch.setenv("RETAINS_DATA", "false")
    account.destroy_until_done()
    assert actions(sweep_statements(NAMES, retain=False)) == called(account)


def actions(statements):
    return {action for statement in statements for action in statement["Action"]}


def called(account):
    services = {"DeregisterScalableTarget": "application-autoscaling"}
    services |= {"DescribeScalableTargets": "application-autoscaling"}
    services |= dict.fromkeys(("DescribeAlarms", "DeleteAlarms"), "cloudwatch")
    return {f"{services.get(operation, 'sagemaker')}:{operation}" for operation in account.calls}


def test_it_runs_as_deployed_and_its_error_is_what_destroy_shows(account, aws):
    account.furnish()
    functions = Functions(aws)
    arn = NAMES.function_arn("sweep")
    functions.add(
        Function(
            arn=arn,
            handler="lambda_src.sweep.handler.handler",
            role=NAMES.role("sweep"),
            environment={"NAMES": json.dumps(asdict(NAMES)), "RETAINS_DATA": "true"},
            timeout_seconds=300,
        )
    )
    assert functions.invoke(arn, {"tf": {"action": "create"}}) == READY
    with pytest.raises(FunctionError, match=r"SweepError: This stack retains its data"):
        functions.invoke(arn, DELETE)
