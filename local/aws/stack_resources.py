"""Creates in the embedded AWS what a stack's program registered, from the very inputs that AWS would get."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from local.aws.server import EmbeddedAws
from local.functions import Function, Functions
from local.runner.registration import ensure_group
from local.runner.storage import Storage

Inputs = Mapping[str, Any]
SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105  # not one: the key that marks a wrapped value
"""Pulumi's special signature key (pulumi.runtime.rpc)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Where a stack comes about."""

    aws: EmbeddedAws
    functions: Functions
    number: str
    """Account id, 12 digits."""
    region: str

    def client(self, service: str) -> Any:  # boto3 has no client types
        """Return a client of this account."""
        return self.aws.client(service, self.number, self.region)


def bring_up(account: Account, resources: Mapping[tuple[str, str], Inputs]) -> None:
    """Create the resources, given by short type and logical name, that have an effect on this machine."""
    order = list(CREATORS)
    known = [(kind, inputs) for (kind, _), inputs in resources.items() if kind in CREATORS]
    for kind, inputs in sorted(known, key=lambda resource: order.index(resource[0])):
        CREATORS[kind](account, clear(inputs))


def clear(value: Any) -> Any:  # JSON
    """Return inputs with secrets unwrapped, as a provider sees them."""
    if isinstance(value, Mapping):
        return clear(value["value"]) if SECRET in value else {key: clear(item) for key, item in value.items()}
    return [clear(item) for item in value] if isinstance(value, list) else value


def unless_there(call: Callable[..., Any], **arguments: object) -> None:
    """Create something; that it exists already, as after an earlier command, is fine."""
    try:
        call(**arguments)
    except ClientError as error:
        if not any(
            word in str(error) for word in ("already exist", "AlreadyExists", "ResourceInUse", "QueueNameExists")
        ):
            raise


def _bucket(account: Account, inputs: Inputs) -> None:
    Storage(account.client("s3")).ensure_bucket(inputs["bucket"])


def _group(account: Account, inputs: Inputs) -> None:
    tags = [{"Key": key, "Value": value} for key, value in inputs.get("tags", {}).items()]
    ensure_group(account.client("sagemaker"), inputs["modelPackageGroupName"], Tags=tags)


def _group_policy(account: Account, inputs: Inputs) -> None:
    account.client("sagemaker").put_model_package_group_policy(
        ModelPackageGroupName=inputs["modelPackageGroupName"], ResourcePolicy=inputs["resourcePolicy"]
    )


def _table(account: Account, inputs: Inputs) -> None:
    keys = [("HASH", inputs["hashKey"]), *([("RANGE", inputs["rangeKey"])] if inputs.get("rangeKey") else [])]
    unless_there(
        account.client("dynamodb").create_table,
        TableName=inputs["name"],
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": key, "KeyType": kind} for kind, key in keys],
        AttributeDefinitions=[{"AttributeName": a["name"], "AttributeType": a["type"]} for a in inputs["attributes"]],
    )


def _parameter(account: Account, inputs: Inputs) -> None:
    account.client("ssm").put_parameter(Name=inputs["name"], Type=inputs["type"], Value=inputs["value"], Overwrite=True)


def _queue(account: Account, inputs: Inputs) -> None:
    unless_there(account.client("sqs").create_queue, QueueName=inputs["name"])


def _topic(account: Account, inputs: Inputs) -> None:
    account.client("sns").create_topic(Name=inputs["name"])


def _repository(account: Account, inputs: Inputs) -> None:
    unless_there(account.client("ecr").create_repository, repositoryName=inputs["name"])


def _repository_policy(account: Account, inputs: Inputs) -> None:
    account.client("ecr").set_repository_policy(repositoryName=inputs["repository"], policyText=inputs["policy"])


def _alarm(account: Account, inputs: Inputs) -> None:
    account.client("cloudwatch").put_metric_alarm(
        AlarmName=inputs["name"],
        Namespace=inputs.get("namespace", "none"),
        MetricName=inputs.get("metricName", "none"),
        Statistic=inputs.get("statistic", "Sum"),
        Period=int(inputs.get("period", 60)),
        EvaluationPeriods=int(inputs.get("evaluationPeriods", 1)),
        Threshold=float(inputs.get("threshold", 0)),
        ComparisonOperator=inputs["comparisonOperator"],
    )


def _bus(account: Account, inputs: Inputs) -> None:
    unless_there(account.client("events").create_event_bus, Name=inputs["name"])


def _bus_policy(account: Account, inputs: Inputs) -> None:
    account.client("events").put_permission(EventBusName=inputs["eventBusName"], Policy=inputs["policy"])


