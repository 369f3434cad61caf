"""What the deploy role of a project's repository may do: IAM statements as plain data, for whoever vends the roles.

A role belongs to one repository, so to one project, one template and one environment. It sees that project's own
pipeline, group, endpoint and folders, by their exact names, and passes two roles that it cannot change. Everything else
is left out; `components.project_boundary` bounds it a second time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from contracts.names import HASH_LENGTH, Names
from contracts.parameters import ParameterPaths
from contracts.project_variables import STATES

Statement = dict[str, Any]
TRAINING, INFERENCE = "model-training", "realtime-inference"
"""Templates whose repositories deploy something here."""
PASSED_BY_TRAINING, PASSED_BY_INFERENCE = "pipeline", "serving"
"""Purposes of the roles that a repository hands over: its pipeline runs as the one, its endpoint as the other."""

_SCALING = "sagemaker.application-autoscaling.amazonaws.com"
_SCALING_ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"


CODE, SAMPLE, RUNS, VERSIONS = "code/", "sample/", "runs/", "versions/"
"""Folders of a project: step scripts, the data that came with the repository, what its pipeline's steps wrote, and the
copies of models that an endpoint serves."""
FOLDERS: Mapping[str, tuple[str, ...]] = {TRAINING: (CODE, SAMPLE), INFERENCE: (VERSIONS,)}
"""Folders that a repository itself writes, by template. Nobody but the steps writes below `runs/`, so that no
repository replaces a model that awaits its approval."""


def project_prefix(project: str) -> str:
    """Where a project's folders lie in the artifact bucket, and its program's state in the bucket of states."""
    return f"projects/{project}/"


def project_role_statements(
    names: Names, project: str, template: str, *, development: Names | None = None
) -> list[Statement]:
    """Return the statements of the deploy role of `project`'s repository made from `template`, in the stack of `names`.

    `development` are the names of the stack whose versions an endpoint serves; absent where that is this stack itself.
    Raises ValueError for a template whose repository deploys nothing, with those that do.
    """
    try:
        statements = _TEMPLATES[template]
    except KeyError:
        known = ", ".join(sorted(_TEMPLATES))
        raise ValueError(f"template {template!r} has no deploy role; there is one for {known}.") from None
    return [*_common(names, project, FOLDERS[template]), *statements(names, project, development or names)]


def _common(names: Names, project: str, folders: Sequence[str]) -> list[Statement]:
    bucket = names.bucket_arn("artifacts")
    paths = ParameterPaths(
        organisation=names.organisation, unit=names.unit, environment=names.environment, region=names.region
    )
    return [
        _allow(
            "ReadPublishedParameters",
            ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
            [
                names.arn("ssm", f"parameter{paths.root}/{section}{rest}")
                for section in ("encryption", "network", "storage")
                for rest in ("", "/*")
            ],
        ),
        _allow(
            "KeepOwnFolders",
            ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            [f"{bucket}/{project_prefix(project)}{folder}*" for folder in folders],
        ),
        _allow(
            "ListOwnFolders",
            ["s3:ListBucket"],
            [bucket],
            {"StringLike": {"s3:prefix": f"{project_prefix(project)}*"}},
        ),
        _allow("FindBucket", ["s3:GetBucketLocation"], [bucket]),
        _use_data_key(names),
    ]


def _use_data_key(names: Names) -> Statement:
    """The stack's data key by its alias, as key ids cannot be computed; through services that hold data only."""
    return _allow(
        "UseDataKeyThroughServices",
        ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
        [names.arn("kms", "key/*")],
        {
            "ForAnyValue:StringEquals": {"kms:ResourceAliases": names.key_alias("data")},
            "StringEquals": {"kms:ViaService": [f"{s}.{names.region}.amazonaws.com" for s in ("s3", "sagemaker")]},
        },
    )


