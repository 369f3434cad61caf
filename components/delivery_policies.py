"""What one environment lets another do: resource policies that name an account, never a role that may not exist yet.

AWS refuses a policy whose principal does not exist, so each names the other account's root, which always exists, and
says by `aws:PrincipalArn` which one of its roles is meant. So the three stacks come up in any order.
"""

from collections.abc import Sequence

from components.artifact_files import READABLE_PREFIXES, key_opens_files_of
from components.policy_document import Statement, allow, deny, policy
from contracts.delivery_events import MODEL_PACKAGE_CHANGE, SOURCE
from contracts.names import Names
from contracts.project_access import RUNS, project_prefix

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
    """Let the next environment's promotion read versions of a model's group; of the group itself it asks nothing."""
    versions = names.model_package_group_arn(model).replace(":model-package-group/", ":model-package/")
    return policy(
        [
            allow(
                "ReadVersionsByNextEnvironment",
                ["sagemaker:DescribeModelPackage"],
                [f"{versions}/*"],
                {"ArnEquals": _one_role(following, PROMOTE)},
                principal={"AWS": following.account_root},
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
    return [
        allow(
            "DecryptedByNextEnvironment",
            ["kms:Decrypt"],
            ["*"],
            {"ArnEquals": _one_role(following, PROMOTE), **key_opens_files_of(names)},
            principal={"AWS": following.account_root},
        )
    ]


def project_reader_statements(names: Names, others: Sequence[Names]) -> list[Statement]:
    """Let the deploy roles of projects in the other environments read files of projects' runs in the artifact bucket.

    Of which project is said by the role's own statement (`contracts.project_access`): between accounts both decide.
    """
    bucket, runs = names.bucket_arn("artifacts"), f"{project_prefix('*')}{RUNS}"
    principal, condition = {"AWS": _accounts(others)}, _project_roles(others)
    return [
        allow(
            "RunsReadByProjects",
            ["s3:GetObject", "s3:GetObjectVersion"],
            [f"{bucket}/{runs}*"],
            condition,
            principal=principal,
        ),
        # Without it a missing file reads as a refusal.
        allow(
            "RunsListedByProjects",
            ["s3:ListBucket"],
            [bucket],
            {**condition, "StringLike": {"s3:prefix": f"{runs}*"}},
            principal=principal,
        ),
    ]


def project_key_statements(names: Names, others: Sequence[Names]) -> list[Statement]:
    """Let the deploy roles of projects in the other environments decrypt what they read from the artifact bucket."""
    return [
        allow(
            "DecryptedByProjects",
            ["kms:Decrypt"],
            ["*"],
            {**_project_roles(others), **key_opens_files_of(names)},
            principal={"AWS": _accounts(others)},
        )
    ]


def _accounts(others: Sequence[Names]) -> str | list[str]:
    # One account for all environments is possible; AWS gives a list of one back as a plain string.
    roots = sorted({other.account_root for other in others})
    return roots[0] if len(roots) == 1 else roots


def _project_roles(others: Sequence[Names]) -> dict[str, dict[str, list[str]]]:
    return {"ArnLike": {"aws:PrincipalArn": sorted(other.project_roles_arn for other in others)}}


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
                    "ArnLike": {"aws:SourceArn": (names.arn("cloudwatch", f"alarm:{names.prefix}-*"))},
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
