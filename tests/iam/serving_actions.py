"""What SageMaker asks for under the serving role because of what a function created: files, image, key, interfaces.

Source: SageMaker guide, "How to use SageMaker execution roles", CreateModel API, with its parts for a VPC and for KMS,
and "Give SageMaker AI hosted endpoints access to resources in your Amazon VPC".
"""

import re

from tests.iam.implied_actions import _data_key, _via
from tests.iam.requests import Row, bucket_and_key, nothing_else, object_arn

SOURCE = "SageMaker guide, execution roles, CreateModel API"
_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[a-z.]+/(?P<repository>[^:@]+)")
_MODEL = ("sagemaker:CreateModel",)
_CONFIG = ("sagemaker:CreateEndpointConfig",)
_JOB = ("sagemaker:CreateTransformJob",)


def _under(place):
    """An object under the URI that a request names, as SageMaker reads or writes it."""

    def resources(p, s):
        uri = place(p)
        if not uri:
            return []
        bucket, key = bucket_and_key(uri)
        return [object_arn(s, bucket, key if key.endswith(".gz") else f"{key.rstrip('/')}/0001")]

    return resources


def _inside(p, *path):
    for name in path:
        p = (p or {}).get(name)
    return p


def _image(p, s):
    found = _IMAGE.match(p["PrimaryContainer"]["Image"])
    return [f"arn:{s.names.partition}:ecr:{found['region']}:{found['account']}:repository/{found['repository']}"]


def _in_vpc(kinds):
    def resources(p, s):
        vpc = p.get("VpcConfig")
        if vpc is None:
            return []
        ids = {"network-interface": ["eni-0a"], "subnet": vpc["Subnets"], "security-group": vpc["SecurityGroupIds"]}
        return [s.arn("ec2", f"{kind}/{each}") for kind in kinds for each in ids[kind]]

    return resources


def _subnet(p, s, call):
    return {"ec2:Subnet": s.arn("ec2", f"subnet/{p['VpcConfig']['Subnets'][0]}")} if "VpcConfig" in p else {}


def _describes_network(p, s):
    return ["*"] if "VpcConfig" in p else []


def _row(calls, action, resources, **more):
    return Row(calls, action, resources, SOURCE, role="serving", **more)


_INPUT = ("TransformInput", "DataSource", "S3DataSource", "S3Uri")
_ASYNC = ("AsyncInferenceConfig", "OutputConfig")
SERVING = [
    _row(_MODEL, "s3:GetObject", _under(lambda p: p["PrimaryContainer"]["ModelDataUrl"])),
    *(_row(_MODEL, action, _data_key, context=_via("s3")) for action in ("kms:Decrypt", "kms:GenerateDataKey")),
    _row(_MODEL, "ecr:GetAuthorizationToken", nothing_else),
    *(_row(_MODEL, f"ecr:{action}", _image)
      for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")),
    _row(_MODEL, "ec2:CreateNetworkInterface", _in_vpc(["network-interface", "subnet", "security-group"])),
    *(_row(_MODEL, f"ec2:{action}", _in_vpc(["network-interface"]), context=_subnet)
      for action in ("CreateNetworkInterfacePermission", "DeleteNetworkInterface", "DeleteNetworkInterfacePermission")),
    *(_row(_MODEL, f"ec2:Describe{what}", _describes_network)
      for what in ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")),
    _row(_CONFIG, "s3:PutObject", _under(lambda p: _inside(p, "DataCaptureConfig", "DestinationS3Uri"))),
    *(_row(_CONFIG, "s3:PutObject", _under(lambda p, name=name: _inside(p, *_ASYNC, name)))
      for name in ("S3OutputPath", "S3FailurePath")),
    _row(_JOB, "s3:GetObject", _under(lambda p: _inside(p, *_INPUT))),
    _row(_JOB, "s3:ListBucket",
         lambda p, s: [f"arn:{s.names.partition}:s3:::{bucket_and_key(_inside(p, *_INPUT))[0]}"]),
    _row(_JOB, "s3:PutObject", _under(lambda p: _inside(p, "TransformOutput", "S3OutputPath"))),
]  # fmt: skip
"""Requests of the role that endpoints and transform jobs run as; none of them is asked of a function's role."""
