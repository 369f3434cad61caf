"""What one environment lets another do: resource policies that name an account, never a role that may not exist yet.

AWS refuses a policy whose principal does not exist, so each names the other account's root, which always exists, and
says by `aws:PrincipalArn` which one of its roles is meant. So the three stacks come up in any order.
"""

from collections.abc import Sequence

from components.function_policies import READABLE_PREFIXES
from components.policy_document import Statement, allow, deny, policy
from contracts.delivery_events import MODEL_PACKAGE_CHANGE, SOURCE
from contracts.names import Names

FORWARD = "forward"
"""Purpose of the role with which rules hand approvals to the next environment's bus."""
PROMOTE = "promote"
"""Purpose of the function, and so of the role, that promotes versions."""

_PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def _one_role(names: Names, purpose: str) -> dict[str, str]:
    return {"aws:PrincipalArn": names.role_arn(purpose)}


def event_bus_policy(names: Names, previous: Names) -> str:
    """Let the previous environment put approvals on our bus, and nothing else."""
    return policy(
        [
            allow(
                "ApprovalsOfPreviousEnvironment",
                ["events:PutEvents"],
                [names.event_bus_arn],
                {
                    "ArnEquals": _one_role(previous, FORWARD),
                    "StringEquals": {"events:detail-type": MODEL_PACKAGE_CHANGE, "events:source": SOURCE},
                },
                principal={"AWS": previous.account_root},
            )
        ]
    )


def forward_statements(following: Names) -> list[Statement]:
    """What the forwarding role does: put events on the next environment's bus."""
    return [allow("ForwardApprovals", ["events:PutEvents"], [following.event_bus_arn])]


def package_group_policy(names: Names, following: Names, model: str) -> str:
    """Let the next environment's promotion read versions of a model's group."""
    group = names.model_package_group_arn(model)
    versions = group.replace(":model-package-group/", ":model-package/")
    principal = {"AWS": following.account_root}
    condition = {"ArnEquals": _one_role(following, PROMOTE)}
    return policy(
        [
            allow(
                "ReadByNextEnvironment",
                ["sagemaker:DescribeModelPackageGroup"],
                [group],
                condition,
                principal=principal,
            ),
            allow(
                "ReadVersionsByNextEnvironment",
                ["sagemaker:DescribeModelPackage"],
                [f"{versions}/*"],
                condition,
                principal=principal,
            ),
        ]
    )


def artifact_bucket_statements(names: Names, following: Names) -> list[Statement]:
    """Let the next environment's promotion read the files of versions."""
    bucket, principal = names.bucket_arn("artifacts"), {"AWS": following.account_root}
    condition = {"ArnEquals": _one_role(following, PROMOTE)}
    return [
        allow(
            "ReadByNextEnvironment",
            ["s3:GetObject", "s3:GetObjectVersion"],
            [f"{bucket}/{prefix}*" for prefix in READABLE_PREFIXES],
            condition,
            principal=principal,
        ),
        # Without it a missing file reads as a refusal.
        allow("ListByNextEnvironment", ["s3:ListBucket"], [bucket], condition, principal=principal),
    ]


def data_key_statements(names: Names, following: Names) -> list[Statement]:
    """Let the next environment's promotion decrypt what it reads from the artifact bucket, and only that."""
    bucket = names.bucket_arn("artifacts")
    return [
        allow(
            "DecryptedByNextEnvironment",
            ["kms:Decrypt"],
            ["*"],
            {
                "ArnEquals": _one_role(following, PROMOTE),
                "StringEquals": {"kms:ViaService": f"s3.{names.region}.amazonaws.com"},
                # With a bucket key the context is the bucket, without one the object.
                "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket, f"{bucket}/*"]},
            },
            principal={"AWS": following.account_root},
        )
    ]


def image_repository_policy(own: str, accounts: Sequence[str], *, partition: str) -> str:
    """Let the environments' other accounts pull, and SageMaker on behalf of any of them; `own` holds the repository.

    Which of their roles may pull is decided there, by the roles' own policies: endpoints, training and promotion do.
    """
    others = [f"arn:{partition}:iam::{account}:root" for account in sorted(set(accounts) - {own})]
    by_accounts = allow("PulledByOtherEnvironments", _PULL, [], principal={"AWS": others})
    by_sagemaker = allow(
        "PulledBySageMaker",
        _PULL,
        [],
        {"StringEquals": {"aws:SourceAccount": sorted({own, *accounts})}},
        principal={"Service": "sagemaker.amazonaws.com"},
    )
    statements = [by_accounts, by_sagemaker] if others else [by_sagemaker]
    # A repository policy speaks of its own repository; ECR refuses a Resource.
    return policy([{key: value for key, value in s.items() if key != "Resource"} for s in statements])


def result_topic_policy(names: Names, topic: str) -> str:
    """Functions publish under their own roles, and the endpoints' alarms as CloudWatch; nobody may do so in clear."""
    return policy(
        [
            allow(
                "PublishedByAlarms",
                ["sns:Publish"],
                [names.topic_arn(topic)],
                {
                    "StringEquals": {"aws:SourceAccount": names.account},
                    "ArnLike": {
                        "aws:SourceArn": (
                            f"arn:{names.partition}:cloudwatch:{names.region}:{names.account}:alarm:{names.prefix}-*"
                        )
                    },
                },
                principal={"Service": "cloudwatch.amazonaws.com"},
            ),
            deny(
                "RefusePlainHttp",
                ["sns:Publish"],
                [names.topic_arn(topic)],
                {"Bool": {"aws:SecureTransport": "false"}},
                principal={"AWS": "*"},
            ),
        ]
    )
