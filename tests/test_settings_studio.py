"""Every rule of the section `studio`, by the text that a person reads when it is broken."""

import pytest

from contracts.instances import STUDIO
from settings import SettingsError, load_settings
from tests.settings_errors.changes import changed

DIGEST = "sha256:" + "0a" * 32
URI = f"111111111111.dkr.ecr.us-east-1.amazonaws.com/acme/vision@{DIGEST}"
ADA = {"ada": {"persona": "data-scientist"}}
CENTER = {"authentication": "identity_center"}
IMAGE_RULE = "a custom image is an image in ECR, named by digest, because a tag can move under people's notebooks"
USER_RULE = (
    "a Studio user's name becomes the profile's and the session's source identity: 2 to 63 lower-case letters, digits"
    " and single hyphens between them"
)

# stack, further changes, section, head of the block, rule
CASES = {
    "an idle time below an hour": (
        "dev", {}, {"idle_shutdown_minutes": 59}, "studio.idle_shutdown_minutes: 59", "the value is at least 60",
    ),
    "an idle time above a year": (
        "dev", {}, {"idle_shutdown_minutes": 525_601}, "studio.idle_shutdown_minutes: 525601",
        "the value is at most 525600",
    ),
    "a user's name that no profile can have": (
        "dev", {}, {"users": {"Ada": {"persona": "lead"}}}, 'studio.users.Ada: "Ada"', USER_RULE,
    ),
    "a name of one letter, which STS refuses": (
        "dev", {}, {"users": {"a": {"persona": "lead"}}}, 'studio.users.a: "a"', USER_RULE,
    ),
    "a persona that works elsewhere": (
        "dev", {}, {"users": {"ada": {"persona": "approver"}}}, 'studio.users.ada.persona: "approver"',
        "the value is data-scientist or lead",
    ),
    "a volume that Studio refuses": (
        "dev", {}, {"space_gb": {"default": 4}}, "studio.space_gb.default: 4", "the value is at least 5",
    ),
    "a new space beyond the largest": (
        "dev", {}, {"space_gb": {"default": 50, "max": 40}}, "studio.space_gb.default: 50",
        "a new space has at most the largest size, 40 GB",
    ),
    "an instance type that Studio does not have": (
        "dev", {}, {"instances": ["ml.t3.mediun"]}, 'studio.instances[0]: "ml.t3.mediun"',
        "SageMaker offers the instance type for Studio",
    ),
    "more instance types than a policy has room for": (
        "dev", {}, {"instances": sorted(STUDIO)[:9]}, "studio.instances",
        "Studio offers 8 instance types at most: people's policies name each one and have little room",
    ),
    "an image by tag": (
        "dev", {}, {"images": {"vision": {"uri": URI.replace(f"@{DIGEST}", ":v1.0.0")}}}, "studio.images.vision.uri",
        IMAGE_RULE,
    ),
    "an image of another region": (
        "dev", {}, {"images": {"vision": {"uri": URI.replace("us-east-1", "us-west-2")}}}, "studio.images.vision.uri",
        "Studio pulls images of its own region, us-east-1",
    ),
    "Identity Center without its user": (
        "dev", {}, {**CENTER, "users": ADA}, "studio.users.ada", "with Identity Center each user is one of its users",
    ),
    "a user of Identity Center without it": (
        "dev", {}, {"users": {"ada": {"persona": "lead", "sso_user": "ada@example.com"}}},
        'studio.users.ada.sso_user: "ada@example.com"', "without Identity Center a user has no name in it",
    ),
    "one user of Identity Center twice": (
        "dev", {}, {**CENTER, "users": {n: {"persona": "lead", "sso_user": "x"} for n in ("ada", "grace")}},
        'studio.users.grace.sso_user: "x"', "a user of Identity Center has one profile in a domain, and ada is it",
    ),
    "a space that nothing offered runs": (
        "dev", {}, {"applications": ["jupyterlab"], "users": {"ada": {"persona": "lead", "spaces": ["code_editor"]}}},
        'studio.users.ada.spaces[0]: "code_editor"', "Studio offers jupyterlab here",
    ),
    "homes that outlive their key": (
        "dev", {}, {"home": "retain"}, 'studio.home: "retain"',
        "homes are encrypted with the stack's data key, which goes with this stack: kept, they could not be read",
    ),
    "an app of MLflow with a size": (
        "dev", {}, {"mlflow": {"kind": "app", "size": "Large"}}, 'studio.mlflow.size: "Large"',
        "an MLflow app is serverless and has no size",
    ),
    "a script outside the project": (
        "dev", {}, {"lifecycle_script": "../start.sh"}, 'studio.lifecycle_script: "../start.sh"',
        "the script lies in the project, so that every machine makes the same Studio",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("stack", "changes", "studio", "head", "rule"), CASES.values(), ids=CASES)
def test_a_broken_rule_of_studio_is_the_only_mistake_and_says_where_and_why(stack, changes, studio, head, rule):
    with pytest.raises(SettingsError) as caught:
        load_settings({**changed(stack, **changes), "studio": studio}, source="Pulumi.dev.yaml")
    (found,) = caught.value.problems
    assert str(found).startswith(f"  {head}"), str(found)
    assert found.rule == rule
    assert found.fix, "a mistake without a way to mend it teaches nothing"


@pytest.mark.parametrize(
    "studio",
    [
        {},
        {"users": {"ada-lovelace": {"persona": "lead", "github": "ada", "spaces": []}}},
        {**CENTER, "users": {"ada": {"persona": "lead", "sso_user": "ada@example.com"}}},
        {"images": {"vision": {"uri": URI, "applications": ["jupyterlab"]}}, "mlflow": {"kind": "server"}},
        {"idle_shutdown_minutes": 60, "space_gb": {"default": 5, "max": 16_384}, "home": "delete"},
    ],
)
def test_what_studio_takes_is_taken(studio):
    assert load_settings({**changed("dev"), "studio": studio}, source="Pulumi.dev.yaml").studio is not None


def test_homes_follow_the_stacks_data_where_nothing_is_said():
    studio = load_settings({**changed("dev"), "studio": {}}, source="Pulumi.dev.yaml").studio
    assert (studio.retains_home(True), studio.retains_home(False)) == (True, False)
    chosen = load_settings({**changed("dev", retain_data=True), "studio": {"home": "delete"}}, source="x").studio
    assert not chosen.retains_home(True), "what the section says, goes"


def test_everybody_gets_a_space_of_every_application_where_nothing_is_said():
    users = {"ada": {"persona": "lead"}, "grace": {"persona": "lead", "spaces": ["jupyterlab"]}}
    studio = load_settings({**changed("dev"), "studio": {"users": users}}, source="x").studio
    assert studio.spaces_of("ada") == ["jupyterlab", "code_editor"]
    assert studio.spaces_of("grace") == ["jupyterlab"]
