"""Destroying a stack calls the sweep first, and the sweep may do no more than the stack's data allows."""

import json
import re
import sys

import pulumi
import pulumi_aws as aws
import pytest
from policy_sentry.querying.actions import get_action_data
from policy_sentry.querying.all import get_all_actions

from components.policy_document import policy
from components.sweep import SWEEP, Sweep, SweepArgs, sweep_statements
from contracts.names import Names
from lambda_src.sweep import handler
from tests.harness import deploy
from tests.policy_evaluator import is_allowed
from tests.test_engine import MISSING
from tests.test_engine import pulumi as pulumi_cli

ACCOUNT, REGION = "333333333333", "us-east-1"
NAMES = Names(
    organisation="acme", unit="risk", environment="dev", region=REGION, account=ACCOUNT, image_account="111111111111"
)
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm"
OTHER_PREFIXES = ("acme-riskier-dev-us-east-1", "acme-risk-preprod-us-east-1", "acme-risk-dev-us-east-10")


class Group(pulumi.ComponentResource):
    """Stands for what must outlive the sweep: a component with a child."""

    def __init__(self):
        super().__init__("mlops:index:Group", "group")
        aws.sagemaker.ModelPackageGroup(
            "versions", model_package_group_name="group", opts=pulumi.ResourceOptions(parent=self)
        )
        self.register_outputs({})


class Creator(pulumi.ComponentResource):
    """Stands for what creates things while it lives: delivery."""

    def __init__(self, sweep):
        super().__init__("mlops:index:Creator", "creator", None, pulumi.ResourceOptions(depends_on=[sweep.invocation]))
        aws.sns.Topic("rule", opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({})


def graph(*, retain=False, preview=False, repository_models=()):
    def program():
        args = SweepArgs(
            names=NAMES,
            retain=retain,
            before=[Group()],
            layer_arn="arn:aws:lambda:us-east-1:333333333333:layer:libraries:1",
            data_key_arn=KEY,
            logs_key_arn=KEY,
            messages_key_arn=KEY,
            alert_topic_arn=NAMES.topic_arn("alerts"),
            log_retention_days=30,
            repository_models=repository_models,
        )
        Creator(Sweep("sweep", args))

    return deploy(program, preview=preview)


def documents(*, retain):
    return [json.loads(policy(sweep_statements(NAMES, retain=retain)))]


def test_the_function_is_called_on_every_step_of_the_stacks_life():
    invocation = graph().one("lambda:Invocation").inputs
    assert invocation["lifecycleScope"] == "CRUD", "the default calls on creation only, and destroy would sweep nothing"
    assert invocation["functionName"] == NAMES.function(SWEEP)
    assert "terraformKey" not in invocation, f"the function reads the provider's default, {handler.LIFECYCLE}"
    assert handler.LIFECYCLE == "tf"


def test_nothing_of_the_invocation_is_unknown_or_changes_by_itself():
    assert graph(preview=True).one("lambda:Invocation").inputs == graph().one("lambda:Invocation").inputs
    assert "triggers" not in graph().one("lambda:Invocation").inputs, "a trigger replaces it, and replacing it sweeps"


def test_repositories_endpoints_are_named_in_the_input():
    text = graph(repository_models=["second", "first"]).one("lambda:Invocation").inputs["input"]
    assert json.loads(text) == {handler.REPOSITORY_ENDPOINTS: [NAMES.endpoint("first"), NAMES.endpoint("second")]}


def test_the_sweep_runs_before_its_role_and_whatever_the_removal_needs_is_destroyed():
    made = graph()
    needed = set(made.one("lambda:Invocation").dependencies)
    for kind in ("lambda:Function", "iam:RolePolicy", "iam:Role", "cloudwatch:LogGroup", "sagemaker:ModelPackageGroup"):
        for registration in made.of_type(kind):
            assert registration.urn in needed, f"{registration.name} may be gone when the function is called"


def test_what_creates_things_is_destroyed_before_the_sweep_runs():
    made = graph()
    creator = made.one("Creator")
    assert made.one("lambda:Invocation").urn in creator.dependencies
    assert made.one("sns:Topic").parent == creator.urn, "children go before their parent, so before the sweep"


@pytest.mark.parametrize("retain", [True, False])
def test_variables_say_whether_data_is_retained(retain):
    variables = graph(retain=retain).one("lambda:Function").inputs["environment"]["variables"]
    assert variables[handler.RETAINS_DATA] == ("true" if retain else "false")
    assert Names(**json.loads(variables["NAMES"])) == NAMES


def test_only_one_sweep_runs_at_a_time_and_answers_before_the_connection_is_dropped():
    function = graph().one("lambda:Function").inputs
    assert function["reservedConcurrentExecutions"] == 1
    assert function["timeout"] < 350


def test_no_rule_and_no_other_service_may_call_it():
    assert graph().of_type("lambda:Permission") == []


def test_where_data_is_retained_the_role_cannot_delete():
    actions = {action for s in sweep_statements(NAMES, retain=True) for action in s["Action"]}
    assert all(action.split(":")[1].startswith(("List", "Describe")) for action in actions), actions


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sagemaker:DeleteEndpoint", f"{SAGEMAKER}:endpoint/{{}}-m"),
        ("sagemaker:DeleteEndpointConfig", f"{SAGEMAKER}:endpoint-config/{{}}-m-0a0a0a0a"),
        ("sagemaker:DeleteModel", f"{SAGEMAKER}:model/{{}}-m-0a0a0a0a"),
        ("sagemaker:StopTransformJob", f"{SAGEMAKER}:transform-job/{{}}-m-0a0a0a0a"),
        ("sagemaker:DeleteModelPackage", f"{SAGEMAKER}:model-package/{{}}-m/1"),
        ("sagemaker:ListModelPackages", f"{SAGEMAKER}:model-package/{{}}-m/1"),
        ("sagemaker:ListPipelineExecutions", f"{SAGEMAKER}:pipeline/{{}}-m"),
        ("cloudwatch:DeleteAlarms", f"{ALARM}:{{}}-m.errors"),
        ("cloudwatch:DeleteAlarms", f"{ALARM}:{{}}-m.latency"),
        ("cloudwatch:DeleteAlarms", f"{ALARM}:TargetTracking-endpoint/{{}}-m/variant/primary-AlarmHigh-1"),
    ],
)
def test_the_role_reaches_this_stacks_things_and_no_other_stacks(action, resource):
    assert is_allowed(documents(retain=False), action, resource.format(NAMES.prefix), {})
    for prefix in OTHER_PREFIXES:
        assert not is_allowed(documents(retain=False), action, resource.format(prefix), {}), prefix


