"""The functions of projects as deployed: outside the VPC, one rule, settings that fit, roles trusted exactly."""

import ast
import json
import zipfile

import pytest

from components.catalog_policies import launch_statements
from components.delivery_rules import RETRY_ATTEMPTS
from components.function_archive import function_archive
from components.function_surroundings import FunctionSurroundings
from components.project_provisioning import PACKAGES, GitHubAppArgs, ProjectProvisioning, ProjectProvisioningArgs
from components.project_roles import ProjectRoles, ProjectRolesArgs
from contracts.delivery_events import approval_pattern_of_projects
from contracts.names import Names
from contracts.projects import DIRECT
from contracts.provisioning_config import VARIABLE, ProvisioningConfig, Reviewer, decode
from tests.harness import ROOT, deploy
from tests.policy_evaluator import is_allowed

ACCOUNTS = {"dev": "111111111111", "preprod": "222222222222", "prod": "333333333333"}
VARIABLES_BYTES = 4096
"""Lambda quotas: 4 KB over all environment variables."""
QUEUE = "arn:aws:sqs:us-east-1:111111111111:undelivered"


def names_of(environment, *, longest=False):
    coordinates = ("o" * 12, "u" * 12, "ap-southeast-2") if longest else ("acme", "risk", "us-east-1")
    organisation, unit, region = coordinates
    account = ACCOUNTS[environment]
    return Names(
        organisation=organisation, unit=unit, environment=environment, region=region, account=account,
        image_account=ACCOUNTS["dev"],
    )  # fmt: skip


def surroundings(*, retain=False):
    def key(purpose):
        return f"arn:aws:kms:us-east-1:111111111111:key/{purpose}"

    return FunctionSurroundings(
        layer_arn="arn:aws:lambda:us-east-1:111111111111:layer:libraries:1",
        data_key_arn=key("data"),
        logs_key_arn=key("logs"),
        messages_key_arn=key("messages"),
        alert_topic_arn="arn:aws:sns:us-east-1:111111111111:alerts",
        log_retention_days=365,
        retain=retain,
    )


def provisioning(*, longest=False, retain=False):
    six = tuple(Reviewer(login=f"{'r' * 38}{n}", id=2**40 + n) for n in range(6))
    config = ProvisioningConfig(
        organization="g" * 39 if longest else "acme",
        unit=names_of("dev", longest=longest).unit,
        platform_team="t" * 100 if longest else "mlops",
        products=("model-training", "model-training-and-deployment", "llm-training", "pipeline-promotion"),
        environments={name: names_of(name, longest=longest) for name in ACCOUNTS},
        reviewers={"preprod": six, "prod": six} if longest else {"prod": six[:1]},
    )

    def program():
        ProjectProvisioning(
            "projects",
            ProjectProvisioningArgs(
                names=names_of("dev", longest=longest),
                config=config,
                app=GitHubAppArgs(
                    app_id=2**31, installation_id=2**40, key_arn="arn:aws:kms:us-east-1:111111111111:key/github",
                    api_url="https://api.github.com",
                ),
                undelivered_queue_arn=QUEUE,
                surroundings=surroundings(retain=retain),
            ),
        )  # fmt: skip

    return deploy(program)


def roles(environment="prod", *, creates_provider=True, longest=False):
    def program():
        ProjectRoles(
            "projects",
            ProjectRolesArgs(
                names=names_of(environment, longest=longest),
                development=names_of("dev", longest=longest),
                organization="acme",
                workflows_repository="mlops-workflows",
                creates_provider=creates_provider,
                private_subnet_ids=["subnet-1", "subnet-2"],
                job_security_group_id="sg-1",
                surroundings=surroundings(),
            ),
        )

    return deploy(program)


def function(graph, purpose):
    (found,) = [f for f in graph.of_type("lambda:Function") if f.inputs["handler"].startswith(f"lambda_src.{purpose}.")]
    return found