def _training(names: Names, project: str, _: Names) -> list[Statement]:
    pipeline = names.pipeline_arn(project)
    return [
        _allow(
            "KeepOwnPipeline",
            [
                "sagemaker:AddTags",
                "sagemaker:CreatePipeline",
                "sagemaker:DescribePipeline",
                "sagemaker:DescribePipelineExecution",
                "sagemaker:ListPipelineExecutionSteps",
                "sagemaker:ListPipelineExecutions",
                "sagemaker:ListTags",
                "sagemaker:StartPipelineExecution",
                "sagemaker:StopPipelineExecution",
                "sagemaker:UpdatePipeline",
            ],
            [pipeline, f"{pipeline}/execution/*"],
        ),
        _pass_role(names, PASSED_BY_TRAINING),
        _read_own_group(names, project),
    ]


def _inference(names: Names, project: str, development: Names) -> list[Statement]:
    return [
        *_serve(names, project),
        *_watch_and_scale(names, project),
        *_keep_state(names, project),
        *_read_development(development, project),
    ]


def _keep_state(names: Names, project: str) -> list[Statement]:
    """What Pulumi does with its state in S3: read, write, list and delete, locks and history too."""
    bucket, prefix = names.bucket_arn(STATES), project_prefix(project)
    return [
        _allow("KeepOwnState", ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], [f"{bucket}/{prefix}*"]),
        _allow("ListOwnState", ["s3:ListBucket"], [bucket], {"StringLike": {"s3:prefix": f"{prefix}*"}}),
    ]


def _serve(names: Names, project: str) -> list[Statement]:
    return [
        _allow(
            "ServeOwnEndpoint",
            [
                "sagemaker:AddTags",
                "sagemaker:CreateEndpoint",
                "sagemaker:CreateEndpointConfig",
                "sagemaker:CreateModel",
                "sagemaker:DeleteEndpoint",
                "sagemaker:DeleteEndpointConfig",
                "sagemaker:DeleteModel",
                "sagemaker:DeleteTags",
                "sagemaker:DescribeEndpoint",
                "sagemaker:DescribeEndpointConfig",
                "sagemaker:DescribeModel",
                "sagemaker:InvokeEndpoint",
                "sagemaker:ListTags",
                "sagemaker:UpdateEndpoint",
                "sagemaker:UpdateEndpointWeightsAndCapacities",
            ],
            [
                names.endpoint_arn(project),
                names.arn("sagemaker", f"endpoint-config/{_any_digest(names.endpoint_config, project)}"),
                names.arn("sagemaker", f"model/{_any_digest(names.endpoint_model, project)}"),
            ],
        ),
        _pass_role(names, PASSED_BY_INFERENCE),
        _allow(
            "AttachEncryptedVolumes",
            ["kms:CreateGrant"],
            [names.arn("kms", "key/*")],
            {
                "Bool": {"kms:GrantIsForAWSResource": "true"},
                "ForAnyValue:StringEquals": {"kms:ResourceAliases": names.key_alias("data")},
            },
        ),
    ]


def _any_digest(name_of: Callable[[str, str], str], project: str) -> str:
    """Pattern of a name that ends in a digest: exactly that many characters, so that `card` never covers `card-fraud`.

    Where the whole is too long, the digest of the cut has the same length and takes the same place.
    """
    return name_of(project, "0" * HASH_LENGTH)[:-HASH_LENGTH] + "?" * HASH_LENGTH


