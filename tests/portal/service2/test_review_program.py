"""The platform's own program with the settings of a review environment, under mocks."""

import pytest

from portal.service.review_settings import review_document
from settings import CONFIG_KEY
from tests.harness import deploy_stack, raw_settings, stack_graph

pytestmark = pytest.mark.stories
GLOBAL = ("name", "bucket", "roleName", "functionName", "pipelineName", "modelPackageGroupName", "domainName")

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
def graph():
    base = {"config": {CONFIG_KEY: raw_settings("dev")}}
    document = review_document(base, base, name="fix", unit="rv12345678")
    return deploy_stack(document["config"][CONFIG_KEY])


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
