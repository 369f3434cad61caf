"""The definition: what it decides, and that nothing in it depends on who composes it."""

import copy
import json

import pytest

from mlops_project import checks
from training.definition import definition


def gate(document):
    return next(step for step in document["Steps"] if step["Type"] == "Condition")["Arguments"]


def test_the_definition_passes_its_checks(document):
    assert checks.problems(document) == []


def test_composing_again_gives_the_same_bytes(settings, text):
    assert definition(settings) == text, "each run of CI would change the pipeline and void the step cache"


def test_gate_and_approval_are_literals(document):
    from training.pipeline import APPROVAL_STATUS, GATE

    assert [found["RightValue"] for found in gate(document)["Conditions"]] == [GATE[name] for name in sorted(GATE)]
    assert gate(document)["IfSteps"][0]["Arguments"]["ModelApprovalStatus"] == APPROVAL_STATUS
    assert {parameter["Name"] for parameter in document["Parameters"]} == {"InputDataUri", "Regularisation"}


def test_scripts_and_sample_lie_at_keys_that_change_with_their_content(settings):
    from training import pipeline

    base = "s3://local-artifacts/projects/local/"
    assert pipeline.code_uri(settings).startswith(base + "code/")
    assert pipeline.input_uri(settings).startswith(base + "sample/")


def test_no_job_has_network_access(document):
    jobs = {step["Name"]: step["Arguments"] for step in document["Steps"] if step["Type"] in ("Processing", "Training")}
    isolated = {name: found.get("NetworkConfig", found)["EnableNetworkIsolation"] for name, found in jobs.items()}
    assert isolated == {"Preprocess": True, "Train": True, "Evaluate": True}


def test_what_reads_a_mutable_place_is_not_cached(document):
    cached = {step["Name"]: step.get("CacheConfig", {}).get("Enabled", False) for step in document["Steps"]}
    assert cached == {"Preprocess": False, "Train": True, "Evaluate": True, "CheckQuality": False}


def _threshold_by_parameter(document):
    gate(document)["Conditions"][0]["RightValue"] = {"Get": "Parameters.Regularisation"}


def _latest(document):
    document["Steps"][0]["Arguments"]["AppSpecification"]["ImageUri"] = "111.dkr.ecr.example/image:latest"


def _no_network(document):
    del document["Steps"][0]["Arguments"]["NetworkConfig"]


def _no_key(document):
    del document["Steps"][1]["Arguments"]["OutputDataConfig"]["KmsKeyId"]


def _silent_end(document):
    gate(document)["ElseSteps"].clear()


def _approved_by_whoever_starts(document):
    gate(document)["IfSteps"][0]["Arguments"]["ModelApprovalStatus"] = {"Get": "Parameters.Status"}


def _not_in_the_api(document):
    document["Steps"][1]["Arguments"]["ResourceConfig"]["InstanceCount"] = "one"


@pytest.mark.parametrize(
    ("weaken", "reason"),
    [(_threshold_by_parameter, "never a parameter"), (_latest, "`latest`"), (_no_network, "VpcConfig"),
     (_no_key, "platform's key"), (_silent_end, "ends in Fail"), (_approved_by_whoever_starts, "is a literal"),
     (_not_in_the_api, "InstanceCount")],
)  # fmt: skip
def test_a_definition_that_must_not_be_deployed_is_found_out(document, weaken, reason):
    weakened = copy.deepcopy(document)
    weaken(weakened)
    found = checks.problems(weakened)
    assert any(reason in problem for problem in found), found


def test_the_file_that_the_runner_takes_is_the_definition(tmp_path, monkeypatch, document):
    from training.__main__ import FILE, main

    monkeypatch.chdir(tmp_path)
    assert main(["definition"]) == 0
    assert json.loads(FILE.read_text()) == document
