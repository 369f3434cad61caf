"""The program, under Pulumi's mock runtime: what each stack asks of the platform's ModelEndpoint."""

import json
import runpy
from pathlib import Path

import pulumi
import pytest
import yaml

from mlops_project.facts import example

ROOT = Path(__file__).resolve().parent.parent
COMPONENT = "mlops:index:ModelEndpoint"


class Monitor(pulumi.runtime.Mocks):
    """Keeps what is registered, and answers as the component does."""

    def __init__(self):
        self.registered = {}

    def new_resource(self, args):
        self.registered[args.typ] = args
        made = {"endpointName": "name", "endpointArn": "arn", "endpointConfigName": "config"}
        return f"{args.name}-id", {**args.inputs, **(made if args.typ == COMPONENT else {})}

    def call(self, args):
        raise AssertionError(f"the program looks nothing up, and it called {args.token}")


@pytest.fixture
def deploy(tmp_path, monkeypatch):
    """Run the program of a stack; returns what it registered and exported."""

    def run(stack, facts=None):
        monkeypatch.setenv("DEPLOYMENT_FACTS", str((facts or example(stack)).write(tmp_path / "facts.json")))
        monitor, exported = Monitor(), {}
        pulumi.runtime.set_mocks(monitor, project="realtime-inference", stack=stack, preview=False)
        stated = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
        pulumi.runtime.set_all_config({name: json.dumps(value) for name, value in stated.items()})
        monkeypatch.setattr(pulumi, "export", lambda name, value: exported.update({name: value}))

        @pulumi.runtime.test
        def program():
            runpy.run_path(str(ROOT / "__main__.py"))
            return pulumi.Output.all(**exported).apply(exported.update)

        program()
        return monitor.registered, exported

    return run


@pytest.mark.parametrize("stack", ["preprod", "prod"])
def test_the_endpoint_serves_the_version_that_was_found(deploy, stack):
    registered, exported = deploy(stack)
    inputs, facts = registered[COMPONENT].inputs, example(stack)
    assert inputs["modelDataUrl"] == facts.model_data_url
    assert inputs["image"].endswith("@sha256:" + "0" * 64), "a tag may have moved since the approval"
    assert (inputs["environment"], inputs["account"]) == (stack, facts.account)
    assert exported["version_arn"] == facts.version_arn
    assert exported["endpoint_config_name"] == "config", "an output of the component did not arrive"


def test_prod_has_a_canary_with_alarms_and_two_instances(deploy):
    inputs = deploy("prod")[0][COMPONENT].inputs
    assert inputs["rolloutStrategy"] == "canary"
    assert inputs["instancesMin"] >= 2, "one instance is one zone"
    assert inputs["alarmMax5xxRate"] < 0.05, "without alarms nothing goes back by itself"


def test_resources_go_to_the_account_of_the_environment_and_no_other(deploy):
    registered, _ = deploy("preprod")
    provider = registered["pulumi:providers:aws"].inputs
    assert json.loads(provider["allowedAccountIds"]) == [example("preprod").account]
    assert json.loads(provider["defaultTags"])["tags"]["project"] == "example"


def test_facts_of_another_environment_are_refused(deploy):
    with pytest.raises(Exception, match="is for preprod, and the stack is prod"):
        deploy("prod", example("preprod"))


def test_an_argument_that_does_not_exist_is_named():
    from mlops_project.endpoint import ModelEndpoint

    with pytest.raises(TypeError, match="no argument instance_count"):
        ModelEndpoint("endpoint", instance_count=2)


def test_the_recorded_requests_are_a_plan():
    from mlops_project.traffic import Plan

    plan = Plan.read(ROOT / "traffic.toml")
    assert all(case.expect is not None for case in plan.cases), "a request without expectation tests the network only"
    assert plan.load.max_p95_ms is not None, "a load test without bounds passes always"
