"""Our own stacks keep the rules, but for what is excused in writing; and the exceptions stay true."""

import dataclasses
import json
from datetime import timedelta
from functools import cache
from io import StringIO

import pytest
import yaml
from pulumi.runtime import rpc
from rich.console import Console
from typer.testing import CliRunner

from local.cli import app
from local.policy_table import judged, render_table
from policy import recorded
from policy.judge import judge
from policy.model import Checked, SuppressionError, Surroundings
from policy.page import page
from policy.provider_types import takes_tags
from policy.recorded import checked
from policy.registry import RULES
from policy.suppressions import LONGEST_DAYS, Suppression, read, unused
from tests import graph_checks
from tests.harness import PUBLISHING, ROOT, STACKS, raw_settings, stack_graph
from tests.policy.cases import TODAY
from tests.test_imports import imported

ALL = (*STACKS, PUBLISHING)
BY_ID = {rule.id: rule for rule in RULES}


@cache
def of_stack(stack, preview=False):
    return checked(stack_graph(stack, preview=True) if preview else stack_graph(stack))  # as others call it: cached


def verdict(stack, *, preview=False, without=(), suppressions=None):
    """Judge a stack, or what is left of it without some types."""
    resources = [one for one in of_stack(stack, preview) if one.short_type not in without]
    chosen = read(TODAY) if suppressions is None else suppressions
    return judge(resources, Surroundings.of(raw_settings(stack), TODAY), chosen)


@pytest.mark.parametrize("stack", ALL)
def test_a_stack_breaks_no_rule_and_leaves_nothing_unjudged(stack):
    report = verdict(stack)
    assert report.findings == ()
    assert report.unjudged == (), "every value of an update is known"


def test_a_preview_blocks_nothing_and_says_what_it_could_not_judge():
    report = verdict("dev", preview=True)
    assert report.findings == ()
    assert "customer-key" in {one.rule for one in report.unjudged}, "keys have no ARN before they exist"


@pytest.mark.parametrize(
    ("rule", "without"),
    [
        ("bucket-encryption", "s3:BucketServerSideEncryptionConfiguration"),
        ("public-access-block", "s3:BucketPublicAccessBlock"),
        ("tls-only", "s3:BucketPolicy"),
        ("versioning", "s3:BucketVersioning"),
    ],
)
def test_every_bucket_is_missed_where_its_companion_is_gone(rule, without):
    found = {f.resource for f in verdict("prod", without={without}).findings if f.rule == rule}
    buckets = {r.name for r in stack_graph("prod").of_type("s3:Bucket")}
    excused = {"platform-access-logs-bucket"} if rule == "bucket-encryption" else set()
    assert found == buckets - excused


@pytest.mark.parametrize("kind", ["sns:TopicPolicy", "sqs:QueuePolicy"])
def test_every_topic_and_queue_is_missed_where_its_policy_is_gone(kind):
    found = {f.resource for f in verdict("prod", without={kind}).findings if f.rule == "tls-only"}
    assert found == {r.name for r in stack_graph("prod").of_type(kind.replace("Policy", ""))}


def test_every_rule_but_those_for_what_we_do_not_use_has_something_to_judge():
    resources = [one for stack in STACKS for one in of_stack(stack)]
    idle = [rule.id for rule in RULES if not any(rule.applies(one) for one in resources)]
    assert idle == []


def test_prods_stores_are_missed_where_nothing_protects_them():
    bare = [dataclasses.replace(one, protect=False) for one in of_stack("prod")]
    report = judge(bare, Surroundings.of(raw_settings("prod"), TODAY), read(TODAY))
    assert {f.rule for f in report.findings} == {"deletion-protection"}
    assert {f.resource for f in report.findings} == {r.name for r in stack_graph("prod") if r.protect}


def test_types_with_tags_are_those_of_the_provider():
    types = {r.type for stack in ALL for r in stack_graph(stack) if r.custom and not r.type.startswith("pulumi:")}
    assert [t for t in types if takes_tags(t) != graph_checks.takes_tags(t)] == []


