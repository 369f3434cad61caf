"""The limits and tables of contracts/ against botocore's own data."""

import re

import pytest

from contracts import jobs, limits, retention, tags, variables
from contracts.endpoint_plan import rollout
from contracts.endpoint_rules import STEP_PERCENT
from contracts.parameters import ParameterPaths
from tests.contracts import aws_tables
from tests.contracts.aws_tables import service


@pytest.mark.parametrize("kind", limits.LIMITS)
def test_a_length_is_the_one_in_the_api_model_or_the_page_that_says_otherwise(kind):
    limit = limits.LIMITS[kind]
    member = service(limit.service).operation_model(limit.operation).input_shape.members[limit.member]
    stated = member.metadata.get("max")

    if limit.documented is None:
        assert limit.length == stated, "names are cut to this length"
        assert member.metadata.get("pattern"), "the longest names are held against it"
    else:
        assert stated is None or limit.length <= stated
        assert limit.pattern, "a page's rule for characters must be written down"


@pytest.mark.parametrize(
    ("render", "module"), [(aws_tables.regions_module, "regions.py"), (aws_tables.instances_module, "instances.py")]
)
def test_a_generated_table_is_current(render, module):
    committed = (aws_tables.CONTRACTS / module).read_text()

    assert committed == render(), "run: python tests/contracts/aws_tables.py"


def test_the_instance_tables_unpack_to_botocores_enums():
    from contracts import instances

    for name, (shape, _) in aws_tables.INSTANCE_SHAPES.items():
        assert getattr(instances, name) == frozenset(aws_tables.offered(shape)), name


def test_log_retention_is_what_cloudwatch_offers():
    member = service("logs").operation_model("PutRetentionPolicy").input_shape.members["retentionInDays"]
    listed = re.search(r"Possible values are: ([^.]*)\.", member.documentation)[1]

    assert [int(days) for days in re.findall(r"\d+", listed)] == list(retention.LOG_RETENTION_DAYS)


def test_job_limits_are_sagemakers():
    sagemaker = service("sagemaker")
    parameters = sagemaker.operation_model("CreateTrainingJob").input_shape.members["HyperParameters"]

    assert sagemaker.shape_for("ProcessingStoppingCondition").members["MaxRuntimeInSeconds"].metadata["max"] == (
        jobs.RUNTIME_MINUTES * 60
    )
    assert sagemaker.shape_for("ProcessingClusterConfig").members["VolumeSizeInGB"].metadata["max"] == jobs.VOLUME_GB
    assert parameters.metadata["max"] == jobs.HYPERPARAMETERS
    assert parameters.value.metadata["max"] == jobs.HYPERPARAMETER_VALUE_LENGTH
    assert parameters.key.metadata["max"] == 256, "the pattern of a hyperparameter's name ends there"


def test_serving_limits_are_sagemakers():
    sagemaker = service("sagemaker")
    size = sagemaker.shape_for("ProductionVariantServerlessConfig").members
    memory = [int(number) for number in re.findall(r"(\d+) MB", size["MemorySizeInMB"].documentation)]
    client = sagemaker.shape_for("AsyncInferenceClientConfig").members["MaxConcurrentInvocationsPerInstance"]
    traffic = sagemaker.shape_for("TrafficRoutingConfig").members["WaitIntervalInSeconds"]
    policy = sagemaker.shape_for("BlueGreenUpdatePolicy").members
    execution = policy["MaximumExecutionTimeoutInSeconds"].metadata

    assert tuple(memory) == limits.SERVERLESS_MEMORY_MB
    assert size["MaxConcurrency"].metadata["max"] == limits.SERVERLESS_CONCURRENCY
    assert client.metadata["max"] == limits.ASYNC_CONCURRENCY
    assert traffic.metadata["max"] == policy["TerminationWaitInSeconds"].metadata["max"] == limits.WAIT_SECONDS
    assert (execution["min"], execution["max"]) == (rollout.LEAST_EXECUTION_SECONDS, rollout.MOST_EXECUTION_SECONDS)


def test_the_sizes_of_a_step_are_those_that_the_api_reference_states():
    def stated(shape, member):
        text = service("sagemaker").shape_for(shape).members[member].documentation
        return [int(number) for number in re.findall(r"(\d+)%?(?=%|-)", text)]

    assert stated("TrafficRoutingConfig", "CanarySize") == [50]
    assert stated("TrafficRoutingConfig", "LinearStepSize") == list(STEP_PERCENT["linear"])
    assert stated("RollingUpdatePolicy", "MaximumBatchSize") == list(STEP_PERCENT["rolling"])
    assert STEP_PERCENT["canary"][1] == 50


@pytest.mark.parametrize("shape", [("iam", "tagKeyType", "tagValueType"), ("sagemaker", "TagKey", "TagValue")])
def test_tag_limits_are_those_of_the_services(shape):
    name, key, value = shape

    assert service(name).shape_for(key).metadata["max"] == tags.KEY_LENGTH
    assert service(name).shape_for(value).metadata["max"] == tags.VALUE_LENGTH


@pytest.mark.parametrize("name", variables.ALL)
def test_github_takes_every_variable_name_and_gives_it_back_unchanged(name):
    assert variables.is_variable_name(name)


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "1ST", "aws_region", "AWS-REGION", "", "A B", "AWS_RÉGION"])
def test_a_name_that_github_refuses_or_changes_is_no_variable_name(name):
    assert not variables.is_variable_name(name)


def test_no_two_variables_share_a_name():
    assert len(set(variables.ALL)) == len(variables.ALL)


def test_the_longest_parameter_paths_stay_within_ssm():
    paths = ParameterPaths(organisation="o" * 12, unit="u" * 12, environment="preprod", region="ap-southeast-7")
    model = "m" * limits.MODEL_NAME_LENGTH
    plain = [value for name in dir(paths) if name[0] != "_" and isinstance(value := getattr(paths, name), str)]
    named = [path for path in plain if path.startswith(paths.root)] + [
        paths.model_package_group(model),
        paths.pipeline(model),
        paths.delivery(model),
    ]

    assert len(set(named)) == len(named) >= 8, "each value has a path of its own"
    for path in named:
        arn = f"arn:aws-us-gov:ssm:ap-southeast-7:111111111111:parameter{path}"
        assert len(arn) <= limits.LIMITS["parameter"].length, path
        assert re.fullmatch(limits.LIMITS["parameter"].pattern, path), path
