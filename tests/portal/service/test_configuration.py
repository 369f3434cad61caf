"""The portal's configuration: every mistake at once, no secret in it, and none in what programs get."""

import tomllib
from pathlib import Path

import pytest

from portal.configuration import ConfigurationError, load, parse
from settings import read_stack_file

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "portal.toml"


def example(**changes):
    return {**tomllib.loads(EXAMPLE.read_text()), **changes}


def problems(**changes):
    with pytest.raises(ConfigurationError) as caught:
        parse(example(**changes), source="portal.toml", folder=Path("/srv"))
    return str(caught.value)


def test_the_example_is_valid():
    settings = load(EXAMPLE)
    assert settings.stacks["prod"].approvals == 2
    assert settings.stacks["dev"].approvals == 0, "what a stack does not say has a default"
    assert settings.reviews.base_stack == "dev"


def test_the_examples_operator_roles_are_the_approvers_of_the_stacks():
    for stack, rules in load(EXAMPLE).stacks.items():
        file = EXAMPLE.parents[2] / f"Pulumi.{stack}.yaml"
        assert rules.operator_role_arn == read_stack_file(file).names.role_arn("approver")


def test_relative_paths_start_at_the_files_folder(tmp_path):
    settings = parse(example(project="checkout", work="work"), source="portal.toml", folder=tmp_path)
    assert settings.project == tmp_path / "checkout"
    assert settings.work == tmp_path / "work"


def test_a_missing_file_names_the_example(tmp_path):
    with pytest.raises(ConfigurationError, match=r"docs/examples/portal\.toml"):
        load(tmp_path / "portal.toml")


def test_a_file_that_is_no_toml_says_where(tmp_path):
    (tmp_path / "portal.toml").write_text("url = \n")
    with pytest.raises(ConfigurationError, match="line 1"):
        load(tmp_path / "portal.toml")


def test_all_mistakes_are_told_at_once():
    text = problems(url="http://portal.example.com", workers=0, databse="x")
    for part in ("http:// only on this machine", "workers", "did you mean database?"):
        assert part in text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"database": "postgresql://portal:hunter2@db/portal"}, "a password does not belong here"),
        ({"database": "mysql://portal@db/portal"}, "sqlite"),
        ({"stacks": {"prod": {"by_others": True}}}, "by_others needs approvals"),
        ({"stacks": {"review-x": {}}, "reviews": {"enabled": False}}, "names that begin with review-"),
        ({"reviews": {"base_stack": "nowhere"}}, "reviews.base_stack is nowhere"),
        ({"reviews": {"hours": 200}}, "at most the second"),
        ({"environment": ["PATH", "PORTAL_THING"]}, "PORTAL_THING"),
        ({"stacks": {"dev": {"operator_role_arn": "admin"}}}, "stacks.dev.operator_role_arn"),
        ({"deadline_minutes": 0}, "deadline_minutes"),
    ],
)
def test_a_mistake_says_where_and_what_to_do(changes, says):
    text = problems(**changes)
    assert says in text
    assert "hunter2" not in text, "an error must not repeat a password"


def test_a_secret_of_the_portal_is_never_passed_to_programs():
    login = {**example()["login"], "client_secret_env": "AWS_CLIENT"}
    assert "never passed to programs" in problems(login=login, environment=["PATH", "AWS_CLIENT"])
    credentials = {"credentials": {"environment": {"AWS_SESSION_TOKEN": "PORTAL_SESSION_KEY"}}}
    assert "never passed to programs" in problems(stacks={"dev": credentials}), "not under another name either"


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "GITHUB_APP_PEM_FILE"])
def test_no_token_or_key_of_github_is_passed_to_programs(name):
    by_stack = {"credentials": {"environment": {name: "SOME_VARIABLE"}}}
    for text in (problems(environment=["PATH", name]), problems(stacks={"dev": by_stack})):
        assert f"{name}: take it out" in text
        assert "docs/portal.md, GitHub" in text
    assert parse(example(environment=["GITHUB_BASE_URL"]), source="portal.toml", folder=Path("/srv"))


def test_a_stack_gets_its_variables_and_no_others():
    settings = parse(example(), source="portal.toml", folder=Path("/srv"))
    own = {
        "PATH": "/bin",
        "DEV_DEPLOY_ROLE_ARN": "arn:dev",
        "PROD_DEPLOY_ROLE_ARN": "arn:prod",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
        "PORTAL_CLIENT_SECRET": "hunter2",
    }
    assert settings.engine_environment("dev", own) == {
        "PATH": "/bin",
        "AWS_ROLE_ARN": "arn:dev",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
    }
    with pytest.raises(ConfigurationError, match="PREPROD_DEPLOY_ROLE_ARN"):
        settings.engine_environment("preprod", own)


def test_secrets_come_from_a_variable_or_a_file(tmp_path):
    file = tmp_path / "password"
    file.write_text("hunter2\n")
    settings = parse(example(database_password_file=str(file)), source="portal.toml", folder=tmp_path)
    assert settings.database_password({}) == "hunter2"
    assert settings.login.oidc({"PORTAL_CLIENT_SECRET": "s3cret"}).client_secret.get_secret_value() == "s3cret"
    with pytest.raises(ConfigurationError, match="PORTAL_CLIENT_SECRET"):
        settings.login.oidc({})
    assert settings.session_key({"PORTAL_SESSION_KEY": "ab" * 32}) == b"\xab" * 32
    with pytest.raises(ConfigurationError, match="openssl rand"):
        settings.session_key({"PORTAL_SESSION_KEY": "short"})
    file.unlink()
    with pytest.raises(ConfigurationError, match="database_password_file"):
        settings.database_password({})
