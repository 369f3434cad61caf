"""A plan as a pull request's comment."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.events import PolicyViolation
from portal.plan.markdown import code, prose
from portal.plan.text import GITHUB_LIMIT, LEAST_LIMIT, plan_text
from tests.portal.plan.events import change, definition, pipeline_update, planned, step, view

BUCKET, NAT, ALARM = "aws:s3/bucket:Bucket", "aws:ec2/natGateway:NatGateway", "aws:cloudwatch/metricAlarm:MetricAlarm"


def test_nothing_to_do_is_said_in_a_line():
    text = plan_text(view(planned(BUCKET, "same")))
    assert "No changes; 1 stay as they are." in text
    assert "### Read this first" not in text


def test_what_matters_stands_first_and_in_order():
    new = definition()
    step(new, "CheckAccuracy")["Arguments"]["Conditions"][0]["RightValue"] = 0.6
    gate = plan_text(pipeline_update(definition(), new))
    assert "metrics.accuracy `≥ 0.8` → `≥ 0.6` **(asks for less)**" in gate
    assert "**A model would have to pass less than before.**" in gate
    violations = [PolicyViolation(policy="tags", pack="mlops", level="mandatory", message="no owner", urn="a::b::c::d")]
    text = plan_text(view(planned(BUCKET, "delete"), planned(NAT, "create", name="n"), violations=violations))
    titles = re.findall(r"^### (.*)$", text, re.MULTILINE)
    assert titles == ["Read this first", "Policy findings", "Cost", "Resources"]
    assert "**1 create**, **1 delete**. **A policy keeps this from being applied.**" in text
    assert "s3:Bucket it is deleted: the objects in it are gone" in text
    assert "- **mandatory** tags (`d`): no owner" in text
    assert "USD 0.00 → USD 32.85 (**USD +32.85**)" in text


def test_what_changes_alike_is_one_line_of_the_cost():
    text = plan_text(view(*(planned(NAT, "create", name=f"n{i}") for i in range(7))))
    assert "USD +229.95: 7 ec2:NatGateway, each NAT gateway" in text
    assert "`n4` and 2 more)" in text


def test_what_has_no_price_is_said():
    text = plan_text(view(planned(ALARM, "delete", name="gone")))
    assert "each month, of what has a price:" in text
    assert "`gone` is in no sum: its properties are not in the plan" in text


def test_a_definition_s_changes_are_told_by_step():
    new = definition()
    step(new, "Train")["Arguments"]["ResourceConfig"]["InstanceType"] = "ml.m5.4xlarge"
    new["Steps"].append({"Name": "Report", "Type": "Lambda", "DependsOn": ["Train"]})
    text = plan_text(pipeline_update(definition(), new))
    assert "steps added: Report" in text
    assert "order added: Train → Report (order)" in text
    assert "step Train: `Arguments.ResourceConfig.InstanceType` `ml.m5.xlarge` → `ml.m5.4xlarge`" in text


def big(count):
    """A plan with more to say than a comment holds, in every section."""
    events = [
        planned(BUCKET, "update", name=f"b{i}", changes=[change(f"tags.t{j}", "x" * 90, "y" * 90) for j in range(9)])
        for i in range(count)
    ]
    events += [planned(BUCKET, "delete", name=f"d{i}") for i in range(count)]
    findings = [
        PolicyViolation(policy="p", pack="m", level="advisory", message=f"{i} " + "m" * 500) for i in range(count)
    ]
    return view(*events, violations=findings)


def test_a_comment_fits_github_s_limit_and_says_what_is_left_out():
    text = plan_text(big(150))
    assert len(text) <= GITHUB_LIMIT
    dangers = text.partition("### Policy findings")[0]
    assert dangers.count("is deleted") == 150, "what a person must read is there to the last"
    assert re.search(r"\*\d+ more lines are left out here", text.partition("### Resources")[2])


def test_a_plan_that_fits_leaves_nothing_out():
    assert "left out" not in plan_text(big(5))


def test_a_limit_without_room_for_the_headline_is_refused():
    with pytest.raises(ValueError, match="at least 2000"):
        plan_text(view(), limit=LEAST_LIMIT - 1)


@settings(max_examples=40, deadline=None)
@given(st.integers(LEAST_LIMIT, 30_000), st.text(max_size=300))
def test_no_comment_is_longer_than_its_limit(limit, title):
    assert len(plan_text(BIG, title=title, limit=limit)) <= limit


BIG = big(12)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a `b` c", "``a `b` c``"),
        ("`", "`` ` ``"),
        ("", "`  `"),
        ("two\nlines", "`two lines`"),
    ],
)
def test_code_holds_any_text(text, shown):
    assert code(text) == shown


@pytest.mark.parametrize(
    "text", ["@acme/team", "fixes #12", "GH-12", "https://example.com/a", "www.example.com", "a@b.c"]
)
def test_prose_mentions_links_and_closes_nothing(text):
    assert "\u200b" in prose(text)
    assert prose(text).replace("\u200b", "") == text, "and a reader sees the same"


@pytest.mark.parametrize(
    "text", ["<img src=x>", "[a](b)", "**bold**", "# title", "&#64;team", "| a |", "- item", "$x$"]
)
def test_prose_is_no_mark_up(text):
    assert re.search(r"(?<!\\)[<\[*|&$]|^[#-]", prose(text)) is None


def test_names_from_a_stack_file_cannot_mention_anybody():
    text = plan_text(view(planned(BUCKET, "delete", name="x @acme/everyone <script>")))
    outside = re.sub(r"`[^`]*`", "", text)
    assert "@acme" not in outside
    assert re.search(r"(?<!\\)<script", outside) is None
