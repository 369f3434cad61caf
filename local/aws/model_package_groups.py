"""Model package groups: delete, resource policies, and no silent second creation. moto 5.2.5 has none of these."""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ConflictException, ValidationError
from moto.sagemaker.responses import SageMakerResponse

_create = SageMakerResponse.create_model_package_group


def group_of(response: SageMakerResponse, name_or_arn: str) -> Any:  # moto's own class
    """Return the group by its name or ARN; raise the service's error for an unknown one."""
    return response.sagemaker_backend.describe_model_package_group(
        model_package_group_name=name_or_arn.rsplit("/", maxsplit=1)[-1]
    )


def create_model_package_group(self: SageMakerResponse) -> ActionResult:
    """CreateModelPackageGroup; a name in use is an error, where moto would forget the older group."""
    name = self._get_param("ModelPackageGroupName")  # how every moto operation reads its request
    group = self.sagemaker_backend.model_package_groups.get(name)
    if group is not None:
        raise ValidationError(f"Model Package Group already exists: {group.arn}")
    return _create(self)


def delete_model_package_group(self: SageMakerResponse) -> ActionResult:
    """DeleteModelPackageGroup; one that still holds versions is a conflict, as the service documents."""
    group = group_of(self, self._get_param("ModelPackageGroupName"))
    name = group.model_package_group_name
    if any(p.model_package_group_name == name for p in self.sagemaker_backend.model_packages.values()):
        raise ConflictException(f"Model Package Group {group.arn} cannot be deleted: it still contains Model Packages.")
    del self.sagemaker_backend.model_package_groups[name]
    return EmptyResult()


def put_model_package_group_policy(self: SageMakerResponse) -> ActionResult:
    """PutModelPackageGroupPolicy; the policy is kept as the text that was sent."""
    group = group_of(self, self._get_param("ModelPackageGroupName"))
    group.resource_policy = self._get_param("ResourcePolicy")
    return ActionResult({"ModelPackageGroupArn": group.arn})


def get_model_package_group_policy(self: SageMakerResponse) -> ActionResult:
    """GetModelPackageGroupPolicy."""
    return ActionResult({"ResourcePolicy": _policy(self).resource_policy})


def delete_model_package_group_policy(self: SageMakerResponse) -> ActionResult:
    """DeleteModelPackageGroupPolicy."""
    _policy(self).resource_policy = None
    return EmptyResult()


def _policy(response: SageMakerResponse) -> Any:  # moto's own class
    group = group_of(response, response._get_param("ModelPackageGroupName"))  # noqa: SLF001
    if getattr(group, "resource_policy", None) is None:
        raise ValidationError(f"Cannot find resource policy for: {group.arn}")
    return group


OPERATIONS = {
    "create_model_package_group": create_model_package_group,
    "delete_model_package_group": delete_model_package_group,
    "put_model_package_group_policy": put_model_package_group_policy,
    "get_model_package_group_policy": get_model_package_group_policy,
    "delete_model_package_group_policy": delete_model_package_group_policy,
}
