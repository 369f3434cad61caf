"""What moto lacks and this project needs, added to moto's own classes before the server starts."""

from collections.abc import Callable
from typing import Any

from moto.sagemaker.responses import SageMakerResponse

from local.aws import (
    endpoint_configs,
    endpoints,
    image_registry,
    invocations,
    model_package_groups,
    model_packages,
    pipeline_executions,
)


def install() -> None:
    """Add the operations. Doing it again changes nothing."""
    operations: dict[str, Callable[..., Any]] = {
        **model_package_groups.OPERATIONS,
        **model_packages.OPERATIONS,
        **pipeline_executions.OPERATIONS,
        **endpoint_configs.OPERATIONS,
        **endpoints.OPERATIONS,
    }
    for name, operation in operations.items():
        setattr(SageMakerResponse, name, operation)
    endpoint_configs.install()
    image_registry.install()
    invocations.install()
