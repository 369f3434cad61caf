"""The calls that the provider makes for a stack's resources: to delete them, and to create those without a creator.

Deletions refuse what AWS refuses: a bucket or repository that holds something, a role with policies.
"""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.aws.stack_resources import CREATORS, Account
from local.functions import Functions

Values = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """A resource of a stack: what the program asked for, and what AWS gave it."""

    inputs: Values
    outputs: Values = field(default_factory=dict)


class DeployedFunctions(Functions):
    """Functions that can go again."""

    def remove(self, arn: str) -> None:
        """Forget a function and what it kept warm."""
        del self._functions[arn]
        self._environments.pop(arn, None)


def call(service: str, operation: str, **parameters: str) -> Callable[[Account, Resource], None]:
    """Return a deletion by one call; `parameters` gives for each of its parameters the input that holds the value."""

    def delete(account: Account, resource: Resource) -> None:
        known = {**resource.inputs, **resource.outputs}
        request = {name: known[source] for name, source in parameters.items()}
        getattr(account.client(service), operation)(**request)

    return delete


def nothing(_: Account, __: Resource) -> None:
    """Go with the resource that it belongs to."""


# identities and keys
def role(account: Account, inputs: Values) -> None:
    """CreateRole."""
    bounded = {"PermissionsBoundary": inputs["permissionsBoundary"]} if inputs.get("permissionsBoundary") else {}
    account.client("iam").create_role(
        RoleName=inputs["name"], AssumeRolePolicyDocument=inputs["assumeRolePolicy"], **bounded
    )


def managed_policy(account: Account, inputs: Values) -> Values:
    """CreatePolicy; it goes only when no role is bounded by it."""
    made = account.client("iam").create_policy(PolicyName=inputs["name"], PolicyDocument=inputs["policy"])
    return {"arn": made["Policy"]["Arn"]}


def oidc_provider(account: Account, inputs: Values) -> Values:
    """CreateOpenIDConnectProvider."""
    made = account.client("iam").create_open_id_connect_provider(
        Url=inputs["url"], ClientIDList=inputs["clientIdLists"], ThumbprintList=[]
    )
    return {"arn": made["OpenIDConnectProviderArn"]}


def role_policy(account: Account, inputs: Values) -> None:
    """PutRolePolicy, which also replaces."""
    account.client("iam").put_role_policy(
        RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
    )


def key(account: Account, inputs: Values) -> Values:
    """CreateKey; its id and ARN are AWS's choice."""
    made = account.client("kms").create_key(Policy=inputs["policy"], Description=inputs.get("description", ""))
    return {"keyId": made["KeyMetadata"]["KeyId"], "arn": made["KeyMetadata"]["Arn"]}


def alias(account: Account, inputs: Values) -> None:
    """CreateAlias."""
    account.client("kms").create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])


# stores
def bucket_gone(account: Account, bucket: Resource) -> None:
    """DeleteBucket, after its objects where the bucket was made with `force_destroy`; a full one is refused."""
    s3, name = account.client("s3"), bucket.inputs["bucket"]
    if bucket.inputs.get("forceDestroy"):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
            for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                s3.delete_object(Bucket=name, Key=item["Key"], VersionId=item["VersionId"])
    s3.delete_bucket(Bucket=name)


def bucket_policy(account: Account, inputs: Values) -> None:
    """PutBucketPolicy."""
    account.client("s3").put_bucket_policy(Bucket=inputs["bucket"], Policy=inputs["policy"])


def bucket_encryption(account: Account, inputs: Values) -> None:
    """PutBucketEncryption: what is written without a key gets this one."""
    chosen = inputs["rules"][0]["applyServerSideEncryptionByDefault"]
    key = {"KMSMasterKeyID": chosen["kmsMasterKeyId"]} if chosen.get("kmsMasterKeyId") else {}
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": chosen["sseAlgorithm"], **key}}
    account.client("s3").put_bucket_encryption(
        Bucket=inputs["bucket"], ServerSideEncryptionConfiguration={"Rules": [rule]}
    )


