"""`MlflowTracking`: where experiments are recorded, with their artifacts in the stack's own bucket."""

from enum import StrEnum

import pulumi
import pulumi_aws as aws

from components.exact_role import ExactRole, ExactRoleArgs
from components.policy_document import Statement, allow, policy, trust
from contracts.names import Names

PREFIX = "mlflow"
"""Where in the artifact bucket MLflow writes."""
ROLE = "mlflow"


class TrackingKind(StrEnum):
    """How MLflow runs."""

    SERVER = "server"
    """A tracking server of a chosen size, which costs by the hour."""
    APP = "app"
    """A serverless MLflow app."""


class MlflowTracking(pulumi.ComponentResource):
    """Owns the tracking server or app and its role. Does not own the bucket: what was recorded there outlives both.

    Registers no models: versions get into the registry by pipelines, past the gate.
    """

    arn: pulumi.Output[str]
    """ARN of the server or app; what `mlflow.set_tracking_uri` takes."""

    def __init__(
        self,
        name: str,
        *,
        names: Names,
        kind: TrackingKind,
        size: str,
        domain_id: pulumi.Input[str],
        artifact_bucket: pulumi.Input[str],
        data_key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create it. `size` is Small, Medium or Large, and an app has none."""
        super().__init__("mlops:index:MlflowTracking", name, None, opts)
        role = ExactRole(
            f"{name}-role",
            ExactRoleArgs(
                role_name=names.role(ROLE),
                description="Keeps the artifacts of MLflow",
                trust_policy=trust(
                    "sagemaker.amazonaws.com",
                    account=names.account,
                    source_arn=names.arn("sagemaker", "*"),
                ),
                policies={
                    "artifacts": pulumi.Output.from_input(data_key_arn).apply(
                        lambda key: policy(tracking_statements(names, key))
                    )
                },
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        store = pulumi.Output.concat("s3://", artifact_bucket, f"/{PREFIX}")
        child = pulumi.ResourceOptions(parent=self)
        if kind is TrackingKind.SERVER:
            self.arn = aws.sagemaker.MlflowTrackingServer(
                f"{name}-server",
                tracking_server_name=names.tracking_server,
                artifact_store_uri=store,
                role_arn=role.arn,
                tracking_server_size=size,
                automatic_model_registration=False,
                opts=child,
            ).arn
        else:
            self.arn = aws.sagemaker.MlflowApp(
                f"{name}-app",
                name=names.tracking_server,
                artifact_store_uri=store,
                role_arn=role.arn,
                model_registration_mode="AutoModelRegistrationDisabled",
                default_domain_id_lists=[domain_id],
                opts=child,
            ).arn
        self.register_outputs({"arn": self.arn})


def tracking_statements(names: Names, data_key_arn: str) -> list[Statement]:
    """Read and write under the prefix, and nothing else of the bucket."""
    bucket = names.bucket_arn("artifacts")
    return [
        allow("ListOwnPrefix", ["s3:ListBucket"], [bucket], {"StringLike": {"s3:prefix": [PREFIX, f"{PREFIX}/*"]}}),
        allow(
            "KeepArtifacts",
            ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            [f"{bucket}/{PREFIX}/*"],
        ),
        allow("EncryptArtifacts", ["kms:Decrypt", "kms:GenerateDataKey"], [data_key_arn]),
    ]