def variables(graph, purpose):
    found = function(graph, purpose).inputs["environment"]["variables"]
    return {name: value["value"] if isinstance(value, dict) else value for name, value in found.items()}


# the functions of dev
def test_both_functions_run_outside_the_vpc_because_they_talk_to_github():
    functions = provisioning().of_type("lambda:Function")
    assert len(functions) == 2
    assert [f.name for f in functions if f.inputs.get("vpcConfig")] == []


def test_provision_has_all_the_time_there_is_and_cloudformation_waits_longer():
    import yaml

    from components.product_templates import SOURCES

    timeout = function(provisioning(), "provision").inputs["timeout"]
    template = yaml.safe_load((SOURCES / "1.0.0" / "project.yaml").read_text())
    assert timeout == 900
    assert template["Resources"]["Project"]["Properties"]["ServiceTimeout"] > timeout, "else the stack fails first"


def test_exactly_one_rule_hears_of_approvals_and_knows_no_model():
    graph = provisioning()
    (rule,) = graph.of_type("cloudwatch:EventRule")
    assert json.loads(rule.inputs["eventPattern"]) == approval_pattern_of_projects(names_of("dev").prefix)
    (target,) = graph.of_type("cloudwatch:EventTarget")
    assert target.inputs["deadLetterConfig"] == {"arn": QUEUE}
    assert target.inputs["retryPolicy"]["maximumRetryAttempts"] == RETRY_ATTEMPTS


def test_events_invoke_trigger_and_nothing_invokes_provision_but_its_callers_own_roles():
    (permission,) = provisioning().of_type("lambda:Permission")
    assert permission.inputs["principal"] == "events.amazonaws.com"
    assert permission.inputs["function"] == names_of("dev").function("trigger")


def test_people_call_provision_by_an_alias_that_is_the_function_as_it_is():
    (alias,) = provisioning().of_type("lambda:Alias")
    own = names_of("dev")
    assert (alias.inputs["functionName"], alias.inputs["name"]) == (own.function("provision"), DIRECT)
    assert alias.inputs["functionVersion"] == "$LATEST", "a version of its own would stay behind an update"
    launch = {"Statement": launch_statements(own, "arn:aws:kms:us-east-1:1:key/k")}
    by_itself = own.function_arn("provision")
    allowed = [is_allowed([launch], "lambda:InvokeFunction", each, {}) for each in (by_itself, f"{by_itself}:{DIRECT}")]
    assert allowed == [True, False], "what people may send and what CloudFormation sends come by different ways"


@pytest.mark.parametrize("purpose", ["provision", "trigger"])
def test_the_longest_settings_fit_into_a_functions_variables(purpose):
    found = variables(provisioning(longest=True), purpose)
    size = sum(len(name.encode()) + len(str(value).encode()) for name, value in found.items())
    assert size <= VARIABLES_BYTES, f"{purpose} has {size} bytes of variables"


def test_what_provision_reads_is_what_the_component_was_given():
    found = variables(provisioning(), "provision")
    config = decode(found[VARIABLE])
    assert config.environments["prod"] == names_of("prod")
    assert config.reviewers["prod"][0].id == 2**40
    app = json.loads(found["GITHUB_APP"])
    from lambda_src.github_client.app import App

    assert App(**app).organization == "acme", "the function reads it so"


def test_no_variable_holds_a_secret():
    for purpose in ("provision", "trigger"):
        text = json.dumps(variables(provisioning(), purpose)).lower()
        assert not any(word in text for word in ("private key", "ghs_", "token", "password"))


def test_a_table_that_is_retained_is_protected_and_expires_what_may_go():
    (table,) = provisioning(retain=True).of_type("dynamodb:Table")
    assert table.inputs["deletionProtectionEnabled"] is True
    assert table.protect
    from contracts.projects import EXPIRY

    assert table.inputs["ttl"] == {"attributeName": EXPIRY, "enabled": True}, "ended requests are forgotten"


