"""The platform's own program with the settings of a review environment, under mocks."""

import pytest
from botocore.exceptions import ClientError

from local.functions import FunctionError
from local.recorder import record_program
from portal.service.review_settings import review_document
from settings import CONFIG_KEY, load_settings
from tests.harness import raw_settings, stack_graph
from tests.local.stack_worlds import World, strict_aws

pytestmark = pytest.mark.stories
GLOBAL = ("name", "bucket", "roleName", "functionName", "pipelineName", "modelPackageGroupName", "domainName")

STACK = "review-fix"
WITHIN = {"iam:RolePolicy", "lambda:Alias"}


def names(graph):
    """Type and physical name of everything that has one; an inline policy's is its role's own matter."""
    return {
        (each.short_type, each.inputs[key])
        for each in graph
        for key in GLOBAL
        if isinstance(each.inputs.get(key), str) and each.short_type not in WITHIN
    }


@pytest.fixture(scope="module")
def settings():
    base = {"config": {CONFIG_KEY: raw_settings("dev")}}
    return review_document(base, base, name="fix", unit="rv12345678")["config"][CONFIG_KEY]


@pytest.fixture(scope="module")
def graph(settings):
    return record_program(settings, stack=STACK)


@pytest.fixture
def world(settings, tmp_path):
    """Embedded accounts in which the review environment stands in for dev, whose account and region it has."""
    with strict_aws(tmp_path) as aws:
        world = World(aws)
        world.delivery.settings["dev"] = load_settings(settings, source=f"Pulumi.{STACK}.yaml")
        yield world


def test_it_shares_no_physical_name_with_its_base_stack(graph):
    shared = names(graph) & names(stack_graph("dev"))
    assert not shared, "both live in one account and region"


def test_nothing_of_it_is_protected_or_outlives_it_or_starts_by_itself_or_belongs_to_github(graph):
    assert not [each.urn for each in graph if each.protect]
    kept = [each.name for each in graph if each.retain_on_delete]
    assert all("code" in name for name in kept), "objects of the artifact bucket, which goes with all it holds"
    counts = graph.counts()
    for kind in ("ec2:NatGateway", "scheduler:Schedule", "sagemaker:Domain", "iam:OpenIdConnectProvider"):
        assert counts[kind] == 0, f"{kind} costs, or is one per account"
    assert not [each for each in graph if each.type.startswith("github:")]


SWITCHES = {
    "s3:Bucket": ("forceDestroy", True),
    "ecr:Repository": ("forceDelete", True),
    "dynamodb:Table": ("deletionProtectionEnabled", False),
}


@pytest.mark.parametrize("kind", SWITCHES)
def test_whatever_it_holds_is_no_reason_to_stay(graph, kind):
    key, value = SWITCHES[kind]
    assert {each.inputs[key] for each in graph.of_type(kind)} == {value}, f"AWS would refuse to delete a full {kind}"


def test_what_functions_make_is_swept_before_what_it_stands_on(graph):
    sweep = graph.one("lambda:Invocation")
    (function,) = [r for r in graph.of_type("lambda:Function") if r.inputs["name"] == sweep.inputs["functionName"]]
    assert function.inputs["environment"]["variables"]["RETAINS_DATA"] == "false", "it may delete"
    for kind in ("sagemaker:ModelPackageGroup", "sagemaker:Pipeline", "ec2:Subnet", "s3:Bucket"):
        needed = {each.urn for each in graph.of_type(kind)} - {
            graph.one("s3:Bucket", "platform-access-logs-bucket").urn
        }
        assert needed <= set(sweep.dependencies), f"each {kind} is there until the sweep is over"


def test_it_goes_with_images_objects_versions_and_an_endpoint_in_it(world, graph):
    """In an AWS that refuses what AWS refuses; only an endpoint, which goes slowly, takes another try."""
    world.up("dev", graph=graph)
    world.register()  # pushes an image, writes objects and registers an approved version
    world.settle()
    assert world.states("dev") == ["InService"], world.troubles()
    names, ecr = world.names("dev"), world.client("ecr", "dev")
    repositories = {each["repositoryName"] for each in ecr.describe_repositories()["repositories"]}
    assert any(ecr.list_images(repositoryName=name)["imageIds"] for name in repositories), "somebody pushed"
    data = {"Bucket": names.bucket("data"), "Key": "fraud-detector/latest/rows.csv"}
    for body in (b"1", b"2"):
        world.client("s3", "dev").put_object(**data, Body=body)
    world.client("s3", "dev").delete_object(**data)  # two versions and a delete marker

    refusals, run = [], world.runs["dev"]
    while len(refusals) < 3:
        try:
            run.destroy()
            break
        except (FunctionError, ClientError) as refusal:
            refusals.append(str(refusal))
            world.settle()  # minutes pass

    assert (run.left, world.holds("dev")) == ([], set()), refusals
    assert all("on their way" in refusal for refusal in refusals), "nothing that a person has to do"