def test_the_stacks_own_alarms_are_out_of_reach():
    for name in (NAMES.alarm("failed", "m"), NAMES.alarm("deploy-failed"), NAMES.alarm("delivery-failed", "m")):
        assert not is_allowed(documents(retain=False), "cloudwatch:DeleteAlarms", f"{ALARM}:{name}", {})


def test_scaling_of_other_services_is_out_of_reach():
    target = f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:scalable-target/1"
    key = "application-autoscaling:service-namespace"
    action = "application-autoscaling:DeregisterScalableTarget"
    assert is_allowed(documents(retain=False), action, target, {key: "sagemaker"})
    assert not is_allowed(documents(retain=False), action, target, {key: "ecs"})


def test_every_action_exists_and_stands_on_all_resources_only_where_it_knows_none():
    known = {action.lower() for action in get_all_actions()}
    for statement in sweep_statements(NAMES, retain=False):
        for action in statement["Action"]:
            assert action.lower() in known, f"{action} is misspelt"
            if statement["Resource"] == "*":
                service, name = action.split(":")
                resources = {row["resource_arn_format"] for row in get_action_data(service, name)[service]}
                assert resources == {"*"}, f"{action} could be narrowed"


ORDER = """
import pulumi

def stash(name, parent, **more):
    return pulumi.Stash(name, input=name, opts=pulumi.ResourceOptions(parent=parent, **more))

class Part(pulumi.ComponentResource):
    def __init__(self, name, child, opts=None, **more):
        super().__init__("test:index:Part", name, None, opts)
        self.child = stash(child, self, **more)
        self.register_outputs({})

group = Part("registry", "group")
sweep = Part("sweep", "invocation", depends_on=[group])
Part("delivery", "rule", pulumi.ResourceOptions(depends_on=[sweep.child]))
"""


@pytest.mark.engine
@pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}")
def test_the_engine_deletes_what_creates_then_calls_the_sweep_then_deletes_the_rest(tmp_path):
    """The wiring relies on it: `depends_on` between components reaches their children when they are deleted."""
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "state").mkdir()
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (project / "Pulumi.yaml").write_text(json.dumps({"name": "order", "runtime": runtime}))
    (project / "__main__.py").write_text(ORDER)
    for arguments in (("stack", "init", "dev"), ("up", "--yes", "--skip-preview")):
        done = pulumi_cli(project, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    destroyed = pulumi_cli(project, "destroy", "--yes", "--skip-preview")
    deleted = re.findall(r"Stash (\S+) deleted", destroyed.stdout)
    assert deleted == ["rule", "invocation", "group"], destroyed.stdout + destroyed.stderr
