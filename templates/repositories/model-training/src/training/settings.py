"""Where a pipeline runs: read from the variables of the environment, or invented for work without AWS."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops_project.published import published
from mlops_project.variables import group_name, variable


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Names and ids of one environment. Nothing here decides what is trained or what is good enough."""

    project: str
    environment: str
    region: str
    account: str
    pipeline_name: str
    model_package_group: str
    artifact_bucket: str
    data_bucket: str
    pipeline_role_arn: str
    processing_role_arn: str
    training_role_arn: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    key_arn: str
    commit: str
    """Of this repository; noted on every model version."""

    @property
    def base_uri(self) -> str:
        """The part of the artifact bucket that is this project's."""
        return f"s3://{self.artifact_bucket}/projects/{self.project}"

    @classmethod
    def from_environment(cls, ssm: Any, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the variables that the platform set, and the ids that it publishes in SSM."""
        ids = published(ssm, variable("PARAMETER_ROOT", environ))
        return cls(
            project=variable("PROJECT", environ),
            environment=variable("ENVIRONMENT", environ),
            region=variable("AWS_REGION", environ),
            account=variable("AWS_ACCOUNT", environ),
            pipeline_name=variable("PIPELINE_NAME", environ),
            model_package_group=group_name(variable("MODEL_PACKAGE_GROUP_ARN", environ)),
            artifact_bucket=variable("ARTIFACT_BUCKET", environ),
            data_bucket=variable("DATA_BUCKET", environ),
            pipeline_role_arn=variable("PIPELINE_ROLE_ARN", environ),
            processing_role_arn=variable("PROCESSING_ROLE_ARN", environ),
            training_role_arn=variable("TRAINING_ROLE_ARN", environ),
            subnet_ids=ids.subnet_ids,
            security_group_ids=ids.security_group_ids,
            key_arn=ids.key_arn,
            commit=variable("GITHUB_SHA", environ),
        )

    @classmethod
    def offline(cls) -> "Settings":
        """Return invented names, for tests and for runs on this machine."""
        account, region = "000000000000", "us-east-1"
        return cls(
            project="local",
            environment="dev",
            region=region,
            account=account,
            pipeline_name="local",
            model_package_group="local",
            artifact_bucket="local-artifacts",
            data_bucket="local-data",
            pipeline_role_arn=f"arn:aws:iam::{account}:role/pipeline",
            processing_role_arn=f"arn:aws:iam::{account}:role/processing",
            training_role_arn=f"arn:aws:iam::{account}:role/training",
            subnet_ids=("subnet-11111111", "subnet-22222222"),
            security_group_ids=("sg-11111111",),
            key_arn=f"arn:aws:kms:{region}:{account}:key/11111111-2222-4333-8444-555555555555",
            commit="0" * 40,
        )
