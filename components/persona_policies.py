"""IAM statements of the personas: what data scientists, leads, approvers and viewers may do in one environment."""

import json
from collections.abc import Sequence

from components.job_policies import JobScope, processing_statements, training_statements
from components.persona_policies_shared import (
    EXPERIMENT,
    PEOPLE_PREFIX,
    PERSON,
    decide,
    read_evidence,
    read_platform,
    roll_back,
    stack_tags,
    use_key,
)
from components.persona_policies_studio import (
    CATALOG_LISTS,
    STUDIO_LISTS,
    Workbench,
    launch,
    make_projects,
    studio,
    tracking,
)
from components.policy_document import Statement, allow

JOBS = ("HyperParameterTuningJob", "ProcessingJob", "TrainingJob")
"""Kinds of job that a person may run; what is not listed here cannot be started, nor escape a guardrail."""
_WRITING = ("Decrypt", "DescribeKey", "GenerateDataKey*")
"""What writing under the key takes: S3 and SageMaker ask for a data key, volumes for one without its plain text."""


def data_scientist_statements(
    scope: JobScope, workbench: Workbench, *, more_lists: Sequence[str] = ()
) -> list[Statement]:
    """Work in one's own space, run jobs under one's own name, start the stack's pipelines, read data and models."""
    return [
        *studio(scope, workbench.app_instances),
        *tracking(scope, workbench.tracking),
        *_jobs(scope),
        *read_platform(
            scope,
            more_lists=(*STUDIO_LISTS, *more_lists),
            more_actions=[f"sagemaker:{verb}PipelineExecution" for verb in ("Retry", "Start", "Stop")],
        ),
        *_data(scope),
        *_own_logs(scope),
        use_key(scope, _WRITING, ("dynamodb", "s3", "sagemaker")),
    ]


def lead_statements(scope: JobScope, workbench: Workbench) -> list[Statement]:
    """What a data scientist does; in dev also decide about versions, roll back, make projects and launch products."""
    if scope.names.environment != "dev":
        return data_scientist_statements(scope, workbench)
    return [
        *data_scientist_statements(scope, workbench, more_lists=CATALOG_LISTS if workbench.catalog else ()),
        decide(scope),
        *roll_back(scope),
        make_projects(scope, in_studio=workbench.catalog),
        *(launch(scope) if workbench.catalog else []),
    ]


def approver_statements(scope: JobScope) -> list[Statement]:
    """Read what a decision takes, decide about versions, and go back to an earlier one. Nothing else is written."""
    return [
        *read_platform(scope),
        *read_evidence(scope),
        decide(scope),
        *roll_back(scope),
        use_key(scope, _WRITING, ("dynamodb", "s3")),
    ]


def viewer_statements(scope: JobScope) -> list[Statement]:
    """Read what runs, what was measured and what is served. No data, no model file, no log."""
    return [*read_platform(scope), *read_evidence(scope), use_key(scope, ("Decrypt",), ("dynamodb", "s3"))]


def experiment_statements(scope: JobScope) -> list[Statement]:
    """What the jobs of people run under: as a pipeline's jobs, but they write below `people/` only.

    Under the pipelines' own job roles a person's code could replace the model of a version that awaits its approval.
    """
    people = scope.objects("artifacts", PEOPLE_PREFIX)
    seen: dict[str, Statement] = {}
    for kind, statements in (("Processing", processing_statements(scope)), ("Training", training_statements(scope))):
        for statement in statements:
            if statement["Sid"] == "ReadAndWriteRuns":
                continue
            sid = f"{statement['Sid']}Of{kind}" if statement["Sid"] == "WriteJobLogs" else statement["Sid"]
            seen.setdefault(json.dumps({**statement, "Sid": sid}, sort_keys=True), {**statement, "Sid": sid})
    return [
        allow(
            "ReadRuns",
            ["s3:GetObject"],
            [scope.objects("artifacts", prefix) for prefix in ("pipelines/", "projects/*/runs/")],
        ),
        allow("ReadAndWriteOwnFolders", ["s3:GetObject", "s3:PutObject"], [people]),
        *seen.values(),
    ]


def _jobs(scope: JobScope) -> list[Statement]:
    """Jobs whose names begin with the person's, so that nobody stops another's, nor one of another unit's."""
    names = scope.names
    own = [scope.arn("sagemaker", f"*-job/{PERSON}--*")]
    return [
        allow(
            "RunOwnJobs",
            [
                *(f"sagemaker:Create{job}" for job in JOBS),
                # Patterns save room; what cannot be created is not there to be stopped.
                "sagemaker:Describe*Job",
                "sagemaker:Stop*Job",
                "sagemaker:AddTags",
                "sagemaker:ListTags",
            ],
            own,
        ),
        allow(
            "PassExperimentRole",
            ["iam:PassRole"],
            [names.role_arn(EXPERIMENT)],
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        allow(
            "AttachEncryptedVolumes",
            ["kms:CreateGrant"],
            [scope.data_key_arn],
            {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
        # What pipelines run is named after the execution alone; its tags tell whose it is.
        allow(
            "ReadJobsOfPipelines",
            ["sagemaker:Describe*Job"],
            [scope.arn("sagemaker", "*-job/pipelines-*")],
            {"StringEquals": stack_tags(names)},
        ),
    ]


def _data(scope: JobScope) -> list[Statement]:
    names = scope.names
    own = scope.objects("artifacts", f"{PEOPLE_PREFIX}{PERSON}/")
    shared = ["code/", "pipelines/", "projects/*/runs/"]
    if names.environment != "dev":  # nothing is promoted into dev
        shared.append("promoted/")
    return [
        # One statement for buckets and objects, to save room: no action works on both.
        allow(
            "ReadDataRunsAndCode",
            ["s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"],
            [
                names.bucket_arn("artifacts"),
                names.bucket_arn("data"),
                scope.objects("data"),
                *(scope.objects("artifacts", prefix) for prefix in shared),
            ],
        ),
        allow(
            "WriteOwnFolder",
            ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            [own],
        ),
    ]


def _own_logs(scope: JobScope) -> list[Statement]:
    groups = scope.arn("logs", "log-group:/aws/sagemaker/*Jobs")
    streams = [f"{groups}:log-stream:{whose}*" for whose in (f"{PERSON}--", "pipelines-")]
    return [
        allow("FindJobLogs", ["logs:DescribeLogStreams"], [groups]),
        allow("ReadJobLogs", ["logs:GetLogEvents"], streams),
    ]
