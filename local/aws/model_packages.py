"""Model package versions as the service keeps them.

moto 5.2.5 lacks DeleteModelPackage, gives a deleted version's number away again, drops some members of
CreateModelPackage, leaves a version without an approval status, on an update wipes what the request does not name,
knows no callers, and sends no events.
"""

from typing import Any, cast

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from local.aws import identity, notices, resource_policies

DROPPED = (
    "ModelCard",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
    "SecurityConfig",
    "SkipModelValidation",
    "SourceUri",
)
"""Members of CreateModelPackage that DescribeModelPackage returns and moto does not keep."""

UPDATED_FIELDS = {
    "ModelApprovalStatus": "ModelApprovalStatus",
    "ApprovalDescription": "ApprovalDescription",
    "CustomerMetadataProperties": "CustomerMetadataProperties",
    "CustomerMetadataPropertiesToRemove": "CustomerMetadataProperties",
    "InferenceSpecification": "InferenceSpecification",
    "ModelLifeCycle": "ModelLifeCycle",
    "SourceUri": "sourceUri",
}
"""Members of UpdateModelPackage and how the event's UpdatedModelPackageFields spells them (developer guide)."""

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
    package.created_by = identity.user_context(self)
    notices.package_changed(backend.account_id, backend.region_name, _described(package), None)
    return ActionResult({"ModelPackageArn": package.arn})


def describe_model_package(self: SageMakerResponse) -> ActionResult:
    """DescribeModelPackage with the members that moto drops, and of another account where its group's policy allows."""
    name = self._get_param("ModelPackageName")
    return ActionResult(_described(_elsewhere(self, name) or _find(self, name)))


def _elsewhere(response: SageMakerResponse, name: str) -> Any:  # moto's own class, or None
    """Return a version that an ARN names in another account or region; moto looks in the caller's only."""
    if not name.startswith("arn:"):
        return None
    region, account = name.split(":")[3:5]
    if (account, region) == (response.current_account, response.region):
        return None
    there: Any = sagemaker_backends[account][region]
    package = there.model_packages.get(name)
    group = there.model_package_groups.get(package.model_package_group_name) if package else None
    caller = resource_policies.principal_arn(response.current_account, response.get_access_key())
    if account != response.current_account:
        policy = getattr(group, "resource_policy", None)
        context = {"aws:PrincipalArn": caller, "aws:SecureTransport": "true"}
        if not resource_policies.allows(policy, "sagemaker:DescribeModelPackage", name, context):
            raise resource_policies.AccessDeniedError(
                f"User: {caller} is not authorized to perform: sagemaker:DescribeModelPackage on resource: {name} "
                "because no resource-based policy allows the sagemaker:DescribeModelPackage action"
            )
    return package


def _described(package: Any) -> dict[str, Any]:  # moto's own class
    return {**package.gen_response_object(), **getattr(package, "local_extras", {})}


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
    package.last_modified_by = identity.user_context(self)
    named = [shown for member, shown in UPDATED_FIELDS.items() if self._get_param(member) is not None]
    updated = list(dict.fromkeys(named))
    backend = self.sagemaker_backend
    notices.package_changed(backend.account_id, backend.region_name, _described(package), updated)
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
