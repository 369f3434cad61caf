"""Who may become a persona, and the boundary that no policy of theirs can leave."""

from collections.abc import Sequence
from typing import Any

from components.catalog_policies import LAUNCH, direct_arn
from components.job_guardrails import guardrail_statements
from components.job_policies import JobScope
from components.persona_policies import JOBS
from components.persona_policies_shared import APPROVER, DECISIONS, EXPERIMENT, LEAD
from components.policy_document import Statement, allow, policy
from contracts.names import Names
from settings.people import PersonaTrust

ASSUME = ["sts:AssumeRole", "sts:SetSourceIdentity"]
_HASH = "?" * 16
"""AWS ends the name of a permission set's role with 16 characters of its own; one question mark stands for one."""


def service_trust(names: Names) -> str:
    """Trust of Studio's execution roles and of the role of people's jobs: SageMaker, for this account only.

    No condition on a second factor: SageMaker assumes the role, so there is none, and everybody would be refused.
    `SetSourceIdentity` lets Studio write down whose session it is, and lets jobs carry that on; without it in a role's
    trust SageMaker refuses both (SageMaker guide, "Turn on sourceIdentity in CloudTrail logs").
    """
    return policy(
        [
            {
                "Sid": "AssumedBySageMaker",
                "Effect": "Allow",
                "Action": ASSUME,
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": names.account}},
            }
        ]
    )


def people_trust(names: Names, trust: PersonaTrust, *, named: bool) -> str:
    """Trust of the roles that people assume themselves. `named` demands their own name as source identity.

    One statement for each kind of principal, because each proves a person in another way. An IAM user's second factor
    is known to AWS (`aws:MultiFactorAuthPresent`); sessions of Identity Center never carry that key, since their second
    factor was checked before they began: demanding it would refuse them all. An IAM user's name is `aws:username`;
    Identity Center sends what its attributes for access control say, as a tag of the session. Where the tag is missing
    the variable has no value and the statement does not match.
    """
    statements = []
    if trust.account:
        conditions: dict[str, Any] = {"ArnLike": {"aws:PrincipalArn": _users(names, trust.users)}}
        if trust.require_mfa:
            conditions["Bool"] = {"aws:MultiFactorAuthPresent": "true"}
        if named:
            conditions["StringEquals"] = {"sts:SourceIdentity": "${aws:username}"}
        statements.append(_assumed("AssumedByUsers", names, conditions, named=named))
    if trust.identity_center:
        conditions = {"ArnLike": {"aws:PrincipalArn": _permission_sets(names, trust.permission_sets)}}
        if named:
            variable = f"${{aws:PrincipalTag/{trust.identity_attribute}}}"
            conditions["StringEquals"] = {"sts:SourceIdentity": variable}
        statements.append(_assumed("AssumedFromIdentityCenter", names, conditions, named=named))
    if named and trust.portal_role_arn is not None:
        statements.append(_assumed_by_portal(trust.portal_role_arn))
    return policy(statements)


def _assumed_by_portal(arn: str) -> Statement:
    """The portal's role comes for anybody, and has to say for whom.

    It logged the person in at the identity provider, second factor included, which AWS cannot see. Its account is the
    principal, held to the role by a condition: a role that does not exist yet would make the whole policy invalid.
    """
    partition, account = arn.split(":")[1], arn.split(":")[4]
    return {
        "Sid": "AssumedByThePortal",
        "Effect": "Allow",
        "Action": ASSUME,
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": arn},
            "Null": {"sts:SourceIdentity": "false"},
        },
    }


def _assumed(sid: str, names: Names, conditions: dict[str, Any], *, named: bool) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": ASSUME if named else ASSUME[:1],
        "Principal": {"AWS": names.account_root},
        "Condition": conditions,
    }


def _users(names: Names, users: Sequence[str]) -> list[str]:
    root = names.arn("iam", "user/", regional=False)
    return [f"{root}{path}{user}" for user in users for path in ("", "*/")] or [f"{root}*"]


def _permission_sets(names: Names, sets: Sequence[str]) -> list[str]:
    root = names.arn("iam", "role/aws-reserved/sso.amazonaws.com/", regional=False)
    # Nobody but Identity Center makes roles on this path; outside us-east-1 its home region follows.
    found = [f"{root}{region}AWSReservedSSO_{name}_{_HASH}" for name in sets for region in ("", "*/")]
    return found or [f"{root}*"]


