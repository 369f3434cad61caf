"""Broken rules of images, code, outputs, caching and parameters, each with the finding that it must give."""

from tests.pipeline_defs.definitions.sample import SETTINGS, Case, add, both, drop, put

IMAGE = "Arguments.AlgorithmSpecification.TrainingImage"
REPOSITORY = "111111111111.dkr.ecr.us-east-1.amazonaws.com/acme-risk/fraud-detector"
CHANNEL = "Arguments.InputDataConfig[{}].DataSource.S3DataSource.S3Uri"
OUTPUT = "Arguments.ProcessingOutputConfig.Outputs[0].S3Output.S3Uri"
THRESHOLD = {"Name": "Threshold", "Type": "Float", "DefaultValue": 0.9}
DATA = {"Get": "Parameters.InputDataUri"}


CASES = [
    # images
    Case("an image by parameter", put("Train", IMAGE, DATA), "Train", "image.literal", "Parameters.InputDataUri"),
    Case("latest", put("Train", IMAGE, f"{REPOSITORY}:latest"), "Train", "image.latest", ":latest"),
    Case("no tag", put("Train", IMAGE, REPOSITORY), "Train", "image.latest", "another image"),
    Case("a moving tag in prod", put("Train", IMAGE, f"{REPOSITORY}:dev"), "Train", "image.immutable", "'dev'"),
    Case("a half version", put("Train", IMAGE, f"{REPOSITORY}:v2.1"), "Train", "image.immutable", "'v2.1'"),
    Case("a public image", put("Train", IMAGE, "python:3.11"), "Train", "image.immutable", "no image of a private"),
    Case(
        "a moving tag that serves",
        put("RegisterModel", "Arguments.InferenceSpecification.Containers[0].Image", f"{REPOSITORY}:dev"),
        "RegisterModel",
        "image.immutable",
        "'dev'",
    ),
    # parameters
    Case("an unused parameter", add(None, "Parameters", THRESHOLD), None, "parameter.unused", "'Threshold'"),
    Case(
        "no parameter for the input data",
        put(None, "Parameters[0].Type", "Integer"),
        None,
        "parameter.input",
        "SageMaker refuses an unknown parameter",
    ),
    # code and outputs
    Case(
        "code without hash",
        put("Train", CHANNEL.format(3), f"s3://{SETTINGS.artifact_bucket}/code/train/"),
        "Train",
        "code.hashed",
        "'code'",
    ),
    Case(
        "code of another bucket",
        put("Evaluate", "Arguments.ProcessingInputs[0].S3Input.S3Uri", "s3://other/code/0123456789abcdef/evaluate/"),
        "Evaluate",
        "code.hashed",
        "s3://other/code",
    ),
    Case(
        "code under another name",
        both(
            put("Train", "Arguments.InputDataConfig[3].ChannelName", "program"),
            put("Train", CHANNEL.format(3), "s3://other/program/"),
            put(
                "Train", "Arguments.AlgorithmSpecification.ContainerArguments[0]", "/opt/ml/input/data/program/train.py"
            ),
        ),
        "Train",
        "code.hashed",
        "'program'",
    ),
    Case(
        "an output that stays", put("Evaluate", OUTPUT, "s3://bucket/x"), "Evaluate", "output.execution", "overwrites"
    ),
    Case(
        "an output elsewhere",
        put(
            "Evaluate",
            OUTPUT,
            {"Std:Join": {"On": "/", "Values": ["s3:/", "b", {"Get": "Execution.PipelineExecutionId"}]}},
        ),
        "Evaluate",
        "output.execution",
        "is outside",
    ),
    # caching
    Case(
        "the reader of latest/ cached",
        put("Preprocess", "CacheConfig", {"Enabled": True, "ExpireAfter": "P30D"}),
        "Preprocess",
        "cache.mutable",
        "the parameter InputDataUri",
    ),
    Case(
        "a cached step that reads a prefix",
        put("Train", CHANNEL.format(0), "s3://data/latest/"),
        "Train",
        "cache.mutable",
        "s3://data/latest/",
    ),
    Case(
        "a cached step that hears of a prefix",
        put("Train", "Arguments.Environment", {"DATA": DATA}),
        "Train",
        "cache.mutable",
        "Arguments.Environment",
    ),
    Case(
        "a cached step that reads another's input",
        put("Train", CHANNEL.format(0), {"Get": "Steps.Preprocess.ProcessingInputs['schema'].S3Input.S3Uri"}),
        "Train",
        "cache.mutable",
        "repeats another step's input",
    ),
    Case("training not cached", drop("Train", "CacheConfig"), "Train", "cache.missing", "not cached"),
    Case("training cached for ever", drop("Train", "CacheConfig.ExpireAfter"), "Train", "cache.missing", "not cached"),
]
