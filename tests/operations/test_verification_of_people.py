"""`mlops verify`: Studio, catalog, GitHub and projects, against scripted services that moto does not have."""

import copy

import pytest

from contracts.project_records import Project, ProjectRecord, RepositoryRecord, RoleRecord
from contracts.projects import Status
from operations import project_table
from operations.session import Access
from operations.verification import Expected, Stage, catalog, github, projects, studio
from settings import read_stack_file
from tests.harness import ROOT

DEV = read_stack_file(ROOT / "Pulumi.dev.yaml")
NAMES = DEV.names
EXPECTED = Expected(
    templates={"model-training": "1.0.0", "realtime-inference": "1.0.0", "workflows": "1.0.0"}, product_version="1.0.0"
)


class Scripted:
    """A service whose operations answer from a mapping; a paginator gives one page."""

    def __init__(self, answers):
        self.answers = answers

    def __getattr__(self, operation):
        answer = self.answers[operation]
        return answer if callable(answer) else lambda **_: copy.deepcopy(answer)

    def get_paginator(self, operation):
        return type("Pages", (), {"paginate": staticmethod(lambda **words: [getattr(self, operation)(**words)])})


def stage(reader=None, **services):
    return Stage(
        access=Access(settings=DEV, client=lambda name: Scripted(services[name]), caller="c"),
        expected=EXPECTED,
        github=reader,
        github_unknown="no token",
    )


def failures(found):
    return {result.what: result.why for result in found if result.state == "failed"}


# Studio
def profile(user):
    idle = {"AppLifecycleManagement": {"IdleSettings": {"LifecycleManagement": "ENABLED",
                                                        "IdleTimeoutInMinutes": 60}}}  # fmt: skip
    return {
        "Status": "InService",
        "UserSettings": {
            "ExecutionRole": NAMES.role_arn(DEV.studio.users[user].persona.value),
            "JupyterLabAppSettings": idle,
            "CodeEditorAppSettings": idle,
        },
    }


def sagemaker(**changes):
    return {
        "list_domains": {"Domains": [{"DomainName": NAMES.domain, "DomainId": "d-1"}]},
        "describe_domain": {"Status": "InService", "AppNetworkAccessType": "VpcOnly"},
        "list_user_profiles": {"UserProfiles": [{"UserProfileName": user} for user in DEV.studio.users]},
        "describe_user_profile": lambda UserProfileName, **_: profile(UserProfileName),  # noqa: N803  # boto3's name
        **changes,
    }


def test_a_studio_in_service_with_its_people_is_found_well():
    found = studio.check(stage(sagemaker=sagemaker()))
    assert failures(found) == {}
    assert len(found) == 2 + len(DEV.studio.users)


def damaged_profile(path, value):
    def describe(UserProfileName, **_):  # noqa: N803  # boto3's name
        found = profile(UserProfileName)
        here = found
        for word in path[:-1]:
            here = here[word]
        here[path[-1]] = value
        return copy.deepcopy(found)

    return describe


