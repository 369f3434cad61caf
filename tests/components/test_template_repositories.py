"""Template repositories are guarded, readable by those who need them, and published by one call per change."""

import functools
import hashlib
import json
import re
import zipfile

import pulumi
import pulumi_aws as aws
import pulumi_github as github
import pytest
import yaml

from components import template_content, template_publication
from components.function_surroundings import FunctionSurroundings
from components.policy_document import policy
from components.project_function_policies import publish_statements
from components.project_provisioning import GitHubAppArgs
from components.template_publication import CI, content, published_files
from components.template_repositories import TemplateRepositories, TemplateRepositoriesArgs
from contracts import publication
from contracts.names import Names
from tests.harness import deploy
from tests.policy_evaluator import is_allowed

ACCOUNT, REGION = "111111111111", "us-east-1"
NAMES = Names(
    organisation="acme", unit="risk", environment="dev", region=REGION, account=ACCOUNT, image_account=ACCOUNT
)
KEY, SIGNING_KEY = (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}" for name in ("data", "github-app"))
APP_ID = 1001
TEMPLATES = ["model-training", "realtime-inference"]
ALL = ["workflows", *TEMPLATES]


def arguments(**changes):
    around = FunctionSurroundings(
        layer_arn="arn:aws:lambda:us-east-1:111111111111:layer:libraries:1",
        data_key_arn=KEY,
        logs_key_arn=KEY,
        messages_key_arn=KEY,
        alert_topic_arn="arn:aws:sns:us-east-1:111111111111:alerts",
        log_retention_days=30,
        retain=changes.pop("retain", False),
    )
    given = {
        "names": NAMES,
        "organization": "acme-models",
        "templates": TEMPLATES,
        "app": GitHubAppArgs(app_id=APP_ID, installation_id=2, key_arn=SIGNING_KEY, api_url="https://api.github.com"),
        "protects_branches": True,
        "content_bucket": NAMES.bucket("artifacts"),
        "surroundings": around,
        "platform_team": "ml-platform",
    }
    return TemplateRepositoriesArgs(**{**given, **changes})


@functools.cache
def graph(*, preview=False, **changes):
    return fresh_graph(preview=preview, **changes)


def fresh_graph(*, preview=False, **changes):
    def program():
        made = TemplateRepositories(
            "templates",
            arguments(**changes),
            opts=pulumi.ResourceOptions(
                providers=[aws.Provider("aws", region=REGION), github.Provider("github", owner="acme-models")]
            ),
        )
        pulumi.export("names", made.repository_names)

    return deploy(program, preview=preview)


def published(found):
    return {
        json.loads(each.inputs["input"])["template"]: json.loads(each.inputs["input"])
        for each in found.of_type("lambda:Invocation")
    }


def test_one_repository_per_template_and_one_for_the_workflows():
    found = graph()
    repositories = {each.inputs["name"]: each.inputs for each in found.of_type("index:Repository")}

    assert set(repositories) == {"mlops-workflows", "risk-template-model-training", "risk-template-realtime-inference"}
    assert found.exports["names"]["model-training"] == "risk-template-model-training"
    for name, inputs in repositories.items():
        assert inputs["visibility"] == "private", f"{name}: nothing of the platform is public"
        assert inputs["isTemplate"] is (name != "mlops-workflows"), "projects are made from templates only"
        assert inputs["autoInit"], "a repository without a commit has no branch to publish to"
        assert inputs["allowSquashMerge"]
        assert not any(inputs[f"allow{kind}"] for kind in ("MergeCommit", "RebaseMerge", "AutoMerge"))
        assert inputs["deleteBranchOnMerge"]
        assert not any(inputs[f"has{what}"] for what in ("Issues", "Projects", "Wiki", "Discussions"))
        assert "vulnerabilityAlerts" not in inputs, "deprecated in favour of a resource of its own"
    assert {each.inputs["repository"] for each in found.of_type("index:RepositoryVulnerabilityAlerts")} == set(
        repositories
    )


