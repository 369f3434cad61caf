"""The request that registers a copy of another environment's version in this environment's group."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from contracts.delivery_config import DeliveryConfig
from contracts.delivery_events import APPROVED
from contracts.version_metadata import (
    APPROVED_BY,
    DELIVERY_PREFIX,
    ENVIRONMENT,
    PIPELINE_RUN,
    SOURCE_APPROVED_AT,
    SOURCE_APPROVED_BY,
    SOURCE_ENVIRONMENT,
    SOURCE_PREFIX,
    SOURCE_RUN,
    SOURCE_VERSION,
)
from lambda_src.shared.clients import client
from lambda_src.shared.promotions import Promotion
from lambda_src.shared.registry import Version, clean

KEPT = ("ModelPackageDescription", "Domain", "Task", "SkipModelValidation")
"""Members that a copy has as the source has them; files and images are copied, the rest is this environment's own."""
CONTAINER_KEPT = ("Environment", "ModelInput", "Framework", "FrameworkVersion", "NearestModelName", "ContainerHostname")
REPORTS = ("ModelMetrics", "DriftCheckBaselines")
MOST_PROPERTIES = 50
"""CustomerMetadataMap, API model."""
AUTOMATIC = "automatic"
PENDING = "PendingManualApproval"


def files_of(version: Version) -> list[str]:
    """Return the URIs of every file that a version names: its archive, reports, baselines, sample payload."""
    found = [str(version.container["ModelDataUrl"])]

    def note(uri: str) -> str:
        found.append(uri)
        return uri

    for name in REPORTS:
        _rewrite(version.described.get(name) or {}, note)
    if sample := version.described.get("SamplePayloadUrl"):
        found.append(sample)
    return list(dict.fromkeys(found))


def find(group: str, source_arn: str, *, since: str) -> str | None:
    """Return the version of `group` that is the copy of `source_arn`, made after `since`; None where there is none.

    For a promotion that died between registering and recording, longer ago than a client token is remembered.
    """
    sagemaker = client("sagemaker")
    pages = sagemaker.get_paginator("list_model_packages")
    for page in pages.paginate(ModelPackageGroupName=group, CreationTimeAfter=datetime.fromisoformat(since)):
        for listed in page["ModelPackageSummaryList"]:
            arn = str(listed["ModelPackageArn"])
            described = sagemaker.describe_model_package(ModelPackageName=arn)
            if (described.get("CustomerMetadataProperties") or {}).get(SOURCE_VERSION) == source_arn:
                return arn
    return None


def request(
    version: Version, *, config: DeliveryConfig, promotion: Promotion, image: str, copies: Mapping[str, str]
) -> dict[str, Any]:
    """Return the keywords of CreateModelPackage; `copies` gives the copy of each of `files_of`.

    The client token is the source version's, so registering twice within the service's memory gives one version.
    """
    source = version.described
    container = {name: version.container[name] for name in CONTAINER_KEPT if version.container.get(name)}
    container |= {"Image": image, "ModelDataUrl": copies[version.container["ModelDataUrl"]]}
    specification = {**source["InferenceSpecification"], "Containers": [container]}
    wanted: dict[str, Any] = {name: source[name] for name in KEPT if source.get(name)}
    for name in REPORTS:
        if source.get(name):
            wanted[name] = _rewrite(source[name], copies.__getitem__)
    if sample := source.get("SamplePayloadUrl"):
        wanted["SamplePayloadUrl"] = copies[sample]
    return {
        **wanted,
        "ModelPackageGroupName": config.group,
        "InferenceSpecification": specification,
        "ModelApprovalStatus": APPROVED if config.approval == AUTOMATIC else PENDING,
        "CustomerMetadataProperties": metadata(version, config=config, promotion=promotion),
        "ClientToken": hashlib.sha256(f"{config.group} {version.arn}".encode()).hexdigest()[:36],
    }


def metadata(version: Version, *, config: DeliveryConfig, promotion: Promotion) -> dict[str, str]:
    """Return the lineage that a copy carries: the source's own, and where it comes from."""
    previous = config.previous.environment if config.previous else ""
    # What the source's own deployment wrote is about that deployment, and its approver is not this version's.
    kept = {
        k: v
        for k, v in version.metadata.items()
        if not k.startswith((DELIVERY_PREFIX, SOURCE_PREFIX)) and k != APPROVED_BY
    }
    own = {
        ENVIRONMENT: config.environment,
        SOURCE_ENVIRONMENT: previous,
        SOURCE_VERSION: version.arn,
        SOURCE_APPROVED_BY: promotion.approved_by,
        SOURCE_APPROVED_AT: promotion.approved_at,
    }
    if run := kept.get(PIPELINE_RUN) or (version.described.get("MetadataProperties") or {}).get("GeneratedBy"):
        own[SOURCE_RUN] = run
    room = MOST_PROPERTIES - len(own)
    fitted = {k: v for k, v in kept.items() if k not in own}
    return dict(list(fitted.items())[:room]) | {key: clean(value) for key, value in own.items() if value}


def _rewrite(part: Any, place: Callable[[str], str]) -> Any:
    """Return a copy of nested values with each S3Uri replaced; digests of content go, as they are of the old file."""
    if not isinstance(part, Mapping):
        return part
    return {
        name: place(value) if name == "S3Uri" else _rewrite(value, place)
        for name, value in part.items()
        if name != "ContentDigest"
    }
