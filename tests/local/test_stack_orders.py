"""The three stacks come up in all six orders, work, and go again, in an AWS that refuses what is not there yet."""

import itertools
import json
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from local.aws.stack_kinds import KINDS, OWN_SETTINGS, UnknownKindError, kind_of
from local.aws.stack_run import ProtectedError, StackRun
from local.demo_delivery import MODEL
from local.functions import FunctionError
from local.recorder import Graph
from tests.harness import STACKS, deploy_stack, raw_settings
from tests.local.stack_worlds import PERSON, World, stack_graph, strict_aws

ORDERS = list(itertools.permutations(STACKS))


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with strict_aws(tmp_path_factory.mktemp("orders")) as aws:
        yield aws


@pytest.fixture
def world(aws):
    return World(aws)


@pytest.fixture(scope="module")
def prod_without_retention():
    return deploy_stack({**raw_settings("prod"), "retain_data": False})


@pytest.mark.stories
@pytest.mark.parametrize("number", range(len(ORDERS)), ids=["-".join(order) for order in ORDERS])
def test_stacks_come_up_in_this_order_work_and_go_without_a_trace(world, number, prod_without_retention):
    order = ORDERS[number]
    for position, stack in enumerate(order):
        world.up(stack, seed=10 * number + position)
    a_model_reaches_prod(world)
    for stack in ORDERS[-1 - number]:  # another order of going for every order of coming
        {"dev": dev_goes, "preprod": preprod_goes, "prod": prod_goes}[stack](world, prod_without_retention)
    assert {stack: world.holds(stack) for stack in STACKS} == {stack: set() for stack in STACKS}, (
        "nothing is left in AWS"
    )


def a_model_reaches_prod(world):
    world.register()
    world.settle()
    assert world.states("dev") == ["InService"], world.troubles()
    for stack, following in (("preprod", "prod"), ("prod", None)):
        assert list(world.versions(stack).values()) == ["PendingManualApproval"], (
            f"the version was promoted into {stack}: {world.troubles()}"
        )
        if following:
            assert not world.versions(following), "nobody approved it yet"
        world.approve(stack)
        world.settle()
        assert world.states(stack) == ["InService"], world.troubles()
    assert not world.troubles(), "no event was lost and no function failed on the way"


def goes(world, stack):
    """Destroy as an operator does: again after each refusal, once what it asks for is done. Return the refusals."""
    refusals = []
    for _ in range(4):
        try:
            world.runs[stack].destroy()
        except (FunctionError, ClientError) as refusal:
            refusals.append(str(refusal))
            if "RepositoryNotEmpty" in refusals[-1]:
                world.delete_images(stack)
            world.settle()  # minutes pass: endpoints go
        else:
            assert world.runs[stack].left == []
            assert world.holds(stack) == set(), f"{stack} left something behind"
            return refusals
    raise AssertionError(f"{stack} cannot be destroyed: {refusals}")


def dev_goes(world, _):
    refusals = goes(world, "dev")
    assert any("RepositoryNotEmpty" in refusal for refusal in refusals), "other environments run dev's images"
    assert any("1 endpoints" in refusal and "on their way" in refusal for refusal in refusals), (
        "an endpoint goes slowly"
    )


def preprod_goes(world, _):
    (refusal,) = goes(world, "preprod")
    assert "1 endpoints" in refusal
    assert "on their way" in refusal


def prod_goes(world, without_retention):
    before, run = world.holds("prod"), world.runs["prod"]
    with pytest.raises(ProtectedError, match="s3:Bucket platform-data-bucket"):
        run.destroy()
    with pytest.raises(FunctionError) as refused:
        world.sweep("prod")
    names = world.names("prod")
    for kept in (names.endpoint(MODEL), f"model-package/{names.model_package_group(MODEL)}/1"):
        assert kept.removeprefix("model-package/") in str(refused.value), "the refusal lists what holds the stack"
    assert world.holds("prod") == before, "nothing went"
    run.up(without_retention)
    assert world.holds("prod") == before, "taking retention off destroys nothing"
    goes(world, "prod")


