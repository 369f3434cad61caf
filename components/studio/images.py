"""`StudioImages`: custom images that people can choose for their spaces, each pinned to one digest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.exact_role import ExactRole, ExactRoleArgs
from components.policy_document import Statement, allow, policy, trust
from components.studio.app_settings import AttachedImage
from contracts.names import Names
from contracts.studio import APPLICATIONS, JUPYTERLAB, check_image_uri, image_repository_arn

ROLE = "studio-images"
HOME = "/home/sagemaker-user"
USER_ID, GROUP_ID = 1000, 100
"""User and group of SageMaker's own images; a custom image must run as these to write to its space."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StudioImage:
    """A custom image."""

    uri: str
    """Image in ECR by digest, `<account>.dkr.ecr.<region>.amazonaws.com/<repository>@sha256:...`."""
    applications: tuple[str, ...] = APPLICATIONS
    """Applications that it can run."""

    def __post_init__(self) -> None:
        """Refuse an image that could move."""
        check_image_uri(self.uri)


class StudioImages(pulumi.ComponentResource):
    """Owns the images, their versions and configs, and the role that pulls them. Does not own the ECR repositories.

    Another digest makes a new version; profiles move to it, then the old one goes. A running application keeps what it
    started with.
    """

    attached: dict[str, list[AttachedImage]]
    """What an application's settings name, by application."""

    def __init__(
        self,
        name: str,
        *,
        names: Names,
        images: Mapping[str, StudioImage],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create one image per name."""
        super().__init__("mlops:index:StudioImages", name, None, opts)
        role = ExactRole(
            f"{name}-role",
            ExactRoleArgs(
                role_name=names.role(ROLE),
                description="Pulls the custom images of Studio",
                trust_policy=trust(
                    "sagemaker.amazonaws.com",
                    account=names.account,
                    source_arn=names.arn("sagemaker", "*"),
                ),
                policies={"pull": policy(pull_statements(names, [image.uri for image in images.values()]))},
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.attached = {application: [] for application in APPLICATIONS}
        child = pulumi.ResourceOptions(parent=self)
        for key in sorted(images):
            image = aws.sagemaker.Image(
                f"{name}-{key}",
                image_name=names.studio_part(key),
                display_name=key,
                role_arn=role.arn,
                opts=child,
            )
            version = aws.sagemaker.ImageVersion(
                f"{name}-{key}-version", image_name=image.image_name, base_image=images[key].uri, opts=child
            )
            for application in images[key].applications:
                config = _config(f"{name}-{key}-{application}", names, key, application, child)
                self.attached[application].append(
                    AttachedImage(
                        image_name=image.image_name,
                        version=version.version,
                        config_name=config.app_image_config_name,
                    )
                )
        self.register_outputs({})


def _config(
    name: str, names: Names, key: str, application: str, opts: pulumi.ResourceOptions
) -> aws.sagemaker.AppImageConfig:
    config_name = names.studio_part(f"{key}-{application.replace('_', '-')}")
    files: aws.sagemaker.AppImageConfigJupyterLabImageConfigArgsDict = {
        "file_system_config": {"default_uid": USER_ID, "default_gid": GROUP_ID, "mount_path": HOME}
    }
    if application == JUPYTERLAB:
        return aws.sagemaker.AppImageConfig(
            name, app_image_config_name=config_name, jupyter_lab_image_config=files, opts=opts
        )
    return aws.sagemaker.AppImageConfig(
        name, app_image_config_name=config_name, code_editor_app_image_config=files, opts=opts
    )


def pull_statements(names: Names, uris: Sequence[str]) -> list[Statement]:
    """Pull from exactly the repositories of these images."""
    repositories = sorted({image_repository_arn(uri, names.partition) for uri in uris})
    return [
        allow("SignInToEcr", ["ecr:GetAuthorizationToken"], ["*"]),  # knows no resource
        allow(
            "PullImages",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            repositories,
        ),
    ]