@pytest.mark.parametrize("retain", [True, False])
def test_retained_repositories_are_archived_and_not_deleted(retain):
    assert {each.inputs["archiveOnDestroy"] for each in graph(retain=retain).of_type("index:Repository")} == {retain}


def test_main_changes_by_reviewed_pull_requests_and_by_the_publisher():
    found = graph()
    branches = [each for each in found.of_type("index:RepositoryRuleset") if each.inputs["target"] == "branch"]

    assert len(branches) == len(ALL)
    for each in branches:
        assert each.inputs["enforcement"] == "active"
        assert each.inputs["conditions"]["refName"] == {"includes": ["~DEFAULT_BRANCH"], "excludes": []}
        rules = each.inputs["rules"]
        review = rules["pullRequest"]
        assert review["requireCodeOwnerReview"], "CODEOWNERS means nothing otherwise"
        assert review["requireLastPushApproval"], "nobody approves their own last push"
        assert review["requiredApprovingReviewCount"] == 1
        assert rules["deletion"]
        assert rules["nonFastForward"]
        assert each.inputs["bypassActors"] == [
            {"actorType": "Integration", "actorId": APP_ID, "bypassMode": "always"}
        ], "the publisher, and no person"
        checks = rules.get("requiredStatusChecks")
        if "workflows" in each.name:
            assert checks is None, "a required check that no workflow reports blocks every pull request"
        else:
            assert checks["requiredChecks"] == [{"context": publication.REQUIRED_CHECK}]
            assert checks["strictRequiredStatusChecksPolicy"]


def test_only_the_publisher_sets_tags():
    tags = [each for each in graph().of_type("index:RepositoryRuleset") if each.inputs["target"] == "tag"]

    assert {each.inputs["repository"]: each.inputs["conditions"]["refName"]["includes"] for each in tags} == {
        "mlops-workflows": ["refs/tags/v*"],
        "risk-template-model-training": ["refs/tags/template-*"],
        "risk-template-realtime-inference": ["refs/tags/template-*"],
    }
    for each in tags:
        assert each.inputs["rules"] == {"creation": True, "update": True, "deletion": True}, (
            "deploy roles trust whatever a v tag points to"
        )
        assert [actor["actorId"] for actor in each.inputs["bypassActors"]] == [APP_ID]


def test_the_default_branch_is_main_whatever_the_organisation_calls_it():
    branches = graph().of_type("index:BranchDefault")
    assert len(branches) == len(ALL)
    for each in branches:
        assert (each.inputs["branch"], each.inputs["rename"]) == (publication.BRANCH, True)


def test_a_plan_without_rulesets_gets_none():
    found = graph(protects_branches=False)
    assert not found.of_type("index:RepositoryRuleset"), "GitHub refuses them, and the stack would not come up"
    assert len(found.of_type("lambda:Invocation")) == len(ALL)


def test_the_platform_team_owns_the_repositories():
    assert {
        (each.inputs["repository"], each.inputs["teamId"], each.inputs["permission"])
        for each in graph().of_type("index:TeamRepository")
    } == {
        (name, "ml-platform", "maintain")
        for name in ("mlops-workflows", "risk-template-model-training", "risk-template-realtime-inference")
    }


def test_the_organisation_may_call_the_workflows_and_nothing_else():
    access = graph().one("index:ActionsRepositoryAccessLevel")
    assert (access.inputs["repository"], access.inputs["accessLevel"]) == ("mlops-workflows", "organization")


