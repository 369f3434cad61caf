"""`ModelEndpoint` of the platform's Pulumi package, for a Python program. The component itself runs in the package.

The package is named in Pulumi.yaml (`packages: mlops`). What its arguments mean is in the platform's documentation,
"Using the components in another repository"; a test of the platform compares the names below with its schema.
"""

import os
from typing import Any

import pulumi
import pulumi_aws as aws

from mlops_project.facts import Facts

ARGUMENTS = (
    "account", "alarm_max_5xx_rate", "alarm_max_latency_ms", "alarm_topic_arn", "artifact_bucket",
    "async_max_concurrent", "capture_bucket", "capture_percent", "environment", "environment_variables", "image",
    "instance_type", "instances_max", "instances_min", "key_arn", "kind", "model", "model_data_url", "organisation",
    "region", "role_arn", "rollout_bake_seconds", "rollout_step_percent", "rollout_strategy", "rollout_wait_seconds",
    "scale_in_cooldown_s", "scale_out_cooldown_s", "scaling_target_per_instance", "security_group_ids",
    "serverless_max_concurrency", "serverless_memory_mb", "subnet_ids", "tags", "unit", "version_arn",
)  # fmt: skip
OUTPUTS = ("endpointName", "endpointArn", "endpointConfigName")


class ModelEndpoint(pulumi.ComponentResource):
    """One model version behind an endpoint: SageMaker model, endpoint config, endpoint, scaling and alarms."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, **arguments: Any) -> None:
        unknown = sorted(set(arguments) - set(ARGUMENTS))
        if unknown:
            raise TypeError(f"ModelEndpoint has no argument {', '.join(unknown)}; it has {', '.join(ARGUMENTS)}")
        inputs = {_camel(key): value for key, value in arguments.items() if value is not None}
        super().__init__("mlops:index:ModelEndpoint", name, {**dict.fromkeys(OUTPUTS), **inputs}, opts, remote=True)

    @property
    def endpoint_name(self) -> pulumi.Output[str]:
        """Name of the endpoint; it stays when the version changes."""
        return self._output("endpointName")

    @property
    def endpoint_arn(self) -> pulumi.Output[str]:
        """ARN of the endpoint."""
        return self._output("endpointArn")

    @property
    def endpoint_config_name(self) -> pulumi.Output[str]:
        """Name of the config that it runs."""
        return self._output("endpointConfigName")

    def _output(self, name: str) -> pulumi.Output[str]:
        found: pulumi.Output[str] = pulumi.get(self, name)
        return found


def provider(facts: Facts) -> aws.Provider:
    """Return the provider of the environment: of no other account or region, whatever credentials there are.

    In a preview without credentials (`make preview`) it asks AWS for nothing.
    """
    tags = aws.ProviderDefaultTagsArgs(tags={"project": facts.project, "environment": facts.environment})
    if os.environ.get("MLOPS_OFFLINE"):
        return aws.Provider(
            "aws",
            region=facts.region,
            default_tags=tags,
            access_key="none",
            secret_key="none",  # noqa: S106  # no secret: the word says that there is none
            skip_credentials_validation=True,
            skip_metadata_api_check=True,
            skip_requesting_account_id=True,
        )
    return aws.Provider("aws", region=facts.region, allowed_account_ids=[facts.account], default_tags=tags)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)
