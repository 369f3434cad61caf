"""IAM statements of the platform's functions: what any of them needs to run, and what delivery's three do."""

from dataclasses import dataclass

from components.artifact_files import PROMOTED, READABLE_PREFIXES, key_opens_files_of
from components.hosting_policies import scale_and_watch, serve
from components.job_guardrails import deny_approval_of_manual_models
from components.policy_document import Statement, allow, deny, policy
from contracts.names import Names
from contracts.parameters import ParameterPaths

SERVING = "serving"
"""Purpose of the role that endpoints and transform jobs run as."""
TABLE = "deliveries"
RESULTS = "deliveries"
"""Purposes of the table of desired states and of the topic that hears what became of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryScope:
    """What delivery's functions may touch, all values known: the component fills it once the keys exist."""

    names: Names
    parameters: ParameterPaths
    data_key_arn: str
    messages_key_arn: str
    previous: Names | None
    """Names of the environment whose versions are promoted into this one; None in the first."""
    runs_batches: bool = False
    """Whether any model of this stack answers in batches."""
    answers_later: bool = False
    """Whether any model of this stack has an asynchronous endpoint, which answers into the artifact bucket."""

    def arn(self, service: str, resource: str) -> str:
        """ARN of a regional resource of this account."""
        return self.names.arn(service, resource)


def _via(names: Names, service: str) -> dict[str, dict[str, str | list[str]]]:
    """Return the condition that a service uses the key for the role, so that no statement serves another's purpose."""
    return {"StringEquals": {"kms:ViaService": f"{service}.{names.region}.amazonaws.com"}}


def runtime_statements(names: Names, function: str, *, data_key_arn: str, messages_key_arn: str) -> list[Statement]:
    """What Lambda does under a function's role: read its variables, write its logs and traces, keep failed events."""
    log_group = names.arn("logs", f"log-group:{names.log_group(f'functions/{function}')}")
    return [
        allow("WriteOwnLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group}:*"]),
        # Neither action knows a resource.
        allow("WriteTraces", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
        allow("KeepFailedEvents", ["sqs:SendMessage"], [names.queue_arn(f"{function}-failed")]),
        allow("EncryptFailedEvents", ["kms:Decrypt", "kms:GenerateDataKey"], [messages_key_arn], _via(names, "sqs")),
        allow("ReadOwnVariables", ["kms:Decrypt"], [data_key_arn], _via(names, "lambda")),
    ]


def dead_letter_queue_policy(queue_arn: str) -> str:
    """Functions of this account send under their own roles; nobody may do so in clear."""
    return policy(
        [
            deny(
                "RefusePlainHttp",
                ["sqs:*"],
                [queue_arn],
                {"Bool": {"aws:SecureTransport": "false"}},
                principal={"AWS": "*"},
            )
        ]
    )


