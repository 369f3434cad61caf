"""Policies of the customer-managed keys: they name the account and AWS services, never a role that may not exist."""

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


def _administration(names: Names) -> Statement:
    # Without encryption or decryption: administering a key does not open what it protects.
    return allow("AdministeredByAccount", _ADMINISTRATION, ["*"], principal={"AWS": names.account_root})


def data_key_policy(names: Names) -> str:
    """Key of buckets and job volumes: usable by principals of this account whose own policy allows it.

    Use is bound to S3, SageMaker and SSM (`kms:ViaService`); a grant can be made for an AWS resource only, which is how
    SageMaker attaches an encrypted volume.
    """
    via = [f"{service}.{names.region}.amazonaws.com" for service in ("s3", "sagemaker", "ssm")]
    return policy(
        [
            _administration(names),
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
        ]
    )


def logs_key_policy(names: Names) -> str:
    """Key of the log groups: CloudWatch Logs may use it for log groups of this account and region only."""
    log_groups = f"arn:{names.partition}:logs:{names.region}:{names.account}:log-group:*"
    return policy(
        [
            _administration(names),
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
            _administration(names),
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
