"""The table of implied actions: what AWS asks of a call's role beside the action that the call is named after.

Every row names its source. `DOES_NOT_APPLY` says of the reference's other dependent actions why ours do not need them.
"""

from tests.iam.requests import Request, Row, bucket_and_key, object_arn

_S3_KMS = "S3 API reference, Permissions of {}: kms:{} on the key of an object under SSE-KMS"
_SAGEMAKER = "SageMaker guide, API permissions reference"
_SCALING = "SageMaker guide, auto scaling prerequisites"
_SERVICE_ROLE = "Application Auto Scaling guide, SageMaker: the service-linked role is created at registration"
_SLR = "sagemaker.application-autoscaling.amazonaws.com"
CREATIONS = {
    "CreateModel": ("model", "ModelName"),
    "CreateEndpointConfig": ("endpoint-config", "EndpointConfigName"),
    "CreateEndpoint": ("endpoint", "EndpointName"),
    "CreateTransformJob": ("transform-job", "TransformJobName"),
}


# keys
def _via(service):
    return lambda p, s, call: {
        "kms:ViaService": f"{service}.{s.names.region}.amazonaws.com",
        "kms:CallerAccount": s.names.account,
    }


def _data_key(p, s):
    return [s.data_key]


def _messages_key(p, s):
    return [s.messages_key]


def _key_of(p, s, bucket):
    """The key of the stack, this or the previous one, whose artifacts a bucket holds."""
    owners = [o for o in (s, s.previous) if o is not None and o.names.bucket("artifacts") == bucket]
    return [owner.data_key for owner in owners]


def _read_bucket(p):
    return bucket_and_key(p["CopySource"])[0] if "CopySource" in p else p["Bucket"]


def _s3(*, source):
    """Through S3, with the bucket as encryption context: buckets have a bucket key (S3 user guide, bucket keys)."""

    def context(p, s, call):
        bucket = _read_bucket(p) if source else p["Bucket"]
        arn = f"arn:{s.names.partition}:s3:::{bucket}"
        return _via("s3")(p, s, call) | {"kms:EncryptionContext:aws:s3:arn": arn}

    return context


def _granted(p, s, call):
    return _via("sagemaker")(p, s, call) | {"kms:GrantIsForAWSResource": "true"}


_READS = ("s3:GetObject", "s3:HeadObject", "s3:CopyObject", "s3:UploadPartCopy")
_WRITES = (
    "s3:PutObject",
    "s3:CopyObject",
    "s3:CreateMultipartUpload",
    "s3:UploadPartCopy",
    "s3:CompleteMultipartUpload",
)
_TABLE_READS = ("dynamodb:GetItem", "dynamodb:Query")
_TABLE_WRITES = ("dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:TransactWriteItems", "dynamodb:UpdateItem")
_DYNAMODB = "DynamoDB guide, encryption at rest: used on behalf of who accesses the table; aws-cdk, grants of Table"
KEYS = [
    Row(_READS, "kms:Decrypt", lambda p, s: _key_of(p, s, _read_bucket(p)), _S3_KMS.format("HeadObject", "Decrypt"),
        context=_s3(source=True)),
    Row(_WRITES, "kms:GenerateDataKey", lambda p, s: _key_of(p, s, p["Bucket"]),
        _S3_KMS.format("CopyObject, CreateMultipartUpload", "GenerateDataKey"), context=_s3(source=False)),
    Row(_WRITES, "kms:Decrypt", lambda p, s: _key_of(p, s, p["Bucket"]),
        _S3_KMS.format("UploadPartCopy, CompleteMultipartUpload", "Decrypt"), context=_s3(source=False)),
    *(Row((*_TABLE_READS, *_TABLE_WRITES), action, _data_key, _DYNAMODB, context=_via("dynamodb"))
      for action in ("kms:Decrypt", "kms:DescribeKey")),
    Row(_TABLE_WRITES, "kms:GenerateDataKey", _data_key, _DYNAMODB, context=_via("dynamodb")),
    *(Row(("sns:Publish",), action, _messages_key,
          "SNS guide, key management: a publisher needs kms:GenerateDataKey and kms:Decrypt", context=_via("sns"))
      for action in ("kms:Decrypt", "kms:GenerateDataKey")),
    Row(("sagemaker:CreateEndpoint", "sagemaker:UpdateEndpoint"), "kms:CreateGrant", _data_key,
        f"{_SAGEMAKER}, CreateEndpoint: where the endpoint config has a KmsKeyId", context=_granted),
    Row(("sagemaker:CreateTransformJob",), "kms:CreateGrant",
        lambda p, s: _data_key(p, s) if "VolumeKmsKeyId" in p["TransformResources"] else [],
        f"{_SAGEMAKER}, CreateTransformJob: where TransformResources has a VolumeKmsKeyId", context=_granted),
]  # fmt: skip


# copies, roles, tags, scaling
def _absent(p, s):
    return [f"arn:{s.names.partition}:s3:::{p['Bucket']}"]


def _tags(p, s):
    return [object_arn(s, p["Bucket"], p["Key"])] if p.get("Tagging") or p.get("TaggingDirective") != "REPLACE" else []


