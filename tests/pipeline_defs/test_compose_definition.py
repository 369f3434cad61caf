"""What the composed definition says: the gate, the cache, the network, the key, the lineage."""

import json
import re
from dataclasses import replace

import pytest
from syrupy.extensions.json import JSONSnapshotExtension

from pipeline_defs.code import bundles, code_hash, schema
from pipeline_defs.placeholders import KEY_ARN, SECURITY_GROUPS, SUBNETS
from pipeline_defs.validation import lint, validate
from tests.pipeline_defs.compose_examples import CHURN, EXAMPLE, PROD, compose_texts, documents, leaves, steps

JOBS = ("Preprocess", "Train", "Evaluate")


@pytest.fixture(params=[0, 1, 2], ids=["dev", "prod", "churn"])
def document(request):
    return documents()[request.param]


def test_the_definition_of_the_fraud_detector_in_prod_is_as_reviewed(snapshot):
    text = json.dumps(documents()[1])
    text = re.sub(r"code/[0-9a-f]{16}/", "code/HASH/", text)
    text = re.sub(r'"code_hash": "[0-9a-f]{16}"', '"code_hash": "HASH"', text)
    assert json.loads(text) == snapshot(extension_class=JSONSnapshotExtension)


def test_a_run_may_change_the_input_and_two_hyperparameters_and_nothing_else(document):
    kinds = {parameter["Name"]: parameter["Type"] for parameter in document["Parameters"]}
    assert kinds == {"InputDataUri": "String", "MaxIterations": "Integer", "LearningRate": "Float"}, (
        "every parameter is something that whoever starts a run may change"
    )


def test_no_execution_parameter_reaches_the_gate_or_the_approval_status(document):
    check = steps(document)["CheckAccuracy"]
    reached = [path for path, value in leaves(check) if isinstance(value, str) and value.startswith("Parameters.")]
    assert not reached, "a parameter here would let a run weaken the gate or approve its own result"
    for condition in check["Arguments"]["Conditions"]:
        assert isinstance(condition["RightValue"], float), "the threshold is a literal"
        assert condition["Type"] == "GreaterThanOrEqualTo", "a value equal to the threshold passes"
    assert isinstance(steps(document)["RegisterModel"]["Arguments"]["ModelApprovalStatus"], str), "a literal"


@pytest.mark.parametrize(("settings", "position"), [(EXAMPLE, 0), (PROD, 1)], ids=["dev", "prod"])
def test_gate_and_approval_status_are_those_of_the_settings(settings, position):
    found = steps(documents()[position])
    conditions = found["CheckAccuracy"]["Arguments"]["Conditions"]
    gate = {
        item["LeftValue"]["Std:JsonGet"]["Path"].removeprefix("metrics."): item["RightValue"] for item in conditions
    }
    assert gate == settings.gate, "all conditions of a step must hold, so each metric of the gate is one"
    assert found["RegisterModel"]["Arguments"]["ModelApprovalStatus"] == settings.approval_status


def test_a_model_that_fails_the_gate_is_told_every_value_threshold_and_the_environment():
    message = steps(documents()[1])["Fail"]["Arguments"]["ErrorMessage"]["Std:Join"]
    report = {"metrics.accuracy": "0.87", "metrics.recall": "0.4"}
    values = [value if isinstance(value, str) else report[value["Std:JsonGet"]["Path"]] for value in message["Values"]]
    assert message["On"].join(values) == (
        "fraud-detector in prod was not registered: accuracy 0.87 must be at least 0.9, recall 0.4 must be at least 0.5"
    )


def test_steps_that_read_a_mutable_prefix_are_not_cached(document):
    hashed = re.compile(r"s3://[^/]+/code/[0-9a-f]{16}/")
    for name in JOBS:
        step = steps(document)[name]
        inputs = json.dumps([step["Arguments"].get(key) for key in ("ProcessingInputs", "InputDataConfig")])
        arguments = json.dumps(step["Arguments"].get("AppSpecification", {}))
        mutable = "InputDataUri" in inputs + arguments or any(
            not hashed.match(uri) for uri in re.findall(r'"S3Uri": "(s3://[^"]*)"', inputs)
        )
        assert step.get("CacheConfig", {}).get("Enabled", False) is not mutable, (
            f"{name}: a cached step that reads a prefix in place returns the old result for new data"
        )
    assert "CacheConfig" not in steps(document)["Preprocess"]
    assert steps(document)["Train"]["CacheConfig"] == {"Enabled": True, "ExpireAfter": "P30D"}


def test_a_registered_version_cites_its_data_its_code_and_its_run():
    found = steps(documents()[1])["RegisterModel"]["Arguments"]
    parts = [*bundles().values(), schema("fraud_detector")]
    manifest = "Steps.Preprocess.ProcessingOutputConfig.Outputs['manifest'].S3Output.S3Uri"
    assert found["CustomerMetadataProperties"] == {
        "environment": "prod",
        "code_hash": code_hash(*parts),
        "data_manifest": {"Std:Join": {"On": "/", "Values": [{"Get": manifest}, "manifest.json"]}},
        "pipeline_execution_arn": {"Get": "Execution.PipelineExecutionArn"},
    }


