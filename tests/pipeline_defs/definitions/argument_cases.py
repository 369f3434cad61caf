"""Mistakes in the steps' arguments against the API's shapes, each with the finding that it must give."""

from tests.pipeline_defs.definitions.sample import Case, add, drop, put

TRAIN_TYPE = "Arguments.ResourceConfig.InstanceType"
CHANNEL = "Arguments.InputDataConfig[0].DataSource.S3DataSource.S3Uri"
LAMBDA = {
    "Name": "Notify",
    "Type": "Lambda",
    "Arguments": {"uri": {"Get": "Parameters.InputDataUri"}},
    "FunctionArn": "arn:aws:lambda:us-east-1:333333333333:function:notify",
    "OutputParameters": [{"OutputName": "status", "OutputType": "String"}],
}


def tuning(**changes):
    """A tuning step."""
    return {"Name": "Tune", "Type": "Tuning", "Arguments": {}, **changes}


CASES = [
    # arguments: what the SDK lets through
    Case(
        "a 2-digit account",
        put("Train", "Arguments.RoleArn", "arn:aws:iam::33:role/training"),
        "Train",
        "value.pattern",
        "arn:aws:iam::33:role",
    ),
    Case(
        "a subnet with a space",
        put("Train", "Arguments.VpcConfig.Subnets", ["subnet 1"]),
        "Train",
        "value.pattern",
        "'subnet 1'",
    ),
    Case(
        "17 subnets",
        put("Train", "Arguments.VpcConfig.Subnets", [f"subnet-{n}" for n in range(17)]),
        "Train",
        "value.length",
        "17 items",
    ),
    Case("bucket None in a text", put("Train", CHANNEL, "s3://None/x"), "Train", "value.bucket", "'None'"),
    Case("a value that is null", put("Train", CHANNEL, None), "Train", "value.type", "None is null"),
    Case("an instance type that is none", put("Train", TRAIN_TYPE, "ml.m5.huge"), "Train", "value.enum", "ml.m5.huge"),
    Case(
        "no instances in training",
        put("Train", "Arguments.ResourceConfig.InstanceCount", 0),
        "Train",
        "value.range",
        "0 is too few",
    ),
    Case(
        "no instances in processing",
        put("Evaluate", "Arguments.ProcessingResources.ClusterConfig.InstanceCount", 0),
        "Evaluate",
        "value.range",
        "at least 1",
    ),
    # arguments
    Case("unknown member", put("Train", "Arguments.Role", "x"), "Train", "member.unknown", "'Role'"),
    Case("missing member", drop("Train", "Arguments.RoleArn"), "Train", "member.missing", "RoleArn"),
    Case("a number as text", put("Train", "Arguments.ResourceConfig.InstanceCount", "1"), "Train", "value.type", "'1'"),
    Case(
        "a hyperparameter that is no text", put("Train", "Arguments.HyperParameters.x", 5), "Train", "value.type", "5"
    ),
    Case(
        "a printed Output",
        put("Train", CHANNEL, "s3://bucket/Calling __str__ on an Output[T] is not supported"),
        "Train",
        "value.printed",
        "text of an object",
    ),
    # what only the prose of the API says
    Case("no image", drop("Train", "Arguments.AlgorithmSpecification.TrainingImage"), "Train", "member.choice", "none"),
    Case("no algorithm", drop("Train", "Arguments.AlgorithmSpecification"), "Train", "member.missing", "Algorithm"),
    Case(
        "a wait without spot",
        put("Train", "Arguments.StoppingCondition.MaxWaitTimeInSeconds", 9000),
        "Train",
        "member.refused",
        "without managed spot",
    ),
    Case(
        "a local path elsewhere",
        put("Evaluate", "Arguments.ProcessingInputs[0].S3Input.LocalPath", "/tmp/code"),
        "Evaluate",
        "value.local_path",
        "'/tmp/code'",
    ),
    Case(
        "a channel twice",
        put("Train", "Arguments.InputDataConfig[1].ChannelName", "train"),
        "Train",
        "value.duplicate",
        "'train'",
    ),
    Case(
        "tags on a version in a group",
        put("RegisterModel", "Arguments.Tags", [{"Key": "a", "Value": "b"}]),
        "RegisterModel",
        "member.refused",
        "cannot carry Tags",
    ),
    Case(
        "a version without container image",
        drop("RegisterModel", "Arguments.InferenceSpecification.Containers[0].Image"),
        "RegisterModel",
        "member.missing",
        "Image",
    ),
    # other step types
    Case(
        "a Lambda without function",
        add(None, "Steps", {**LAMBDA, "FunctionArn": "notify"}),
        "Notify",
        "value.pattern",
        "'notify'",
    ),
    Case(
        "a callback without queue",
        add(None, "Steps", {"Name": "Wait", "Type": "Callback", "Arguments": {}}),
        "Wait",
        "member.missing",
        "SqsQueueUrl",
    ),
    Case(
        "a tuning job without config",
        add(None, "Steps", tuning()),
        "Tune",
        "member.missing",
        "HyperParameterTuningJobConfig",
    ),
    Case(
        "a model with two forms",
        add(None, "Steps", {"Name": "M", "Type": "Model", "Arguments": {"PrimaryContainer": {}, "Containers": []}}),
        "M",
        "member.choice",
        "PrimaryContainer and Containers",
    ),
    Case(
        "AutoML that deploys",
        add(None, "Steps", {"Name": "A", "Type": "AutoML", "Arguments": {"ModelDeployConfig": {}}}),
        "A",
        "member.refused",
        "ModelDeployConfig",
    ),
    Case("an empty failure message", put("Fail", "Arguments.ErrorMessage", ""), "Fail", "value.length", "at least 1"),
    Case(
        "EMR without a cluster",
        add(None, "Steps", {"Name": "E", "Type": "EMR", "Arguments": {"StepConfig": {"HadoopJarStep": {"Jar": "x"}}}}),
        "E",
        "member.choice",
        "ClusterId",
    ),
    Case(
        "a check without its type",
        add(None, "Steps", {"Name": "Q", "Type": "QualityCheck", "Arguments": {}}),
        "Q",
        "member.missing",
        "CheckType",
    ),
    Case(
        "a tag of AWS",
        put("Train", "Arguments.Tags[0].Key", "aws:owner"),
        "Train",
        "value.reserved",
        "'aws:owner'",
    ),
    Case(
        "a union with two members",
        put("Evaluate", "Arguments.ProcessingInputs[0].DatasetDefinition", {"LocalPath": "/opt/ml/processing/x"}),
        "Evaluate",
        "member.choice",
        "S3Input and DatasetDefinition",
    ),
]
