"""Models and endpoint configs as the service keeps them.

moto 5.2.5 overwrites one whose name is in use, drops members (shadow variants, VPC, isolation, role), and knows only
instance types of 2020.
"""

import copy
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import FakeEndpointConfig
from moto.sagemaker.responses import SageMakerResponse

from contracts.instances import HOSTING

DROPPED = (
    "ShadowProductionVariants",
    "ExplainerConfig",
    "ExecutionRoleArn",
    "VpcConfig",
    "EnableNetworkIsolation",
    "MetricsConfig",
)
"""Members of CreateEndpointConfig that DescribeEndpointConfig returns and moto does not keep."""

_create_config = SageMakerResponse.create_endpoint_config
_create_model = SageMakerResponse.create_model
_describe_model = SageMakerResponse.describe_model


def arn(response: SageMakerResponse, kind: str, name: str) -> str:
    """Return the ARN of a SageMaker resource in the caller's account and region."""
    backend: Any = response.sagemaker_backend
    return f"arn:{backend.partition}:sagemaker:{backend.region_name}:{backend.account_id}:{kind}/{name}"


def find(response: SageMakerResponse, name: str) -> dict[str, Any]:
    """Return a config as DescribeEndpointConfig does; raise the service's error for an unknown one."""
    config: Any = response.sagemaker_backend.endpoint_configs.get(name)
    if config is None:
        raise ValidationError(f'Could not find endpoint configuration "{arn(response, "endpoint-config", name)}".')
    return copy.deepcopy({**config.response_object, **getattr(config, "local_extras", {})})


def create_endpoint_config(self: SageMakerResponse) -> ActionResult:
    """CreateEndpointConfig; configs are immutable, so a name in use is an error."""
    name = self._get_param("EndpointConfigName")  # how every moto operation reads its request
    if name in self.sagemaker_backend.endpoint_configs:
        known = arn(self, "endpoint-config", name)
        raise ValidationError(f'Cannot create already existing endpoint configuration "{known}".')
    for variant in self._get_param("ShadowProductionVariants") or []:
        if variant.get("ModelName") not in self.sagemaker_backend._models:  # noqa: SLF001  # moto's store of models
            raise ValidationError(f'Could not find model "{arn(self, "model", variant.get("ModelName"))}".')
    answer = _create_config(self)
    config: Any = self.sagemaker_backend.endpoint_configs[name]
    config.local_extras = {m: v for m in DROPPED if (v := self._get_param(m)) is not None}
    return answer


def describe_endpoint_config(self: SageMakerResponse) -> ActionResult:
    """DescribeEndpointConfig with the members that moto drops."""
    return ActionResult(find(self, self._get_param("EndpointConfigName")))


def _validate_instance_type(self: FakeEndpointConfig, instance_type: str) -> None:  # noqa: ARG001  # moto's signature
    if instance_type not in HOSTING:
        raise ValidationError(
            f"1 validation error detected: Value '{instance_type}' at 'productionVariants.1.member.instanceType' "
            "failed to satisfy constraint: Member must satisfy enum value set"
        )


def create_model(self: SageMakerResponse) -> ActionResult:
    """CreateModel; a name in use is an error."""
    name = self._get_param("ModelName")
    if name in self.sagemaker_backend._models:  # noqa: SLF001  # moto's store of models
        raise ValidationError(f'Cannot create already existing model "{arn(self, "model", name)}".')
    answer = _create_model(self)
    model: Any = self.sagemaker_backend.describe_model(name)
    model.enable_network_isolation = bool(self._get_param("EnableNetworkIsolation"))
    return answer


def describe_model(self: SageMakerResponse) -> ActionResult:
    """DescribeModel; an unknown one is told as the service does."""
    name = self._get_param("ModelName")
    if name not in self.sagemaker_backend._models:  # noqa: SLF001  # moto's store of models
        raise ValidationError(f'Could not find model "{arn(self, "model", name)}".')
    result: dict[str, Any] = dict(cast("dict[str, Any]", _describe_model(self).result))
    return ActionResult({name: value for name, value in result.items() if value not in ([], {})})


OPERATIONS = {
    "create_endpoint_config": create_endpoint_config,
    "describe_endpoint_config": describe_endpoint_config,
    "create_model": create_model,
    "describe_model": describe_model,
}


def install() -> None:
    """Let configs take the instance types that SageMaker has today."""
    setattr(FakeEndpointConfig, "validate_instance_type", _validate_instance_type)  # noqa: B010  # a method of moto's
