"""IAM statements that several personas share: what anybody may read, and how an approval and a rollback are bound."""

from collections.abc import Sequence

from components.function_policies import TABLE
from components.job_policies import JobScope
from components.policy_document import Statement, allow
from contracts.names import Names
from contracts.operator_events import DETAIL_TYPE, SOURCE
from contracts.version_metadata import KNOWN

DATA_SCIENTIST, LEAD, APPROVER, VIEWER = "data-scientist", "lead", "approver", "viewer"
"""The personas: purposes of `names.role`."""
EXPERIMENT = "experiment"
"""Purpose of the role that the jobs of people run under."""
PROJECTS = "projects"
"""Purpose of the table of projects; the first environment has it."""
PERSON = "${aws:SourceIdentity}"
"""The person behind a session, where a session says so: Studio sets the profile's name, an approver their own."""
PEOPLE_PREFIX = "people/"
"""Where in the artifact bucket each person has a folder of their own."""

EVIDENCE = (
    "pipelines/*/Evaluate/*",
    "pipelines/*/Preprocess/manifest/*",
    "projects/*/runs/*/evaluate/*",
    "projects/*/runs/*/preprocess/manifest/*",
)
"""What tells about a run and holds no row of its data: metrics, plots, model card, manifest of what was read."""
DECISIONS = ["Approved", "Rejected"]


def lists(more: Sequence[str] = ()) -> Statement:
    """What is there, by name and status: these actions know no resource. `more` are further ones of that kind."""
    return allow(
        "SeeLists",
        [
            *more,
            "application-autoscaling:DescribeScalableTargets",
            "application-autoscaling:DescribeScalingPolicies",
            "cloudwatch:GetMetricData",
            "cloudwatch:ListMetrics",
            "sagemaker:ListEndpoints",
            "sagemaker:ListModelPackageGroups",
            "sagemaker:ListPipelines",
        ],
        ["*"],
    )


def read_platform(
    scope: JobScope, *, more_lists: Sequence[str] = (), more_actions: Sequence[str] = ()
) -> list[Statement]:
    """Read the registry, runs, endpoints, alarms and deliveries of this stack. No data, no logs, nothing of others.

    `more_actions` are further ones of SageMaker on what carries the stack's name.
    """
    names = scope.names
    tables = [names.table_arn(TABLE)]
    if names.environment == "dev":
        tables.append(names.table_arn(PROJECTS))
    return [
        lists(more_lists),
        # One statement, to save room: IAM admits 10,240 characters for all inline policies of a role, and no action
        # works on another service's resources.
        allow(
            "UseThisStack",
            [
                "cloudwatch:DescribeAlarms",
                "dynamodb:GetItem",
                "dynamodb:Query",
                "sagemaker:Describe*",
                "sagemaker:List*",
                *more_actions,
            ],
            [
                scope.arn("cloudwatch", f"alarm:{names.prefix}-*"),
                # Whatever kind it is of; a pattern for pipelines covers their runs too, `*` also stands for slashes.
                scope.arn("sagemaker", f"*/{names.prefix}-*"),
                *tables,
            ],
        ),
    ]


def read_evidence(scope: JobScope) -> list[Statement]:
    """Read what evaluation wrote, and what promotion copied of it."""
    bucket = scope.names.bucket_arn("artifacts")
    # Promotion keeps a file's own name at the end of the key, and statistics are the only kind that people ask for.
    return [
        allow(
            "ReadEvidence",
            ["s3:GetObject"],
            [*(f"{bucket}/{pattern}" for pattern in EVIDENCE), f"{bucket}/promoted/*.json"],
        ),
        # Without it a missing file reads as a refusal.
        allow("ListArtifacts", ["s3:ListBucket"], [bucket]),
    ]


def use_key(scope: JobScope, actions: Sequence[str], services: Sequence[str]) -> Statement:
    """The data key, through the named services only; nobody decrypts with it directly."""
    return allow(
        "UseDataKeyThroughServices",
        [f"kms:{action}" for action in actions],
        [scope.data_key_arn],
        {"StringEquals": {"kms:ViaService": [f"{s}.{scope.names.region}.amazonaws.com" for s in services]}},
    )


def decide(scope: JobScope) -> Statement:
    """Approve or reject a version of this stack, as a person, and change nothing else of it.

    The session names the person (`aws:SourceIdentity`), or the registry would show a shared role. The platform's own
    metadata stays out of the request: who approves could otherwise write another approver's name beside it.
    """
    untouched = (
        "sagemaker:CustomerMetadataPropertiesToRemove",
        *(f"sagemaker:CustomerMetadataProperties/{key}" for key in KNOWN),
    )
    return allow(
        "DecideAboutVersions",
        ["sagemaker:UpdateModelPackage"],
        [scope.arn("sagemaker", f"model-package/{scope.names.prefix}-*")],
        {
            "StringEquals": {"sagemaker:ModelApprovalStatus": DECISIONS},
            "Null": {"aws:SourceIdentity": "false", **dict.fromkeys(untouched, "true")},
        },
    )


def roll_back(scope: JobScope) -> list[Statement]:
    """Ask for another approved version: the wish in the table, and the event that says to look at it."""
    return [
        allow(
            "AskForVersions",
            ["dynamodb:PutItem"],
            [scope.names.table_arn(TABLE)],
            {
                # Wishes only: what promotion keeps in the same table has other keys.
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["model#*"]},
                "Null": {"dynamodb:LeadingKeys": "false", "aws:SourceIdentity": "false"},
            },
        ),
        allow(
            "WakeDelivery",
            ["events:PutEvents"],
            [scope.arn("events", "event-bus/default")],
            {"StringEquals": {"events:source": SOURCE, "events:detail-type": DETAIL_TYPE}},
        ),
    ]


def stack_tags(names: Names) -> dict[str, str]:
    """The tags that tell a stack's own resources, as condition keys."""
    coordinates = ("organisation", "unit", "environment")
    return {f"aws:ResourceTag/{key}": getattr(names, key) for key in coordinates}
