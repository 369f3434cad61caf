"""Limits of every physical name the platform chooses, with the API member that states each one."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """How long a name may be and which characters it may have, and where the service says so.

    `service`, `operation` and `member` name the request member in the AWS API model; a test compares `length` with it
    and holds the longest names against its pattern. `documented` names the page for what the API model does not carry;
    then `pattern` holds the page's rule for characters.
    """

    length: int
    service: str
    operation: str
    member: str
    documented: str | None = None
    pattern: str | None = None


LIMITS: dict[str, Limit] = {
    "bucket": Limit(
        length=63,
        service="s3",
        operation="CreateBucket",
        member="Bucket",
        documented="S3 user guide, general purpose bucket naming rules: 3 to 63 characters",
        pattern=r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9-]*[a-z0-9](?<!-s3alias)(?<!--ol-s3)(?<!--x-s3)",
    ),
    "role": Limit(length=64, service="iam", operation="CreateRole", member="RoleName"),
    "key_alias": Limit(length=256, service="kms", operation="CreateAlias", member="AliasName"),
    "pipeline": Limit(length=256, service="sagemaker", operation="CreatePipeline", member="PipelineName"),
    "model_package_group": Limit(
        length=63, service="sagemaker", operation="CreateModelPackageGroup", member="ModelPackageGroupName"
    ),
    "schedule": Limit(length=64, service="scheduler", operation="CreateSchedule", member="Name"),
    "schedule_group": Limit(length=64, service="scheduler", operation="CreateScheduleGroup", member="Name"),
    "event_bus": Limit(length=256, service="events", operation="CreateEventBus", member="Name"),
    "event_rule": Limit(length=64, service="events", operation="PutRule", member="Name"),
    "alarm": Limit(
        length=255,
        service="cloudwatch",
        operation="PutMetricAlarm",
        member="AlarmName",
        documented="CloudWatch PutMetricAlarm, AlarmName: UTF-8 without control characters",
        pattern=r"[a-z0-9./-]+",
    ),
    "topic": Limit(
        length=256,
        service="sns",
        operation="CreateTopic",
        member="Name",
        documented="SNS CreateTopic: 1 to 256 letters, digits, hyphens and underscores",
        pattern=r"[A-Za-z0-9_-]+",
    ),
    "queue": Limit(
        length=80,
        service="sqs",
        operation="CreateQueue",
        member="QueueName",
        documented="SQS CreateQueue: 1 to 80 letters, digits, hyphens and underscores",
        pattern=r"[A-Za-z0-9_-]+",
    ),
    "function": Limit(
        length=64,
        service="lambda",
        operation="CreateFunction",
        member="FunctionName",
        documented="Lambda CreateFunction, FunctionName: a name alone has up to 64 characters; an ARN may be longer",
        pattern=r"[a-zA-Z0-9-_]+",
    ),
    "table": Limit(
        length=255,
        service="dynamodb",
        operation="CreateTable",
        member="TableName",
        documented="DynamoDB CreateTable, TableName: 3 to 255 characters where it is no ARN",
        pattern=r"[a-zA-Z0-9_.-]+",
    ),
    "endpoint": Limit(length=63, service="sagemaker", operation="CreateEndpoint", member="EndpointName"),
    "endpoint_config": Limit(
        length=63, service="sagemaker", operation="CreateEndpointConfig", member="EndpointConfigName"
    ),
    "endpoint_model": Limit(length=63, service="sagemaker", operation="CreateModel", member="ModelName"),
    "transform_job": Limit(length=63, service="sagemaker", operation="CreateTransformJob", member="TransformJobName"),
    "log_group": Limit(length=512, service="logs", operation="CreateLogGroup", member="logGroupName"),
    "image_repository": Limit(length=256, service="ecr", operation="CreateRepository", member="repositoryName"),
    "moving_image_repository": Limit(length=256, service="ecr", operation="CreateRepository", member="repositoryName"),
    "boundary": Limit(length=128, service="iam", operation="CreatePolicy", member="PolicyName"),
    "project_role": Limit(length=64, service="iam", operation="CreateRole", member="RoleName"),
    "domain": Limit(length=63, service="sagemaker", operation="CreateDomain", member="DomainName"),
    "studio_part": Limit(
        length=63,
        service="sagemaker",
        operation="CreateStudioLifecycleConfig",
        member="StudioLifecycleConfigName",
    ),
    "tracking_server": Limit(
        length=256, service="sagemaker", operation="CreateMlflowTrackingServer", member="TrackingServerName"
    ),
    "portfolio": Limit(
        length=100,
        service="servicecatalog",
        operation="CreatePortfolio",
        member="DisplayName",
        documented="Service Catalog CreatePortfolio, DisplayName: 1 to 100 characters",
        pattern=r"[a-z0-9-]+",
    ),
    "parameter": Limit(
        length=1011,
        service="ssm",
        operation="PutParameter",
        member="Name",
        documented="SSM PutParameter: 1011 characters with the ARN before it, 15 levels, no aws or ssm first",
        pattern=r"(?!/(?i:aws|ssm))(/[a-zA-Z0-9_.-]+){1,15}",
    ),
}

LABEL_LENGTH = 12
"""Longest organisation or unit. Ours: it leaves a bucket's purpose and account readable within 63 characters."""

MODEL_NAME_LENGTH = 40
"""Longest model name; keeps names readable before they are cut. Ours, not a service's."""

PROJECT_NAME_LENGTH = 24
"""Longest project name. Ours: it stays readable in repository, role and endpoint names."""

MODELS_PER_STACK = 200
"""Ours: each model may take a rule for new data, and delivery a few for all, of a bus's 300 (EventBridge quotas)."""

SERVERLESS_MEMORY_MB = (1024, 2048, 3072, 4096, 5120, 6144)
SERVERLESS_CONCURRENCY = 200
"""ProductionVariantServerlessConfig, MemorySizeInMB and MaxConcurrency."""
ASYNC_CONCURRENCY = 1000
"""AsyncInferenceClientConfig, MaxConcurrentInvocationsPerInstance."""
WAIT_SECONDS = 3600
"""TrafficRoutingConfig, WaitIntervalInSeconds, and BlueGreenUpdatePolicy, TerminationWaitInSeconds."""
INVOCATION_MS = 60_000
"""InvokeEndpoint: a model container answers within 60 seconds."""
KEPT_VERSIONS = 20
"""Ours: each kept version is a model and a config that SageMaker lists and an artifact that S3 keeps."""
SMOKE_PAYLOADS = 20
"""Ours: the function that sends them answers within its own time limit."""
