"""An approval starts what the settings say, once, and each function may do exactly its part."""

import json
from collections import Counter

import pytest

from components.delivery_rules import batch_event
from components.model_delivery import FAILED_METRIC, METRIC_NAMESPACE
from contracts.delivery_config import Source, decode
from contracts.delivery_events import approval_pattern, endpoint_state_pattern, forwarded_pattern
from contracts.desired_state import EXPIRY_ATTRIBUTE
from contracts.limits import MODELS_PER_STACK
from contracts.rule_batches import PATTERN_LENGTH
from lambda_src.deploy import batch
from lambda_src.shared import results
from settings import Environment
from tests.components.test_cross_account import role_policy
from tests.harness import STACKS, deploy_stack, longest_settings, raw_settings, stack_graph, stack_settings
from tests.policy_evaluator import is_allowed

every_stack = pytest.mark.parametrize("stack", STACKS)
MODEL = "fraud-detector"
FUNCTIONS = {"dev": {"deploy", "verify"}, "preprod": {"promote", "deploy", "verify"}}
FUNCTIONS["prod"] = FUNCTIONS["preprod"]
OTHERS = {stack: {"sweep", "vend"} for stack in FUNCTIONS}
OTHERS["dev"] |= {"provision", "trigger", "studio-empty", "studio-leftovers"}
"""What the parts beside delivery have."""
RULES = "platform-delivery-rules"
RULES_OF_A_BUS = 300
"""EventBridge quotas: rules per event bus, by default."""
MOST_OF_THE_FIRST_MODEL = 22


def rules(graph, purpose):
    return [
        r
        for r in graph.of_type("cloudwatch:EventRule")
        if r.name.startswith(f"{RULES}-") and r.name.endswith(f"-{purpose}")
    ]


def rule(graph, purpose):
    (found,) = rules(graph, purpose)
    return found


def targets(graph, purpose):
    middle = f"-{purpose}-"
    found = [t for t in graph.of_type("cloudwatch:EventTarget") if t.name.startswith(RULES) and middle in t.name]
    return {t.name.rpartition(middle)[2]: t for t in found}


def config(graph, stack, model=MODEL):
    path = stack_settings(stack).parameters.delivery(model)
    (parameter,) = [p for p in graph.of_type("ssm:Parameter") if p.inputs["name"] == path]
    return parameter


def with_delivery(stack="preprod", **delivery):
    raw = raw_settings(stack)
    raw["models"][MODEL]["delivery"] = {"source": "train", **delivery}
    return raw


@every_stack
def test_an_approval_starts_deploy_here_and_goes_on_to_the_next_environment(stack):
    graph, settings = stack_graph(stack), stack_settings(stack)
    pattern = json.loads(rule(graph, "approved").inputs["eventPattern"])
    assert pattern == approval_pattern(settings.names.model_package_group(MODEL))
    (deploy,) = targets(graph, "approved").values()
    assert deploy.inputs["arn"] == settings.names.function_arn("deploy")
    following = settings.next_environment
    if following is None:
        assert rules(graph, "announced") == []
    else:
        assert json.loads(rule(graph, "announced").inputs["eventPattern"]) == pattern
        onward = targets(graph, "announced")["next-environment"].inputs
        assert onward["arn"] == settings.names_of(following).event_bus_arn
        assert onward["roleArn"].endswith(settings.names.role("forward"))


@pytest.mark.parametrize("stack", ["preprod", "prod"])
def test_an_approval_before_starts_promote_on_a_bus_of_its_own(stack):
    graph, settings = stack_graph(stack), stack_settings(stack)
    before = settings.names_of(Environment(settings.previous_environment))
    found = rule(graph, "promote")
    assert found.inputs["eventBusName"] == settings.names.event_bus
    assert json.loads(found.inputs["eventPattern"]) == forwarded_pattern(
        before.model_package_group(MODEL), account=before.account, region=before.region
    )
    (target,) = targets(graph, "promote").values()
    assert target.inputs["eventBusName"] == settings.names.event_bus
    assert target.inputs["arn"] == settings.names.function_arn("promote")


@every_stack
def test_the_endpoints_coming_to_rest_starts_verify(stack):
    graph, names = stack_graph(stack), stack_settings(stack).names
    pattern = json.loads(rule(graph, "endpoint").inputs["eventPattern"])
    assert pattern == endpoint_state_pattern(names.endpoint_arn(MODEL))
    assert targets(graph, "endpoint").keys() == {"verify"}


