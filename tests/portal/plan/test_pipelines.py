"""What a plan does to a pipeline: its gate, its steps, their order."""

import json

import pytest

from portal.events import UNKNOWN
from portal.plan.definition import DefinitionError, Edge, parse
from tests.portal.plan.events import PIPELINE, change, definition, pipeline_update, planned, step, view

GET = {"Get": "Parameters.LeastAccuracy"}


def diff(old, new):
    (found,) = pipeline_update(old, new).pipelines
    return found


def gate(new):
    """What changes about the gate between dev's definition and `new`."""
    return {(each.step, each.subject): (each.before, each.after, each.weaker) for each in diff(definition(), new).gate}


def conditions(document):
    return step(document, "CheckAccuracy")["Arguments"]["Conditions"]


def test_a_definition_that_stays_has_no_difference():
    found = diff(definition(), json.dumps(definition(), indent=1))
    assert (found.gate, found.steps_changed, found.edges_added, found.unreadable) == ((), (), (), "")


@pytest.mark.parametrize(("value", "weaker"), [(0.7, True), (0.9, False), (GET, None)])
def test_a_threshold_is_told_before_and_after(value, weaker):
    new = definition()
    conditions(new)[0]["RightValue"] = value
    after = "≥ Parameters.LeastAccuracy" if value == GET else f"≥ {value}"
    assert gate(new) == {("CheckAccuracy", "metrics.accuracy"): ("≥ 0.8", after, weaker)}


def test_a_threshold_that_goes_asks_for_less():
    new = definition()
    del conditions(new)[1]
    assert gate(new) == {("CheckAccuracy", "metrics.recall"): ("≥ 0.5", None, True)}
    assert pipeline_update(definition(), new).weakens_gate


def test_a_threshold_that_comes_asks_for_more():
    assert diff(_without_recall(), definition()).gate[0].weaker is False


def _without_recall():
    document = definition()
    del conditions(document)[1]
    return document


def test_a_largest_value_that_rises_asks_for_less():
    old, new = definition(), definition()
    for document, value in ((old, 0.1), (new, 0.2)):
        conditions(document)[0] |= {"Type": "LessThanOrEqualTo", "RightValue": value}
    (found,) = diff(old, new).gate
    assert (found.before, found.after, found.weaker) == ("≤ 0.1", "≤ 0.2", True)


def test_another_comparison_is_shown_as_one_that_goes_and_one_that_comes():
    new = definition()
    conditions(new)[0]["Type"] = "GreaterThan"
    found = [(each.before, each.after) for each in diff(definition(), new).gate]
    assert found == [(None, "> 0.8"), ("≥ 0.8", None)]


def test_combined_conditions_are_shown_in_words():
    new = definition()
    accuracy, recall = conditions(new)
    conditions(new)[:] = [{"Type": "Or", "Conditions": [accuracy, {"Type": "Not", "Expression": recall}]}]
    words = [each.after for each in diff(definition(), new).gate]
    assert "(metrics.accuracy ≥ 0.8 or not metrics.recall ≥ 0.5)" in words
    assert pipeline_update(definition(), new).weakens_gate, "what was asked for without condition is no longer"


def test_an_approval_that_becomes_automatic_asks_for_less():
    old, new = definition(), definition()
    step(old, "RegisterModel")["Arguments"]["ModelApprovalStatus"] = "PendingManualApproval"
    step(new, "RegisterModel")["Arguments"]["ModelApprovalStatus"] = "Approved"
    (found,) = diff(old, new).gate
    assert (found.subject, found.before, found.after, found.weaker) == (
        "approval status", "PendingManualApproval", "Approved", True,
    )  # fmt: skip
    assert diff(new, old).gate[0].weaker is False


def test_registering_past_the_gate_is_seen_though_every_threshold_stays():
    new = definition()
    branches = step(new, "CheckAccuracy")["Arguments"]
    new["Steps"] += branches.pop("IfSteps")
    assert gate(new) == {
        ("RegisterModel", "conditions before registration"): ("CheckAccuracy (if)", "none", True),
    }


def test_branches_that_change_places_are_seen():
    new = definition()
    branches = step(new, "CheckAccuracy")["Arguments"]
    branches["IfSteps"], branches["ElseSteps"] = branches["ElseSteps"], branches["IfSteps"]
    before, after, weaker = gate(new)["RegisterModel", "conditions before registration"]
    assert (before, after, weaker) == ("CheckAccuracy (if)", "CheckAccuracy (else)", True)


