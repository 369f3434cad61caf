"""Linting: the good document follows every rule of ours, and breaking one gives that rule's finding."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from pipeline_defs.placeholders import KEY_ARN
from pipeline_defs.validation import RULES, lint, report
from pipeline_defs.validation.rules.registries import AWS_ACCOUNTS, FRAMEWORKS
from tests.pipeline_defs.definitions import content_cases, gate_cases, job_cases
from tests.pipeline_defs.definitions.sample import SETTINGS, drop, good, names, put, settings, step

IMAGE = "Arguments.AlgorithmSpecification.TrainingImage"
REPOSITORY = "111111111111.dkr.ecr.us-east-1.amazonaws.com/acme-risk/fraud-detector"
VOLUME_KEY = "Arguments.ResourceConfig.VolumeKmsKeyId"
TRAIN_TYPE = "Arguments.ResourceConfig.InstanceType"
CASES = gate_cases.CASES + job_cases.CASES + content_cases.CASES


def test_the_good_document_follows_every_rule():
    assert lint(good(), SETTINGS) == [], "the reference pipeline is the example for all others"


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_a_broken_rule_is_found_at_its_step(case):
    findings = lint(case.document(), SETTINGS)
    assert case.found_in(findings), (
        f"expected {case.rule} for {case.step} with {case.message!r}, got:\n{report(findings)}"
    )


def test_every_rule_has_a_failing_case():
    assert {case.rule for case in CASES} == set(RULES), "a rule that cannot fail is no rule"


def test_local_storage_needs_no_volume_key():
    document = good()
    put("Train", TRAIN_TYPE, "ml.g5.xlarge")(document)
    drop("Train", VOLUME_KEY)(document)
    assert lint(document, SETTINGS) == [], "SageMaker refuses a volume key there"


@pytest.mark.parametrize("tag", [":v1.2.3", f"@sha256:{'0' * 64}", f":dev@sha256:{'0' * 64}"])
def test_an_image_by_version_or_digest_is_accepted_in_prod(tag):
    document = good()
    put("Train", IMAGE, f"{REPOSITORY}{tag}")(document)
    assert lint(document, SETTINGS) == [], "its content cannot change"


def test_a_moving_tag_is_accepted_outside_prod_but_never_latest():
    document = good()
    put("Train", IMAGE, f"{REPOSITORY}:dev")(document)
    put("Fail", "Arguments.ErrorMessage", "weak model in dev")(document)
    assert lint(document, settings(environment="dev")) == [], "dev runs the image that was pushed last"
    put("Train", IMAGE, f"{REPOSITORY}:latest")(document)
    rules = [finding.rule for finding in lint(document, settings(environment="dev"))]
    assert rules == ["image.latest"], "latest says nothing about what ran"


def test_a_parameter_that_is_a_number_does_not_forbid_caching():
    document = good()
    put("Train", "Arguments.Environment", {"ROUNDS": {"Get": "Parameters.MaxIterations"}})(document)
    assert lint(document, SETTINGS) == [], "a number names no place, and its value is in the cache key"


def test_the_environment_is_found_as_a_word_only():
    document = good()
    put("Fail", "Arguments.ErrorMessage", "the reproduction is too weak")(document)
    assert [finding.rule for finding in lint(document, SETTINGS)] == ["fail.message"], "prod inside a word says nothing"


def test_a_key_by_placeholder_is_what_the_component_fills():
    document = good()
    assert step(document, "Train")["Arguments"]["ResourceConfig"]["VolumeKmsKeyId"] == KEY_ARN, "the rule's example"


def test_the_registry_accounts_are_those_of_the_sdk():
    spec = find_spec("sagemaker")
    assert spec is not None, "the SDK is installed"
    assert spec.submodule_search_locations, "as a package"
    found = set()

    def walk(value):
        for key, item in value.items():
            if key == "registries":
                found.update(account for account in item.values() if isinstance(account, str))
            elif isinstance(item, dict):
                walk(item)

    for framework in FRAMEWORKS:
        [path] = [
            file
            for root in spec.submodule_search_locations
            for file in Path(root).glob(f"core/image_uri_config/{framework}.json")
        ]
        walk(json.loads(path.read_text()))
    assert found == set(AWS_ACCOUNTS), "the table follows the pinned SDK"
