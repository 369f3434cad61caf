"""Each function's role, by action and resource: nothing is missing, nothing is there in vain, no write is open."""

import pytest

from tests.iam import checks
from tests.iam.recording import TAKEN, recorded, rendered_config
from tests.iam.stacks import FUNCTIONS, VARIANTS, stack
from tests.lambda_src.world import MODEL

PAIRS = [(name, f) for name in VARIANTS for f in FUNCTIONS if (name, f) != ("dev", "promote")]
every_role = pytest.mark.parametrize(("name", "function"), PAIRS)


def role(name, function):
    """Return a stack, the documents of a role of it, and what is asked of that role."""
    rendered = stack(name)
    documents = list(rendered.policies(function).values())
    asked = [request for request in checks.requests(rendered) if request.function == function]
    assert documents, f"{name} has no role for {function}"
    assert asked, "a role without requests proves nothing"
    return rendered, function, documents, asked


def test_dev_has_no_promotion_for_it_has_no_previous_environment():
    assert stack("dev").policies("promote") == {}, "else its role is to be compared too"


@pytest.mark.parametrize("name", VARIANTS)
def test_every_call_has_a_row_in_the_table_of_calls(name):
    assert checks.unmapped(stack(name)) == [], "write which action it is, on which resource, and where that is said"


@pytest.mark.parametrize(("name", "function"), [*PAIRS, *((name, "serving") for name in VARIANTS)])
def test_everything_that_is_done_is_allowed(name, function):
    assert checks.missing(*role(name, function)) == [], "AWS would refuse it, where moto lets it pass"


@every_role
def test_everything_that_is_allowed_is_done(name, function):
    assert checks.unused(*role(name, function)) == []


@every_role
def test_no_write_has_a_wildcard_beyond_the_stacks_own_names(name, function):
    assert checks.wildcards(*role(name, function)[:3]) == []


@pytest.mark.parametrize("name", ["dev", "preprod", "prod"])
def test_functions_run_outside_the_vpc_so_their_roles_ask_for_no_interface(name):
    functions = stack(name).graph.of_type("lambda:Function")
    assert [f.name for f in functions if f.inputs.get("vpcConfig")] == [], "add the rows of AWSLambdaVPCAccessExecution"
    assert not [r for r in checks.requests(stack(name)) if r.action.startswith("ec2:") and r.function != "serving"]


@pytest.mark.parametrize("name", ["dev", "preprod", "prod"])
def test_calls_name_the_role_key_buckets_and_network_that_the_stack_publishes(name):
    ours, text = stack(name), "".join(call.text for call in stack(name).calls())
    config = rendered_config(name)
    for member in TAKEN:
        values = getattr(config, member)
        found = [v for v in ([values] if isinstance(values, str) else values) if v in text]
        assert found, f"{member}: a role, bucket or key of another stack would be compared"
    assert ours.config["group"] == ours.names.model_package_group(MODEL)
    others = {n.account for n in (stack(s).names for s in ("dev", "preprod", "prod"))} - {
        ours.names.account, ours.names.image_account, ours.previous.names.account if ours.previous else "222222222222",
    }  # fmt: skip
    assert not [account for account in others if account in text], "a call of another stack was not read as this one's"


def test_every_scenario_of_every_function_was_run():
    kinds = {(call.function, call.kind) for call in recorded()}
    endpoints = {(f, k) for f in ("deploy", "verify") for k in ("realtime", "serverless", "async")}
    wanted = endpoints | {("promote", "realtime"), ("deploy", "batch"), ("sweep", "retain true")}
    assert kinds >= wanted | {("sweep", "retain false")}
