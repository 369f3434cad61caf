"""IAM statements of the functions that make projects, vend their roles and start their workflows."""

from collections.abc import Sequence

from components.artifact_files import key_opens_files_of
from components.github_app_key import signing_statements
from components.policy_document import Statement, allow, policy
from contracts import publication
from contracts.names import Names
from contracts.projects import GROUP_TAG, TABLE

PROVISION, PUBLISH, TRIGGER, VEND = "provision", "publish", "trigger", "vend"
REQUEST = "project-request"
"""Purpose of the role, in each account, as which dev's provisioning function asks for a deploy role there."""


def vend_statements(names: Names) -> list[Statement]:
    """Make, correct and delete project roles, and no role that is not under the boundary."""
    roles = [names.project_roles_arn]
    bounded = {"StringEquals": {"iam:PermissionsBoundary": names.boundary_arn("project")}}
    return [
        allow("MakeBoundedRoles", ["iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePolicy"], roles, bounded),
        # None of these can widen what a bounded role may do.
        allow("KeepRoles", ["iam:DeleteRole", "iam:GetRole", "iam:TagRole", "iam:UpdateAssumeRolePolicy"], roles),
    ]


def request_role_trust_policy(development: Names) -> str:
    """Let dev's provisioning function, and nobody else there, ask for roles here."""
    return policy(
        [
            {
                "Sid": "AskedByProvisioning",
                "Effect": "Allow",
                "Action": ["sts:AssumeRole"],
                "Principal": {"AWS": development.account_root},
                "Condition": {"ArnEquals": {"aws:PrincipalArn": development.role_arn(PROVISION)}},
            }
        ]
    )


def request_role_statements(names: Names) -> list[Statement]:
    """Ask, and nothing else: what is granted is decided by the function."""
    return [allow("AskForRoles", ["lambda:InvokeFunction"], [names.function_arn(VEND)])]


def provision_statements(
    names: Names, environments: Sequence[Names], *, data_key_arn: str, signing_key_arn: str
) -> list[Statement]:
    """Keep records, make model package groups, sign for the GitHub App, and ask each environment for roles."""
    groups = [names.arn("sagemaker", f"model-package-group/{names.prefix}-*")]
    return [
        *_records(names, data_key_arn, write=["ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"]),
        *signing_statements(signing_key_arn),
        allow("SeeGroups", ["sagemaker:DescribeModelPackageGroup", "sagemaker:ListTags"], groups),
        # A group is a project's from its creation on, or never: tags on the platform's own groups say who approves.
        allow(
            "MakeProjectGroups",
            ["sagemaker:CreateModelPackageGroup"],
            groups,
            {"Null": {f"aws:RequestTag/{GROUP_TAG}": "false"}},
        ),
        allow(
            "TagNewGroups",
            ["sagemaker:AddTags"],
            groups,
            {"StringEquals": {"sagemaker:TaggingAction": "CreateModelPackageGroup"}},
        ),
        allow(
            "KeepProjectGroups",
            ["sagemaker:DeleteModelPackageGroup", "sagemaker:PutModelPackageGroupPolicy"],
            groups,
            {"Null": {f"aws:ResourceTag/{GROUP_TAG}": "false"}},
        ),
        allow("AskForRoles", ["sts:AssumeRole"], sorted({each.role_arn(REQUEST) for each in environments})),
    ]


def trigger_statements(names: Names, *, data_key_arn: str, signing_key_arn: str) -> list[Statement]:
    """Look up whose version was approved, and sign for the GitHub App."""
    return [
        *_records(names, data_key_arn, write=["DeleteItem", "PutItem", "UpdateItem"]),
        *signing_statements(signing_key_arn),
        allow(
            "ReadVersions",
            ["sagemaker:DescribeModelPackage"],
            [names.arn("sagemaker", f"model-package/{names.prefix}-*")],
        ),
    ]


def publish_statements(names: Names, *, data_key_arn: str, signing_key_arn: str) -> list[Statement]:
    """Read the contents that wait to be published, and sign for the GitHub App."""
    contents = f"{names.bucket_arn(publication.BUCKET_PURPOSE)}/{publication.PREFIX}*"
    return [
        allow("ReadContents", ["s3:GetObject"], [contents]),
        allow("OpenContents", ["kms:Decrypt"], [data_key_arn], key_opens_files_of(names)),
        *signing_statements(signing_key_arn),
    ]


def _records(names: Names, data_key_arn: str, *, write: Sequence[str]) -> list[Statement]:
    actions = sorted(f"dynamodb:{action}" for action in ("GetItem", "Query", *write))
    return [
        allow("KeepRecords", actions, [names.table_arn(TABLE)]),
        allow(
            "UseTableKey",
            ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
            [data_key_arn],
            {"StringEquals": {"kms:ViaService": f"dynamodb.{names.region}.amazonaws.com"}},
        ),
    ]
