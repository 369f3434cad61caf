"""A RegisterModel step: a new version in a model package group of the embedded AWS."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ParamValidationError

from local.runner.errors import StepError
from local.runner.record import StepRecord


def run(arguments: Mapping[str, Any], client: Any, execution_arn: str, record: StepRecord) -> dict[str, Any]:
    """Create the version and return its properties. `arguments` are those of CreateModelPackage, fully evaluated.

    As the service does for a pipeline, a missing group is created and MetadataProperties.GeneratedBy names the run.
    """
    request = {name: value for name, value in arguments.items() if value is not None}
    metadata = dict(request.get("MetadataProperties") or {})
    metadata.setdefault("GeneratedBy", execution_arn)
    request["MetadataProperties"] = metadata
    if group := request.get("ModelPackageGroupName"):
        ensure_group(client, str(group).rsplit("/", 1)[-1])
        request.pop("Tags", None)  # the service tags the group; a version of a group takes no tags
    try:
        arn = client.create_model_package(**request)["ModelPackageArn"]
    except ParamValidationError as error:
        raise StepError(f"CreateModelPackage: {error}") from None
    record.model_package_arn = arn
    described: dict[str, Any] = client.describe_model_package(ModelPackageName=arn)
    described.pop("ResponseMetadata", None)
    return described


def ensure_group(client: Any, name: str, **properties: object) -> None:
    """Create the model package group where it does not exist."""
    pages = client.get_paginator("list_model_package_groups").paginate(NameContains=name)
    if not any(g["ModelPackageGroupName"] == name for page in pages for g in page["ModelPackageGroupSummaryList"]):
        client.create_model_package_group(ModelPackageGroupName=name, **properties)
