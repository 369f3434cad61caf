"""Each rule finds what it is there for, lets through what follows it, and does not guess at what is not known yet."""

import dataclasses
import json
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from components.tags import stack_tags
from policy.documents import binding_keys
from policy.judge import judge
from policy.model import Checked, Stack, Surroundings, UnknownValueError, split_unknown
from policy.provider_types import takes_tags
from policy.registry import RULES
from policy.rules import data_classification, function_runtime, required_tags, wildcard_write
from settings import Classification
from tests.harness import stack_settings
from tests.policy.cases import TODAY, around, cases

BY_ID = {rule.id: rule for rule in RULES}
CASES = cases()
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.title}")


@every_case
def test_a_rule_finds_what_breaks_it_and_only_that(case):
    report = judge(case.resources, case.surroundings, rules=[BY_ID[case.rule]])
    assert report.unjudged == (), "everything in the case is known"
    said = [finding.message for finding in report.findings]
    if case.says is None:
        assert said == []
    else:
        assert len(said) == 1, "one fault, one finding"
        assert case.says in said[0]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_a_good_and_a_bad_case_and_judges_both(rule):
    own = [case for case in CASES if case.rule == rule.id]
    assert {case.says is None for case in own} == {True, False}, f"tests/policy/cases/{rule.id}.yaml needs both"
    for case in own:
        assert any(rule.applies(resource) for resource in case.resources), "a case that is not judged shows nothing"


def test_every_file_of_cases_is_of_a_rule():
    assert {case.rule for case in CASES} == set(BY_ID)


def test_a_rule_is_where_its_name_says_and_reads_as_a_sentence():
    for rule in RULES:
        assert rule.check.__module__ == f"policy.rules.{rule.id.replace('-', '_')}"
        assert rule.why.endswith("."), rule.id
        assert rule.why[0].isupper(), rule.id
        assert not rule.fix.endswith("."), rule.id
        assert not rule.forbids.startswith("no "), f"{rule.id}: the page writes the no"


@every_case
def test_what_is_not_known_yet_is_neither_blocked_nor_passed(case):
    hidden = [
        dataclasses.replace(one, inputs=dict.fromkeys(one.inputs), unknown=frozenset(one.inputs))
        for one in case.resources
    ]
    report = judge(hidden, case.surroundings, rules=[BY_ID[case.rule]])
    if case.says is None:
        assert report.findings == (), "an open value was taken for a wrong one"
    else:
        assert report.findings or report.unjudged, "an open value was taken for a right one; only absence can be judged"


def test_a_value_within_an_open_one_is_open():
    resource = Checked(type="aws:sns/topic:Topic", name="t", urn="u", unknown=frozenset({"a.0"}), inputs={"a": [None]})
    for path in ("a", "a.0", "a.0.b"):
        with pytest.raises(UnknownValueError, match=r"a\.0"):
            resource.value(path)
    assert resource.value("ab", "default") == "default", "a path is more than a beginning of letters"
    assert resource.has("a.0.b")
    assert resource.entries("a") == ["a.0"]


def test_what_was_found_before_an_open_value_stays_found():
    group = Checked(
        type="aws:ec2/securityGroup:SecurityGroup",
        name="g",
        urn="u",
        inputs={"ingress": [{"cidrBlocks": ["0.0.0.0/0"]}, None]},
        unknown=frozenset({"ingress.1"}),
    )
    report = judge([group], around(), rules=[BY_ID["open-ingress"]])
    assert len(report.findings) == 1
    assert len(report.unjudged) == 1


def test_a_companion_whose_owner_is_open_may_be_anybodys():
    bucket = Checked(type="aws:s3/bucket:Bucket", name="b", urn="urn-b", inputs={"bucket": "b"})
    other = Checked(
        type="aws:s3/bucketVersioning:BucketVersioning", name="v", urn="urn-v", unknown=frozenset({"bucket"})
    )
    report = judge([bucket, other], around(), rules=[BY_ID["versioning"]])
    assert report.findings == ()
    assert [one.path for one in report.unjudged] == ["v.bucket"]
    linked = dataclasses.replace(other, depends={"bucket": frozenset({"urn-b"})})
    assert Stack(around(), (bucket, linked)).companions(bucket, "s3:BucketVersioning", "bucket") == [linked]


def test_open_values_are_taken_out_by_path():
    value, paths = split_unknown({"a": ["x", "?"], "b": {"c": "?"}}, lambda item: item == "?")
    assert value == {"a": ["x", None], "b": {"c": None}}
    assert paths == ["a.1", "b.c"]


def test_conditions_that_exclude_or_pass_when_absent_bind_nobody():
    condition = {
        "StringEquals": {"aws:PrincipalAccount": "1"},
        "StringLike": {"aws:PrincipalArn": "*"},
        "ArnNotEquals": {"aws:SourceArn": "a"},
        "StringEqualsIfExists": {"aws:SourceAccount": "1"},
        "Null": {"aws:PrincipalTag/x": "false"},
    }
    assert binding_keys({"Condition": condition}) == {"aws:principalaccount"}


def test_settings_without_what_the_rules_need_are_refused():
    with pytest.raises(ValueError, match="has no region, accounts"):
        Surroundings.of({"environment": "dev"}, TODAY)
    with pytest.raises(ValueError, match="accounts has no dev"):
        Surroundings.of({"environment": "dev", "region": "us-east-1", "accounts": {"prod": "1"}}, TODAY)


class TestTablesAgreeWithTheirSources:
    """What is written down twice is the same."""

    def test_required_tags_are_those_that_the_platform_sets(self):
        assert set(required_tags.REQUIRED) == set(stack_tags(stack_settings("dev")))

    def test_classes_are_those_of_the_settings(self):
        assert tuple(Classification) == data_classification.CLASSES

    def test_runtimes_end_when_aws_says(self):
        table = Path(find_spec("cfnlint").origin).parent / "data/AdditionalSpecs/LmbdRuntimeLifecycle.json"
        known = {name: row["deprecated"] for name, row in json.loads(table.read_text()).items()}
        ours = {name: str(day) for name, day in function_runtime.deprecations().items()}
        assert ours.items() <= known.items(), "AWS moved a date, or a runtime is misspelt"

    def test_writes_without_resource_are_those_that_iam_knows(self):
        from policy_sentry.querying.actions import get_action_data

        for action in wildcard_write.KNOW_NO_RESOURCE:
            service, name = action.split(":")
            (row,) = get_action_data(service, name)[service]
            assert row["resource_arn_format"] == "*", f"{action} can be limited to a resource"

    def test_a_type_that_the_provider_does_not_have_is_an_error(self):
        with pytest.raises(LookupError, match="has no aws:s3/nothing:Nothing"):
            takes_tags("aws:s3/nothing:Nothing")

    def test_the_lists_are_sorted_so_that_a_change_is_read_at_once(self):
        assert list(function_runtime.deprecations()) == sorted(function_runtime.deprecations())
        assert yaml.safe_load(function_runtime.FILE.read_text()), "the list is not empty"
