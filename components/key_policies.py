"""Policies of the customer-managed keys: they name accounts and AWS services, never a role that may not exist."""

from collections.abc import Sequence

from components.delivery_policies import data_key_statements, project_key_statements
from components.policy_document import Statement, allow, policy
from contracts.names import Names

_ADMINISTRATION = [
    "kms:CancelKeyDeletion",
    "kms:Create*",
    "kms:Delete*",
    "kms:Describe*",
    "kms:Disable*",
    "kms:Enable*",
    "kms:Get*",
    "kms:List*",
    "kms:Put*",
    "kms:Revoke*",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:Update*",
]
_USE = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]


def administration(names: Names) -> Statement:
    """Return what the account may do with a key: all but encrypt, decrypt and sign."""
    # Administering a key does not open what it protects.
    return allow("AdministeredByAccount", _ADMINISTRATION, ["*"], principal={"AWS": names.account_root})


DATA_SERVICES = ("dynamodb", "ecr", "elasticfilesystem", "lambda", "s3", "sagemaker", "ssm")
"""Services through which the data key may be used: they hold data, images, homes and the functions' variables.

Studio's home directories are an EFS file system, which whoever creates the domain encrypts with the key
(CreateDomain, `KmsKeyId`): through EFS that takes Decrypt, DescribeKey, GenerateDataKeyWithoutPlaintext and CreateGrant
(EFS guide, "Using AWS KMS keys for Amazon EFS"). EC2 is not here: the volumes of jobs, endpoints and spaces are
SageMaker's, in an account of its own, and are opened by the grant that SageMaker makes in the caller's name.
"""


def data_key_policy(names: Names, following: Names | None = None, *, projects_elsewhere: Sequence[Names] = ()) -> str:
    """Key of data and job volumes: usable by principals of this account whose own policy allows it.

    Use is bound to services that hold data (`kms:ViaService`); a grant can be made for an AWS resource only, which is
    how SageMaker attaches an encrypted volume. `following` is the environment that reads our versions' files;
    `projects_elsewhere` are those in which projects serve what their pipelines made here.
    """
    via = [f"{service}.{names.region}.amazonaws.com" for service in DATA_SERVICES]
    return policy(
        [
            administration(names),
            allow(
                "UsedThroughServices",
                _USE,
                ["*"],
                {"StringEquals": {"kms:CallerAccount": names.account, "kms:ViaService": via}},
                principal={"AWS": names.account_root},
            ),
            allow(
                "GrantedToAwsResources",
                ["kms:CreateGrant"],
                ["*"],
                {
                    "StringEquals": {"kms:CallerAccount": names.account},
                    "Bool": {"kms:GrantIsForAWSResource": "true"},
                },
                principal={"AWS": names.account_root},
            ),
            *(data_key_statements(names, following) if following else []),
            *(project_key_statements(names, projects_elsewhere) if projects_elsewhere else []),
        ]
    )


def logs_key_policy(names: Names) -> str:
    """Key of the log groups: CloudWatch Logs may use it for log groups of this account and region only."""
    log_groups = names.arn("logs", "log-group:*")
    return policy(
        [
            administration(names),
            allow(
                "UsedByCloudWatchLogs",
                ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                ["*"],
                {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
                principal={"Service": f"logs.{names.region}.amazonaws.com"},
            ),
        ]
    )


def messages_key_policy(names: Names) -> str:
    """Key of topics and queues: the services that publish for this account may use it."""
    return policy(
        [
            administration(names),
            allow(
                "UsedByPublishingServices",
                ["kms:Decrypt", "kms:GenerateDataKey*"],
                ["*"],
                {"StringEquals": {"aws:SourceAccount": names.account}},
                principal={"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com", "sns.amazonaws.com"]},
            ),
            allow(
                "UsedThroughServices",
                _USE,
                ["*"],
                {
                    "StringEquals": {
                        "kms:CallerAccount": names.account,
                        "kms:ViaService": [f"{s}.{names.region}.amazonaws.com" for s in ("sns", "sqs")],
                    }
                },
                principal={"AWS": names.account_root},
            ),
        ]
    )
