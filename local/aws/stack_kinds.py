"""How each type of a stack's resources comes, changes and goes in the embedded AWS.

`stack_resources` creates what has an effect on this machine. Here is the rest of what another resource, another stack
or AWS itself looks at, and how everything goes again. A type that is in no table raises: whoever adds one decides.
"""

from collections.abc import Callable
from dataclasses import dataclass

from local.aws import stack_calls as calls
from local.aws.stack_calls import Resource, Values
from local.aws.stack_resources import CREATORS, Account


@dataclass(frozen=True, slots=True)
class Kind:
    """What the provider does with a type."""

    create: Callable[[Account, Values], Values | None]
    """Returns the outputs that AWS chose, where they matter to others."""
    delete: Callable[[Account, Resource], None]
    update: Callable[[Account, Values], Values | None] | None = None
    """None where no update is known, and a change raises."""


class UnknownKindError(Exception):
    """A type of resource that nobody told this machine about."""


def kind_of(short_type: str) -> Kind | None:
    """Return what is done for a type, None where nothing is. Raises `UnknownKindError` for one that is new."""
    if short_type in KINDS:
        return KINDS[short_type]
    if short_type in OWN_SETTINGS or short_type.partition(":")[0] in NETWORK:
        return None
    raise UnknownKindError(
        f"{short_type} is in neither table of local/aws/stack_kinds.py: add it to KINDS with its provider's calls, "
        "or to OWN_SETTINGS where nothing outside its own parent can tell whether it is there."
    )


KINDS: dict[str, Kind] = {
    "iam:Role": Kind(calls.role, calls.call("iam", "delete_role", RoleName="name")),
    "iam:RolePolicy": Kind(
        calls.role_policy,
        calls.call("iam", "delete_role_policy", RoleName="role", PolicyName="name"),
        calls.role_policy,
    ),
    "iam:Policy": Kind(calls.managed_policy, calls.call("iam", "delete_policy", PolicyArn="arn")),
    "iam:OpenIdConnectProvider": Kind(
        calls.oidc_provider,
        calls.call("iam", "delete_open_id_connect_provider", OpenIDConnectProviderArn="arn"),
    ),
    "kms:Key": Kind(calls.key, calls.call("kms", "schedule_key_deletion", KeyId="keyId")),
    "kms:Alias": Kind(calls.alias, calls.call("kms", "delete_alias", AliasName="name")),
    "s3:Bucket": Kind(CREATORS["s3:Bucket"], calls.bucket_gone, lambda _, __: None),
    "s3:BucketPolicy": Kind(
        calls.bucket_policy, calls.call("s3", "delete_bucket_policy", Bucket="bucket"), calls.bucket_policy
    ),
    "s3:BucketServerSideEncryptionConfiguration": Kind(
        calls.bucket_encryption, calls.call("s3", "delete_bucket_encryption", Bucket="bucket")
    ),
    "dynamodb:Table": Kind(
        calls.table, calls.call("dynamodb", "delete_table", TableName="name"), calls.table_protection
    ),
    "ecr:Repository": Kind(CREATORS["ecr:Repository"], calls.repository_gone),
    "ecr:RepositoryPolicy": Kind(
        CREATORS["ecr:RepositoryPolicy"], calls.call("ecr", "delete_repository_policy", repositoryName="repository")
    ),
    "sqs:Queue": Kind(CREATORS["sqs:Queue"], calls.queue_gone),
    "sqs:QueuePolicy": Kind(calls.queue_policy, calls.nothing, calls.queue_policy),
    "sns:Topic": Kind(CREATORS["sns:Topic"], calls.topic_gone),
    "sns:TopicPolicy": Kind(calls.topic_policy, calls.nothing, calls.topic_policy),
    "cloudwatch:LogGroup": Kind(calls.log_group, calls.call("logs", "delete_log_group", logGroupName="name")),
    "cloudwatch:MetricAlarm": Kind(CREATORS["cloudwatch:MetricAlarm"], calls.alarm_gone),
    "cloudwatch:EventBus": Kind(CREATORS["cloudwatch:EventBus"], calls.call("events", "delete_event_bus", Name="name")),
    "cloudwatch:EventBusPolicy": Kind(CREATORS["cloudwatch:EventBusPolicy"], calls.bus_policy_gone),
    "cloudwatch:EventRule": Kind(CREATORS["cloudwatch:EventRule"], calls.rule_gone),
    "cloudwatch:EventTarget": Kind(CREATORS["cloudwatch:EventTarget"], calls.target_gone),
    "ssm:Parameter": Kind(CREATORS["ssm:Parameter"], calls.call("ssm", "delete_parameter", Name="name")),
    "lambda:LayerVersion": Kind(
        calls.layer, calls.call("lambda", "delete_layer_version", LayerName="layerName", VersionNumber="version")
    ),
    "lambda:Function": Kind(calls.function, calls.function_gone, calls.function_changed),
    "lambda:Permission": Kind(calls.permission, calls.permission_gone),
    "lambda:FunctionEventInvokeConfig": Kind(
        calls.retries, calls.call("lambda", "delete_function_event_invoke_config", FunctionName="functionName")
    ),
    "lambda:Invocation": Kind(calls.invoked, calls.invoked_last),
    "sagemaker:ModelPackageGroup": Kind(
        CREATORS["sagemaker:ModelPackageGroup"],
        calls.call("sagemaker", "delete_model_package_group", ModelPackageGroupName="modelPackageGroupName"),
    ),
    "sagemaker:ModelPackageGroupPolicy": Kind(
        CREATORS["sagemaker:ModelPackageGroupPolicy"],
        calls.call("sagemaker", "delete_model_package_group_policy", ModelPackageGroupName="modelPackageGroupName"),
    ),
    "sagemaker:Pipeline": Kind(calls.pipeline, calls.call("sagemaker", "delete_pipeline", PipelineName="pipelineName")),
    "scheduler:ScheduleGroup": Kind(
        calls.schedule_group, calls.call("scheduler", "delete_schedule_group", Name="name")
    ),
    "scheduler:Schedule": Kind(
        calls.schedule, calls.call("scheduler", "delete_schedule", Name="name", GroupName="groupName")
    ),
}

NETWORK = ("ec2", "vpc")
"""Lies within one account and names nothing of another stack; endpoint policies name accounts by condition. moto holds
no interfaces, so nothing that functions leave behind would block its deletion here: not run, see the docs of Sweep."""

OWN_SETTINGS = frozenset(
    {
        "providers:aws",
        "providers:github",
        "index:Stash",
        "s3:BucketCorsConfiguration",
        "s3:BucketLifecycleConfiguration",
        "s3:BucketLogging",
        "s3:BucketNotification",
        "s3:BucketObjectv2",
        "s3:BucketOwnershipControls",
        "s3:BucketPublicAccessBlock",
        "s3:BucketVersioning",
        "ecr:LifecyclePolicy",
        "lambda:Alias",
        "iam:RolePoliciesExclusive",
        "iam:RolePolicyAttachmentsExclusive",
    }
)
"""Settings and content of another resource of the same stack, which they go with. No other stack can see them."""
