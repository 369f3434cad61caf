"""Images are pushed once, named for ever, pulled by all environments and changed by none of them."""

import json
from dataclasses import replace

import pytest

from components.image_repositories import ImageRepositories, ImageRepositoriesArgs, lifecycle_policy
from tests.components.test_job_guardrails import KEY, NAMES
from tests.harness import STACKS, deploy, stack_graph, stack_settings

DEV = replace(NAMES, account=NAMES.image_account)
ACCOUNTS = [DEV.account, "222222222222", "333333333333"]


def args(**changes):
    return ImageRepositoriesArgs(
        **(
            {
                "names": DEV,
                "models": ["fraud"],
                "moving": ["fraud"],
                "accounts": ACCOUNTS,
                "data_key_arn": KEY,
                "retain": False,
                "keep": 50,
            }
            | changes
        )
    )


@pytest.fixture
def graph():
    return deploy(lambda: ImageRepositories("images", args()))


def test_the_first_environment_alone_has_repositories():
    counts = {stack: len(stack_graph(stack).of_type("ecr:Repository")) for stack in STACKS}
    assert counts == {"dev": 2, "preprod": 0, "prod": 0}


def test_every_image_uri_of_a_stack_names_a_repository_that_dev_creates():
    created = {r.inputs["name"] for r in stack_graph("dev").of_type("ecr:Repository")}
    for stack in STACKS:
        settings = stack_settings(stack)
        wanted = {settings.names.image_of(name, chosen.image)[0] for name, chosen in settings.models.items()}
        assert wanted <= created
        assert settings.names.image_account == settings.accounts.dev


def test_tags_move_in_one_repository_and_no_release_tag_ever_does(graph):
    assert {r.inputs["name"]: r.inputs["imageTagMutability"] for r in graph.of_type("ecr:Repository")} == {
        DEV.image_repository("fraud"): "IMMUTABLE",
        DEV.moving_image_repository: "MUTABLE",
    }
    assert "/" in DEV.moving_image_repository.removeprefix("acme-risk/"), "no model's name holds a slash"


def test_the_builds_of_every_model_find_room():
    graph = deploy(lambda: ImageRepositories("images", args(models=["a", "b"], moving=["a", "b"])))
    (rule, _) = json.loads(graph.one("ecr:LifecyclePolicy", "images-moving-lifecycle").inputs["policy"])["rules"]
    assert rule["selection"]["countNumber"] == 100


def test_no_tag_moves_where_models_run_releases_only():
    graph = deploy(lambda: ImageRepositories("images", args(moving=[])))
    assert [r.inputs["imageTagMutability"] for r in graph.of_type("ecr:Repository")] == ["IMMUTABLE"]


def test_images_are_scanned_encrypted_and_never_deleted_with_the_stack(graph):
    repository = graph.one("ecr:Repository", "images-fraud-images").inputs
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY}]
    assert repository["forceDelete"] is False, "other environments run these images"


def test_a_stack_whose_images_nobody_else_runs_may_delete_them():
    graph = deploy(lambda: ImageRepositories("images", args(delete_images=True)))
    assert [r.inputs["forceDelete"] for r in graph.of_type("ecr:Repository")] == [True, True], "the moving one too"


def test_images_are_not_both_retained_and_deleted():
    with pytest.raises(ValueError, match="retain and delete_images contradict each other"):
        args(retain=True, delete_images=True)


def test_the_newest_images_stay_also_without_a_tag():
    rules = json.loads(lifecycle_policy(50))["rules"]
    assert [(r["selection"]["tagStatus"], r["selection"]["countNumber"]) for r in rules] == [
        ("tagged", 50),
        ("untagged", 50),
    ], "a version cites its image by digest, and a moved tag leaves that image untagged"
    assert {r["selection"]["countType"] for r in rules} == {"imageCountMoreThan"}


def test_other_accounts_pull_and_nobody_pushes(graph):
    policy = json.loads(graph.one("ecr:RepositoryPolicy", "images-fraud-images-pull").inputs["policy"])
    statements = {s["Sid"]: s for s in policy["Statement"]}
    others = statements["PulledByOtherEnvironments"]
    assert others["Principal"]["AWS"] == [f"arn:aws:iam::{account}:root" for account in ACCOUNTS[1:]]
    assert statements["PulledBySageMaker"]["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNTS
    writes = ("Put", "Upload", "Initiate", "Complete", "Delete")
    for statement in statements.values():
        assert not [a for a in statement["Action"] if a.removeprefix("ecr:").startswith(writes)]
        assert "Resource" not in statement, "ECR refuses a repository policy that names a resource"


def test_one_account_for_all_needs_no_other_principal():
    graph = deploy(lambda: ImageRepositories("images", args(accounts=[DEV.account] * 3)))
    policy = json.loads(graph.one("ecr:RepositoryPolicy", "images-fraud-images-pull").inputs["policy"])
    assert [s["Sid"] for s in policy["Statement"]] == ["PulledBySageMaker"]


def test_another_account_than_the_images_is_refused():
    with pytest.raises(ValueError, match="create them in the dev stack only"):
        args(names=replace(DEV, account="222222222222"))


def test_a_lifecycle_that_keeps_nothing_is_refused():
    with pytest.raises(ValueError, match="keep is 0: set the number of images to keep"):
        args(keep=0)
