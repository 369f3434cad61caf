"""IAM statements of people in Studio: own spaces and apps, experiments, and the products that leads launch."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from components.catalog_policies import LAUNCH, PREFIX, TEMPLATES, direct_arn
from components.job_policies import JobScope
from components.persona_policies_shared import stack_tags
from components.policy_document import Statement, allow

STUDIO_LISTS = (
    "sagemaker:ListApps",
    "sagemaker:ListDomains",
    "sagemaker:ListSpaces",
    "sagemaker:ListUserProfiles",
)
"""Lists that Studio's pages are made of."""
CATALOG_LISTS = ("sagemaker:ListProjects", "servicecatalog:DescribeProductView", "servicecatalog:SearchProducts")
"""Lists of what can be launched, and of what was."""
_OWN_PROFILE = "user-profile/${sagemaker:DomainId}/${sagemaker:UserProfileName}"
_OWN_LOGS = "${sagemaker:DomainId}/${sagemaker:UserProfileName}/*"
"""Studio fills these in for the profile that a session belongs to (SageMaker guide, "AmazonSageMakerFullAccess")."""


class Tracking(StrEnum):
    """What a stack's Studio tracks experiments with."""

    SERVER = "server"
    APP = "app"


@dataclass(frozen=True, kw_only=True, slots=True)
class Workbench:
    """What a stack's Studio offers to people."""

    app_instances: Sequence[str] = ()
    """Instance types that apps may have; any where empty."""
    tracking: Tracking | None = None
    """Which kind of MLflow there is, if any."""
    catalog: bool = False
    """Whether projects are on offer, which a lead launches."""


def studio(scope: JobScope, app_instances: Sequence[str]) -> list[Statement]:
    """Spaces and apps of one's own profile; AWS's own managed policy draws the same lines, for any account."""
    owner = {"ArnEquals": {"sagemaker:OwnerUserProfileArn": scope.arn("sagemaker", _OWN_PROFILE)}}
    # Apps and spaces alike, to save room: IAM admits 10,240 characters for all inline policies of a role.
    within = scope.arn("sagemaker", "*/${sagemaker:DomainId}/*")
    # `system` is what an app without an instance of its own runs on.
    types = {"ForAllValues:StringEquals": {"sagemaker:InstanceTypes": ["system", *app_instances]}}
    return [
        allow(
            "SeeOwnStudio",
            ["sagemaker:Describe*"],
            [within, scope.arn("sagemaker", "domain/${sagemaker:DomainId}")],
        ),
        allow("OpenOwnStudio", ["sagemaker:CreatePresignedDomainUrl"], [scope.arn("sagemaker", _OWN_PROFILE)]),
        allow(
            "StartOwnSpacesAndApps",
            ["sagemaker:CreateApp", "sagemaker:CreateSpace", "sagemaker:UpdateSpace"],
            [within],
            {**owner, "StringEquals": {"sagemaker:SpaceSharingType": "Private"}, **(types if app_instances else {})},
        ),
        allow(
            "TagOwnSpacesAndApps",
            ["sagemaker:AddTags"],
            [within],
            {"StringEquals": {"sagemaker:TaggingAction": ["CreateApp", "CreateSpace"]}},
        ),
        allow("EndOwnSpacesAndApps", ["sagemaker:DeleteApp", "sagemaker:DeleteSpace"], [within], owner),
        # Studio sends what a space's app prints under the profile's role.
        allow(
            "KeepOwnStudioLogs",
            ["logs:CreateLogStream", "logs:GetLogEvents", "logs:PutLogEvents"],
            [scope.arn("logs", f"log-group:/aws/sagemaker/studio:log-stream:{_OWN_LOGS}")],
        ),
    ]


def tracking(scope: JobScope, kind: Tracking | None) -> list[Statement]:
    """Use the stack's MLflow, whole: experiments are shared within a team."""
    if kind is Tracking.SERVER:
        servers = scope.arn("sagemaker", f"mlflow-tracking-server/{scope.names.prefix}-*")
        use = ["sagemaker-mlflow:*", "sagemaker:CreatePresignedMlflowTrackingServerUrl"]
        return [allow("TrackExperiments", use, [servers])]
    if kind is Tracking.APP:  # SageMaker makes up its id
        use = ["sagemaker:CallMlflowAppApi", "sagemaker:CreatePresignedMlflowAppUrl", "sagemaker:DescribeMlflowApp"]
        conditions = {"StringEquals": stack_tags(scope.names)}
        return [allow("TrackExperiments", use, [scope.arn("sagemaker", "mlflow-app/*")], conditions)]
    return []


def make_projects(scope: JobScope, *, in_studio: bool) -> Statement:
    """Make projects: by the function that the command line invokes and, `in_studio`, on Studio's page for projects.

    The page reads S3 project templates in the browser, and SageMaker creates their CloudFormation stack, named SP-...,
    in the lead's name, with the launch role where that is named (aws-samples/sagemaker-custom-project-templates,
    s3_templates/mlops-github-actions, "Additional Permissions"). One statement, to save room: no action works on
    another one's resources.
    """
    names = scope.names
    make = allow("MakeProjects", ["lambda:InvokeFunction"], [direct_arn(names)])
    if not in_studio:
        return make
    templates = names.bucket_arn(TEMPLATES)
    return allow(
        "MakeProjects",
        [
            *make["Action"],
            "cloudformation:*Stack",
            "cloudformation:DescribeStacks",
            "cloudformation:TagResource",
            "iam:PassRole",
            *(f"s3:{each}" for each in ("GetObject", "GetObjectTagging", "ListBucket")),
            *(f"sagemaker:{each}" for each in ("AddTags", "CreateProject", "DescribeProject")),
        ],
        [
            make["Resource"],
            scope.arn("cloudformation", "stack/SP-*"),
            names.role_arn(LAUNCH),
            templates,
            f"{templates}/{PREFIX}*",
            scope.arn("sagemaker", "project/*"),
        ],
        # Passing a role alone carries the key.
        {"StringEqualsIfExists": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
    )


def launch(scope: JobScope) -> list[Statement]:
    """Launch products that carry this stack's tags; the portfolio's own list of principals decides a second time."""
    names = scope.names
    products = [scope.arn("catalog", "product/*")]  # Service Catalog makes up these ids
    ours = {"StringEquals": stack_tags(names)}
    mine = {"StringEquals": {"servicecatalog:roleLevel": "self"}}
    return [
        allow(
            "LaunchOurProducts",
            [
                "servicecatalog:DescribeProduct",
                "servicecatalog:DescribeProvisioningParameters",
                "servicecatalog:ListLaunchPaths",
                "servicecatalog:ProvisionProduct",
            ],
            products,
            ours,
        ),
        allow(
            "LookAfterLaunchedProducts",
            [
                "servicecatalog:DescribeProvisionedProduct",
                "servicecatalog:DescribeRecord",
                "servicecatalog:SearchProvisionedProducts",
                "servicecatalog:TerminateProvisionedProduct",
                "servicecatalog:UpdateProvisionedProduct",
            ],
            ["*"],  # provisioned products know no resource; the level binds them to this role
            mine,
        ),
    ]
