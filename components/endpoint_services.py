"""The VPC endpoints that platform jobs need, and their policies."""

from collections.abc import Sequence

from components.policy_document import allow, policy

INTERFACE_SERVICES = (
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "events",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "sagemaker.api",
    "sagemaker.runtime",
    "secretsmanager",
    "servicecatalog",
    "ssm",
    "sts",
    "studio",
)
"""Short names. All of them support endpoint policies and private DNS (AWS PrivateLink, integrated services)."""


def service_name(service: str, region: str) -> str:
    """Return the endpoint service name of a short name. Studio's has a form of its own."""
    if service == "studio":
        return f"aws.sagemaker.{region}.studio"
    return f"com.amazonaws.{region}.{service}"


def interface_policy(accounts: Sequence[str]) -> str:
    """Only callers from our own accounts may pass, so stolen foreign credentials cannot carry data out."""
    return policy(
        [
            allow(
                "OurAccountsOnly",
                ["*"],
                ["*"],
                {"StringEquals": {"aws:PrincipalAccount": sorted(set(accounts))}},
                principal="*",
            )
        ]
    )


def s3_policy(accounts: Sequence[str], *, region: str, partition: str) -> str:
    """Our callers reach our buckets; beyond that only the AWS-owned buckets that services read and write for us.

    ECR keeps image layers, CloudFormation answers and SageMaker keeps examples in buckets of their own; requests to
    them may be presigned by the service, so they carry no principal of ours. Sources: the "Minimum Amazon S3 bucket
    permissions" of the ECR guide and the custom-resource page of the CloudFormation guide.
    """
    ours = sorted(set(accounts))
    arn = f"arn:{partition}:s3:::"
    return policy(
        [
            allow(
                "OurBucketsOnly",
                ["s3:*"],
                ["*"],
                {"StringEquals": {"aws:PrincipalAccount": ours, "aws:ResourceAccount": ours}},
                principal="*",
            ),
            allow(
                "ReadAwsOwnedBuckets",
                ["s3:GetObject"],
                [
                    f"{arn}prod-{region}-starport-layer-bucket/*",
                    f"{arn}jumpstart-cache-prod-{region}/*",
                    f"{arn}sagemaker-sample-files/*",
                ],
                principal="*",
            ),
            allow(
                "AnswerCloudFormation",
                ["s3:PutObject"],
                [
                    f"{arn}cloudformation-custom-resource-response-{region.replace('-', '')}/*",
                    f"{arn}cloudformation-waitcondition-{region}/*",
                ],
                principal="*",
            ),
        ]
    )
