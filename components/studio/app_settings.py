"""The settings of Studio's applications, as the provider takes them.

A domain's own settings are constants: UpdateDomain fails for domains in VPC-only mode with the providers known to us
(terraform-provider-aws#45528). What a stack file may change lies on the user profiles, whose updates work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from contracts.instances import STUDIO
from contracts.studio import APP_TYPES, CODE_EDITOR, JUPYTERLAB, LEAST_IDLE_MINUTES

DOMAIN_IDLE_MINUTES = 120
"""For a profile that somebody makes by hand; the stack's own profiles set theirs."""
DOMAIN_SPACE_GB = 20
ENABLED, DISABLED = "ENABLED", "DISABLED"
HIDDEN = ("Canvas", "JupyterServer", "KernelGateway", "RStudioServerPro", "TensorBoard")
"""Applications that this platform gives nobody: Studio shows no button for them."""

UNKNOWN_TO_PROVIDER = ("ml.g7", "ml.g7e", "ml.p5.4xlarge", "ml.p6-b200")
"""Beginnings of instance types that the oldest supported provider refuses in a list; nothing hides them."""

_Idle = aws.sagemaker.UserProfileUserSettingsJupyterLabAppSettingsAppLifecycleManagementArgsDict


@dataclass(frozen=True, kw_only=True, slots=True)
class AttachedImage:
    """A custom image as an application's settings name it."""

    image_name: pulumi.Input[str]
    version: pulumi.Input[int]
    config_name: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Workplace:
    """What the applications of a user profile run on."""

    applications: Sequence[str]
    """Those that people may open."""
    idle_minutes: int
    """When an idle application ends, and the most that a person may set instead."""
    space_gb: int
    """Volume of a new space."""
    most_space_gb: int
    """Largest volume that a person may choose."""
    instances: Sequence[str]
    """Instance types that people may choose; the first is the default."""
    images: Mapping[str, Sequence[AttachedImage]]
    """Custom images by application."""
    scripts: Mapping[str, pulumi.Input[str]]
    """ARN of the lifecycle configuration by application."""


def domain_settings(
    *, execution_role_arn: pulumi.Input[str], security_group_id: pulumi.Input[str]
) -> aws.sagemaker.DomainDefaultUserSettingsArgsDict:
    """Return the defaults of every profile: idle applications end, results are not shared, Studio is what opens."""
    return {
        "execution_role": execution_role_arn,
        "security_groups": [security_group_id],
        "auto_mount_home_efs": "Enabled",
        "default_landing_uri": "studio::",
        "studio_web_portal": ENABLED,
        "sharing_settings": {"notebook_output_option": "Disabled"},
        "jupyter_lab_app_settings": {"app_lifecycle_management": _idle(DOMAIN_IDLE_MINUTES)},
        "code_editor_app_settings": {"app_lifecycle_management": _idle(DOMAIN_IDLE_MINUTES)},
        "space_storage_settings": {
            "default_ebs_storage_settings": {
                "default_ebs_volume_size_in_gb": DOMAIN_SPACE_GB,
                "maximum_ebs_volume_size_in_gb": DOMAIN_SPACE_GB,
            }
        },
    }


def profile_settings(
    workplace: Workplace, *, execution_role_arn: pulumi.Input[str], security_group_id: pulumi.Input[str]
) -> aws.sagemaker.UserProfileUserSettingsArgsDict:
    """Return a person's settings: the persona's role, and the workplace that the stack file describes."""
    return {
        "execution_role": execution_role_arn,
        "security_groups": [security_group_id],
        "studio_web_portal": ENABLED,
        "default_landing_uri": "studio::",
        "studio_web_portal_settings": {
            "hidden_app_types": [*HIDDEN, *(APP_TYPES[a] for a in APP_TYPES if a not in workplace.applications)],
            "hidden_instance_types": hidden_instances(workplace.instances),
        },
        "jupyter_lab_app_settings": {
            "app_lifecycle_management": _idle(workplace.idle_minutes),
            "custom_images": _custom_images(workplace, JUPYTERLAB),
            "default_resource_spec": _resources(workplace, JUPYTERLAB),
            "lifecycle_config_arns": _scripts(workplace, JUPYTERLAB),
        },
        "code_editor_app_settings": {
            "app_lifecycle_management": _idle(workplace.idle_minutes),
            "custom_images": _custom_images(workplace, CODE_EDITOR),
            "default_resource_spec": _resources(workplace, CODE_EDITOR),
            "lifecycle_config_arns": _scripts(workplace, CODE_EDITOR),
        },
        "space_storage_settings": {
            "default_ebs_storage_settings": {
                "default_ebs_volume_size_in_gb": workplace.space_gb,
                "maximum_ebs_volume_size_in_gb": workplace.most_space_gb,
            }
        },
    }


def hidden_instances(allowed: Sequence[str]) -> list[str]:
    """Return the instance types that Studio does not offer. It hides only: the roles' policies are what refuses."""
    return sorted(t for t in STUDIO - set(allowed) if not t.startswith(UNKNOWN_TO_PROVIDER))


def _idle(minutes: int) -> _Idle:
    # A person may shorten it, and cannot lengthen it or turn it off.
    return {
        "idle_settings": {
            "lifecycle_management": ENABLED,
            "idle_timeout_in_minutes": minutes,
            "min_idle_timeout_in_minutes": LEAST_IDLE_MINUTES,
            "max_idle_timeout_in_minutes": minutes,
        }
    }


def _resources(
    workplace: Workplace, application: str
) -> aws.sagemaker.UserProfileUserSettingsJupyterLabAppSettingsDefaultResourceSpecArgsDict:
    script = workplace.scripts.get(application)
    if script is None:
        return {"instance_type": workplace.instances[0]}
    return {"instance_type": workplace.instances[0], "lifecycle_config_arn": script}


def _scripts(workplace: Workplace, application: str) -> list[pulumi.Input[str]]:
    return [workplace.scripts[application]] if application in workplace.scripts else []


def _custom_images(
    workplace: Workplace, application: str
) -> list[aws.sagemaker.UserProfileUserSettingsJupyterLabAppSettingsCustomImageArgsDict]:
    return [
        {
            "image_name": image.image_name,
            "image_version_number": image.version,
            "app_image_config_name": image.config_name,
        }
        for image in workplace.images.get(application, ())
    ]