def test_workflows_run_pinned_actions_and_the_shared_ones_only():
    found = graph()
    assert {
        each.inputs["defaultWorkflowPermissions"] for each in found.of_type("index:WorkflowRepositoryPermissions")
    } == {"read"}
    permissions = found.of_type("index:ActionsRepositoryPermissions")
    assert len(permissions) == len(ALL)
    for each in permissions:
        config = each.inputs["allowedActionsConfig"]
        assert each.inputs["allowedActions"] == "selected"
        assert not config["githubOwnedAllowed"]
        assert not config["verifiedAllowed"]
        shared, *others = config["patternsAlloweds"]
        assert shared == "acme-models/mlops-workflows/*"
        assert others, "the checks themselves check out and set up Python"
        assert all(re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", pattern) for pattern in others)


@pytest.mark.parametrize("name", ALL)
def test_every_action_that_a_workflow_uses_is_allowed(name):
    files = published_files(name, "acme-models", platform_team="p", workflows_repository="mlops-workflows")
    allowed = {
        *content("workflows", "acme-models", platform_team="p", workflows_repository="mlops-workflows").actions,
        *template_publication.pinned_actions(files),
    }
    used = set()
    for path, text in files.items():
        if path.startswith((".github/workflows/", "actions/")) and path.endswith(".yml"):
            used |= set(uses(yaml.safe_load(text)))
    assert used, "every repository runs something"
    wrong = {each for each in used if each not in allowed and not each.startswith("acme-models/mlops-workflows/")}
    assert wrong == set(), "GitHub would refuse to run these"


def uses(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "uses" and not inner.startswith("./"):
                yield inner
            yield from uses(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from uses(inner)


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_required_check_is_the_one_that_a_templates_ci_reports(name):
    files = published_files(name, "acme-models", platform_team="p", workflows_repository="mlops-workflows")
    shared = published_files("workflows", "acme-models", platform_team="p", workflows_repository="mlops-workflows")
    reported = []
    for job in yaml.safe_load(files[CI])["jobs"].values():
        called = job["uses"].split("mlops-workflows/")[1].split("@")[0]
        reported += [
            f"{job['name']} / {inner.get('name', key)}" for key, inner in yaml.safe_load(shared[called])["jobs"].items()
        ]
    assert publication.REQUIRED_CHECK in reported, "GitHub names the check of a called job `caller / called`"


# content
def test_no_resource_stands_for_a_file():
    found = graph()
    assert len(found.of_type("s3:BucketObjectv2")) == len(found.of_type("lambda:Invocation")) == len(ALL)
    assert not [each.type for each in found if "repositoryFile" in each.type]


def test_the_same_program_registers_the_same_in_preview_and_up():
    assert set(graph(preview=True).by_urn()) == set(graph().by_urn())


def test_an_invocation_names_the_repository_by_id_and_the_content_by_hash():
    found = graph()
    objects = {each.inputs["key"]: each for each in found.of_type("s3:BucketObjectv2")}
    assert [json.loads(each.inputs["input"])["template"] for each in found.of_type("lambda:Invocation")] == ALL
    for template, called in published(found).items():
        wanted = publication.publication_from({**called, "tf": {"action": "create"}})
        assert wanted.repository_id > 0
        assert wanted.key in objects
        assert called["repository"] == found.exports["names"][template]
    for each in found.of_type("lambda:Invocation"):
        assert each.inputs["lifecycleScope"] == "CRUD"
        assert "triggers" not in each.inputs, "a changed trigger replaces the invocation: it would never update"
        assert each.inputs["functionName"] == NAMES.function("publish")


def test_publishing_waits_for_the_object_the_function_the_rules_and_the_workflows():
    found = graph()
    for each in found.of_type("lambda:Invocation"):
        waits = set(each.dependencies)
        template = json.loads(each.inputs["input"])["template"]
        assert any(urn.endswith(f"templates-{template}-content") for urn in waits)
        assert any(urn.endswith("publish-function") for urn in waits)
        settled = tuple(f"templates-{template}-{what}" for what in ("branch", "main", "tags"))
        assert len([urn for urn in waits if urn.endswith(settled)]) == len(settled)
        before = ALL[: ALL.index(template)][-1:]
        assert [urn.rpartition("::")[2] for urn in waits if urn.endswith("-published")] == [
            f"templates-{each}-published" for each in before
        ], "one after the other, workflows first"


def test_a_changed_file_changes_one_invocation_and_its_object(monkeypatch):
    before = graph()
    real = template_content.rendered

    def changed(name, organization, **options):
        files = real(name, organization, **options)
        return {**files, "README.md": b"New\n"} if name == "model-training" else files

    monkeypatch.setattr(template_publication, "rendered", changed)
    after = fresh_graph()

    old = {each.urn: each.raw_inputs for each in before}
    names = {each.name for each in after if each.raw_inputs != old[each.urn]}
    assert names == {"templates-model-training-published", "templates-model-training-content"}
    assert {each.urn for each in before} == {each.urn for each in after}, "nothing is replaced by another resource"


@pytest.mark.parametrize("name", ALL)
def test_a_content_is_the_rendered_template_and_its_mark(name):
    made = content(name, "acme-models", platform_team="ml-platform", workflows_repository="mlops-workflows")
    with zipfile.ZipFile(made.archive.path) as archive:
        files = {path: archive.read(path) for path in archive.namelist()}

    assert hashlib.sha256(made.archive.path.read_bytes()).hexdigest() == made.sha256
    assert json.loads(files.pop(publication.MARK)) == {"template": name, "version": made.version}
    assert files == template_content.rendered(name, "acme-models", platform_team="ml-platform")


def test_a_content_is_the_same_whenever_it_is_made():
    made = [
        content("model-training", "acme-models", platform_team="p", workflows_repository="mlops-workflows").sha256
        for _ in range(2)
    ]
    assert made[0] == made[1]


def test_another_workflows_repository_is_called_by_its_name():
    files = published_files("model-training", "acme-models", platform_team="p", workflows_repository="ml-shared")
    assert b"acme-models/ml-shared/.github/workflows/python-ci.yml@v1" in files[CI]
    left = [path for path, text in files.items() if b"acme-models/mlops-workflows/" in text]
    assert left == [], "a call of a repository that is not there fails every run"


def test_a_template_that_nobody_wrote_is_refused():
    with pytest.raises(ValueError, match="batch-inference, which is not written"):
        arguments(templates=["batch-inference"])


# permissions
STATEMENTS = json.loads(policy(publish_statements(NAMES, data_key_arn=KEY, signing_key_arn=SIGNING_KEY)))
CONTENT = f"{NAMES.bucket_arn('artifacts')}/repositories/model-training/{'0' * 64}.zip"
VIA_S3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": CONTENT}
SIGN = {"kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}


@pytest.mark.parametrize(
    ("action", "resource", "context", "may"),
    [
        ("s3:GetObject", CONTENT, {}, True),
        ("s3:GetObject", f"{NAMES.bucket_arn('artifacts')}/pipelines/x/model.tar.gz", {}, False),
        ("s3:GetObject", f"{NAMES.bucket_arn('data')}/repositories/x.zip", {}, False),
        ("s3:PutObject", CONTENT, {}, False),
        ("s3:ListBucket", NAMES.bucket_arn("artifacts"), {}, False),
        ("kms:Decrypt", KEY, VIA_S3, True),
        ("kms:Decrypt", KEY, {}, False),
        ("kms:Encrypt", KEY, VIA_S3, False),
        ("kms:Sign", SIGNING_KEY, SIGN, True),
        ("kms:Sign", SIGNING_KEY, {"kms:SigningAlgorithm": "RSASSA_PSS_SHA_256"}, False),
        ("kms:Sign", KEY, SIGN, False),
        ("secretsmanager:GetSecretValue", "*", {}, False),
        ("dynamodb:GetItem", NAMES.table_arn("projects"), {}, False),
    ],
)
def test_the_function_reads_contents_and_signs_for_the_app(action, resource, context, may):
    assert is_allowed([STATEMENTS], action, resource, context) is may