def table(account: Account, inputs: Values) -> None:
    """CreateTable, and its protection."""
    CREATORS["dynamodb:Table"](account, inputs)
    table_protection(account, inputs)


def table_protection(account: Account, inputs: Values) -> None:
    """UpdateTable with the table's protection from deletion."""
    protected = bool(inputs.get("deletionProtectionEnabled"))
    account.client("dynamodb").update_table(TableName=inputs["name"], DeletionProtectionEnabled=protected)


def repository_gone(account: Account, repository: Resource) -> None:
    """DeleteRepository; one that holds images is refused, unless it was made with `force_delete`."""
    account.client("ecr").delete_repository(
        repositoryName=repository.inputs["name"], force=bool(repository.inputs.get("forceDelete"))
    )


# messages
def _queue_url(account: Account, url: str) -> str:
    """Return the address of this machine for a queue's address in AWS."""
    return str(account.client("sqs").get_queue_url(QueueName=url.rsplit("/", 1)[-1])["QueueUrl"])


def queue_policy(account: Account, inputs: Values) -> None:
    """SetQueueAttributes with the policy."""
    account.client("sqs").set_queue_attributes(
        QueueUrl=_queue_url(account, inputs["queueUrl"]), Attributes={"Policy": inputs["policy"]}
    )


def queue_gone(account: Account, queue: Resource) -> None:
    """DeleteQueue."""
    account.client("sqs").delete_queue(QueueUrl=_queue_url(account, queue.inputs["name"]))


def topic_policy(account: Account, inputs: Values) -> None:
    """SetTopicAttributes with the policy."""
    account.client("sns").set_topic_attributes(
        TopicArn=inputs["arn"], AttributeName="Policy", AttributeValue=inputs["policy"]
    )


def topic_gone(account: Account, topic: Resource) -> None:
    """DeleteTopic."""
    arn = f"arn:aws:sns:{account.region}:{account.number}:{topic.inputs['name']}"
    account.client("sns").delete_topic(TopicArn=arn)


def log_group(account: Account, inputs: Values) -> None:
    """CreateLogGroup with its key."""
    account.client("logs").create_log_group(logGroupName=inputs["name"], kmsKeyId=inputs["kmsKeyId"])


def alarm_gone(account: Account, alarm: Resource) -> None:
    """DeleteAlarms."""
    account.client("cloudwatch").delete_alarms(AlarmNames=[alarm.inputs["name"]])


def target_gone(account: Account, target: Resource) -> None:
    """RemoveTargets."""
    bus = target.inputs.get("eventBusName") or "default"
    account.client("events").remove_targets(
        Rule=target.inputs["rule"], EventBusName=bus, Ids=[target.inputs["targetId"]]
    )


def rule_gone(account: Account, rule: Resource) -> None:
    """DeleteRule; one that still has targets is refused."""
    bus = rule.inputs.get("eventBusName") or "default"
    account.client("events").delete_rule(Name=rule.inputs["name"], EventBusName=bus)


def bus_policy_gone(account: Account, policy: Resource) -> None:
    """RemovePermission of all statements."""
    account.client("events").remove_permission(EventBusName=policy.inputs["eventBusName"], RemoveAllPermissions=True)


# functions
def _archive() -> bytes:
    """Return an archive that Lambda takes. What runs is this checkout's code, see `local.functions`."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("README", "runs from the checkout")
    return content.getvalue()


def layer(account: Account, inputs: Values) -> Values:
    """PublishLayerVersion; the number is AWS's choice."""
    made = account.client("lambda").publish_layer_version(
        LayerName=inputs["layerName"],
        Content={"ZipFile": _archive()},
        CompatibleRuntimes=inputs["compatibleRuntimes"],
    )
    return {"arn": made["LayerVersionArn"], "version": made["Version"]}


