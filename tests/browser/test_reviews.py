"""Review environments: a branch comes up, lives longer, and goes."""

import subprocess

import pytest

from portal.records import ReviewState
from portal.service.review_settings import review_name
from tests.browser.portals import opened
from tests.browser.window import expect
from tests.portal.scenario import resource
from tests.portal.world import stack_files

pytestmark = pytest.mark.browser
BRANCH = "feature/nat"
NAME = review_name(BRANCH)


def git(folder, *arguments):
    who = ("-c", "user.name=Grace", "-c", "user.email=grace@example.com")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def portal(tmp_path, provider):
    """A portal whose project is a git checkout with a branch."""
    project = tmp_path / "project"
    stack_files(project)
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "-m", "begin")
    git(project, "branch", BRANCH)
    with opened(tmp_path, provider) as site:
        site.world.scenario.set(
            f"review-{NAME}", resources=[resource("vpc", "aws:ec2/vpc:Vpc", cidrBlock="10.9.0.0/16")]
        )
        yield site


def becomes(portal, state):
    reviews, admin = portal.world.portal.reviews, portal.world.admin
    portal.world.until(lambda: reviews.get(admin, NAME).state is state, f"the review environment to be {state}")


def test_a_branch_is_created_extended_and_removed(visit, portal):
    dan = visit("dan", "/reviews")
    dan.unfold("Create one…")
    dan.page.get_by_label("Branch").fill("feature/nothing")
    dan.may_be_refused(422)
    dan.click("Create")
    expect(dan.page.get_by_role("alert")).to_contain_text("feature/nothing")
    dan.page.get_by_label("Branch").fill(BRANCH)
    dan.click("Create")
    card = dan.page.get_by_role("article", name=NAME)
    expect(card).to_contain_text("Being created")
    becomes(portal, ReviewState.UP)
    dan.page.reload()
    expect(card).to_contain_text("Up")
    before = card.locator("time").last.get_attribute("datetime")
    dan.click("Extend by 24 hours", card)
    dan.sees("The review environment lives longer now.")
    assert card.locator("time").last.get_attribute("datetime") > before, "a day more"
    dan.unfold("Remove…", card)
    dan.click(f"Remove {NAME}", card)
    dan.sees("The review environment is being removed.")
    becomes(portal, ReviewState.GONE)
    expect(dan.open("/reviews").page.get_by_role("article", name=NAME).get_by_role("button")).to_have_count(0)
