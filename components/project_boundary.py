"""`ProjectBoundary`: the managed policy that bounds the deploy roles of project repositories in one environment."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.job_guardrails import guardrail_statements
from components.job_policies import JobScope
from components.persona_policies_trust import narrowed
from components.policy_document import Statement, allow, policy
from contracts.names import Names
from contracts.project_access import FOLDERS, PASSED_BY_INFERENCE, PASSED_BY_TRAINING, RUNS
from contracts.project_variables import STATES

BOUNDARY = "project"
"""Purpose of `names.boundary` that bounds project roles."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectBoundaryArgs:
    """Settings of a `ProjectBoundary`."""

    names: Names
    """The stack's names."""
    private_subnet_ids: pulumi.Input[list[str]]
    """Subnets in which a project's models must run."""
    job_security_group_id: pulumi.Input[str]
    """Security group that they must carry."""
    data_key_arn: pulumi.Input[str]
    """Key that their volumes must use."""
    development: Names | None = None
    """Names of the stack whose versions are served here; absent in that stack itself."""


class ProjectBoundary(pulumi.ComponentResource):
    """Owns the policy. Does not own the roles: the function that vends them makes none without it.

    A new name replaces the policy, which AWS refuses while a role still has it.
    """

    arn: pulumi.Output[str]
    """ARN of the policy, equal to `names.boundary_arn("project")`."""

    def __init__(self, name: str, args: ProjectBoundaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ProjectBoundary", name, None, opts)
        names, development = args.names, args.development
        document = pulumi.Output.all(args.private_subnet_ids, args.job_security_group_id, args.data_key_arn).apply(
            lambda ids: policy(
                project_boundary_statements(
                    JobScope(names=names, subnet_ids=ids[0], security_group_id=ids[1], data_key_arn=ids[2]),
                    development or names,
                )
            )
        )
        bounds = aws.iam.Policy(
            f"{name}-policy",
            name=names.boundary(BOUNDARY),
            description="The most that a project's repository may do, whatever policy its role has",
            policy=document,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = bounds.arn
        self.register_outputs({"arn": self.arn})


def project_boundary_statements(scope: JobScope, development: Names) -> list[Statement]:
    """The most that any project role may do.

    Left out, so that no policy can give it: IAM but for passing two roles, approving and registering versions, jobs
    outside a pipeline, functions, secrets, other stacks' resources. Models run in our network, their volumes on our
    key. Which project's things a role may touch is said by the role's own policy.
    """
    names = scope.names
    own, theirs = names.bucket_arn("artifacts"), development.bucket_arn("artifacts")
    passed = [names.role_arn(purpose) for purpose in (PASSED_BY_TRAINING, PASSED_BY_INFERENCE)]
    return [
        # No pattern here covers a group or a version: tags of groups say who approves.
        allow(
            "MostOfSageMaker",
            _SAGEMAKER,
            [scope.arn("sagemaker", f"{kind}/{names.prefix}-*") for kind in ("endpoint*", "model", "pipeline")],
        ),
        allow(
            "MostOfVersions",
            ["sagemaker:DescribeModelPackage*", "sagemaker:ListModelPackages"],
            [
                f"arn:{n.partition}:sagemaker:{n.region}:{n.account}:model-package*/{n.prefix}-*"
                for n in dict.fromkeys((names, development))
            ],
        ),
        allow(
            "MostOfPassing",
            ["iam:PassRole"],
            passed,
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        allow(
            "MostOfLinkedRoles",
            ["iam:CreateServiceLinkedRole"],
            [names.arn("iam", "role/aws-service-role/*", regional=False)],
            {"StringEquals": {"iam:AWSServiceName": _SCALING}},
        ),
        allow(
            "MostOfObjects",
            ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            [
                *(f"{own}/projects/*/{folder}*" for folders in FOLDERS.values() for folder in folders),
                f"{names.bucket_arn(STATES)}/projects/*",
            ],
        ),
        allow("MostOfRuns", ["s3:GetObject", "s3:GetObjectVersion"], [f"{theirs}/projects/*/{RUNS}*"]),
        allow(
            "MostOfBuckets",
            ["s3:GetBucketLocation", "s3:ListBucket"],
            list(dict.fromkeys((f"arn:{names.partition}:s3:::{names.prefix}-*", theirs))),
        ),
        # Key ids cannot be computed; the keys' own policies decide as well.
        allow(
            "MostOfKeys",
            ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
            ["*"],
            {
                "ForAnyValue:StringEquals": {
                    "kms:ResourceAliases": list(dict.fromkeys((names.key_alias("data"), development.key_alias("data"))))
                },
                "StringLike": {"kms:ViaService": ["s3.*.amazonaws.com", "sagemaker.*.amazonaws.com"]},
            },
        ),
        allow(
            "MostOfGrants", ["kms:CreateGrant"], [scope.data_key_arn], {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        ),
        allow("MostOfParameters", ["ssm:GetParameter*"], [scope.arn("ssm", _parameters(names))]),
        allow("MostOfScaling", ["application-autoscaling:*"], ["*"], _of_sagemaker()),
        allow(
            "SeeScaling",
            ["application-autoscaling:*Tag*", "application-autoscaling:Describe*", "cloudwatch:DescribeAlarms"],
            ["*"],
        ),
        allow("MostOfAlarms", _ALARMS, [scope.arn("cloudwatch", f"alarm:*{names.prefix}-*")]),
        *narrowed(guardrail_statements(scope), ["sagemaker:CreateEndpointConfig", "sagemaker:CreateModel"]),
    ]


_SCALING = "sagemaker.application-autoscaling.amazonaws.com"
_SAGEMAKER = [
    "sagemaker:*PipelineExecution",
    "sagemaker:*Tags",
    *(f"sagemaker:{verb}{what}" for verb in ("Create", "Delete") for what in ("Endpoint", "EndpointConfig", "Model")),
    "sagemaker:CreatePipeline",
    "sagemaker:Describe*",
    "sagemaker:InvokeEndpoint",
    "sagemaker:List*",
    "sagemaker:UpdateEndpoint*",
    "sagemaker:UpdatePipeline",
]
_ALARMS = [
    "cloudwatch:DeleteAlarms",
    "cloudwatch:PutMetricAlarm",
    "cloudwatch:*Tag*",
]


def _parameters(names: Names) -> str:
    return f"parameter/{names.organisation}/{names.unit}/{names.environment}/{names.region}/*"


def _of_sagemaker() -> dict[str, dict[str, str]]:
    return {"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}}