def function(account: Account, inputs: Values) -> None:
    """CreateFunction, and the function's own code for this machine."""
    queue = (inputs.get("deadLetterConfig") or {}).get("targetArn")
    account.client("lambda").create_function(
        FunctionName=inputs["name"],
        Role=inputs["role"],
        Runtime=inputs["runtime"],
        Handler=inputs["handler"],
        Code={"ZipFile": _archive()},
        Layers=inputs.get("layers", []),
        Environment=_environment(inputs),
        **({"DeadLetterConfig": {"TargetArn": queue}} if queue else {}),
    )
    CREATORS["lambda:Function"](account, inputs)


def function_changed(account: Account, inputs: Values) -> None:
    """UpdateFunctionConfiguration; the next start is cold."""
    account.client("lambda").update_function_configuration(
        FunctionName=inputs["name"], Environment=_environment(inputs)
    )
    CREATORS["lambda:Function"](account, inputs)


def _environment(inputs: Values) -> dict[str, dict[str, str]]:
    return {"Variables": dict(inputs["environment"]["variables"])}


def _arn_of(account: Account, function: str) -> str:
    return f"arn:aws:lambda:{account.region}:{account.number}:function:{function}"


def function_gone(account: Account, function: Resource) -> None:
    """DeleteFunction."""
    account.client("lambda").delete_function(FunctionName=function.inputs["name"])
    functions = account.functions
    if not isinstance(functions, DeployedFunctions):
        raise TypeError("functions that go again are DeployedFunctions")
    functions.remove(_arn_of(account, function.inputs["name"]))


def permission(account: Account, inputs: Values) -> None:
    """AddPermission."""
    account.client("lambda").add_permission(
        FunctionName=inputs["function"],
        StatementId=inputs["principal"].replace(".", "-"),
        Action=inputs["action"],
        Principal=inputs["principal"],
        SourceArn=inputs["sourceArn"],
    )


def permission_gone(account: Account, permission: Resource) -> None:
    """RemovePermission."""
    account.client("lambda").remove_permission(
        FunctionName=permission.inputs["function"], StatementId=permission.inputs["principal"].replace(".", "-")
    )


def retries(account: Account, inputs: Values) -> None:
    """PutFunctionEventInvokeConfig."""
    account.client("lambda").put_function_event_invoke_config(
        FunctionName=inputs["functionName"], MaximumRetryAttempts=int(inputs["maximumRetryAttempts"])
    )


def invoked(account: Account, inputs: Values) -> None:
    """Call the function as for a created invocation."""
    _invoke(account, inputs, "create")


def invoked_last(account: Account, invocation: Resource) -> None:
    """Call the function as for an invocation that is deleted."""
    _invoke(account, invocation.inputs, "delete")


def _invoke(account: Account, inputs: Values, action: str) -> None:
    """Call a function as an `aws_lambda_invocation` of scope CRUD does; an error of the function is the provider's."""
    event = {**json.loads(inputs["input"]), "tf": {"action": action, "prev_input": None}}
    account.functions.invoke(_arn_of(account, inputs["functionName"]), event)


# pipelines and their schedules
def pipeline(account: Account, inputs: Values) -> None:
    """CreatePipeline."""
    account.client("sagemaker").create_pipeline(
        PipelineName=inputs["pipelineName"],
        PipelineDefinition=inputs["pipelineDefinition"],
        RoleArn=inputs["roleArn"],
        ClientRequestToken="t" * 32,
    )


def schedule_group(account: Account, inputs: Values) -> None:
    """CreateScheduleGroup."""
    account.client("scheduler").create_schedule_group(Name=inputs["name"])


def schedule(account: Account, inputs: Values) -> None:
    """CreateSchedule."""
    target = inputs["target"]
    account.client("scheduler").create_schedule(
        Name=inputs["name"],
        GroupName=inputs["groupName"],
        ScheduleExpression=inputs["scheduleExpression"],
        FlexibleTimeWindow={"Mode": inputs["flexibleTimeWindow"]["mode"]},
        Target={"Arn": target["arn"], "RoleArn": target["roleArn"]},
    )
