"""An environment and a registry, in memory, as the platform sets them up; shared by the tests of the library."""

import json

import boto3

ACCOUNT, REGION = "123456789012", "us-east-1"
GROUP = "acme-ml-dev-us-east-1-churn"
GROUP_ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package-group/{GROUP}"
ROOT = f"/acme/ml/preprod/{REGION}"
DIGEST = f"sha256:{'a' * 64}"
VARIABLES = {
    "PROJECT": "churn",
    "MODEL_PACKAGE_GROUP_ARN": GROUP_ARN,
    "NAMES": json.dumps(
        {"organisation": "acme", "unit": "ml", "environment": "preprod", "region": REGION, "account": ACCOUNT}
    ),
    "AWS_REGION": REGION,
    "AWS_ACCOUNT": ACCOUNT,
    "ARTIFACT_BUCKET": "preprod-artifacts",
    "PARAMETER_ROOT": ROOT,
    "SERVING_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/serving",
    "ENDPOINT_NAME": "acme-ml-preprod-us-east-1-churn",
}
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-4333-8444-555555555555"
PARAMETERS = {
    "network/private-subnet-ids": "subnet-11111111,subnet-22222222",
    "network/job-security-group-id": "sg-11111111",
    "encryption/data-key-arn": KEY_ARN,
    "storage/data-bucket": "preprod-data",
}
ARCHIVE = "s3://dev-artifacts/projects/churn/runs/1/model.tar.gz"


class Session(boto3.Session):
    """A session that makes each client once."""

    def client(self, service, region_name=REGION, **_):
        """Return the client of a service; the region is the only one there is."""
        made = self.__dict__.setdefault("_made", {})
        if service not in made:
            made[service] = super().client(service, region_name=region_name)
        return made[service]


def world() -> boto3.Session:
    """Make buckets, parameters, the group and the model archive; call it within mock_aws."""
    session = Session(region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")
    s3, ssm = session.client("s3"), session.client("ssm")
    for bucket in ("dev-artifacts", "preprod-artifacts"):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket="dev-artifacts", Key=ARCHIVE.removeprefix("s3://dev-artifacts/"), Body=b"model")
    for name, value in PARAMETERS.items():
        ssm.put_parameter(Name=f"{ROOT}/{name}", Value=value, Type="String")
    session.client("sagemaker").create_model_package_group(ModelPackageGroupName=GROUP)
    return session


def register(session: boto3.Session, *, status: str = "Approved", **container: object) -> str:
    """Register a version and return its ARN."""
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/churn@{DIGEST}"
    stated = {"Image": image, "ModelDataUrl": ARCHIVE, "Environment": {"SAGEMAKER_PROGRAM": "inference.py"}}
    answer = session.client("sagemaker").create_model_package(
        ModelPackageGroupName=GROUP,
        ModelApprovalStatus=status,
        InferenceSpecification={
            "Containers": [{**stated, **container}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )
    return answer["ModelPackageArn"]