def _rule(account: Account, inputs: Inputs) -> None:
    if pattern := inputs.get("eventPattern"):
        account.client("events").put_rule(
            Name=inputs["name"], EventPattern=pattern, EventBusName=inputs.get("eventBusName") or "default"
        )


def _target(account: Account, inputs: Inputs) -> None:
    more = {"RoleArn": inputs["roleArn"]} if inputs.get("roleArn") else {}
    if queue := (inputs.get("deadLetterConfig") or {}).get("arn"):
        more["DeadLetterConfig"] = {"Arn": queue}
    account.client("events").put_targets(
        Rule=inputs["rule"],
        EventBusName=inputs.get("eventBusName") or "default",
        Targets=[{"Id": inputs["targetId"], "Arn": _lambda_arn(inputs["arn"]), **more}],
    )


def _lambda_arn(arn: str) -> str:
    """Return a function's ARN with the colon that Lambda writes, where the mock runtime made up a slash."""
    return arn.replace(":function/", ":function:", 1)


def _function(account: Account, inputs: Inputs) -> None:
    queue = (inputs.get("deadLetterConfig") or {}).get("targetArn")
    account.functions.add(
        Function(
            arn=f"arn:aws:lambda:{account.region}:{account.number}:function:{inputs['name']}",
            handler=inputs["handler"],
            role=inputs["role"].rsplit("/", 1)[-1],
            environment=inputs["environment"]["variables"],
            dead_letter_queue=queue,
            timeout_seconds=int(inputs.get("timeout", 3)),  # Lambda's default
            memory_mb=int(inputs.get("memorySize", 128)),
            code_sha256=inputs.get("sourceCodeHash"),
        )
    )


def _alias(account: Account, inputs: Inputs) -> None:
    arn = f"arn:aws:lambda:{account.region}:{account.number}:function:{inputs['functionName']}"
    (function,) = (each for each in account.functions.deployed if each.arn == arn)
    account.functions.add(replace(function, aliases=function.aliases | {inputs["name"]}))


def _schedule_group(account: Account, inputs: Inputs) -> None:
    unless_there(account.client("scheduler").create_schedule_group, Name=inputs["name"])


def _schedule(account: Account, inputs: Inputs) -> None:
    """Create a schedule that can be looked at; nothing on this machine waits for its time."""
    target = inputs["target"]
    group = {"GroupName": inputs["groupName"]} if inputs.get("groupName") else {}
    unless_there(
        account.client("scheduler").create_schedule,
        Name=inputs["name"],
        ScheduleExpression=inputs["scheduleExpression"],
        FlexibleTimeWindow={"Mode": "OFF"},
        State=inputs.get("state", "ENABLED"),
        Target={"Arn": _lambda_arn(target["arn"]), "RoleArn": target["roleArn"]},
        **group,
    )


def _pipeline(account: Account, inputs: Inputs) -> None:
    client, name = account.client("sagemaker"), inputs["pipelineName"]
    same = {"PipelineName": name, "PipelineDefinition": inputs["pipelineDefinition"], "RoleArn": inputs["roleArn"]}
    there = client.list_pipelines(PipelineNamePrefix=name)["PipelineSummaries"]
    if any(each["PipelineName"] == name for each in there):
        client.update_pipeline(**same)
    else:
        client.create_pipeline(**same, ClientRequestToken=uuid.uuid4().hex)


CREATORS: dict[str, Callable[[Account, Inputs], None]] = {
    "s3:Bucket": _bucket,
    "s3:BucketV2": _bucket,
    "sagemaker:ModelPackageGroup": _group,
    "sagemaker:ModelPackageGroupPolicy": _group_policy,
    "dynamodb:Table": _table,
    "ssm:Parameter": _parameter,
    "sqs:Queue": _queue,
    "sns:Topic": _topic,
    "ecr:Repository": _repository,
    "ecr:RepositoryPolicy": _repository_policy,
    "cloudwatch:MetricAlarm": _alarm,
    "cloudwatch:EventBus": _bus,
    "cloudwatch:EventBusPolicy": _bus_policy,
    "cloudwatch:EventRule": _rule,
    "cloudwatch:EventTarget": _target,
    "lambda:Function": _function,
    "lambda:Alias": _alias,
    "sagemaker:Pipeline": _pipeline,
    "scheduler:ScheduleGroup": _schedule_group,
    "scheduler:Schedule": _schedule,
}
"""How each type of resource comes about, in the order in which they need each other. Roles, keys and network have no
effect on this machine: it checks no policies and encrypts nothing."""