def test_model_metrics_follow_the_evaluation_to_where_a_cache_hit_left_it(document):
    uri = steps(document)["RegisterModel"]["Arguments"]["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    assert uri["Std:Join"]["Values"] == [
        {"Get": "Steps.Evaluate.ProcessingOutputConfig.Outputs['evaluation'].S3Output.S3Uri"},
        "statistics.json",
    ], "after a cache hit the report lies under an older execution, so a join with this execution's id finds nothing"


def test_every_job_runs_in_the_vpc_on_the_key_encrypted_tagged_and_retried(document):
    for name in JOBS:
        step = steps(document)[name]
        arguments = step["Arguments"]
        network = arguments.get("NetworkConfig", arguments)
        assert network["VpcConfig"] == {"SecurityGroupIds": [SECURITY_GROUPS], "Subnets": [SUBNETS]}, name
        assert network["EnableInterContainerTrafficEncryption"] is True, name
        resources = arguments.get("ResourceConfig") or arguments["ProcessingResources"]["ClusterConfig"]
        assert resources["VolumeKmsKeyId"] == KEY_ARN, name
        output = arguments.get("OutputDataConfig") or arguments["ProcessingOutputConfig"]
        assert output["KmsKeyId"] == KEY_ARN, name
        assert {tag["Key"]: tag["Value"] for tag in arguments["Tags"]} == EXAMPLE.tags, name
        retried = {kind for policy in step["RetryPolicies"] for kind in policy["ExceptionType"]}
        assert {"Step.SERVICE_FAULT", "Step.THROTTLING", "SageMaker.CAPACITY_ERROR"} <= retried, name


def test_only_the_step_that_reads_s3_itself_has_a_network(document):
    isolated = {
        name: steps(document)[name]["Arguments"].get("NetworkConfig", steps(document)[name]["Arguments"])[
            "EnableNetworkIsolation"
        ]
        for name in JOBS
    }
    assert isolated == {"Preprocess": False, "Train": True, "Evaluate": True}


def test_the_definition_says_which_command_runs_so_that_it_needs_no_toolkit_in_the_image(document):
    found = steps(document)
    algorithm = found["Train"]["Arguments"]["AlgorithmSpecification"]
    assert algorithm["ContainerEntrypoint"] == ["python3"]
    assert algorithm["ContainerArguments"] == ["/opt/ml/input/data/code/train.py"]
    for name in ("preprocess", "evaluate"):
        entrypoint = found[name.capitalize()]["Arguments"]["AppSpecification"]["ContainerEntrypoint"]
        assert entrypoint == ["python3", f"/opt/ml/processing/input/code/{name}.py"]


def test_an_image_by_digest_trains_evaluates_and_serves():
    found = steps(documents()[1])
    package = found["RegisterModel"]["Arguments"]["InferenceSpecification"]["Containers"][0]
    assert found["Train"]["Arguments"]["AlgorithmSpecification"]["TrainingImage"] == PROD.training_image
    assert found["Evaluate"]["Arguments"]["AppSpecification"]["ImageUri"] == PROD.training_image
    assert package["Image"] == PROD.training_image
    assert package["ModelDataUrl"] == {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}


def test_hyperparameters_of_the_settings_reach_training_and_set_the_parameters_defaults():
    defaults = {parameter["Name"]: parameter["DefaultValue"] for parameter in documents()[1]["Parameters"]}
    assert (defaults["MaxIterations"], defaults["LearningRate"]) == (5, 0.3)
    hyperparameters = steps(documents()[1])["Train"]["Arguments"]["HyperParameters"]
    assert hyperparameters["max_leaf_nodes"] == "31"
    assert hyperparameters["max_iterations"] == {
        "Std:Join": {"On": "", "Values": [{"Get": "Parameters.MaxIterations"}]}
    }


def test_two_models_of_a_stack_share_no_output_and_no_group():
    def own(document):
        places = {value for path, value in leaves(document) if isinstance(value, str) and "/pipelines/" in value}
        return places | {steps(document)["RegisterModel"]["Arguments"]["ModelPackageGroupName"]}

    fraud, churn = own(documents()[0]), own(documents()[2])
    assert fraud and churn  # noqa: PT018  # both must be there for the next line to mean anything
    assert not fraud & churn, "one model's run would overwrite another's"


def test_a_second_model_takes_settings_and_at_most_a_schema_file():
    fraud, churn = documents()[0], documents()[2]
    assert [step["Name"] for step in fraud["Steps"]] == [step["Name"] for step in churn["Steps"]]
    assert schema(CHURN.data_schema).prefix in json.dumps(churn), "it reads its own schema"


def test_a_definition_is_far_below_the_limit_of_the_api(document):
    assert len(json.dumps(document)) < 1_048_576 / 20, "CreatePipeline accepts 1,048,576 characters"


def test_a_gpu_type_with_local_nvme_gets_no_volume_key_and_still_passes_every_check():
    settings = replace(EXAMPLE, training_instance="ml.g5.xlarge", evaluation_instance="ml.g4dn.xlarge")
    (text,) = compose_texts(settings)
    found = steps(json.loads(text))
    assert "VolumeKmsKeyId" not in found["Train"]["Arguments"]["ResourceConfig"], "SageMaker refuses it there"
    assert "VolumeKmsKeyId" not in found["Evaluate"]["Arguments"]["ProcessingResources"]["ClusterConfig"]
    assert found["Preprocess"]["Arguments"]["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == KEY_ARN
    assert [*validate(json.loads(text)), *lint(json.loads(text), settings)] == []
