"""Validation: the good document has no finding, and each class of mistake gives its own."""

import ast
import inspect
import json
import pkgutil
import re
import subprocess
import sys
import time

import pytest

import pipeline_defs.validation as validation
from pipeline_defs.placeholders import KEY_ARN, SECURITY_GROUPS, SUBNETS, fill
from pipeline_defs.validation import Finding, report, validate
from pipeline_defs.validation.arguments import Checker
from pipeline_defs.validation.model import pattern, shapes
from pipeline_defs.validation.outline import Outline
from pipeline_defs.validation.resolve import Resolver
from pipeline_defs.validation.step_types import STEP_TYPES
from tests.pipeline_defs.definitions import argument_cases, document_cases, reference_cases
from tests.pipeline_defs.definitions.sample import TEXT, drop, good, names, put

KEY = "arn:aws:kms:us-east-1:333333333333:key/11111111-2222-3333-4444-555555555555"
TRAIN_TYPE = "Arguments.ResourceConfig.InstanceType"
OUTPUT = "Steps.Preprocess.ProcessingOutputConfig.Outputs"
CASES = document_cases.CASES + argument_cases.CASES + reference_cases.CASES


def test_the_good_document_has_no_finding():
    assert validate(good()) == [], "a definition that the SDK composed is right"


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_a_mistake_is_found_at_its_step_by_its_rule(case):
    findings = validate(case.document())
    assert case.found_in(findings), (
        f"expected {case.rule} for {case.step} with {case.message!r}, got:\n{report(findings)}"
    )


def test_every_check_has_a_failing_case():
    elsewhere = {"document.depth", "placeholder.left", "member.union"}  # each has a test of its own
    assert {case.rule for case in CASES} | elsewhere == set(validation.CHECKS), "a check that cannot fail is none"


def test_a_union_with_two_members_is_found():
    checker = Checker(Resolver(Outline(good())))
    checker.check(
        {"ImageClassificationJobConfig": {}, "TextClassificationJobConfig": {}}, "AutoMLProblemTypeConfig", "x"
    )
    assert "member.union" in [finding.rule for finding in checker.findings], "the API takes one of them"


def test_a_filled_document_has_no_finding():
    text = fill(TEXT, {SUBNETS: ["subnet-0a", "subnet-0b"], SECURITY_GROUPS: ["sg-0a"], KEY_ARN: KEY})
    assert validate(json.loads(text), filled=True) == [], "the filled definition is what CreatePipeline gets"


def test_a_placeholder_left_in_a_filled_document_is_reported_wherever_it_is():
    findings = validate(good(), filled=True)
    left = [finding for finding in findings if finding.rule == "placeholder.left"]
    assert {finding.step for finding in left} == {"Preprocess", "Train", "Evaluate"}, "each job has placeholders"
    assert len(left) == TEXT.count("PLACEHOLDER-"), "every single one is named, so that one run shows all"


def test_other_step_types_that_are_right_have_no_finding():
    document = good()
    document["Steps"] += [
        argument_cases.LAMBDA,
        {
            "Name": "Model",
            "Type": "Model",
            "Arguments": {
                "ExecutionRoleArn": "arn:aws:iam::333333333333:role/x",
                "PrimaryContainer": {"ModelDataUrl": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}},
            },
        },
        {
            "Name": "Transform",
            "Type": "Transform",
            "Arguments": {
                "ModelName": {"Get": "Steps.Model.ModelName"},
                "TransformInput": {
                    "DataSource": {
                        "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": {"Get": f"{OUTPUT}['test'].S3Output.S3Uri"}}
                    }
                },
                "TransformOutput": {"S3OutputPath": {"Get": "Steps.Train.OutputDataConfig.S3OutputPath"}},
                "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            },
            "DependsOn": ["Notify", {"Step": "Train", "Trigger": "Any"}],
        },
        {
            "Name": "Wait",
            "Type": "Callback",
            "SqsQueueUrl": "https://sqs.us-east-1.amazonaws.com/333333333333/queue",
            "Arguments": {"status": {"Get": "Steps.Notify.OutputParameters['status']"}},
            "OutputParameters": [],
        },
        {
            "Name": "Choose",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [
                    {"Type": "In", "QueryValue": {"Get": "Steps.Notify.OutputParameters['status']"}, "Values": ["a"]},
                    {"Type": "Not", "Condition": {"Type": "Equals", "LeftValue": 1, "RightValue": 2}},
                ],
                "IfSteps": [],
                "ElseSteps": [],
            },
        },
    ]
    assert validate(document) == [], f"these follow the API:\n{report(validate(document))}"


