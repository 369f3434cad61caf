"""Length limits of every physical name the platform chooses, with the API member that states each one."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """How long a name may be, and where the service says so.

    `service`, `operation` and `member` name the request member in the AWS API model; a test compares `length` with it.
    `documented` names the page for the few limits that the API model does not carry.
    """

    length: int
    service: str
    operation: str
    member: str
    documented: str | None = None


LIMITS: dict[str, Limit] = {
    "bucket": Limit(
        length=63, service="s3", operation="CreateBucket", member="Bucket", documented="S3 bucket naming rules: 3 to 63"
    ),
    "role": Limit(length=64, service="iam", operation="CreateRole", member="RoleName"),
    "key_alias": Limit(length=256, service="kms", operation="CreateAlias", member="AliasName"),
    "pipeline": Limit(length=256, service="sagemaker", operation="CreatePipeline", member="PipelineName"),
    "model_package_group": Limit(
        length=63, service="sagemaker", operation="CreateModelPackageGroup", member="ModelPackageGroupName"
    ),
    "schedule": Limit(length=64, service="scheduler", operation="CreateSchedule", member="Name"),
    "schedule_group": Limit(length=64, service="scheduler", operation="CreateScheduleGroup", member="Name"),
    "event_rule": Limit(length=64, service="events", operation="PutRule", member="Name"),
    "alarm": Limit(length=255, service="cloudwatch", operation="PutMetricAlarm", member="AlarmName"),
    "topic": Limit(
        length=256, service="sns", operation="CreateTopic", member="Name", documented="SNS CreateTopic: up to 256"
    ),
    "queue": Limit(
        length=80, service="sqs", operation="CreateQueue", member="QueueName", documented="SQS CreateQueue: up to 80"
    ),
    "log_group": Limit(length=512, service="logs", operation="CreateLogGroup", member="logGroupName"),
    "image_repository": Limit(length=256, service="ecr", operation="CreateRepository", member="repositoryName"),
    "parameter": Limit(
        length=1011, service="ssm", operation="PutParameter", member="Name", documented="SSM PutParameter: 1011 with ARN"
    ),
}


MODEL_NAME_LENGTH = 40
"""Longest model name; keeps names readable before they are cut. Ours, not a service's."""