class TestSuppressions:
    """Exceptions are written down, bound, and end."""

    ONE = Suppression(
        rule="key-rotation",
        resource="k*",
        reason="a sentence that says why",
        expires=TODAY,
        owner="me@example.com",
    )
    KEY = Checked(type="aws:kms/key:Key", name="key", urn="u", provider="aws")

    def judge(self, *suppressions, today=TODAY):
        surroundings = Surroundings(environment="dev", region="us-east-1", accounts={"dev": "1"}, today=today)
        return judge([self.KEY], surroundings, suppressions, [BY_ID["key-rotation"]])

    def test_one_excuses_until_its_last_day(self):
        report = self.judge(self.ONE)
        assert report.findings == ()
        assert [excuse for _, excuse in report.excused] == [self.ONE]

    def test_one_that_expired_excuses_nothing_and_is_a_finding(self):
        report = self.judge(self.ONE, today=TODAY + timedelta(days=1))
        assert [finding.rule for finding in report.findings] == ["key-rotation", "suppression"]
        assert f"expired on {TODAY}" in report.findings[1].message

    def test_one_that_no_stack_needs_is_a_finding(self):
        assert [f.message for f in unused([self.ONE], [])] == [
            "the exception of me@example.com to key-rotation excuses nothing in any stack"
        ]
        assert unused([self.ONE], [self.ONE]) == []

    def test_one_for_another_rule_or_resource_excuses_nothing(self):
        for wrong in ("j*", "ke"):
            other = Suppression(**{**self._fields(), "resource": wrong})
            assert self.judge(other).findings, wrong

    def _fields(self):
        return {name: getattr(self.ONE, name) for name in Suppression.__slots__}

    def test_every_one_of_ours_is_needed(self):
        used = [excuse for stack in ALL for _, excuse in verdict(stack).excused]
        assert unused(read(TODAY), used) == []

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"rule": "no-such"}, "there is no rule 'no-such'"),
            ({"resource": "*"}, "switches the rule off"),
            ({"reason": "because"}, "say why"),
            ({"owner": "me"}, "the address"),
            ({"expires": "soon"}, "a date such as"),
            ({"expires": TODAY + timedelta(days=LONGEST_DAYS + 1)}, "at most 400 days"),
            ({"more": 1}, "exactly the keys rule, resource, reason, expires, owner"),
        ],
    )
    def test_a_wrong_entry_is_refused_with_what_to_write(self, tmp_path, change, said):
        file = tmp_path / "suppressions.yaml"
        file.write_text(yaml.safe_dump([{**self._fields(), **change}]))
        with pytest.raises(SuppressionError) as caught:
            read(TODAY, file)
        assert said in str(caught.value)
        assert str(caught.value).startswith("suppressions.yaml[0]: ")


class TestPreviewShowsTheVerdict:
    """`mlops preview` and `mlops policy` print findings and end with the code for them."""

    @pytest.fixture(autouse=True)
    def _graphs(self, monkeypatch):
        """Of the program as it is, run once for all tests of this file."""
        monkeypatch.setattr("local.recorder.record_program", lambda _settings, stack: stack_graph(stack))

    @pytest.fixture
    def broken(self, monkeypatch):
        """A stack without its exceptions: what they excuse is a finding."""
        monkeypatch.setattr("policy.suppressions.read", lambda *_: ())

    def test_a_stack_that_keeps_the_rules_says_so(self):
        result = CliRunner().invoke(app, ["preview", "prod", "--summary"])
        assert result.exit_code == 0, result.output
        assert "Policy: no rule broken, 4 excused" in result.output

    @pytest.mark.usefixtures("broken")
    def test_a_broken_rule_is_shown_with_resource_and_fix_and_blocks(self):
        result = CliRunner().invoke(app, ["preview", "prod", "--summary"])
        assert result.exit_code == 1
        for words in ("4 broken rules", "bucket-encryption  platform-access-logs-bucket", "AES256", "fix: create the"):
            assert words in result.output

    @pytest.mark.usefixtures("broken")
    def test_the_json_has_them_too(self):
        result = CliRunner().invoke(app, ["preview", "prod", "--json"])
        assert result.exit_code == 1
        findings = json.loads(result.stdout)["policy"]["findings"]
        assert {finding["rule"] for finding in findings} == {"bucket-encryption", "wildcard-write"}
        assert all(finding.keys() == {"rule", "resource", "message", "fix"} for finding in findings)

    def test_the_table_has_a_row_per_rule(self):
        verdict = judged(None)
        assert list(verdict.reports) == sorted(STACKS)
        assert verdict.unused == []
        shown = StringIO()
        render_table(Console(file=shown, width=200), verdict)
        rows = [line.split()[0] for line in shown.getvalue().splitlines()[2:]]
        assert rows == [rule.id for rule in RULES]
        assert not verdict.blocks

    def test_exceptions_are_called_unused_only_where_every_stack_was_judged(self):
        result = CliRunner().invoke(app, ["policy", "prod", "--json"])
        assert result.exit_code == 0, result.output
        document = json.loads(result.stdout)
        assert document["unused"] == [], "dev may need what prod does not"
        assert all(one["reason"] for one in document["stacks"]["prod"]["excused"])

    def test_wrong_exceptions_are_a_message_and_no_trace(self, monkeypatch):
        def refuse(*_):
            raise SuppressionError("suppressions.yaml[0]: owner: the address of who answers for it")

        monkeypatch.setattr("policy.suppressions.read", refuse)
        result = CliRunner().invoke(app, ["preview", "prod"])
        assert result.exit_code == 2
        assert "the address of who answers" in result.output


def test_the_page_is_what_the_rules_give():
    assert (ROOT / "docs/policy.md").read_text() == page(), "run: python -m policy.page > docs/policy.md"


def test_the_marks_of_the_protocol_are_those_of_pulumi():
    assert (
        rpc._special_sig_key,
        rpc._special_secret_sig,
        rpc.UNKNOWN,
    ) == (recorded.SIGNATURE, recorded.SECRET, recorded.UNKNOWN)


def test_only_the_adapters_know_pulumi_and_nothing_knows_programs():
    engine = {"engine.py", "__main__.py"}
    for path in (ROOT / "policy").rglob("*.py"):
        allowed = {"pulumi", "pulumi_policy"} if path.name in engine else set()
        allowed |= {"pulumi_aws"} if path.name == "provider_types.py" else set()
        wide = {
            "pulumi",
            "pulumi_policy",
            "pulumi_aws",
            "components",
            "local",
            "settings",
            "pipeline_defs",
            "operations",
        }
        assert imported(path) & (wide - allowed) == set(), path