def test_changed_arguments_are_named_by_their_path_and_lists_by_name_not_place():
    new = definition()
    train = step(new, "Train")["Arguments"]
    train["ResourceConfig"]["InstanceType"] = "ml.m5.2xlarge"
    train["InputDataConfig"].reverse()
    train["Tags"].insert(0, {"Key": "another", "Value": "tag"})
    (found,) = diff(definition(), new).steps_changed
    assert (found.name, found.type) == ("Train", "Training")
    assert [(each.path, each.old, each.new) for each in found.changes] == [
        ("Arguments.ResourceConfig.InstanceType", "ml.m5.xlarge", "ml.m5.2xlarge"),
        ("Arguments.Tags[another]", None, {"Key": "another", "Value": "tag"}),
    ]


def test_steps_edges_and_parameters_that_come_and_go_are_named():
    old, new = definition(), definition()
    report = {
        "Name": "Report",
        "Type": "Lambda",
        "DependsOn": ["Evaluate"],
        "Arguments": {"x": {"Get": "Steps.Train.A"}},
    }
    new["Steps"].append(report)
    new["Parameters"] = [*new["Parameters"][1:], {"Name": "Depth", "Type": "Integer"}]
    new["Parameters"][0]["DefaultValue"] = 300
    found = diff(old, new)
    assert (found.steps_added, found.steps_removed) == (("Report",), ())
    assert found.edges_added == (
        Edge(source="Evaluate", target="Report", kind="order"),
        Edge(source="Train", target="Report", kind="data"),
    )
    assert (found.parameters_added, found.parameters_removed) == (("Depth",), ("InputDataUri",))
    assert found.parameters_changed[0].changes[0].path == "DefaultValue"
    back = diff(new, old)
    assert (back.steps_removed, back.edges_removed) == (found.steps_added, found.edges_added)


def test_a_new_pipeline_is_all_new_and_no_weaker_than_none():
    inputs = {"pipelineDefinition": json.dumps(definition())}
    (found,) = view(planned(PIPELINE, "create", inputs=inputs)).pipelines
    assert len(found.steps_added) == 6
    assert not any(each.weaker for each in found.gate)
    assert {each.before for each in found.gate} == {None}


def test_a_replaced_pipeline_is_compared_with_the_one_before():
    old, new = definition(), definition()
    conditions(new)[0]["RightValue"] = 0.7
    changes = [change("pipelineDefinition", json.dumps(old), json.dumps(new)), change("pipelineName", "p", "q")]
    inputs = {"pipelineDefinition": json.dumps(new), "pipelineName": "q"}
    events = [
        planned(PIPELINE, "create-replacement", inputs=inputs, changes=changes, replacing=("pipelineName",)),
        planned(PIPELINE, "replace", inputs=inputs, changes=changes, replacing=("pipelineName",)),
        planned(PIPELINE, "delete-replaced"),
    ]
    (found,) = view(*events).pipelines
    assert (found.operation, found.gate[0].before, found.gate[0].after) == ("replace", "≥ 0.8", "≥ 0.7")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (UNKNOWN, "after: the definition is only known once"),
        ("{", "after: the definition cannot be read"),
        ("[]", "after: the definition cannot be read"),
        ('{"Steps": [{}]}', "after: the definition cannot be read"),
    ],
)
def test_a_definition_that_cannot_be_read_is_said_to_be(text, said):
    assert diff(definition(), text).unreadable.startswith(said)


def test_a_deleted_pipeline_whose_definition_nobody_says_is_told_so():
    (found,) = view(planned(PIPELINE, "delete")).pipelines
    assert found.unreadable == "before: the definition is not in the plan"


def test_a_definition_in_s3_is_told_so():
    inputs = {"pipelineDefinitionS3Location": {"bucket": "b"}}
    (found,) = view(planned(PIPELINE, "create", inputs=inputs)).pipelines
    assert "lies in S3" in found.unreadable


def test_a_pipeline_whose_tags_change_has_no_difference_of_definitions():
    event = planned(PIPELINE, "update", inputs={"tags": {"a": "2"}}, changes=[change("tags.a", "1", "2")])
    assert view(event, planned(PIPELINE, "same", name="other")).pipelines == ()


def test_placeholders_and_unknown_parts_are_values_like_others():
    new = definition()
    step(new, "Train")["Arguments"]["VpcConfig"] = {"Subnets": ["PLACEHOLDER-SUBNETS"], "SecurityGroupIds": [UNKNOWN]}
    assert diff(definition(), new).steps_changed[0].name == "Train"


def test_whatever_is_no_definition_is_refused_by_our_own_error():
    for text in (None, 3, "", "null", '{"Steps": {}, "Parameters": 3}', '{"Steps": [3]}'):
        with pytest.raises(DefinitionError):
            parse(text)
