"""What a plan is made from, and the digests that name what it makes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.delivery_config import Delivery, DeliveryConfig, Kind
from contracts.names import Names

VARIANT = "primary"
"""Name of the one production variant. It never changes: guardrails and scaling need the same name in old and new."""
SHADOW_VARIANT = "shadow"
CONTENT_TYPE = "application/json"
DIGEST_LENGTH = 8
MOST_VARIABLES = 100
"""CreateModel, Environment: entries of a container."""

Request = dict[str, object]


class PlanError(ValueError):
    """No request can be made of this plan. Trying again cannot help; the message says what to change."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShadowModel:
    """The version that a shadow variant runs."""

    version_arn: str
    image: str
    model_data_url: str
    environment_variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryPlanInput:
    """One model version and how this environment serves it."""

    model: str
    environment: str
    names: Names
    role_arn: str
    version_arn: str
    """The model package version that is to run; a tag, and part of the digest."""
    image: str
    """Image URI, by digest."""
    model_data_url: str
    """`s3://` URI of `model.tar.gz` in this environment."""
    environment_variables: Mapping[str, str]
    """Environment variables of the version's container."""
    delivery: Delivery
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    key_arn: str
    capture_bucket: str
    artifact_bucket: str
    """Results of asynchronous and batch inference go here."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of what is created. No part of a digest: a tag deploys nothing anew."""
    shadow: ShadowModel | None = None
    """Set exactly where `delivery.shadow` is; the caller looks the version up."""

    def __post_init__(self) -> None:
        """Refuse what no request can be made of."""
        if (self.shadow is None) != (self.delivery.shadow is None):
            raise PlanError(
                f"models.{self.model}.delivery.shadow: the plan {'has no' if self.shadow is None else 'has a'} shadow"
                " model; look the shadow's version up in the package group and hand it over"
            )
        for variables in (self.environment_variables, self.shadow.environment_variables if self.shadow else {}):
            if len(variables) > MOST_VARIABLES:
                raise PlanError(
                    f"{self.version_arn}: {len(variables)} environment variables, and a container takes"
                    f" {MOST_VARIABLES}; register a version with fewer"
                )

    @classmethod
    def of(
        cls,
        config: DeliveryConfig,
        names: Names,
        *,
        version_arn: str,
        image: str,
        model_data_url: str,
        environment_variables: Mapping[str, str],
        shadow: ShadowModel | None = None,
    ) -> "DeliveryPlanInput":
        """Return the plan of a version by the config that the stack published."""
        return cls(
            model=config.model,
            environment=config.environment,
            names=names,
            role_arn=config.role_arn,
            version_arn=version_arn,
            image=image,
            model_data_url=model_data_url,
            environment_variables=environment_variables,
            delivery=config.delivery,
            subnets=config.subnets,
            security_groups=config.security_groups,
            key_arn=config.key_arn,
            capture_bucket=config.capture_bucket,
            artifact_bucket=config.artifact_bucket,
            tags=config.tags,
            shadow=shadow,
        )

    @property
    def on_instances(self) -> bool:
        """Whether instances serve the model, in the VPC."""
        return self.delivery.kind is not Kind.SERVERLESS


def digest_of(content: object) -> str:
    """Return the digest of plain values, 8 hexadecimal digits; the order of keys does not matter."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]


def tag_list(plan: DeliveryPlanInput) -> list[dict[str, str]]:
    """Return the tags of what is created: the stack's, and which version it serves."""
    tags = {**plan.tags, "model": plan.model, "model-version-arn": plan.version_arn}
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