def _source_unless(member, value):
    return lambda p, s: [] if p.get(member) == value else [object_arn(s, *bucket_and_key(p["CopySource"]))]


def _target_alarm(p, s):
    return [s.arn("cloudwatch", f"alarm:TargetTracking-{p['ResourceId']}-AlarmHigh-0a1b2c3d")]


def _service_linked_role(p, s):
    role = f"role/aws-service-role/{_SLR}/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    return [f"arn:{s.names.partition}:iam::{s.names.account}:{role}"]


def _tagged(kind, member):
    return lambda p, s: [s.arn("sagemaker", f"{kind}/{p[member]}")] if p.get("Tags") else []


OTHERS = [
    Row(("s3:GetObject", "s3:HeadObject"), "s3:ListBucket", _absent,
        "S3 API reference, HeadObject, Permissions: without it an absent key is 403 and not 404"),
    *(Row(("s3:CopyObject",), action, resources, "S3 API reference, CopyObject, TaggingDirective: COPY is the default")
      for action, resources in (("s3:PutObjectTagging", _tags),
                                ("s3:GetObjectTagging", _source_unless("TaggingDirective", "REPLACE")))),
    Row(("s3:CopyObject",), "s3:GetObjectAnnotation", _source_unless("AnnotationDirective", "EXCLUDE"),
        "S3 API reference, CopyObject, AnnotationDirective: COPY is the default"),
    Row(("sagemaker:CreateModel",), "iam:PassRole", lambda p, s: [p["ExecutionRoleArn"]],
        "SageMaker API reference, CreateModel, ExecutionRoleArn",
        context=lambda p, s, call: {"iam:PassedToService": "sagemaker.amazonaws.com"}),
    *(Row((f"sagemaker:{operation}",), "sagemaker:AddTags", _tagged(*named),
          "Service Authorization Reference, dependent actions: where tags are given")
      for operation, named in CREATIONS.items()),
    Row(("application-autoscaling:RegisterScalableTarget",), "iam:CreateServiceLinkedRole", _service_linked_role,
        _SERVICE_ROLE, context=lambda p, s, call: {"iam:AWSServiceName": _SLR}),
    *(Row(("application-autoscaling:RegisterScalableTarget",), f"sagemaker:{action}",
          lambda p, s: [s.arn("sagemaker", "/".join(p["ResourceId"].split("/")[:2]))], _SCALING)
      for action in ("DescribeEndpoint", "UpdateEndpointWeightsAndCapacities")),
    *(Row(("application-autoscaling:PutScalingPolicy",), f"cloudwatch:{action}", _target_alarm, _SCALING)
      for action in ("DescribeAlarms", "PutMetricAlarm")),
    Row(("application-autoscaling:PutScalingPolicy", "application-autoscaling:DeregisterScalableTarget"),
        "cloudwatch:DeleteAlarms", _target_alarm,
        f"{_SCALING}; Application Auto Scaling API reference, DeregisterScalableTarget: policies and alarms go too"),
]  # fmt: skip
IMPLIED = [*KEYS, *OTHERS]
DOES_NOT_APPLY = {
    ("sagemaker:CreateEndpointConfig", "iam:PassRole"): "only with ExecutionRoleArn, for inference components",
    ("sagemaker:CreateModelPackage", "sagemaker:AddTags"): "only with Tags, which a version in a group cannot have",
    ("application-autoscaling:RegisterScalableTarget", "application-autoscaling:TagResource"): "only with Tags",
}
"""Dependent actions of the reference that our calls do not lead to; `test_tables.py` checks the parameters."""


# what Lambda does under the role, whatever the function calls
RUNTIME_SOURCES = {
    "logs": "Lambda guide, execution role: AWSLambdaBasicExecutionRole; the stack creates the group itself",
    "xray": "Lambda guide, visualize invocations with X-Ray: execution role permissions",
    "sqs": "Lambda guide, dead-letter queues: the execution role sends; SQS guide, key permissions of a producer",
    "kms": "Lambda guide, securing environment variables: kms:Decrypt for the execution role",
}


def runtime_requests(function, stack):
    """Yield what Lambda asks for under a function's role."""
    names = stack.names
    stream = stack.arn("logs", f"log-group:{names.log_group(f'functions/{function}')}:log-stream:2026/01/01/[$LATEST]0")
    key = {service: tuple(sorted(_via(service)({}, stack, None).items())) for service in ("sqs", "lambda")}
    for action, resource, context, because in (
        ("logs:CreateLogStream", stream, (), "logs"),
        ("logs:PutLogEvents", stream, (), "logs"),
        ("xray:PutTraceSegments", "*", (), "xray"),
        ("xray:PutTelemetryRecords", "*", (), "xray"),
        ("sqs:SendMessage", names.queue_arn(f"{function}-failed"), (), "sqs"),
        ("kms:Decrypt", stack.messages_key, key["sqs"], "sqs"),
        ("kms:GenerateDataKey", stack.messages_key, key["sqs"], "sqs"),
        ("kms:Decrypt", stack.data_key, key["lambda"], "kms"),
    ):
        yield Request(function, action, resource, RUNTIME_SOURCES[because], context)