def test_settings_that_do_not_fit_are_refused_before_anything_is_made():
    from contracts.provisioning_config import encode

    many = tuple(Reviewer(login="r" * 39, id=n) for n in range(60))
    config = ProvisioningConfig(
        organization="acme", unit="risk", platform_team="mlops", products=(), environments={}, reviewers={"prod": many}
    )
    with pytest.raises(ValueError, match="3000 fit"):
        encode(config)


@pytest.mark.parametrize(("purpose", "packages"), [("provision", PACKAGES), ("trigger", PACKAGES), ("vend", ())])
def test_every_module_that_a_function_imports_is_in_its_archive(tmp_path, purpose, packages):
    archive = function_archive(purpose, packages=packages, folder=tmp_path)
    with zipfile.ZipFile(archive.path) as content:
        sources = {name: content.read(name).decode() for name in content.namelist() if name.endswith(".py")}
    modules = {name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): s for name, s in sources.items()}
    missing, waiting, seen = set(), [archive.handler.removesuffix(".handler")], set()
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            found = imports(modules[module])
            missing |= {name for name in found if name not in modules}
            waiting += found & modules.keys()
    assert missing == set(), "Lambda would not start the function"


def imports(source):
    """Return our own modules that a source imports; a name of `from package import name` counts where it is one."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in ("contracts", "lambda_src"):
            folder = ROOT / node.module.replace(".", "/")
            inner = {f"{node.module}.{each.name}" for each in node.names if (folder / f"{each.name}.py").is_file()}
            found |= inner or {node.module}
    return found


# the roles of each account
@pytest.mark.parametrize("environment", ACCOUNTS)
def test_who_asks_for_roles_is_devs_provisioning_function_by_account_and_condition(environment):
    graph = roles(environment)
    (role,) = [
        r for r in graph.of_type("iam:Role") if r.inputs["name"] == names_of(environment).role("project-request")
    ]
    (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    dev = names_of("dev")
    assert statement["Principal"] == {"AWS": dev.account_root}, "a role that may not exist yet is refused by IAM"
    assert statement["Condition"] == {"ArnEquals": {"aws:PrincipalArn": dev.role_arn("provision")}}


def test_the_request_role_may_invoke_vend_and_nothing_else():
    graph = roles("prod")
    own = names_of("prod")
    (policy,) = [p for p in graph.of_type("iam:RolePolicy") if p.inputs["role"] == own.role("project-request")]
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    assert statement["Action"] == ["lambda:InvokeFunction"]
    assert statement["Resource"] in (own.function_arn("vend"), [own.function_arn("vend")])


def test_the_provider_of_github_is_made_once_per_account_and_only_where_the_settings_say_so():
    (provider,) = roles().of_type("iam:OpenIdConnectProvider")
    assert provider.inputs["url"] == "https://token.actions.githubusercontent.com"
    assert provider.inputs["clientIdLists"] == ["sts.amazonaws.com"]
    assert roles(creates_provider=False).of_type("iam:OpenIdConnectProvider") == []


def test_vend_knows_the_names_of_dev_where_it_serves_devs_versions_and_not_in_dev_itself():
    assert "DEVELOPMENT_NAMES" not in variables(roles("dev"), "vend")
    assert json.loads(variables(roles("prod"), "vend")["DEVELOPMENT_NAMES"])["environment"] == "dev"


def test_no_role_of_a_project_could_be_made_before_its_boundary():
    graph = roles(longest=True)
    own = names_of("prod", longest=True)
    (boundary,) = graph.of_type("iam:Policy")
    assert boundary.inputs["name"] == own.boundary("project")
    policies = [p for p in graph.of_type("iam:RolePolicy") if p.inputs["role"] == own.role("vend")]
    (work,) = [p.inputs["policy"] for p in policies if p.inputs["name"] == "work"]
    assert own.boundary_arn("project") in work