@every_stack
def test_no_event_is_lost_where_nobody_takes_it(stack):
    names = stack_settings(stack).names
    for target in stack_graph(stack).of_type("cloudwatch:EventTarget"):
        assert target.inputs["deadLetterConfig"]["arn"] == names.queue_arn("undelivered"), target.name


@every_stack
def test_the_functions_of_an_environment_exist(stack):
    names = stack_settings(stack).names
    found = {f.inputs["name"] for f in stack_graph(stack).of_type("lambda:Function")}
    assert found == {names.function(purpose) for purpose in FUNCTIONS[stack] | OTHERS[stack]}


@every_stack
def test_every_rule_that_starts_a_function_may_invoke_it(stack):
    graph = stack_graph(stack)
    patterns = {p.inputs["function"]: p.inputs["sourceArn"] for p in graph.of_type("lambda:Permission")}
    names = stack_settings(stack).names
    events = f"arn:aws:events:{names.region}:{names.account}:rule/"
    for target in graph.of_type("cloudwatch:EventTarget"):
        if ":function:" in target.inputs["arn"]:
            bus = target.inputs.get("eventBusName")
            arn = f"{events}{bus}/{target.inputs['rule']}" if bus else f"{events}{target.inputs['rule']}"
            allowed = patterns[target.inputs["arn"].rsplit(":", 1)[-1]]
            assert arn.startswith(allowed.removesuffix("*")), f"{target.name} would be refused in silence"


@every_stack
def test_what_is_published_is_what_the_functions_read(stack):
    settings, parameter = stack_settings(stack), config(stack_graph(stack), stack)
    text = json.loads(parameter.raw_inputs)["value"]["value"]
    found = decode(text)
    assert found.delivery == settings.delivery(MODEL)
    assert found.previous == settings.promoted_from(MODEL)
    assert found.group == settings.names.model_package_group(MODEL)
    assert found.key_arn.startswith("arn:aws:kms:")
    assert len(found.subnets) == len(settings.network.zones)
    assert found.security_groups[0].startswith("sg-")
    assert found.role_arn.split("/")[1] == settings.names.role("serving")
    assert found.approval == settings.models[MODEL].approval.value


def test_a_config_that_ssm_would_refuse_is_refused_in_the_preview():
    raw = raw_settings("preprod")
    raw["tags"] = {f"tag-{number}": "v" * 200 for number in range(20)}
    with pytest.raises(Exception, match="an SSM parameter holds 4096"):
        deploy_stack(raw, preview=True)


@every_stack
def test_the_table_is_encrypted_recoverable_and_forgets_what_may_be_forgotten(stack):
    table = stack_graph(stack).one("dynamodb:Table", "platform-delivery-table")
    assert table.inputs["billingMode"] == "PAY_PER_REQUEST"
    assert table.inputs["pointInTimeRecovery"] == {"enabled": True}
    assert ":key/" in table.inputs["serverSideEncryption"]["kmsKeyArn"]
    assert table.inputs["ttl"] == {"attributeName": EXPIRY_ATTRIBUTE, "enabled": True}
    retained = stack_settings(stack).retains_data
    assert (table.inputs["deletionProtectionEnabled"], table.protect, table.retain_on_delete) == (retained,) * 3


@every_stack
def test_every_failure_raises_an_alarm_on_the_metric_that_the_functions_write(stack):
    assert (METRIC_NAMESPACE, FAILED_METRIC) == (results.NAMESPACE, results.FAILURES)
    names = stack_settings(stack).names
    alarm = stack_graph(stack).one("cloudwatch:MetricAlarm", "platform-delivery-delivery-failed").inputs
    assert alarm["dimensions"] == {"Stack": names.prefix}, "one alarm for all models"
    assert alarm["alarmActions"] == [names.topic_arn("alerts")]


def test_the_alarm_has_the_dimensions_that_a_failure_is_counted_with(monkeypatch, capsys):
    graph = stack_graph("dev")
    alarm = graph.one("cloudwatch:MetricAlarm", "platform-delivery-delivery-failed").inputs
    for name, value in graph.of_type("lambda:Function")[0].inputs["environment"]["variables"].items():
        monkeypatch.setenv(name, value)
    results.names.cache_clear()
    results.count(results.FAILURES, MODEL)
    results.names.cache_clear()
    written = json.loads(capsys.readouterr().out)
    (metric,) = written["_aws"]["CloudWatchMetrics"]
    counted = [{name: written[name] for name in names} for names in metric["Dimensions"]]
    assert alarm["dimensions"] in counted
    assert {**alarm["dimensions"], "Model": MODEL} in counted, "the metric says which model it was"