@pytest.mark.parametrize("text", ["P30D", "p30d", "P4DT12H", "T12H", "PT1H", "P1Y2M3W4DT5H6M7.5S"])
def test_a_duration_in_iso_8601_is_accepted(text):
    document = good()
    put("Train", "CacheConfig.ExpireAfter", text)(document)
    assert validate(document) == [], "the SDK's documentation shows these forms"


@pytest.mark.parametrize("text", ["", "P", "PT", "30D", "P30", "P1.5D", "P1D2H"])
def test_a_text_that_is_no_duration_is_found(text):
    document = good()
    put("Train", "CacheConfig.ExpireAfter", text)(document)
    assert [finding.rule for finding in validate(document)] == ["value.pattern"], "the service refuses it"


def test_all_mistakes_are_reported_at_once():
    document = good()
    put(None, "Version", "2020")(document)
    drop("Train", "Arguments.RoleArn")(document)
    put("Evaluate", "CacheConfig.ExpireAfter", "P")(document)
    assert len(validate(document)) == 3, "one run shows all that is to be mended"


def test_the_report_names_step_path_value_rule_and_fix():
    document = good()
    put("Train", TRAIN_TYPE, "ml.m5.xlrage")(document)
    text = report(validate(document))
    for part in ("1 finding ", "step Train", TRAIN_TYPE, "'ml.m5.xlrage'", "[value.enum]", "fix: write 'ml.m5.xlarge'"):
        assert part in text, f"a person needs {part!r} to mend it, the report is:\n{text}"
    assert report([]) == "", "nothing found, nothing said"


def test_a_finding_of_the_document_is_reported_without_a_step():
    text = report([Finding(step=None, path="", rule="document.size", message="too large", fix="shorten it")])
    assert "document\n  (whole)  [document.size]" in text, "there is no step to name"


def test_every_rule_id_in_the_sources_is_described():
    used = set()
    for module in pkgutil.iter_modules(validation.__path__, "pipeline_defs.validation."):
        if module.name.rpartition(".")[2] in ("rules", "lint"):
            continue
        source = inspect.getsource(__import__(module.name, fromlist=["_"]))
        used |= {
            node.value
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.fullmatch(
                r"(value|member|document|parameter|step|expression|condition|cache|retry|placeholder)\.[a-z_]+",
                node.value,
            )
        }
    assert used - validation.CHECKS.keys() == set(), "an id that a person reads in a report is explained in CHECKS"


@pytest.mark.parametrize("name", [name for name, kind in STEP_TYPES.items() if kind.request])
def test_every_pattern_that_a_step_type_reaches_compiles(name):
    known, seen, pending = shapes("sagemaker"), set(), [STEP_TYPES[name].request]
    while pending:
        shape = pending.pop()
        if shape in seen:
            continue
        seen.add(shape)
        body = known[shape]
        pending += [member["shape"] for member in body.get("members", {}).values()]
        pending += [body[key]["shape"] for key in ("member", "key", "value") if key in body]
        if "pattern" in body:
            pattern(body["pattern"])
    assert seen, "the request has shapes"
    for response in STEP_TYPES[name].responses:
        assert response in shapes(STEP_TYPES[name].service), f"{response} is a shape that references are looked up in"


def test_unicode_tags_match_the_translated_pattern():
    assert pattern(shapes("sagemaker")["TagValue"]["pattern"]).fullmatch("Größe 1 @x"), "Java's \\p{L} holds umlauts"
    assert not pattern(shapes("sagemaker")["TagValue"]["pattern"]).fullmatch("a#b"), (
        "a hash is not among its characters"
    )


def test_validation_is_fast_enough_to_run_at_every_preview():
    validate(good())
    start = time.perf_counter()
    for _ in range(10):
        validate(good())
    assert (time.perf_counter() - start) / 10 < 0.05, (
        "a further document takes about 3 ms; 50 leaves room for a busy machine"
    )


def test_validation_imports_no_sdk_no_session_and_no_pulumi():
    program = (
        "import json, sys; from pipeline_defs.validation import validate; validate(json.load(sys.stdin));"
        "print([name for name in ('sagemaker', 'boto3', 'pulumi', 'botocore.session') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], input=TEXT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", "the check must cost a preview nothing but botocore's loader"