def promote_statements(scope: DeliveryScope) -> list[Statement]:
    """Read a version of the previous environment, copy its files under our key, register a version of our own.

    Nothing of the previous environment can be changed. What may be read there is decided there too: by the policies of
    its groups, bucket and key.
    """
    names, previous = scope.names, scope.previous
    if previous is None:
        raise ValueError(f"{names.environment} is the first environment: nothing is promoted into it.")
    versions = scope.arn("sagemaker", f"model-package/{names.prefix}-*")
    sources = [f"{previous.bucket_arn('artifacts')}/{prefix}*" for prefix in READABLE_PREFIXES]
    return [
        allow(
            "ReadVersionsOfPreviousEnvironment",
            ["sagemaker:DescribeModelPackage"],
            [previous.arn("sagemaker", f"model-package/{previous.prefix}-*")],
        ),
        # Both stand behind CopyObject and UploadPartCopy of one version; tags are not copied.
        allow("ReadFilesOfPreviousEnvironment", ["s3:GetObject", "s3:GetObjectVersion"], sources),
        allow("FindFilesOfPreviousEnvironment", ["s3:ListBucket"], [previous.bucket_arn("artifacts")]),
        allow(
            "DecryptFilesOfPreviousEnvironment",
            ["kms:Decrypt"],
            # Key ids cannot be computed, so any key that S3 uses for that one bucket; the key's own policy decides.
            [previous.arn("kms", "key/*")],
            key_opens_files_of(previous),
        ),
        allow(
            "WritePromotedFiles",
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            [f"{names.bucket_arn('artifacts')}/{PROMOTED}*"],
        ),
        allow("FindPromotedFiles", ["s3:ListBucket"], [names.bucket_arn("artifacts")]),
        allow(
            "EncryptPromotedFiles",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            [scope.data_key_arn],
            key_opens_files_of(names),
        ),
        allow(
            "RegisterPromotedVersions",
            ["sagemaker:CreateModelPackage"],
            [scope.arn("sagemaker", f"model-package-group/{names.prefix}-*"), versions],
        ),
        deny_approval_of_manual_models(scope.arn("sagemaker", "model-package-group/*")),
        allow("FindOwnVersions", ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"], [versions]),
        allow("FindImageDigests", ["ecr:BatchGetImage"], [_own_images(names)]),
        *_bookkeeping(scope),
    ]


def deploy_statements(scope: DeliveryScope) -> list[Statement]:
    """Record what is wanted, bring the endpoint there, and start batches at their time."""
    batches = allow(
        "RunBatches", ["sagemaker:AddTags", "sagemaker:CreateTransformJob"], [scope.names.transform_jobs_arn]
    )
    return [*([batches] if scope.runs_batches else []), *_reconcile(scope), *_bookkeeping(scope)]


def verify_statements(scope: DeliveryScope) -> list[Statement]:
    """Judge the endpoint, reconcile again, and remove what no deployment needs any more."""
    names = scope.names
    clean_up = [
        allow("FindOldConfigs", ["sagemaker:ListEndpointConfigs"], ["*"]),  # list actions know no resource
        allow(
            "RemoveOldConfigs",
            ["sagemaker:DeleteEndpointConfig", "sagemaker:DeleteModel"],
            [names.endpoint_configs_arn, names.endpoint_models_arn],
        ),
    ]
    return [*_reconcile(scope), *clean_up, *_bookkeeping(scope)]


def _reconcile(scope: DeliveryScope) -> list[Statement]:
    """Both functions end in the same next step, so both may do it."""
    history = allow("ReadHistory", ["dynamodb:Query"], [scope.names.table_arn(TABLE)])
    hosting = serve(scope.names, serving_role_arn=scope.names.role_arn(SERVING), data_key_arn=scope.data_key_arn)
    later = _later_answers(scope) if scope.answers_later else []
    return [*_versions(scope), *hosting, *scale_and_watch(scope.names), *later, history]


def _later_answers(scope: DeliveryScope) -> list[Statement]:
    """Queue the recorded requests of asynchronous endpoints, and look for their answers."""
    names, bucket = scope.names, scope.names.bucket_arn("artifacts")
    endpoints = scope.arn("sagemaker", f"endpoint/{names.prefix}-*")
    return [
        allow("QueueSmokePayloads", ["sagemaker:InvokeEndpointAsync"], [endpoints]),
        allow("WriteSmokePayloads", ["s3:PutObject"], [f"{bucket}/async/*/smoke/*"]),
        allow("ReadLaterAnswers", ["s3:GetObject"], [f"{bucket}/async/*/results/*", f"{bucket}/async/*/failures/*"]),
        allow("FindLaterAnswers", ["s3:ListBucket"], [bucket]),  # without it an answer to come reads as a refusal
        allow(
            "UseKeyOfLaterAnswers",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            [scope.data_key_arn],
            key_opens_files_of(names),
        ),
    ]


def _versions(scope: DeliveryScope) -> list[Statement]:
    versions = scope.arn("sagemaker", f"model-package/{scope.names.prefix}-*")
    return [
        allow(
            "ReadAndRecordOnVersions", ["sagemaker:DescribeModelPackage", "sagemaker:UpdateModelPackage"], [versions]
        ),
        # A metadata write sends no status, so it passes.
        deny(
            "ApproveNothing",
            ["sagemaker:UpdateModelPackage"],
            ["*"],
            {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}},
        ),
    ]


def _bookkeeping(scope: DeliveryScope) -> list[Statement]:
    names = scope.names
    return [
        allow(
            "ReadDeliveryConfigs",
            ["ssm:GetParameter"],
            [scope.arn("ssm", f"parameter{scope.parameters.delivery('*')}")],
        ),
        # A name that was cut does not tell its model, so all of them are looked at.
        allow(
            "FindDeliveryConfigs",
            ["ssm:GetParametersByPath"],
            [scope.arn("ssm", f"parameter{scope.parameters.root}/models")],
        ),
        allow(
            "KeepDesiredStates",
            ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
            [names.table_arn(TABLE)],
        ),
        allow(
            "UseTableKey",
            ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
            [scope.data_key_arn],
            _via(names, "dynamodb"),
        ),
        allow("PublishResults", ["sns:Publish"], [names.topic_arn(RESULTS)]),
        allow("EncryptResults", ["kms:Decrypt", "kms:GenerateDataKey"], [scope.messages_key_arn], _via(names, "sns")),
    ]


def _own_images(names: Names) -> str:
    return f"arn:{names.partition}:ecr:{names.region}:{names.image_account}:repository/{names.image_repository('*')}"
