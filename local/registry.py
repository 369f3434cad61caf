"""What the model registry of the embedded AWS holds, over all accounts and regions, as plain values."""

from collections.abc import Iterator, Mapping
from typing import Any

from local.aws.server import EmbeddedAws
from local.runner.errors import StepError
from local.runner.progress import ordered
from local.runner.record import stamp
from local.runner.storage import Storage
from operations import documents


def groups(aws: EmbeddedAws) -> list[dict[str, Any]]:
    """Return every model package group with its versions, newest first."""
    return [
        {
            "account": account,
            "region": region,
            "group": name,
            "versions": list(_versions(aws, account, region, name)),
        }
        for account, region, name in sorted(_group_names())
    ]


def _group_names() -> Iterator[tuple[str, str, str]]:
    from moto.sagemaker.models import sagemaker_backends

    backends: Any = sagemaker_backends
    for account, region, backend in backends.iter_backends():
        for name in backend.model_package_groups:
            yield account, region, name


def _versions(aws: EmbeddedAws, account: str, region: str, group: str) -> Iterator[dict[str, Any]]:
    client = aws.client("sagemaker", account, region)
    storage = Storage(aws.client("s3", account, region))
    pages = client.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    summaries = [summary for page in pages for summary in page["ModelPackageSummaryList"]]
    for summary in sorted(summaries, key=lambda s: -s["ModelPackageVersion"]):
        package = client.describe_model_package(ModelPackageName=summary["ModelPackageArn"])
        container = (package.get("InferenceSpecification", {}).get("Containers") or [{}])[0]
        source = package.get("MetadataProperties", {}).get("GeneratedBy")
        yield {
            "version": package["ModelPackageVersion"],
            "arn": package["ModelPackageArn"],
            "status": package["ModelApprovalStatus"],
            "description": package.get("ModelPackageDescription"),
            "created": stamp(package["CreationTime"]),
            "metrics": metrics_of(package, storage),
            "source_run": source.rsplit("/", 1)[-1] if source else None,
            "image": container.get("Image"),
            "model_data": container.get("ModelDataUrl"),
            "metadata": package.get("CustomerMetadataProperties", {}),
        }


def metrics_of(package: Mapping[str, Any], storage: Storage) -> dict[str, float]:
    """Return the numbers of a version's model quality statistics; empty where there are none or they are gone."""
    uri = package.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics", {}).get("S3Uri")
    if uri is None:
        return {}
    try:
        document = storage.read_json(uri)
    except StepError:
        return {}
    return ordered(documents.metrics(document))
