"""Broken rules of the network, the keys and the operation of jobs, each with the finding that it must give."""

from tests.pipeline_defs.definitions.sample import Case, add, drop, put

VOLUME_KEY = "Arguments.ResourceConfig.VolumeKmsKeyId"
TRAIN_TYPE = "Arguments.ResourceConfig.InstanceType"
STOPPING = "Arguments.StoppingCondition.MaxRuntimeInSeconds"
ENDPOINT = {
    "Name": "Serve",
    "Type": "EndpointConfig",
    "Arguments": {"ProductionVariants": [{"VariantName": "all", "InstanceType": "ml.m5.large"}]},
}
TUNED = {
    "Name": "Tune",
    "Type": "Tuning",
    "Arguments": {"TrainingJobDefinition": {"RoleArn": "arn:aws:iam::333333333333:role/other"}},
}


CASES = [
    # network
    Case("training without VPC", drop("Train", "Arguments.VpcConfig"), "Train", "network.vpc", "is absent"),
    Case(
        "processing without VPC",
        drop("Evaluate", "Arguments.NetworkConfig.VpcConfig"),
        "Evaluate",
        "network.vpc",
        "is absent",
    ),
    Case(
        "subnets of somebody else",
        put("Train", "Arguments.VpcConfig.Subnets", ["subnet-1"]),
        "Train",
        "network.vpc",
        "subnet-1",
    ),
    Case("a tuned job without VPC", add(None, "Steps", TUNED), "Tune", "network.vpc", "is absent"),
    Case(
        "plain traffic in training",
        put("Train", "Arguments.EnableInterContainerTrafficEncryption", False),
        "Train",
        "network.encryption",
        "False",
    ),
    Case(
        "plain traffic in processing",
        drop("Evaluate", "Arguments.NetworkConfig.EnableInterContainerTrafficEncryption"),
        "Evaluate",
        "network.encryption",
        "None",
    ),
    # keys
    Case("a volume without key", drop("Train", VOLUME_KEY), "Train", "key.volume", "absent"),
    Case(
        "a processing volume without key",
        drop("Evaluate", "Arguments.ProcessingResources.ClusterConfig.VolumeKmsKeyId"),
        "Evaluate",
        "key.volume",
        "absent",
    ),
    Case("another key", put("Train", VOLUME_KEY, "alias/aws/s3"), "Train", "key.volume", "'alias/aws/s3'"),
    Case("a key on local storage", put("Train", TRAIN_TYPE, "ml.g5.xlarge"), "Train", "key.volume", "local NVMe"),
    Case("a plain model", drop("Train", "Arguments.OutputDataConfig.KmsKeyId"), "Train", "key.output", "absent"),
    Case(
        "a plain report",
        drop("Evaluate", "Arguments.ProcessingOutputConfig.KmsKeyId"),
        "Evaluate",
        "key.output",
        "absent",
    ),
    Case("endpoint volumes without key", add(None, "Steps", ENDPOINT), "Serve", "key.endpoint", "None"),
    # operation
    Case("no retries", drop("Train", "RetryPolicies"), "Train", "retry.missing", "Step.THROTTLING"),
    Case("no retry on capacity", drop("Train", "RetryPolicies[1]"), "Train", "retry.missing", "CAPACITY_ERROR"),
    Case("no longest run", drop("Train", "Arguments.StoppingCondition"), "Train", "runtime.limit", "no longest run"),
    Case("too long a run", put("Evaluate", STOPPING, 7201), "Evaluate", "runtime.limit", "7201"),
    Case(
        "another role",
        put("Train", "Arguments.RoleArn", "arn:aws:iam::333333333333:role/admin"),
        "Train",
        "role.known",
        "role/admin",
    ),
    Case("another role for tuning", add(None, "Steps", TUNED), "Tune", "role.known", "role/other"),
    Case("no tags", drop("Train", "Arguments.Tags"), "Train", "tag.missing", "'mlops:owner' is absent"),
    Case(
        "a tag of another environment",
        put("Train", "Arguments.Tags[0].Value", "dev"),
        "Train",
        "tag.missing",
        "'mlops:environment' is 'dev'",
    ),
]
