"""BatchGetImage of another account's repository, where its policy allows; moto 5.2.5 looks in the caller's only."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.models import ecr_backends
from moto.ecr.responses import ECRResponse

from local.aws import resource_policies

_batch_get_image = ECRResponse.batch_get_image


def batch_get_image(self: ECRResponse) -> ActionResult:
    """BatchGetImage; `registryId` names the account whose registry is asked."""
    registry = self._get_param("registryId")  # how every moto operation reads its request
    if registry in (None, self.current_account):
        return _batch_get_image(self)
    backend: Any = ecr_backends[registry][self.region]
    name = self._get_param("repositoryName")
    repository = backend.repositories.get(name)
    if repository is not None:
        caller = resource_policies.principal_arn(self.current_account, self.get_access_key())
        context = {"aws:PrincipalArn": caller, "aws:SecureTransport": "true"}
        if not resource_policies.allows(repository.policy, "ecr:BatchGetImage", repository.arn, context):
            raise resource_policies.AccessDeniedError(
                f"User: {caller} is not authorized to perform: ecr:BatchGetImage on resource: {repository.arn} "
                "because no resource-based policy allows the ecr:BatchGetImage action"
            )
    return ActionResult(backend.batch_get_image(name, registry, self._get_param("imageIds")))


def install() -> None:
    """Put the operation in moto's place."""
    setattr(ECRResponse, "batch_get_image", batch_get_image)  # noqa: B010  # a method of moto's