def _watch_and_scale(names: Names, project: str) -> list[Statement]:
    alarms = names.arn("cloudwatch", f"alarm:{names.alarm('*', project)}")
    targets = [names.arn("application-autoscaling", "scalable-target/*")]
    # Target tracking names its alarms so, and makes and removes them in its caller's name.
    tracking = names.arn("cloudwatch", f"alarm:TargetTracking-endpoint/{names.endpoint(project)}/*")
    return [
        _allow(
            "WatchOwnEndpoint",
            [
                "cloudwatch:DeleteAlarms",
                "cloudwatch:ListTagsForResource",
                "cloudwatch:PutMetricAlarm",
                "cloudwatch:TagResource",
                "cloudwatch:UntagResource",
            ],
            [alarms, tracking],
        ),
        # CloudWatch's refusals name all alarms, so single ones may not do.
        _allow("SeeAlarms", ["cloudwatch:DescribeAlarms"], [names.arn("cloudwatch", "alarm:*")]),
        # The service makes up these ids, and asks the caller for UpdateEndpointWeightsAndCapacities on the endpoint.
        _allow(
            "ScaleOwnEndpoint",
            [
                "application-autoscaling:DeleteScalingPolicy",
                "application-autoscaling:DeregisterScalableTarget",
                "application-autoscaling:PutScalingPolicy",
                "application-autoscaling:RegisterScalableTarget",
            ],
            targets,
            {"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}},
        ),
        _allow(
            "SeeScaling",
            ["application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies"],
            ["*"],  # describe actions know no resource
        ),
        _allow("SeeScalingTags", ["application-autoscaling:ListTagsForResource"], targets),
        # Tagging knows no namespace. The program's provider gives everything the tag `project`, which tells what is
        # this project's: with the first request, and afterwards on the target.
        _allow(
            "TagNewScaling",
            ["application-autoscaling:TagResource"],
            targets,
            {"StringEquals": {"aws:RequestTag/project": project}},
        ),
        _allow(
            "TagOwnScaling",
            ["application-autoscaling:TagResource", "application-autoscaling:UntagResource"],
            targets,
            {"StringEquals": {"aws:ResourceTag/project": project}},
        ),
        _allow(
            "LetAutoscalingWork",
            ["iam:CreateServiceLinkedRole"],
            [names.arn("iam", f"role/aws-service-role/{_SCALING}/{_SCALING_ROLE}", regional=False)],
            {"StringEquals": {"iam:AWSServiceName": _SCALING}},
        ),
    ]


def _read_own_group(names: Names, project: str) -> Statement:
    group = names.model_package_group_arn(project)
    versions = group.replace(":model-package-group/", ":model-package/")
    return _allow(
        "ReadOwnVersions",
        [
            "sagemaker:DescribeModelPackage",
            "sagemaker:DescribeModelPackageGroup",
            "sagemaker:ListModelPackages",
        ],
        [group, f"{versions}/*"],
    )


def _read_development(development: Names, project: str) -> list[Statement]:
    """Read the project's versions and the files of its runs where they were made; decided there too, by policies."""
    bucket = development.bucket_arn("artifacts")
    runs = f"{project_prefix(project)}{RUNS}"
    return [
        _read_own_group(development, project),
        _allow("ReadOwnRuns", ["s3:GetObject", "s3:GetObjectVersion"], [f"{bucket}/{runs}*"]),
        _allow("ListOwnRuns", ["s3:ListBucket"], [bucket], {"StringLike": {"s3:prefix": f"{runs}*"}}),
        _allow(
            "DecryptOwnRuns",
            ["kms:Decrypt"],
            [development.arn("kms", "key/*")],
            {
                "ForAnyValue:StringEquals": {"kms:ResourceAliases": development.key_alias("data")},
                "StringEquals": {"kms:ViaService": f"s3.{development.region}.amazonaws.com"},
            },
        ),
    ]


def _pass_role(names: Names, purpose: str) -> Statement:
    return _allow(
        "PassRole",
        ["iam:PassRole"],
        [names.role_arn(purpose)],
        {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    )


_TEMPLATES: Mapping[str, Callable[[Names, str, Names], list[Statement]]] = {
    TRAINING: _training,
    INFERENCE: _inference,
}


def _allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: Mapping[str, Mapping[str, str | list[str]]] | None = None,
) -> Statement:
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": resources[0] if len(resources) == 1 else list(resources),
    }
    if conditions:
        statement["Condition"] = {operator: dict(keys) for operator, keys in conditions.items()}
    return statement