@pytest.mark.parametrize(
    ("changes", "what", "why"),
    [
        ({"list_domains": {"Domains": []}}, "domain", "does not exist"),
        ({"describe_domain": {"Status": "Failed", "FailureReason": "subnets", "AppNetworkAccessType": "VpcOnly"}},
         "domain", "Failed: subnets"),
        ({"describe_domain": {"Status": "InService", "AppNetworkAccessType": "PublicInternetOnly"}}, "network",
         "PublicInternetOnly"),
        ({"list_user_profiles": {"UserProfiles": []}}, "profile kate", "does not exist"),
        ({"describe_user_profile": damaged_profile(["Status"], "Failed")}, "profile kate", "Failed"),
        ({"describe_user_profile": damaged_profile(["UserSettings", "ExecutionRole"], "arn:other")}, "profile kate",
         "runs as arn:other"),
        ({"describe_user_profile": damaged_profile(["UserSettings", "CodeEditorAppSettings"], {})}, "profile kate",
         "an idle Code Editor ends after no minutes, not 60"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_studio_is_told(changes, what, why):
    assert why in failures(studio.check(stage(sagemaker=sagemaker(**changes))))[what]


# the catalog
def service_catalog(**changes):
    titles = {"prod-1": "Model building and training", "prod-2": "Model building, training and real-time deployment"}
    views = [{"ProductViewSummary": {"Name": title, "ProductId": number}} for number, title in titles.items()]
    return {
        "list_portfolios": {"PortfolioDetails": [{"Id": "port-1", "DisplayName": NAMES.portfolio}]},
        "list_principals_for_portfolio": {"Principals": [{"PrincipalARN": NAMES.role_arn("lead")}]},
        "search_products_as_admin": {"ProductViewDetails": views},
        "list_provisioning_artifacts": {"ProvisioningArtifactDetails": [{"Name": "1.0.0", "Active": True}]},
        "list_constraints_for_portfolio": {
            "ConstraintDetails": [{"Type": "LAUNCH", "ProductId": number, "ConstraintId": number} for number in titles]
        },
        "describe_constraint": {"ConstraintParameters": f'{{"RoleArn": "{NAMES.role_arn("launch")}"}}'},
        **changes,
    }


def test_a_catalog_with_its_products_is_found_well():
    found = catalog.check(stage(servicecatalog=service_catalog(), iam={"get_role": {}}))
    assert failures(found) == {}
    assert [result.what for result in found[2:]] == [f"product {key}" for key in DEV.catalog.products]


@pytest.mark.parametrize(
    ("changes", "what", "why"),
    [
        ({"list_portfolios": {"PortfolioDetails": []}}, "portfolio", "does not exist"),
        ({"list_principals_for_portfolio": {"Principals": []}}, "who may launch", "not associated"),
        ({"search_products_as_admin": {"ProductViewDetails": []}}, "product model-training", "not in the portfolio"),
        ({"list_provisioning_artifacts": {"ProvisioningArtifactDetails": [{"Name": "0.9.0", "Active": True}]}},
         "product model-training", "it has 0.9.0, not 1.0.0"),
        ({"list_provisioning_artifacts": {"ProvisioningArtifactDetails": [{"Name": "1.0.0", "Active": False}]}},
         "product model-training", "not active"),
        ({"list_constraints_for_portfolio": {"ConstraintDetails": []}}, "product model-training",
         "launched as whoever clicks"),
        ({"describe_constraint": {"ConstraintParameters": '{"RoleArn": "arn:admin"}'}}, "product model-training",
         "launched as arn:admin"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_catalog_is_told(changes, what, why):
    found = catalog.check(stage(servicecatalog=service_catalog(**changes), iam={"get_role": {}}))
    assert why in failures(found)[what]


# GitHub
KEY = {"describe_key": {"KeyMetadata": {"KeyState": "Enabled", "KeyUsage": "SIGN_VERIFY"}}}
TEMPLATE = "/repos/acme-ml/risk-template-model-training"
WORKFLOWS = "/repos/acme-ml/mlops-workflows"


class Reader:
    """GitHub as a mapping of paths."""

    def __init__(self, **changes):
        there = {"is_template": True, "archived": False}
        self.paths = {WORKFLOWS: {**there, "is_template": False}, f"{WORKFLOWS}/git/ref/tags/v1": {}}
        for template in ("model-training", "realtime-inference"):
            path = f"/repos/acme-ml/risk-template-{template}"
            self.paths |= {path: dict(there), f"{path}/git/ref/tags/template-1.0.0": {}}
        self.paths |= changes.get("paths", {})

    def find(self, path, query=None):
        return self.paths.get(path)

    def pages(self, path, query=None, key=""):
        return iter(self.paths.get(path, ()))


def test_published_templates_and_workflows_are_found_well():
    found = github.check(stage(Reader(), kms=KEY))
    assert failures(found) == {}
    assert len(found) == 4


def test_without_a_token_the_key_is_looked_at_and_the_rest_says_why_not():
    key, rest = github.check(stage(kms=KEY))
    assert (key.state, rest.state, rest.why) == ("ok", "not checked", "no token")
    assert "GITHUB_TOKEN" in rest.fix


@pytest.mark.parametrize(
    ("paths", "what", "why"),
    [
        ({TEMPLATE: None}, "risk-template-model-training", "not there"),
        ({TEMPLATE: {"is_template": False, "archived": False}}, "risk-template-model-training", "no template"),
        ({TEMPLATE: {"is_template": True, "archived": True}}, "risk-template-model-training", "archived"),
        ({f"{TEMPLATE}/git/ref/tags/template-1.0.0": None}, "risk-template-model-training", "is not published"),
        ({f"{WORKFLOWS}/git/ref/tags/v1": None}, "mlops-workflows", "no tag v1"),
    ],
)
def test_what_is_wrong_in_github_is_told(paths, what, why):
    assert why in failures(github.check(stage(Reader(paths=paths), kms=KEY)))[what]


@pytest.mark.parametrize(
    ("key", "why"),
    [({"KeyState": "PendingImport", "KeyUsage": "SIGN_VERIFY"}, "PendingImport"),
     ({"KeyState": "Enabled", "KeyUsage": "ENCRYPT_DECRYPT"}, "not for signing")],
)  # fmt: skip
def test_a_key_that_cannot_sign_is_told(key, why):
    found = github.check(stage(Reader(), kms={"describe_key": {"KeyMetadata": key}}))
    assert why in failures(found)["app key"]


# projects
REPOSITORY = "/repos/acme-ml/risk-churn-inference"
ASKS = {"protection_rules": [{"type": "required_reviewers"}]}


def churn(status=Status.READY, reason="", roles=("preprod", "prod")):
    record = ProjectRecord(
        project="churn", product="p", owner="kate-ml", team="", group="g", status=status, template_version="1.0.0",
        request_id="cli/x", created_by="cli/x", created_at="2026", reason=reason,
    )  # fmt: skip
    repository = RepositoryRecord(
        project="churn", name="risk-churn-inference", id=7, owner="acme-ml", owner_id=1, template="realtime-inference",
        template_version="1.0.0", url="https://x", environments=("preprod", "prod"), ready=True,
    )  # fmt: skip
    own = [RoleRecord(project="churn", environment=e, template="realtime-inference", arn=f"a/{e}") for e in roles]
    return Project(record=record, repositories={"realtime-inference": repository}, roles=tuple(own))


def look(monkeypatch, project, paths=None, boundary=None):
    monkeypatch.setattr(project_table, "read_projects", lambda _: [project])
    known = {
        REPOSITORY: {"id": 7, "archived": False},
        f"{REPOSITORY}/environments/preprod": {},
        f"{REPOSITORY}/environments/prod": ASKS,
        **(paths or {}),
    }
    bounds = {"PermissionsBoundaryArn": boundary or NAMES.boundary_arn("project")}
    iam = {
        "list_roles": {"Roles": [{"RoleName": "r"}]},
        "get_role": {"Role": {"RoleName": "r", "PermissionsBoundary": bounds}},
    }
    return projects.check(stage(Reader(paths=known), iam=iam))


def test_a_project_that_works_is_found_well(monkeypatch):
    found = look(monkeypatch, churn())
    assert failures(found) == {}
    assert len(found) == 3


@pytest.mark.parametrize(
    ("project", "paths", "what", "why"),
    [
        (churn(), {REPOSITORY: None}, "risk-churn-inference", "not there"),
        (churn(), {REPOSITORY: {"id": 8, "archived": False}}, "risk-churn-inference", "another repository"),
        (churn(), {REPOSITORY: {"id": 7, "archived": True}}, "risk-churn-inference", "archived"),
        (churn(), {f"{REPOSITORY}/environments/preprod": None}, "risk-churn-inference", "no environment preprod"),
        (churn(), {f"{REPOSITORY}/environments/prod": {"protection_rules": []}}, "risk-churn-inference",
         "prod asks nobody"),
        (churn(roles=("preprod",)), {}, "churn: deploy roles", "prod/realtime-inference (not recorded)"),
        (churn(Status.FAILED, "GitHub was away"), {}, "churn", "it failed: GitHub was away"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_project_is_told(monkeypatch, project, paths, what, why):
    assert why in failures(look(monkeypatch, project, paths))[what]


def test_a_project_that_is_being_made_is_not_judged(monkeypatch):
    found = look(monkeypatch, churn(Status.CREATING))
    assert found[-1].state == "not checked"


def test_a_role_under_the_projects_path_without_the_boundary_is_told(monkeypatch):
    found = look(monkeypatch, churn(), boundary="arn:none")
    assert "without the boundary: r" in failures(found)["deploy roles of this account"]
