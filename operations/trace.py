"""From an endpoint back to what it is made of: config, model, version, run, data, code, image, approver."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.delivery_events import UnreadableEventError, version_parts
from contracts.desired_state import Deployment
from operations import deployments, table, versions
from operations.descriptions import description_of
from operations.errors import NotFoundError, told
from operations.serving import Endpoint, endpoint_of
from operations.session import Access
from operations.versions import Version

VERSION_TAG = "model-version-arn"
"""Tag that delivery puts on the SageMaker models and configs it creates (contracts.endpoint_plan)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """What one variant of an endpoint config runs."""

    name: str
    shadow: bool
    """Whether it only gets copies of requests."""
    sagemaker_model: str
    image: str | None
    image_digest: str | None
    """What SageMaker pulled, else what the model names; None where neither is a digest."""
    model_data: str | None
    version_arn: str | None
    """None where the SageMaker model carries no tag of ours and no deployment on record has its config."""
    version: Version | None
    """None where it is unknown or gone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """An endpoint and where everything in it comes from."""

    model: str
    endpoint: Endpoint
    variants: tuple[Variant, ...]
    deployment: Deployment | None
    """The newest deployment on record with this config: who asked, why, since when."""
    notes: tuple[str, ...]
    """What could not be found out, and why."""


def trace(access: Access, name: str) -> Trace:
    """Return where an endpoint's content comes from; `name` is the endpoint's or its model's. What is gone is noted."""
    endpoint_name = deployments.known(access, name)
    model = next(m for m in access.settings.models if access.names.endpoint(m) == endpoint_name)
    with told(f"describe endpoint {endpoint_name}"):
        described = access.client("sagemaker").describe_endpoint(EndpointName=endpoint_name)
    endpoint = endpoint_of(access, endpoint_name)
    if endpoint is None:
        raise NotFoundError(f"endpoint {endpoint_name} was deleted a moment ago")
    notes: list[str] = []
    if described.get("PendingDeploymentSummary"):
        pending = described["PendingDeploymentSummary"].get("EndpointConfigName")
        if endpoint.status == "Creating":
            notes.append(f"{endpoint_name} is being created; nothing serves yet")
        else:
            notes.append(f"{endpoint_name} is changing to {pending}; this is what still serves")
    deployment = _deployment(access, model, endpoint.config, notes)
    return Trace(
        model=model,
        endpoint=endpoint,
        variants=tuple(_variants(access, model, described, deployment, notes)),
        deployment=deployment,
        notes=tuple(notes),
    )


def _deployment(access: Access, model: str, config: str | None, notes: list[str]) -> Deployment | None:
    try:
        history = table.history(access, model)
    except NotFoundError as error:
        notes.append(f"deployments: {error}")
        return None
    found = next((d for d in history if config is not None and d.endpoint_config == config), None)
    if found is None:
        notes.append(f"deployments: none on record has the config {config}; somebody deployed it by hand")
    return found


def _variants(
    access: Access, model: str, described: Mapping[str, Any], deployment: Deployment | None, notes: list[str]
) -> list[Variant]:
    config = description_of(access, "describe_endpoint_config", EndpointConfigName=described.get("EndpointConfigName"))
    if config is None:
        notes.append(f"config {described.get('EndpointConfigName')} is gone; the endpoint serves on without it")
        return []
    pulled = {v["VariantName"]: v for kind in _KINDS for v in described.get(kind) or []}
    return [
        _variant(
            access, model, variant, pulled.get(variant["VariantName"], {}), deployment, notes, shadow=kind == _KINDS[1]
        )
        for kind in _KINDS
        for variant in config.get(kind) or []
    ]


_KINDS = ("ProductionVariants", "ShadowProductionVariants")


def _variant(
    access: Access,
    model: str,
    variant: Mapping[str, Any],
    deployed: Mapping[str, Any],
    deployment: Deployment | None,
    notes: list[str],
    *,
    shadow: bool,
) -> Variant:
    name = variant["ModelName"]
    served = description_of(access, "describe_model", ModelName=name) or {}
    if not served:
        notes.append(f"SageMaker model {name} is gone; the endpoint serves on without it, but cannot scale out")
    container = served.get("PrimaryContainer") or (served.get("Containers") or [{}])[0]
    arn = container.get("ModelPackageName") or _tag(access, served.get("ModelArn"))
    if arn is None and deployment is not None and not shadow:
        arn = deployment.version_arn
    image = container.get("Image")
    images = [i.get("ResolvedImage") or "" for i in deployed.get("DeployedImages") or []]
    digest = next((i.partition("@")[2] for i in (*images, image or "") if "@" in i), None)
    return Variant(
        name=variant["VariantName"],
        shadow=shadow,
        sagemaker_model=name,
        image=image,
        image_digest=digest,
        model_data=container.get("ModelDataUrl"),
        version_arn=arn,
        version=_version(access, model, arn, notes),
    )


def _version(access: Access, model: str, arn: str | None, notes: list[str]) -> Version | None:
    if arn is None:
        return None
    try:
        version = versions.of(access, model, versions.describe(access, arn), deep=True)
    except NotFoundError:
        notes.append(f"version {_short(arn)} is gone from the registry")
        return None
    notes.extend(note for note in version.notes if note not in notes)
    return version


def _short(arn: str) -> str:
    try:
        parts = version_parts(arn)
    except UnreadableEventError:
        return arn
    return f"{parts.group}/{parts.version}"


def _tag(access: Access, arn: str | None) -> str | None:
    if arn is None:
        return None
    with told(f"read the tags of {arn}"):
        pages = access.client("sagemaker").get_paginator("list_tags").paginate(ResourceArn=arn)
        tags = {tag["Key"]: str(tag["Value"]) for page in pages for tag in page["Tags"]}
    return tags.get(VERSION_TAG)