@pytest.mark.stories
def test_a_stack_that_retains_its_data_leaves_its_stores_and_nothing_else(world):
    world.up("prod")
    run = world.runs["prod"]
    run.unprotect()
    run.destroy()
    kept = [r for r in stack_graph("prod") if r.retain_on_delete and r.short_type != "s3:BucketObjectv2"]
    kinds = {
        "s3:Bucket": "bucket", "kms:Key": "key", "dynamodb:Table": "table", "cloudwatch:LogGroup": "log group",
        "sagemaker:ModelPackageGroup": "package group",
    }  # fmt: skip
    left = sorted(name.rsplit(" ", 1)[0] for name in world.holds("prod"))
    assert left == sorted(kinds[r.short_type] for r in kept), "each protected store is there, and nothing else"


@pytest.mark.stories
@pytest.mark.parametrize("first", STACKS)
def test_no_order_would_work_if_policies_named_the_roles_themselves(world, first):
    """The admission bites: the same stacks, with each condition on a role turned into the principal."""
    with pytest.raises(ClientError) as refused:
        world.up(first, graph=naming_roles(stack_graph(first)))
    said = {
        "PutBucketPolicy": "MalformedPolicy",
        "CreateKey": "MalformedPolicyDocumentException",
        "PutPermission": "ValidationException",
        "PutModelPackageGroupPolicy": "ValidationException",
    }
    error = refused.value
    assert error.response["Error"]["Code"] == said[error.operation_name]
    assert "nvalid principal" in str(error)


def naming_roles(graph):
    """Return a graph whose policies name roles of other stacks, where ours name the account and a condition."""
    return Graph(tuple(replace(r, inputs=_naming_roles(r.inputs)) for r in graph))


def _naming_roles(inputs):
    changed = dict(inputs)
    for name in ("policy", "resourcePolicy"):
        if name in inputs and "aws:PrincipalArn" in inputs[name]:
            document = json.loads(inputs[name])
            for statement in document["Statement"]:
                role = statement.get("Condition", {}).get("ArnEquals", {}).get("aws:PrincipalArn")
                if role:
                    statement["Principal"] = {"AWS": role}
            changed[name] = json.dumps(document)
    return changed


@pytest.mark.stories
def test_a_model_does_not_pass_before_the_next_stack_is_there_and_does_afterwards(world):
    """What came up first loses nothing for good: its event waits in the queue of the rule for whoever replays it."""
    world.up("dev")
    world.register()
    world.settle()
    assert world.states("dev") == ["InService"], "dev works without the others"
    names = world.names("dev")
    (lost,) = world.troubles()
    assert lost.startswith("undeliverable")
    (waiting,) = world.messages("dev")
    assert waiting["detail"]["ModelPackageGroupName"] == names.model_package_group(MODEL)
    world.up("preprod")
    (arn,) = world.versions("dev")
    for status in ("Rejected", "Approved"):  # a person approves it anew
        world.client("sagemaker", "dev", PERSON).update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status)
    world.settle()
    assert list(world.versions("preprod").values()) == ["PendingManualApproval"], world.troubles()


@pytest.mark.parametrize("stack", STACKS)
def test_each_seed_is_another_order_that_the_engine_may_take(stack):
    graph = stack_graph(stack)
    known = graph.by_urn()
    orders = [[r.urn for r in StackRun(None, graph, seed=seed).order()] for seed in range(3)]
    assert orders[0] != orders[1] != orders[2]
    for order in orders:
        position = {urn: number for number, urn in enumerate(order)}
        early = [
            (known[urn].name, known[needed].name)
            for urn in order
            for needed in known[urn].dependencies
            if position[needed] > position[urn]
        ]
        assert len(order) == len(known)
        assert not early, "nothing comes before what it depends on"


def test_every_type_of_resource_is_judged(world):
    """`kind_of` raises for a type in no table; being in both would hide one of the answers."""
    assert not set(KINDS) & OWN_SETTINGS
    types = {r.short_type for stack in STACKS for r in stack_graph(stack) if r.custom}
    assert {t for t in types if kind_of(t)} <= set(KINDS)
    assert {t for t in KINDS if t not in types} == set(), "what no stack has any more can go"
    with pytest.raises(UnknownKindError, match="glue:Job"):
        kind_of("glue:Job")
