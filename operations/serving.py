"""What a model's endpoint runs at this moment."""

from collections.abc import Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from contracts.delivery_config import Kind
from contracts.delivery_events import version_parts
from contracts.desired_state import Deployment, State
from operations import table
from operations.errors import NotFoundError, RefusedError, is_missing, told
from operations.plain import moment
from operations.project_table import model_or_project
from operations.session import Access


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """An endpoint as AWS shows it now."""

    name: str
    status: str
    """As DescribeEndpoint: InService, Updating, Failed, ..."""
    config: str | None
    changed: str | None
    reason: str | None
    """Why it failed; None where it did not."""


def endpoint_of(access: Access, name: str) -> Endpoint | None:
    """Return an endpoint, None where there is none."""
    with told(f"describe endpoint {name}"):
        try:
            described = access.client("sagemaker").describe_endpoint(EndpointName=name)
        except ClientError as error:
            if is_missing(error):
                return None
            raise
    return Endpoint(
        name=name,
        status=described["EndpointStatus"],
        config=described.get("EndpointConfigName"),
        changed=moment(described.get("LastModifiedTime")),
        reason=described.get("FailureReason"),
    )


def version_with(config: str | None, history: Sequence[Deployment]) -> int | None:
    """Return the version whose deployment has an endpoint config, None where none has."""
    found = next((d for d in history if config is not None and d.endpoint_config == config), None)
    return version_parts(found.version_arn).version if found else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Serving:
    """Which version serves."""

    version: int | None
    """None where none does, or where it is not known."""
    unknown: str | None = None
    """Why it is not known; None where it is."""


def serving(access: Access, model: str) -> Serving:
    """Return which version of a model serves; for batch, which one the next job runs. A refusal leaves it unknown."""
    if model_or_project(access, model) not in access.settings.models:
        return Serving(version=None)  # a project's endpoints are in other environments
    delivery = access.settings.delivery(model)
    if delivery is None:
        return Serving(version=None)
    try:
        if delivery.kind is Kind.BATCH:
            history = table.history(access, model)
            found = next((d for d in history if d.state is State.IN_SERVICE), None)
            return Serving(version=version_parts(found.version_arn).version if found else None)
        endpoint = endpoint_of(access, access.names.endpoint(model))
        if endpoint is None:
            return Serving(version=None)
        number = version_with(endpoint.config, table.history(access, model))
    except NotFoundError:  # no table: the stack is not deployed, or delivers nothing yet
        return Serving(version=None)
    except RefusedError as error:
        return Serving(version=None, unknown=str(error))
    if number is None:
        return Serving(version=None, unknown=f"no deployment on record has the config {endpoint.config}")
    return Serving(version=number)
