"""What is refused before anything runs."""

import pytest

from local.runner import definition
from local.runner.errors import DefinitionError


def step(name, kind="Fail", **more):
    return {"Name": name, "Type": kind, "Arguments": {}, **more}


def refused(*steps):
    with pytest.raises(DefinitionError) as error:
        definition.read({"Steps": list(steps)})
    return str(error.value)


def test_the_sample_s_steps_wait_for_what_they_refer_to(document):
    steps = definition.read(document).steps
    waits = {name: sorted(s.depends_on) for name, s in steps.items()}
    assert waits == {
        "Prepare": [],
        "Fit": ["Prepare"],
        "Gate": ["Fit", "Prepare"],
        "Register": ["Fit", "Gate", "Prepare"],
        "Refuse": ["Gate", "Prepare"],
    }
    assert (steps["Register"].branch, steps["Refuse"].branch) == ("if", "else")


def test_steps_of_other_types_are_listed_and_nothing_runs():
    message = refused(step("A", "Model"), step("B", "Lambda"), step("C"))
    assert message.startswith("2 of 3 steps cannot run on this machine: A (Model), B (Lambda). The local runner knows")
    assert "Nothing was run" in message


def test_an_unsupported_step_in_a_branch_is_found_too():
    gate = step("Gate", "Condition")
    gate["Arguments"] = {"Conditions": [], "IfSteps": [step("Deep", "Transform")], "ElseSteps": []}
    assert "Deep (Transform)" in refused(gate)


def test_every_fault_is_told_at_once():
    message = refused(
        step("A", DependsOn=["Nope"]), step("A"), step("B", CacheConfig={"Enabled": True, "ExpireAfter": "soon"})
    )
    assert "step A: refers to step 'Nope', which the definition does not have." in message
    assert "step A: the name is used twice" in message
    assert "step B: CacheConfig.ExpireAfter 'soon' is not an ISO 8601 duration" in message


def test_a_cycle_is_shown_as_a_trail():
    one = step("A", DependsOn=["C"])
    two = step("B", Arguments={"ErrorMessage": {"Get": "Steps.A.X"}})
    three = step("C", DependsOn=["B"])
    assert "steps wait for each other: A -> C -> B -> A." in refused(one, two, three)


def test_a_cycle_without_the_steps_before_and_after_it():
    message = refused(
        step("Before"), step("X", DependsOn=["Y", "Before"]), step("Y", DependsOn=["X"]), step("Z", DependsOn=["X"])
    )
    assert message.count("Before") == 0
    assert "X -> Y -> X" in message


@pytest.mark.parametrize("document", [{}, {"Steps": []}, {"Steps": {}}, {"Steps": [{"Name": "x"}]}])
def test_what_is_no_definition_is_refused(document):
    with pytest.raises(DefinitionError):
        definition.read(document)


def test_the_hash_does_not_depend_on_the_order_of_keys():
    one = definition.read({"Steps": [{"Name": "A", "Type": "Fail", "Arguments": {}}]})
    two = definition.read({"Steps": [{"Arguments": {}, "Type": "Fail", "Name": "A"}]})
    assert one.sha256 == two.sha256
