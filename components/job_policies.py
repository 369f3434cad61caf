"""IAM statements of the pipeline role and of the roles that jobs run under."""

from collections.abc import Sequence
from dataclasses import dataclass

from components.policy_document import Statement, allow
from contracts.names import Names
from contracts.project_access import CODE, RUNS, SAMPLE, VERSIONS, project_prefix

SKLEARN_REPOSITORY = "sagemaker-scikit-learn"
"""AWS's own repository of the preprocessing image. Its account differs by region, so the account stays open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobScope:
    """What jobs may touch, all values known: the component fills it once ids and ARNs exist."""

    names: Names
    subnet_ids: Sequence[str]
    security_group_id: str
    data_key_arn: str
    runs_batches: bool = False
    """Whether any model of this stack answers in batches."""
    has_projects: bool = False
    """Whether repositories of projects deploy to this stack."""

    def arn(self, service: str, resource: str) -> str:
        """ARN of a regional resource of this account."""
        return self.names.arn(service, resource)

    def objects(self, purpose: str, prefix: str = "") -> str:
        """ARN pattern of the objects under a prefix of one of our buckets."""
        return f"{self.names.bucket_arn(purpose)}/{prefix}*"

    def artifacts(self, prefix: str, of_projects: Sequence[str] = ()) -> list[str]:
        """ARN patterns of a prefix in the artifact bucket and, where there are projects, of folders of each of them."""
        folders = of_projects if self.has_projects else ()
        return [self.objects("artifacts", each) for each in (prefix, *(project_prefix("*") + f for f in folders))]


def pipeline_statements(scope: JobScope) -> list[Statement]:
    """The pipeline's own role: create the jobs of its steps, pass the job roles, register the model version."""
    names = scope.names
    return [
        allow(
            "RunJobsOfPipelines",
            [
                f"sagemaker:{verb}{job}"
                for job in ("ProcessingJob", "TrainingJob")
                for verb in ("Create", "Describe", "Stop")
            ]
            + ["sagemaker:AddTags"],
            # SageMaker Pipelines names the jobs of its steps pipelines-<execution>-<step>-<suffix>.
            [scope.arn("sagemaker", "processing-job/pipelines-*"), scope.arn("sagemaker", "training-job/pipelines-*")],
        ),
        allow(
            "PassJobRoles",
            ["iam:PassRole"],
            [names.role_arn("processing"), names.role_arn("training")],
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        allow(
            "RegisterModelVersions",
            ["sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackageGroup"],
            [
                scope.arn("sagemaker", f"model-package-group/{names.prefix}-*"),
                scope.arn("sagemaker", f"model-package/{names.prefix}-*"),
            ],
        ),
        # Versions only: a group's tags say who approves its versions.
        allow("TagModelVersions", ["sagemaker:AddTags"], [scope.arn("sagemaker", f"model-package/{names.prefix}-*")]),
        allow("ReadPropertyFiles", ["s3:GetObject"], scope.artifacts("pipelines/", [RUNS])),
        allow("ListArtifacts", ["s3:ListBucket"], [names.bucket_arn("artifacts")]),
        *_use_key(scope),
        *_attach_encrypted_volume(scope),
    ]


def processing_statements(scope: JobScope) -> list[Statement]:
    """Preprocess and Evaluate: read input data by version, read code and step outputs, write step outputs."""
    return [
        allow(
            "ReadInputData",
            ["s3:GetObject", "s3:GetObjectVersion"],
            [scope.objects("data")],
        ),
        allow("ListInputData", ["s3:ListBucket", "s3:ListBucketVersions"], [scope.names.bucket_arn("data")]),
        *_job_statements(scope, "ProcessingJobs", [CODE, SAMPLE]),
    ]


def training_statements(scope: JobScope) -> list[Statement]:
    """Train: read step outputs and code, write the model. It sees no raw input data."""
    return _job_statements(scope, "TrainingJobs", [CODE])


def serving_statements(scope: JobScope) -> list[Statement]:
    """Endpoints and transform jobs: read models and requests, write answers and captures. Only batches read data."""
    return [
        allow(
            "ReadModels",
            ["s3:GetObject"],
            [*scope.artifacts("pipelines/"), *scope.artifacts("promoted/", [VERSIONS])],
        ),
        # Each model may read its batches under another prefix, and a stack has many models.
        *([allow("ReadBatches", ["s3:GetObject"], [scope.objects("data")])] if scope.runs_batches else []),
        *([allow("ListData", ["s3:ListBucket"], [scope.names.bucket_arn("data")])] if scope.runs_batches else []),
        allow(
            "AnswerRequests",
            ["s3:GetObject", "s3:PutObject"],
            [scope.objects("artifacts", "async/"), scope.objects("artifacts", "batch/")],
        ),
        allow("KeepCaptures", ["s3:PutObject"], [scope.objects("data", "capture/")]),
        # Projects train and serve in AWS's own image; the platform's models have images of their own.
        *_run(
            scope,
            ["Endpoints/*", "TransformJobs"],
            [_own_images(scope), *([_framework_image(scope)] if scope.has_projects else [])],
        ),
    ]


def _job_statements(scope: JobScope, job_kind: str, read_of_projects: Sequence[str]) -> list[Statement]:
    return [
        allow("ReadCode", ["s3:GetObject"], scope.artifacts("code/", read_of_projects)),
        allow("ReadAndWriteRuns", ["s3:GetObject", "s3:PutObject"], scope.artifacts("pipelines/", [RUNS])),
        *_run(scope, [job_kind], [_own_images(scope), _framework_image(scope)]),
    ]


def _framework_image(scope: JobScope) -> str:
    return f"arn:{scope.names.partition}:ecr:{scope.names.region}:*:repository/{SKLEARN_REPOSITORY}"


def _own_images(scope: JobScope) -> str:
    # By pattern, not by model: IAM admits 10,240 characters of inline policies per role, and a stack has many models.
    return (
        f"arn:{scope.names.partition}:ecr:{scope.names.region}:{scope.names.image_account}:repository/"
        f"{scope.names.image_repository('*')}"
    )


def _run(scope: JobScope, log_groups: Sequence[str], images: Sequence[str]) -> list[Statement]:
    """What every container of ours needs: key, volume, logs, metrics, image, network."""
    logs = [scope.arn("logs", f"log-group:/aws/sagemaker/{log_group}") for log_group in log_groups]
    return [
        allow("ListArtifacts", ["s3:ListBucket"], [scope.names.bucket_arn("artifacts")]),
        *_use_key(scope),
        *_attach_encrypted_volume(scope),
        allow(
            "WriteJobLogs",
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [*logs, *(f"{log_group}:*" for log_group in logs)],
        ),
        allow(
            "WriteJobMetrics",
            ["cloudwatch:PutMetricData"],
            ["*"],  # the action knows no resource; the namespace is the limit
            {"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}},
        ),
        allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),  # the action knows no resource
        allow(
            "PullImages",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            images,
        ),
        *_interfaces_in_vpc(scope),
    ]


def _use_key(scope: JobScope) -> list[Statement]:
    return [
        allow("UseDataKey", ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], [scope.data_key_arn]),
    ]


def _attach_encrypted_volume(scope: JobScope) -> list[Statement]:
    return [
        allow(
            "AttachEncryptedVolumes",
            ["kms:CreateGrant"],
            [scope.data_key_arn],
            {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]


def _interfaces_in_vpc(scope: JobScope) -> list[Statement]:
    """What "Give SageMaker training jobs access to resources in your VPC" lists, bound to our subnets and group."""
    network_interface = scope.arn("ec2", "network-interface/*")
    return [
        allow(
            "CreateInterfacesInOurSubnets",
            ["ec2:CreateNetworkInterface"],
            [
                network_interface,
                *(scope.arn("ec2", f"subnet/{subnet}") for subnet in scope.subnet_ids),
                scope.arn("ec2", f"security-group/{scope.security_group_id}"),
            ],
        ),
        allow(
            "ManageInterfacesInOurSubnets",
            [
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ],
            [network_interface],
            {"ArnEquals": {"ec2:Subnet": [scope.arn("ec2", f"subnet/{subnet}") for subnet in scope.subnet_ids]}},
        ),
        allow(
            "DescribeNetwork",
            [
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            ["*"],  # describe actions know no resource
        ),
    ]