def functions(graph):
    return [f.inputs["name"].rsplit("-", 1)[1] for f in graph.of_type("lambda:Function")]


class TestByConfig:
    def test_a_repositorys_model_is_recorded_nowhere_and_announced_all_the_same(self):
        graph = deploy_stack(with_delivery(owner="repository"))
        assert rules(graph, "approved") == []
        assert rules(graph, "endpoint") == []
        assert targets(graph, "announced").keys() == {"next-environment"}

    def test_a_stack_that_delivers_nothing_only_announces(self):
        raw = raw_settings("dev")
        del raw["models"][MODEL]["delivery"]
        graph = deploy_stack(raw)
        assert rules(graph, "approved") == []
        assert [p for p in graph.of_type("ssm:Parameter") if p.name.endswith("-config")] == []
        assert targets(graph, "announced").keys() == {"next-environment"}

    @pytest.mark.parametrize("stack", STACKS)
    def test_a_stack_is_ready_for_its_first_model(self, stack):
        graph = deploy_stack({**raw_settings(stack), "models": {}})
        assert set(functions(graph)) >= FUNCTIONS[stack] | {"sweep"}
        rules = [r.name for r in graph.of_type("cloudwatch:EventRule") if r.name.startswith(RULES)]
        assert rules == [f"{RULES}-any-model-asked"]
        first = {r.urn for r in stack_graph(stack)} - {r.urn for r in graph}
        assert len(first) <= MOST_OF_THE_FIRST_MODEL, f"the first model adds only its own: {sorted(first)}"
        lost = {r.urn for r in graph} - {r.urn for r in stack_graph(stack)}
        assert lost == set(), "nothing goes when the first model comes"

    def test_a_model_that_trains_here_is_not_promoted(self):
        graph = deploy_stack(with_delivery(source=Source.TRAIN.value))
        assert [r for r in graph.of_type("cloudwatch:EventRule") if r.name.endswith("-promote")] == []

    def test_batches_start_by_schedule_and_have_no_endpoint(self):
        graph = deploy_stack(with_delivery(kind="batch", batch={"schedule": "cron(0 3 * * ? *)"}))
        (schedule,) = [s for s in graph.of_type("scheduler:Schedule") if s.name.endswith("-batch")]
        assert schedule.inputs["scheduleExpression"] == "cron(0 3 * * ? *)"
        assert schedule.inputs["target"]["arn"].endswith(stack_settings("preprod").names.function("deploy"))
        assert [r for r in graph.of_type("cloudwatch:EventRule") if r.name.endswith("-endpoint")] == []

    def test_what_the_schedule_sends_is_what_deploy_reads(self):
        event = json.loads(batch_event(MODEL))
        assert batch.is_scheduled(event)
        assert event["detail"] == {"model": MODEL}
        assert {"id", "time"} <= event.keys(), "idempotency goes by the id, the job's name by the time"


@pytest.mark.stories
def test_a_hundred_models_share_functions_table_and_topic():
    raw = raw_settings("preprod")
    model = {**raw["models"][MODEL], "data_schema": "fraud_detector"}
    raw["models"] = {f"model-{number:03}": model for number in range(100)}
    counts = deploy_stack(raw).counts()
    functions = FUNCTIONS["preprod"] | OTHERS["preprod"]
    assert (counts["lambda:Function"], counts["dynamodb:Table"], counts["lambda:Permission"]) == (len(functions), 1, 3)
    once = stack_graph("preprod").counts()
    per_model = {kind: round((count - once[kind]) / 99) for kind, count in counts.items() if count - once[kind] >= 99}
    assert per_model == {
        "ModelPipeline": 1,
        "cloudwatch:EventRule": 1,
        "cloudwatch:EventTarget": 1,
        "cloudwatch:MetricAlarm": 1,
        "sagemaker:ModelPackageGroup": 1,
        "sagemaker:ModelPackageGroupPolicy": 1,
        "sagemaker:Pipeline": 1,
        "scheduler:Schedule": 1,
        "ssm:Parameter": 1,
    }, "what a model adds costs every preview a millisecond each"


