"""What a stack has for its people follows from its settings: each part may be absent, and the rest stands alone."""

import pytest

from tests import graph_checks as check
from tests.harness import PUBLISHING, STACKS, deploy_stack, raw_settings, stack_graph

SECTIONS = ("studio", "github", "projects", "catalog")
COMPONENTS = {
    "studio": "StudioDomain",
    "github": "ProjectProvisioning",
    "projects": "ProjectRoles",
    "catalog": "ProjectCatalog",
}


def without(*sections):
    return deploy_stack({name: value for name, value in raw_settings("dev").items() if name not in sections})


@pytest.mark.parametrize(
    "absent",
    [("catalog",), ("github", "catalog", "projects"), ("studio", "catalog"), SECTIONS],
    ids="-".join,
)
def test_dev_stands_without_a_section_and_without_its_component(absent):
    graph = without(*absent)
    types = {r.short_type for r in graph}
    assert {name for name, component in COMPONENTS.items() if component in types} == set(SECTIONS) - set(absent)
    assert check.without_provider(graph) == []
    assert check.half_ready_role_users(graph) == []
    kept = {r.urn for r in stack_graph("dev")}
    assert {r.urn for r in graph} <= kept, "a section that is absent takes away and changes no name"


def test_github_belongs_to_dev_alone():
    for stack in ("preprod", "prod"):
        types = {r.short_type for r in stack_graph(stack)}
        assert not types & {"ProjectProvisioning", "ProjectCatalog", "StudioDomain", "TemplateRepositories"}
        assert "ProjectRoles" in types, "each account vends its own roles"


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_of_github_is_called_before_the_app_is_installed(stack):
    graph = stack_graph(stack)
    assert [r.name for r in graph if r.type.startswith(("github:", "pulumi:providers:github"))] == []
    assert [r.name for r in graph.of_type("lambda:Invocation") if "templates" in r.name] == []


def test_with_the_app_installed_the_template_repositories_come_too():
    graph = stack_graph(PUBLISHING)
    names = {r.inputs["name"] for r in graph if r.type == "github:index/repository:Repository"}
    assert names == {"mlops-workflows", "risk-template-model-training", "risk-template-realtime-inference"}
    files = [r for r in graph if r.type == "github:index/repositoryFile:RepositoryFile"]
    assert files == [], "content comes in one commit, by a function"
