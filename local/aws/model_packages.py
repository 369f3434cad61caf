"""Model package versions as the service keeps them.

moto 5.2.5 lacks DeleteModelPackage, gives a deleted version's number away again, drops some members of
CreateModelPackage, leaves a version without an approval status, and on an update wipes what the request does not name.
"""

from typing import Any, cast

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.responses import SageMakerResponse

DROPPED = (
    "ModelCard",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
    "SecurityConfig",
    "SkipModelValidation",
    "SourceUri",
)
"""Members of CreateModelPackage that DescribeModelPackage returns and moto does not keep."""

_create = SageMakerResponse.create_model_package


def _find(response: SageMakerResponse, name: str) -> Any:  # moto's own class
    backend = response.sagemaker_backend
    package = backend.model_packages.get(name) or backend.model_packages.get(
        backend.model_package_name_mapping.get(name, name)
    )
    if package is None:
        raise ValidationError(f"ModelPackage {name} does not exist.")
    return package


def create_model_package(self: SageMakerResponse) -> ActionResult:
    """CreateModelPackage with every member kept, a default approval status, and version numbers that only grow."""
    backend = self.sagemaker_backend
    group_name = self._get_param("ModelPackageGroupName")  # how every moto operation reads its request
    if group_name and group_name.startswith("arn:"):
        group_name = group_name.split("/")[-1]
        self.params["ModelPackageGroupName"] = group_name  # the service takes a name or an ARN
    created = cast("dict[str, str]", _create(self).result)
    package: Any = backend.model_packages.pop(created["ModelPackageArn"])
    package.local_extras = {m: v for m in DROPPED if (v := self._get_param(m)) is not None}
    if group_name:
        group: Any = backend.model_package_groups[group_name]
        group.last_version = getattr(group, "last_version", 0) + 1
        package.model_package_version = group.last_version
        package.arn = f"{package.arn.rsplit('/', 1)[0]}/{group.last_version}"
        if package.model_approval_status is None:
            package.model_approval_status = "PendingManualApproval"  # the API's documented default
    backend.model_packages[package.arn] = package
    backend.model_package_name_mapping[package.arn] = package.arn
    backend.model_package_name_mapping[package.model_package_name] = package.arn
    return ActionResult({"ModelPackageArn": package.arn})


def describe_model_package(self: SageMakerResponse) -> ActionResult:
    """DescribeModelPackage with the members that moto drops."""
    package = _find(self, self._get_param("ModelPackageName"))
    return ActionResult({**package.gen_response_object(), **getattr(package, "local_extras", {})})


def update_model_package(self: SageMakerResponse) -> ActionResult:
    """UpdateModelPackage: what the request does not name stays, metadata properties are merged."""
    package = _find(self, self._get_param("ModelPackageArn"))
    if (status := self._get_param("ModelApprovalStatus")) is not None:
        package.set_model_approval_status(status)
    if (description := self._get_param("ApprovalDescription")) is not None:
        package.approval_description = description
    properties = dict(package.customer_metadata_properties or {})
    properties.update(self._get_param("CustomerMetadataProperties") or {})
    for name in self._get_param("CustomerMetadataPropertiesToRemove") or []:
        properties.pop(name, None)
    package.customer_metadata_properties = properties or None
    if more := self._get_param("AdditionalInferenceSpecificationsToAdd"):
        package.add_additional_inference_specifications(more)
    if (inference := self._get_param("InferenceSpecification")) is not None:
        package.inference_specification = inference
    extras = dict(getattr(package, "local_extras", {}))
    extras.update({m: v for m in DROPPED if (v := self._get_param(m)) is not None})
    package.local_extras = extras
    package.last_modified_time = utcnow()
    package.last_modified_by = package.created_by
    return ActionResult({"ModelPackageArn": package.arn})


def delete_model_package(self: SageMakerResponse) -> ActionResult:
    """DeleteModelPackage. The number of a deleted version is not used again."""
    package = _find(self, self._get_param("ModelPackageName"))
    backend = self.sagemaker_backend
    del backend.model_packages[package.arn]
    for name in [n for n, arn in backend.model_package_name_mapping.items() if arn == package.arn]:
        del backend.model_package_name_mapping[name]
    return EmptyResult()


OPERATIONS = {
    "create_model_package": create_model_package,
    "describe_model_package": describe_model_package,
    "update_model_package": update_model_package,
    "delete_model_package": delete_model_package,
}