@pytest.mark.stories
def test_the_most_models_with_the_longest_names_stay_within_the_rules_of_a_bus():
    raw = longest_settings()
    (model,) = raw["models"].values()
    model = {**model, "start_on_new_data": True, "delivery": {"source": "promote", "instance_type": "ml.m5.large"}}
    raw["models"] = {f"m{number:03}-{'x' * 35}": model for number in range(MODELS_PER_STACK)}
    graph = deploy_stack(raw)
    by_bus = Counter(r.inputs.get("eventBusName") or "default" for r in graph.of_type("cloudwatch:EventRule"))
    assert max(by_bus.values()) < RULES_OF_A_BUS, by_bus
    assert all(len(r.inputs["eventPattern"]) <= PATTERN_LENGTH for r in graph.of_type("cloudwatch:EventRule"))
    named = [
        group
        for found in rules(graph, "approved")
        for group in json.loads(found.inputs["eventPattern"])["detail"]["ModelPackageGroupName"]
    ]
    assert sorted(named) == sorted(
        r.inputs["modelPackageGroupName"] for r in graph.of_type("sagemaker:ModelPackageGroup")
    )


class TestWhatTheRolesMayDo:
    NAMES = stack_settings("preprod").names

    def allowed(self, purpose, action, resource, **context):
        return is_allowed(role_policy("preprod", purpose), action, resource, context)

    def version(self):
        return f"{self.NAMES.model_package_group_arn(MODEL).replace('-group/', '/')}/3"

    @pytest.mark.parametrize("purpose", ["deploy", "verify"])
    def test_nobody_approves_by_recording(self, purpose):
        assert self.allowed(purpose, "sagemaker:UpdateModelPackage", self.version())
        approving = {"sagemaker:ModelApprovalStatus": "Approved"}
        assert not self.allowed(purpose, "sagemaker:UpdateModelPackage", self.version(), **approving)

    def test_promotion_approves_by_the_groups_own_policy_only(self):
        group = self.NAMES.model_package_group_arn(MODEL)
        register = ("promote", "sagemaker:CreateModelPackage", group)
        approving = {"sagemaker:ModelApprovalStatus": "Approved"}
        assert self.allowed(*register, **{"sagemaker:ModelApprovalStatus": "PendingManualApproval"})
        assert not self.allowed(*register, **approving, **{"aws:ResourceTag/approval": "manual"})
        assert not self.allowed(*register, **approving), "a group without the tag is taken for a manual one"
        assert self.allowed(*register, **approving, **{"aws:ResourceTag/approval": "automatic"})

    @pytest.mark.parametrize("purpose", ["deploy", "verify"])
    def test_only_the_serving_role_is_passed_and_to_sagemaker_only(self, purpose):
        to = {"iam:PassedToService": "sagemaker.amazonaws.com"}
        assert self.allowed(purpose, "iam:PassRole", self.NAMES.role_arn("serving"), **to)
        assert not self.allowed(purpose, "iam:PassRole", self.NAMES.role_arn("pipeline"), **to)
        other = {"iam:PassedToService": "lambda.amazonaws.com"}
        assert not self.allowed(purpose, "iam:PassRole", self.NAMES.role_arn("serving"), **other)

    @pytest.mark.parametrize("purpose", ["promote", "deploy", "verify"])
    def test_other_stacks_of_the_account_are_out_of_reach(self, purpose):
        other = stack_settings("prod").names
        foreign = f"arn:aws:sagemaker:us-east-1:{self.NAMES.account}:endpoint/{other.prefix}-x"
        assert not self.allowed(purpose, "sagemaker:UpdateEndpoint", foreign)
        assert not self.allowed(purpose, "dynamodb:PutItem", f"{self.NAMES.table_arn('others')}")

    def test_promotion_touches_no_endpoint_and_deployment_registers_nothing(self):
        assert not self.allowed("promote", "sagemaker:UpdateEndpoint", self.NAMES.endpoint_arn(MODEL))
        assert not self.allowed("deploy", "sagemaker:CreateModelPackage", self.NAMES.model_package_group_arn(MODEL))
        assert not self.allowed("deploy", "s3:GetObject", f"{self.NAMES.bucket_arn('artifacts')}/pipelines/x")

    def test_endpoints_read_models_and_never_training_data(self):
        bucket = self.NAMES.bucket_arn
        assert self.allowed("serving", "s3:GetObject", f"{bucket('artifacts')}/promoted/{MODEL}/1/model.tar.gz")
        assert self.allowed("serving", "s3:PutObject", f"{bucket('data')}/capture/{MODEL}/x")
        assert not self.allowed("serving", "s3:GetObject", f"{bucket('data')}/latest/data.csv")