def boundary_statements(scope: JobScope) -> list[Statement]:
    """The most that any persona may do, whatever policy somebody attaches to its role.

    What is missing here nobody gets: IAM but for passing two roles, functions but the one that makes projects, secrets,
    endpoints, pipelines' content, keys but through services. Jobs keep to our network and key, and only leads and
    approvers decide about versions.
    """
    names = scope.names
    deciding = (APPROVER, LEAD) if names.environment == "dev" else (APPROVER,)
    deciders = [names.role_arn(persona) for persona in deciding]
    buckets = f"arn:{names.partition}:s3:::{names.organisation}-{names.unit}-{names.environment}-{names.region}-*"
    passed = (EXPERIMENT, LAUNCH) if names.environment == "dev" else (EXPERIMENT,)
    keys = {"StringLike": {"kms:ViaService": f"*.{names.region}.amazonaws.com"}}
    return [
        allow("MostOfServices", _SERVICES, ["*"]),
        # With what is created, and never afterwards: a group's tags say who approves its versions.
        allow("MostOfTags", ["sagemaker:AddTags"], ["*"], {"Null": {"sagemaker:TaggingAction": "false"}}),
        allow(
            "MostOfStores",
            ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:Get*", "s3:List*", "s3:PutObject"],
            [buckets],
        ),
        allow(
            "MostOfTables",
            ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
            [scope.arn("dynamodb", f"table/{names.prefix}-*")],
        ),
        allow("MostOfEvents", ["events:PutEvents"], [scope.arn("events", "event-bus/default")]),
        allow("MostOfKeys", ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"], [scope.data_key_arn], keys),
        allow(
            "MostOfGrants", ["kms:CreateGrant"], [scope.data_key_arn], {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        ),
        allow("MostOfPassing", ["iam:PassRole"], [names.role_arn(purpose) for purpose in passed]),
        *_most_of_projects(scope),
        allow(
            "MostOfDecisions",
            ["sagemaker:UpdateModelPackage"],
            [scope.arn("sagemaker", f"model-package/{names.prefix}-*")],
            {
                "ArnEquals": {"aws:PrincipalArn": deciders},
                "StringEquals": {"sagemaker:ModelApprovalStatus": DECISIONS},
                "Null": {"aws:SourceIdentity": "false"},
            },
        ),
        *(shortened(s) for s in narrowed(guardrail_statements(scope), _CREATED)),
    ]


def _most_of_projects(scope: JobScope) -> list[Statement]:
    """Make projects: by the one function, and by the stacks of Studio's page for projects; a lead's, and in dev."""
    names = scope.names
    if names.environment != "dev":
        return []
    return [
        allow(
            "MostOfProjects",
            ["cloudformation:*", "lambda:InvokeFunction"],
            [scope.arn("cloudformation", "stack/SP-*"), direct_arn(names)],
            {"ArnEquals": {"aws:PrincipalArn": names.role_arn(LEAD)}},
        )
    ]


_SERVICES = [
    "application-autoscaling:Describe*",
    "cloudwatch:Describe*",
    "cloudwatch:Get*",
    "cloudwatch:List*",
    "logs:CreateLogStream",
    "logs:Describe*",
    "logs:GetLogEvents",
    "logs:PutLogEvents",
    "sagemaker-mlflow:*",
    "sagemaker:CallMlflowAppApi",
    "sagemaker:CreateApp",
    "sagemaker:CreatePresigned*Url",
    "sagemaker:CreateProject",
    "sagemaker:CreateSpace",
    *(f"sagemaker:Create{job}" for job in JOBS),
    "sagemaker:DeleteApp",
    "sagemaker:DeleteSpace",
    "sagemaker:Describe*",
    "sagemaker:List*",
    "sagemaker:*PipelineExecution",
    "sagemaker:Stop*Job",
    "sagemaker:UpdateSpace",
    "servicecatalog:Describe*",
    "servicecatalog:ListLaunchPaths",
    "servicecatalog:ProvisionProduct",
    "servicecatalog:Search*",
    "servicecatalog:TerminateProvisionedProduct",
    "servicecatalog:UpdateProvisionedProduct",
]


_CREATED = sorted(f"sagemaker:Create{job}" for job in JOBS)


def shortened(statement: Statement) -> Statement:
    """Return a Deny statement of all kinds of job with one pattern for them; what else that names, nothing allows."""
    return {**statement, "Action": ["sagemaker:Create*Job"]} if statement["Action"] == _CREATED else statement


def narrowed(statements: Sequence[Statement], actions: Sequence[str]) -> list[Statement]:
    """Return Deny statements for these actions only: what a boundary does not allow needs no denial.

    A managed policy has 6,144 characters, and the whole list does not fit beside anything else.
    """
    found = []
    for statement in statements:
        kept = sorted(set(statement["Action"]) & set(actions))
        if kept:
            found.append({**statement, "Action": kept})
    return found
