"""What holds for every stack, whatever is in it."""

import pulumi
import pulumi_aws as aws
import pytest

from components.tags import stack_tags
from local.recorder import duplicates
from tests import graph_checks as check
from tests.harness import (
    PUBLISHING,
    STACKS,
    deploy,
    deploy_stack,
    longest_settings,
    raw_settings,
    stack_graph,
    stack_settings,
)

every_stack = pytest.mark.parametrize("stack", [*STACKS, PUBLISHING])
reviewed_stacks = pytest.mark.parametrize("stack", STACKS)
"""Not the one that publishes: the hash of all that it publishes would change with most commits."""


@every_stack
def test_preview_and_update_register_the_same_resources(stack):
    preview = {r.urn for r in stack_graph(stack, preview=True)}
    update = {r.urn for r in stack_graph(stack)}
    assert preview == update, "a resource that appears only in one of the two was never reviewed"


@every_stack
def test_no_two_resources_share_a_urn(stack):
    assert duplicates(r.urn for r in stack_graph(stack)) == [], "the engine refuses the second one"


@every_stack
def test_everything_belongs_to_the_platform(stack):
    assert check.stray_children_of_stack(stack_graph(stack)) == []


@every_stack
def test_no_resource_falls_to_a_default_provider(stack):
    assert check.without_provider(stack_graph(stack)) == [], "a default provider takes whatever account the shell has"


@every_stack
def test_the_provider_is_pinned_to_the_account(stack):
    provider = stack_graph(stack).one(check.PROVIDER)
    assert provider.inputs["allowedAccountIds"] == f'["{stack_settings(stack).account}"]'


def test_a_token_of_the_shell_reaches_no_input(monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_sentinel")
    graph = deploy_stack(raw_settings(PUBLISHING))
    assert graph.one(check.GITHUB_PROVIDER).inputs["owner"] == "acme-ml"
    assert "ghs_sentinel" not in "".join(str(r.request_inputs) for r in graph), "inputs lie in the state"


@every_stack
def test_everything_that_takes_tags_has_all_of_them(stack):
    assert check.untagged(stack_graph(stack), stack_tags(stack_settings(stack))) == []


@every_stack
def test_two_runs_register_the_same(stack):
    again = deploy_stack(raw_settings(stack))
    assert check.snapshot(again) == check.snapshot(stack_graph(stack)), "the program must be deterministic"


@every_stack
def test_whoever_gets_a_role_waits_for_its_policies(stack):
    assert check.half_ready_role_users(stack_graph(stack)) == []


@every_stack
def test_no_policy_names_a_principal_that_may_not_exist(stack):
    accounts = stack_settings(stack).accounts.model_dump().values()
    assert check.principals_that_may_not_exist(stack_graph(stack), accounts) == [], "AWS refuses such policies"


@every_stack
def test_nothing_is_open_to_everyone(stack):
    assert check.open_to_everyone(stack_graph(stack)) == []


@reviewed_stacks
def test_the_graph_is_as_reviewed(stack, snapshot):
    assert check.snapshot(stack_graph(stack)) == snapshot


def test_prods_stores_are_protected_and_kept():
    assert check.unprotected_stores(stack_graph("prod")) == []


def test_devs_stores_go_with_the_stack():
    graph = stack_graph("dev")
    assert len(check.unprotected_stores(graph)) == sum(r.short_type in check.STATEFUL for r in graph)


def test_names_stay_within_limits_at_the_longest_settings():
    graph = deploy_stack(longest_settings())
    assert check.too_long_names(graph) == []
    of_dev = {"servicecatalog:Portfolio"}  # tests/contracts has its longest name
    assert {r.short_type for r in graph} >= check.NAMED.keys() - of_dev, "a type that never occurs is checked in vain"


def test_inline_policies_fit_at_the_longest_settings_however_many_models():
    raw = longest_settings()
    raw["network"]["zones"] = [f"ap-southeast-2{letter}" for letter in "abc"]
    (model,) = raw["models"].values()
    raw["models"] = {f"m{number:03}-{'x' * 35}": model for number in range(5)}
    graph = deploy_stack(raw)
    sizes: dict[str, int] = {}
    for policy in graph.of_type("iam:RolePolicy"):
        role = policy.inputs["role"]
        sizes[role] = sizes.get(role, 0) + len("".join(policy.inputs["policy"].split()))
    assert max(sizes.values()) < 10_240, f"IAM admits 10,240 characters of inline policies per role: {sizes}"


class TestChecksBite:
    """Each check finds the fault that it is there for."""

    def test_a_default_provider_is_found(self):
        graph = deploy(lambda: aws.sns.Topic("topic"))
        assert check.without_provider(graph) == ["topic"]
        assert check.stray_children_of_stack(graph) == ["topic"]

    def test_a_missing_tag_is_found(self):
        graph = deploy(lambda: aws.sns.Topic("topic", tags={"owner": "me"}))
        assert check.untagged(graph, {"owner": "me", "unit": "risk"}) == ["topic: ['unit']"]

    def test_a_role_handed_out_too_early_is_found(self):
        def program():
            role = aws.iam.Role("role", name="early", assume_role_policy="{}")
            aws.iam.RolePolicy("policy", role=role.name, policy="{}")
            aws.sagemaker.Pipeline(
                "pipeline", pipeline_name="p", pipeline_display_name="p", role_arn=role.arn, pipeline_definition="{}"
            )

        assert check.half_ready_role_users(deploy(program)), "the pipeline does not wait for the policy"

    def test_a_principal_of_another_role_is_found(self):
        policy = '{"Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:role/x"}}]}'
        graph = deploy(lambda: aws.s3.BucketPolicy("policy", bucket="b", policy=policy))
        assert check.principals_that_may_not_exist(graph, ["1"]) == ["policy.policy S: arn:aws:iam::1:role/x"]

    def test_a_bucket_for_everyone_is_found(self):
        policy = '{"Statement":[{"Sid":"S","Effect":"Allow","Principal":"*","Action":"s3:GetObject"}]}'
        graph = deploy(lambda: aws.s3.BucketPolicy("policy", bucket="b", policy=policy))
        assert check.open_to_everyone(graph) == ["policy.policy S"]

    def test_a_secret_in_clear_is_found_and_a_wrapped_one_is_not(self):
        def program():
            aws.sns.Topic("clear", display_name="sentinel-1")
            aws.sns.Topic("wrapped", display_name=pulumi.Output.secret("sentinel-1"))

        assert check.secrets_in_clear(deploy(program), "sentinel-1") == ["clear"]

    def test_a_name_beyond_its_limit_is_found(self):
        graph = deploy(lambda: aws.sns.Topic("topic", name="n" * 257))
        assert check.too_long_names(graph), "257 characters are one too many"

    def test_an_unprotected_store_is_found(self):
        assert check.unprotected_stores(deploy(lambda: aws.s3.Bucket("bucket"))) == ["bucket"]

    def test_a_look_up_is_refused(self):
        with pytest.raises(Exception, match="must need no look-up"):
            deploy(aws.get_caller_identity)

    def test_an_output_inside_an_f_string_is_refused(self):
        def program():
            topic = aws.sns.Topic("topic")
            aws.sns.Topic("other", name=f"{topic.name}-other")

        with pytest.raises(Exception, match="__str__ on an Output"):
            deploy(program)
