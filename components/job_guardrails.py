"""Deny statements that no Allow can lift: jobs run in our VPC and on our key, and approval stays with people."""

from components.job_policies import JobScope
from components.policy_document import Statement, deny
from contracts.local_storage import LOCAL_NVME_FAMILIES

_DEFINITIONS = tuple(
    f"sagemaker:Create{kind}JobDefinition"
    for kind in ("DataQuality", "ModelBias", "ModelExplainability", "ModelQuality")
)
_TYPED_JOBS = (
    "sagemaker:CreateHyperParameterTuningJob",
    "sagemaker:CreateMonitoringSchedule",
    "sagemaker:CreateNotebookInstance",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
    *_DEFINITIONS,
)
_AUTOML_JOBS = ("sagemaker:CreateAutoMLJob", "sagemaker:CreateAutoMLJobV2")

APPROVAL_TAG = "approval"
"""Tag of a model package group: `automatic` or `manual`. Pipelines cannot write tags of groups."""

NETWORKED = (*_TYPED_JOBS, *_AUTOML_JOBS, "sagemaker:CreateModel")
"""Actions that carry sagemaker:VpcSubnets. A transform job has no network of its own; its model has."""
WITH_TYPED_VOLUME = (*_TYPED_JOBS, "sagemaker:CreateEndpointConfig", "sagemaker:CreateTransformJob")
"""Actions that carry sagemaker:VolumeKmsKey together with sagemaker:InstanceTypes."""
WITH_VOLUME = (*WITH_TYPED_VOLUME, *_AUTOML_JOBS)
WITH_OUTPUT = (
    "sagemaker:CreateHyperParameterTuningJob",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
    "sagemaker:CreateTransformJob",
    *_AUTOML_JOBS,
)
"""Actions that carry sagemaker:OutputKmsKey and always write an output."""
ENCRYPTED_BETWEEN_CONTAINERS = (
    "sagemaker:CreateHyperParameterTuningJob",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
    *_AUTOML_JOBS,
)


def guardrail_statements(scope: JobScope) -> list[Statement]:
    """Return the statements, filled with the ids of this stack's network and key.

    A condition on a multi-valued key needs a set operator, and a negated operator also matches a missing key: each
    subject therefore has one statement for the missing value and one for a foreign one.
    """
    local_nvme = [f"ml.{family}.*" for family in LOCAL_NVME_FAMILIES]
    return [
        *_must_be_ours("Subnets", "sagemaker:VpcSubnets", NETWORKED, list(scope.subnet_ids)),
        *_must_be_ours("SecurityGroups", "sagemaker:VpcSecurityGroupIds", NETWORKED, [scope.security_group_id]),
        # The stated exception: types with local NVMe storage refuse a volume key, their disks encrypt themselves.
        deny(
            "DenyVolumesWithoutKey",
            WITH_TYPED_VOLUME,
            ["*"],
            {
                "Null": {"sagemaker:VolumeKmsKey": "true"},
                "ForAnyValue:StringNotLike": {"sagemaker:InstanceTypes": local_nvme},
            },
        ),
        deny("DenyAutoMlWithoutKey", _AUTOML_JOBS, ["*"], {"Null": {"sagemaker:VolumeKmsKey": "true"}}),
        _foreign_key("DenyForeignVolumeKey", "sagemaker:VolumeKmsKey", WITH_VOLUME, scope.data_key_arn),
        deny("DenyOutputsWithoutKey", WITH_OUTPUT, ["*"], {"Null": {"sagemaker:OutputKmsKey": "true"}}),
        _foreign_key("DenyForeignOutputKey", "sagemaker:OutputKmsKey", WITH_OUTPUT, scope.data_key_arn),
        deny(
            "DenyClearTrafficBetweenContainers",
            ENCRYPTED_BETWEEN_CONTAINERS,
            ["*"],
            {"BoolIfExists": {"sagemaker:InterContainerTrafficEncryption": "false"}},
        ),
        deny(
            "DenyNotebooksOnTheInternet",
            ["sagemaker:CreateNotebookInstance"],
            ["*"],
            {"StringNotEquals": {"sagemaker:DirectInternetAccess": "Disabled"}},
        ),
        deny_approval_of_manual_models(scope.arn("sagemaker", "model-package-group/*")),
        deny(
            "DenyApprovalAfterwards",
            ["sagemaker:UpdateModelPackage"],
            ["*"],
            {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}},
        ),
    ]


def deny_approval_of_manual_models(groups: str) -> Statement:
    """Whoever registers versions approves those only whose group says so; a group without the tag counts as manual."""
    return deny(
        "DenyApprovalOfManualModels",
        ["sagemaker:CreateModelPackage"],
        [groups],
        {
            "StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"},
            "StringNotEquals": {f"aws:ResourceTag/{APPROVAL_TAG}": "automatic"},
        },
    )


def _must_be_ours(what: str, key: str, actions: tuple[str, ...], ours: list[str]) -> list[Statement]:
    return [
        deny(f"DenyWithout{what}", actions, ["*"], {"Null": {key: "true"}}),
        deny(f"DenyForeign{what}", actions, ["*"], {"ForAnyValue:StringNotEquals": {key: ours}}),
    ]


def _foreign_key(sid: str, key: str, actions: tuple[str, ...], ours: str) -> Statement:
    return deny(sid, actions, ["*"], {"Null": {key: "false"}, "ArnNotEquals": {key: ours}})
