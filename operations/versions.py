"""A model version as people ask about it: status, metrics, lineage, who decided, what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.delivery_events import version_parts
from contracts.version_metadata import (
    CODE_HASH,
    DATA_MANIFEST,
    DELIVERY_CONFIG,
    DELIVERY_DETAIL,
    DELIVERY_STATE,
    KNOWN,
    PIPELINE_RUN,
    SOURCE_APPROVED_BY,
    SOURCE_RUN,
    SOURCE_VERSION,
)
from operations import documents, runs
from operations.documents import Manifest, UnreadableDocumentError
from operations.errors import NotFoundError, told
from operations.people import decided_by, person
from operations.plain import moment
from operations.project_table import model_or_project
from operations.runs import Run
from operations.session import Access


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """What delivery last recorded on a version. It stays when another version takes over."""

    state: str
    """As `contracts.desired_state.State`: InService means deployed and verified."""
    detail: str
    endpoint_config: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lineage:
    """Where a version comes from."""

    run: Run | None = None
    code_hash: str | None = None
    manifest_uri: str | None = None
    manifest: Manifest | None = None
    """None where it was not asked for or cannot be read."""
    source_version: str | None = None
    """ARN of the version of the previous environment, of a promoted one."""
    source_approved_by: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A version in a model's package group."""

    model: str
    version: int
    arn: str
    status: str
    """Approved, Rejected or PendingManualApproval."""
    created: str | None
    created_by: str | None
    decided_by: str | None
    """Who approved or rejected it; None while nobody did, or where AWS cannot tell any more."""
    reason: str | None
    """What that person wrote."""
    description: str | None
    metrics: Mapping[str, float] = field(default_factory=dict)
    image: str | None = None
    image_digest: str | None = None
    """`sha256:...`; None where the version names its image by a tag only."""
    model_data: str | None = None
    lineage: Lineage = field(default_factory=Lineage)
    verification: Verification | None = None
    """None where it was never deployed."""
    serves: bool | None = None
    """Whether the endpoint runs it now; None where it was not asked or is not known."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Further metadata that somebody wrote on it."""
    notes: tuple[str, ...] = ()
    """What could not be found out, and why."""


def arn_of(access: Access, model: str, version: int) -> str:
    """Return a version's ARN; AWS is not asked."""
    group = access.names.model_package_group_arn(model_or_project(access, model))
    return f"{group.replace(':model-package-group/', ':model-package/')}/{version}"


def describe(access: Access, arn: str) -> Mapping[str, Any]:
    """Return DescribeModelPackage. Raises NotFoundError, RefusedError and the like."""
    with told(f"describe version {'/'.join(arn.split('/')[-2:])}"):
        described: Mapping[str, Any] = access.client("sagemaker").describe_model_package(ModelPackageName=arn)
    return described


def numbers(access: Access, model: str) -> list[int]:
    """Return the numbers of a model's versions, newest first. Raises NotFoundError where its group does not exist."""
    group = access.names.model_package_group(model_or_project(access, model))
    sagemaker = access.client("sagemaker")
    with told(f"list the versions of {model}"):
        sagemaker.describe_model_package_group(ModelPackageGroupName=group)  # listing an unknown group is not an error
        pages = sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=group, PaginationConfig={"PageSize": 100}
        )
        found = [p["ModelPackageArn"] for page in pages for p in page["ModelPackageSummaryList"]]
    return sorted((version_parts(arn).version for arn in found), reverse=True)


def read(access: Access, model: str, version: int, *, deep: bool = True) -> Version:
    """Return a version. `deep` also reads its run and data manifest, four more calls."""
    arn = arn_of(access, model, version)
    try:
        return of(access, model, describe(access, arn), deep=deep)
    except NotFoundError as error:
        raise NotFoundError(
            f"version {version} of {model} does not exist in {access.settings.environment.value}."
            f" `mlops models list {access.settings.environment.value}` shows those that do."
        ) from error


def of(access: Access, model: str, described: Mapping[str, Any], *, deep: bool) -> Version:
    """Return the version that was described."""
    notes: list[str] = []
    metadata = dict(described.get("CustomerMetadataProperties") or {})
    container = (described.get("InferenceSpecification", {}).get("Containers") or [{}])[0]
    image = container.get("Image")
    digest = container.get("ImageDigest") or (image.partition("@")[2] if image and "@" in image else None)
    return Version(
        model=model,
        version=int(described["ModelPackageVersion"]),
        arn=described["ModelPackageArn"],
        status=described.get("ModelApprovalStatus", "PendingManualApproval"),
        created=moment(described.get("CreationTime")),
        created_by=person(described.get("CreatedBy")),
        decided_by=decided_by(described, access.names),
        reason=described.get("ApprovalDescription") or None,
        description=described.get("ModelPackageDescription") or None,
        metrics=_metrics(access, described, notes),
        image=image,
        image_digest=digest or None,
        model_data=container.get("ModelDataUrl"),
        lineage=_lineage(access, described, metadata, notes, deep=deep),
        verification=Verification(
            state=metadata[DELIVERY_STATE],
            detail=metadata.get(DELIVERY_DETAIL, ""),
            endpoint_config=metadata.get(DELIVERY_CONFIG),
        )
        if DELIVERY_STATE in metadata
        else None,
        metadata={name: value for name, value in sorted(metadata.items()) if name not in KNOWN},
        notes=tuple(notes),
    )


def _metrics(access: Access, described: Mapping[str, Any], notes: list[str]) -> dict[str, float]:
    uri = described.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics", {}).get("S3Uri")
    if uri is None:
        notes.append("metrics: none were registered with the version")
        return {}
    try:
        return documents.metrics(documents.read_json(access, uri))
    except UnreadableDocumentError as error:
        notes.append(f"metrics: {error}")
        return {}


def _lineage(
    access: Access, described: Mapping[str, Any], metadata: Mapping[str, str], notes: list[str], *, deep: bool
) -> Lineage:
    arn = (
        metadata.get(PIPELINE_RUN)
        or metadata.get(SOURCE_RUN)
        or described.get("MetadataProperties", {}).get("GeneratedBy")
    )
    run = None if arn is None else Run(arn=arn, execution=arn.rsplit("/", 1)[-1])
    uri, read_manifest = metadata.get(DATA_MANIFEST), None
    if deep and arn is not None:
        run = runs.read(access, arn)
        if run.unknown:
            notes.append(f"run: {run.unknown}")
    if deep and uri is not None:
        try:
            read_manifest = documents.manifest(uri, documents.read_json(access, uri))
        except UnreadableDocumentError as error:
            notes.append(f"data manifest: {error}")
    return Lineage(
        run=run,
        code_hash=metadata.get(CODE_HASH),
        manifest_uri=uri,
        manifest=read_manifest,
        source_version=metadata.get(SOURCE_VERSION),
        source_approved_by=metadata.get(SOURCE_APPROVED_BY),
    )
