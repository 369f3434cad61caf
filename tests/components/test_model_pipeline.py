"""A model's pipeline is updated when its definition changes, starts when it should, and says when it failed."""

import json

import pytest

from tests.harness import STACKS, deploy_stack, raw_settings, stack_graph, stack_settings

every_stack = pytest.mark.parametrize("stack", STACKS)
SCHEDULES = {"dev": "cron(0 6 * * ? *)", "preprod": "cron(0 4 * * ? *)", "prod": "cron(0 2 * * ? *)"}


def definition(graph, model="fraud-detector"):
    return json.loads(graph.one("sagemaker:Pipeline", f"platform-{model}-pipeline").inputs["pipelineDefinition"])


@every_stack
def test_the_definition_is_inline_and_complete(stack):
    text = stack_graph(stack).one("sagemaker:Pipeline").inputs["pipelineDefinition"]
    assert "PLACEHOLDER" not in text
    assert [step["Name"] for step in json.loads(text)["Steps"]] == ["Preprocess", "Train", "Evaluate", "CheckAccuracy"]


def test_a_changed_threshold_changes_the_definition():
    raw = raw_settings("dev")
    raw["models"]["fraud-detector"]["gate"]["accuracy"] = 0.81
    assert definition(deploy_stack(raw)) != definition(stack_graph("dev")), (
        "the provider updates only what it sees change"
    )


@every_stack
def test_the_schedule_starts_the_pipeline_on_the_latest_data(stack):
    schedule = stack_graph(stack).one("scheduler:Schedule").inputs
    names = stack_settings(stack).names
    assert schedule["scheduleExpression"] == SCHEDULES[stack]
    assert schedule["scheduleExpressionTimezone"] == "UTC"
    (parameter,) = schedule["target"]["sagemakerPipelineParameters"]["pipelineParameters"]
    assert parameter == {"name": "InputDataUri", "value": f"s3://{names.bucket('data')}/latest/"}
    assert schedule["target"]["deadLetterConfig"]["arn"] == names.queue_arn("undelivered")
    assert parameter["name"] in {p["Name"] for p in definition(stack_graph(stack))["Parameters"]}


@every_stack
def test_new_data_starts_one_run_when_the_marker_arrives(stack):
    graph = stack_graph(stack)
    pattern = json.loads(graph.one("cloudwatch:EventRule", "platform-fraud-detector-new-data").inputs["eventPattern"])
    assert pattern["detail"]["object"]["key"] == ["latest/_SUCCESS"], "a rule on every object starts a run per object"
    assert graph.one("s3:BucketNotification").inputs["eventbridge"] is True, "without it the rule never sees an event"
    target = graph.one("cloudwatch:EventTarget", "platform-fraud-detector-new-data-start").inputs
    assert {"deadLetterConfig", "roleArn", "sagemakerPipelineTarget"} <= target.keys()


@every_stack
def test_a_failed_run_raises_an_alarm_that_somebody_hears(stack):
    graph = stack_graph(stack)
    names = stack_settings(stack).names
    alarm = graph.one("cloudwatch:MetricAlarm", "platform-fraud-detector-failed").inputs
    assert alarm["metricName"] == "ExecutionFailed"
    assert alarm["dimensions"] == {"PipelineName": names.pipeline("fraud-detector")}
    assert alarm["alarmActions"] == [names.topic_arn("alerts")]
    assert "docs/runbooks/pipeline-failed.md" in alarm["alarmDescription"]


@every_stack
def test_the_code_is_there_before_the_pipeline(stack):
    graph = stack_graph(stack)
    pipeline = graph.one("sagemaker:Pipeline")
    objects = {r.urn for r in code_objects(graph)}
    assert objects
    assert objects <= set(pipeline.dependencies), "a run that starts at once must find its scripts"
    keys = {r.inputs["key"] for r in code_objects(graph)}
    for uri in set(code_uris(json.loads(pipeline.inputs["pipelineDefinition"]))):
        prefix = uri.split("/", 3)[3]
        assert any(key.startswith(prefix) for key in keys), f"{uri} is named by the definition and published by nobody"


def code_objects(graph):
    return [r for r in graph.of_type("s3:BucketObjectv2") if r.name.startswith("platform-code-")]


def code_uris(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from code_uris(item)
    elif isinstance(value, list):
        for item in value:
            yield from code_uris(item)
    elif isinstance(value, str) and value.startswith("s3://") and "/code/" in value:
        yield value


def test_old_code_stays_for_the_versions_that_cite_it():
    assert all(r.retain_on_delete for r in code_objects(stack_graph("dev")))


def test_a_second_model_takes_a_config_entry_only():
    raw = raw_settings("dev")
    raw["models"]["churn"] = {"gate": {"accuracy": 0.7}, "image": "dev", "data_schema": "breast_cancer"}
    graph = deploy_stack(raw)
    assert len(graph.of_type("sagemaker:Pipeline")) == 2
    assert definition(graph, "churn")["Parameters"][0]["DefaultValue"].endswith("/churn/latest/")
    assert [r.name for r in graph.of_type("scheduler:Schedule")] == ["platform-fraud-detector-schedule"]


@pytest.mark.stories
def test_one_stack_holds_a_hundred_models():
    raw = raw_settings("prod")
    model = {**raw["models"]["fraud-detector"], "data_schema": "fraud_detector"}
    raw["models"] = {f"model-{number:03}": model for number in range(100)}
    graph = deploy_stack(raw)
    assert len(graph.of_type("sagemaker:Pipeline")) == 100
    assert len({r.urn for r in graph}) == len(graph.registrations)


def test_a_stack_without_models_is_a_stack():
    graph = deploy_stack({**raw_settings("dev"), "models": {}})
    assert graph.of_type("sagemaker:Pipeline") == []
    assert graph.one("ec2:Vpc")
