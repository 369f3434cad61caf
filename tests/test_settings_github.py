"""The section `github`: in dev only, with reviewers by id, and honest about what the plan protects."""

import copy

import pytest

from settings import SettingsError, load_settings
from tests.settings_errors.changes import changed

GITHUB = {
    "organization": "acme",
    "app_id": 123456,
    "installation_id": 45678901,
    "key_arn": "arn:aws:kms:us-east-1:111111111111:key/00000000-0000-0000-0000-000000000000",
    "plan": "enterprise",
    "platform_team": "ml-platform",
    "reviewers": {"prod": [{"login": "ada", "id": 1001}]},
}


def github(stack="dev", **changes):
    raw = copy.deepcopy(GITHUB)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = raw
        for part in parents:
            place = place[part]
        place[last] = value
    return load_settings(changed(stack, github=raw, projects={"organization": "acme"}), source="test")


def broken(**changes):
    with pytest.raises(SettingsError) as caught:
        github(**changes)
    return [(problem.path, problem.rule) for problem in caught.value.problems]


def test_what_is_not_written_has_a_safe_value():
    section = github().github
    assert section.api_url == "https://api.github.com"
    assert section.workflows_repository == "mlops-workflows"
    assert section.immutable_subjects
    assert section.reviewers.preprod == []


@pytest.mark.parametrize("stack", ["dev", "preprod", "prod"])
def test_no_stack_needs_github(stack):
    raw = changed(stack)
    for section in ("github", "projects", "catalog"):
        raw.pop(section, None)
    assert load_settings(raw, source="test").github is None


@pytest.mark.parametrize("stack", ["preprod", "prod"])
def test_only_dev_has_it(stack):
    with pytest.raises(SettingsError, match="belong to the dev stack alone"):
        github(stack)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"reviewers__prod": []}, "github.reviewers.prod"),
        ({"reviewers__prod": [{"login": "ada"}]}, "github.reviewers.prod[0].id"),
        ({"reviewers__prod": [{"id": 1001}]}, "github.reviewers.prod[0].login"),
        ({"reviewers__prod": [{"login": "ada", "id": 0}]}, "github.reviewers.prod[0].id"),
        ({"reviewers__prod": [{"login": "ada", "id": True}]}, "github.reviewers.prod[0].id"),
        ({"reviewers__prod": [{"login": "-ada", "id": 1}]}, "github.reviewers.prod[0].login"),
        ({"reviewers__prod": [{"login": "ada", "id": 1}, {"login": "Ada", "id": 2}]}, "github.reviewers.prod"),
        ({"reviewers__prod": [{"login": "ada", "id": 1}, {"login": "eve", "id": 1}]}, "github.reviewers.prod"),
        ({"reviewers__prod": [{"login": f"u{n}", "id": n} for n in range(1, 8)]}, "github.reviewers.prod"),
        ({"reviewers__dev": []}, "github.reviewers.dev"),
        ({"api_url": "https://api.github.com/"}, "github.api_url"),
        ({"api_url": "https://token@api.github.com"}, "github.api_url"),
        ({"app_id": "123456"}, "github.app_id"),
        ({"plan": "pro"}, "github.plan"),
        ({"workflows_repository": "mlops workflows"}, "github.workflows_repository"),
        ({"workflows_repository": "risk-churn-training"}, "github.workflows_repository"),
        ({"private_key": "-----BEGIN RSA PRIVATE KEY-----"}, "github.private_key"),
        ({"ci_role_arn": "deploy"}, "github.ci_role_arn"),
        ({"ci_role_arn": "arn:aws:iam::111111111111:root"}, "github.ci_role_arn"),
        ({"ci_role_arn": "arn:aws:iam::111111111111:user/ci"}, "github.ci_role_arn"),
        ({"ci_role_arn": "arn:aws:iam::111111111111:role/*"}, "github.ci_role_arn"),
        ({"ci_role_arn": "arn:aws:iam::111111111111:role/deploy-?"}, "github.ci_role_arn"),
        ({"ci_role_arn": "arn:aws:iam::111111111111:role/${aws:username}"}, "github.ci_role_arn"),
        ({"ci_role_arn": "arn:aws:iam::111111111111:role/" + "x" * 65}, "github.ci_role_arn"),
        ({"ci_role_arn": "arn:aws:sts::111111111111:assumed-role/deploy/ci"}, "github.ci_role_arn"),
        ({"ci_role_arn": "arn:aws:iam::222222222222:role/deploy"}, "github.ci_role_arn"),
        ({"ci_role_arn": "arn:aws-cn:iam::111111111111:role/deploy"}, "github.ci_role_arn"),
    ],
)
def test_a_mistake_is_found_where_it_is(changes, path):
    found = [where for where, _ in broken(**changes)]
    assert path in found
    assert [where for where in found if not where.startswith("projects.")] == [path], "and nothing else is blamed"


def test_a_key_written_into_the_settings_is_not_shown():
    with pytest.raises(SettingsError) as caught:
        github(private_key="-----BEGIN RSA PRIVATE KEY-----")
    assert "BEGIN" not in str(caught.value)


@pytest.mark.parametrize(
    ("plan", "count", "protects"), [("enterprise", 0, True), ("team", 1, False), ("free", 2, False)]
)
def test_a_plan_that_protects_less_is_a_notice_and_no_mistake(plan, count, protects):
    section = github(plan=plan).github
    assert len(section.notices) == count
    assert section.protects_environments is protects
    assert all(f"github.plan {plan}" in notice for notice in section.notices)


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        ("alias/acme", "the app's key is named by the ARN of a KMS key"),
        ("arn:aws:kms:us-east-1:111111111111:alias/acme", "no alias"),
        ("arn:aws:kms:us-east-1:222222222222:key/" + "0" * 36, "the key lies in the stack's account 111111111111"),
        ("arn:aws:kms:eu-west-1:111111111111:key/" + "0" * 36, "and region us-east-1"),
    ],
)
def test_the_apps_key_is_one_of_the_stacks_own_account_and_region(arn, said):
    with pytest.raises(SettingsError, match=said):
        load_settings(github(key_arn=arn), source="test")


@pytest.mark.parametrize("role", ["deploy", "ci/mlops/deploy+dev@acme", "aws-reserved/sso.amazonaws.com/Deploy_0a1b"])
def test_the_role_that_runs_pulumi_is_one_of_the_stacks_account(role):
    arn = f"arn:aws:iam::111111111111:role/{role}"
    assert github(ci_role_arn=arn).github.ci_role_arn == arn
    assert github().github.ci_role_arn is None, "who signs is then the functions alone"


def test_a_session_of_the_role_is_refused_with_the_way_to_its_arn():
    with pytest.raises(SettingsError, match="aws iam get-role"):
        github(ci_role_arn="arn:aws:sts::111111111111:assumed-role/deploy/ci")
