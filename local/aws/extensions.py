"""What moto lacks and this project needs, added to moto's own classes before the server starts."""

from collections.abc import Callable
from typing import Any

from moto.sagemaker.responses import SageMakerResponse

from local.aws import (
    endpoint_configs,
    endpoints,
    function_calls,
    image_registry,
    invocations,
    kept_settings,
    model_package_groups,
    model_packages,
    pipeline_executions,
    service_catalog,
    studio,
    studio_members,
    studio_products,
)


def install() -> None:
    """Add the operations. Doing it again changes nothing."""
    operations: dict[str, Callable[..., Any]] = {
        **model_package_groups.OPERATIONS,
        **model_packages.OPERATIONS,
        **pipeline_executions.OPERATIONS,
        **endpoint_configs.OPERATIONS,
        **endpoints.OPERATIONS,
        **studio.OPERATIONS,
        **studio_members.OPERATIONS,
        **studio_products.OPERATIONS,
    }
    for name, operation in operations.items():
        setattr(SageMakerResponse, name, operation)
    endpoint_configs.install()
    function_calls.install()
    image_registry.install()
    invocations.install()
    kept_settings.install()
    service_catalog.install()
