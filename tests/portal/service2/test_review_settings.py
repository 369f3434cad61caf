"""Names and settings of review environments."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from contracts.limits import LIMITS
from portal.records import ReviewRecord, ReviewState
from portal.service.git_checkout import NoBranchError, checked_branch
from portal.service.review_settings import LONGEST_NAME, review_document, review_name, review_unit
from settings import CONFIG_KEY, load_settings
from tests.harness import ROOT
from tests.portal.service2.conftest import START

DEV = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())
RECORD = ReviewRecord(
    name="fix", branch="fix", commit="c", by="ada", by_name="Ada", created=START, expires=START, state=ReviewState.UP
)


def loaded(branch=DEV, project=DEV):
    document = review_document(branch, project, name="fix", unit="rv12345678")
    return load_settings(document["config"][CONFIG_KEY], source="Pulumi.review-fix.yaml")


def changed(**settings):
    return {**DEV, "config": {CONFIG_KEY: {**DEV["config"][CONFIG_KEY], **settings}}}


@given(st.text(st.sampled_from("abcXYZ019-_./é "), min_size=1, max_size=60))
def test_every_branch_has_a_short_name_that_a_stack_can_have(branch):
    name = review_name(branch)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert len(name) <= LONGEST_NAME


def test_branches_that_look_alike_have_names_of_their_own():
    branches = ["fix", "Fix", "fix/", "f/ix", "a-very-long-branch-name", "a-very-long-branch-name-2", "ä", "ö"]
    assert len({review_name(branch) for branch in branches}) == len(branches)
    assert review_name("fix-drift") == "fix-drift", "a plain one stays itself"


def test_nobody_finds_a_branch_whose_review_takes_another_ones_name():
    name = review_name("feature/nat")
    assert re.fullmatch("feature-nat-[0-9a-f]{8}", name), "of four digits one is found in a moment"
    assert review_name(name) != name, "a branch that is called like it has a hash of its own"


def test_a_unit_is_another_one_for_each_review_and_each_of_its_lives():
    again = replace(RECORD, created=START + timedelta(seconds=1))
    units = {review_unit(record) for record in (RECORD, again, replace(RECORD, name="other"))}
    assert len(units) == 3
    assert review_unit(RECORD) == review_unit(replace(RECORD, state=ReviewState.REAPING)), "the same all its life"


def test_a_review_is_cheap_keeps_nothing_and_meets_nobody():
    settings = loaded()
    assert (settings.unit, settings.environment, settings.retains_data) == ("rv12345678", "dev", False)
    assert (settings.github, settings.studio, settings.catalog, settings.projects) == (None, None, None, None)
    assert settings.network.nat == "none", "a gateway costs by the hour"
    assert all(model.schedule is None for model in settings.models.values()), "nothing starts by itself"
    assert settings.tags["review"] == "fix"
    assert not settings.alert_emails


def test_every_physical_name_of_a_review_is_within_its_limit_and_none_is_of_the_base_stack():
    model = "m" * 40
    settings = loaded(changed(models={model: DEV["config"][CONFIG_KEY]["models"]["fraud-detector"]}))
    names, base = settings.names, load_settings(DEV["config"][CONFIG_KEY], source="Pulumi.dev.yaml").names
    pairs = {
        "bucket": names.bucket("artifacts"),
        "role": names.role("data-scientist"),
        "model_package_group": names.model_package_group(model),
        "endpoint": names.endpoint(model),
        "function": names.function("provision"),
        "event_rule": names.event_rule("new-data", model),
    }
    for kind, name in pairs.items():
        assert len(name) <= LIMITS[kind].length
    assert names.prefix != base.prefix
    assert names.bucket("data") != base.bucket("data")


def test_where_a_review_is_says_the_project_and_not_the_branch():
    elsewhere = changed(region="eu-west-1", accounts=dict.fromkeys(("dev", "preprod", "prod"), "999999999999"),
                        environment="prod", unit="risk", retain_data=True)  # fmt: skip
    settings = loaded(elsewhere)
    assert (settings.region, settings.account, settings.environment) == ("us-east-1", "111111111111", "dev")


def test_the_images_of_a_review_go_with_it_and_those_of_no_other_stack():
    assert loaded(changed(retain_data=True)).delete_images, "whatever the branch says about its data"
    base = changed(environment="preprod")
    document = review_document(base, base, name="fix", unit="rv12345678")
    assert "delete_images" not in document["config"][CONFIG_KEY], "only dev has images, and the settings refuse it"
    assert "delete_images" not in DEV["config"][CONFIG_KEY], "the base stack's are others', and it says nothing"


def test_what_a_branch_changes_in_its_settings_is_reviewed():
    assert loaded(changed(log_retention_days=30)).log_retention_days == 30


def test_batch_shadow_scaling_and_secrets_are_left_out():
    fraud = DEV["config"][CONFIG_KEY]["models"]["fraud-detector"]
    batch = {**fraud, "delivery": {"source": "train", "kind": "batch", "batch": {"schedule": "rate(1 day)"}}}
    busy = {**fraud, "delivery": {**fraud["delivery"], "instances": {"min": 2, "max": 6}, "shadow": {"version": 3},
                                  "scaling": {"target_invocations_per_instance": 9}}}  # fmt: skip
    branch = changed(models={"batch": batch, "busy": busy})
    branch["config"]["github:token"] = {"secure": "v1:a:b"}
    branch["encryptionsalt"] = "salt of dev"
    document = review_document(branch, DEV, name="fix", unit="rv12345678")
    settings = loaded(branch)
    assert settings.models["batch"].delivery is None
    assert settings.models["busy"].delivery.instances.max == 1
    assert "secure" not in str(document), "it is encrypted for the base stack"
    assert "encryptionsalt" not in document


@pytest.mark.parametrize(
    "branch",
    ["", "-f", "--upload-pack=x", "a..b", "a//b", "/a", "a/", "a.lock", "a/.b", "a b", "a~1", "a^", "a:b", "a\nb",
     "@{u}", "a@{1}", "ä", "a" * 201, "refs/../x", "a*"],
)  # fmt: skip
def test_what_could_be_an_option_or_more_than_a_branch_is_no_branch(branch):
    with pytest.raises(NoBranchError):
        checked_branch(branch)
