"""What the stack tells its functions: coordinates by environment variable, each model's delivery by SSM parameter."""

import functools
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from contracts.delivery_config import DeliveryConfig, decode
from contracts.names import Names
from contracts.regions import ALL_REGIONS
from lambda_src.shared.clients import client
from lambda_src.shared.errors import PermanentError, is_not_found

NAMES = "NAMES"
"""JSON of the fields of `contracts.names.Names`."""
TABLE_NAME = "TABLE_NAME"
PARAMETER_ROOT = "PARAMETER_ROOT"
"""`ParameterPaths.root`, without a trailing slash."""
RESULT_TOPIC_ARN = "RESULT_TOPIC_ARN"

_SUFFIX = "/delivery"


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A model of this environment, and the names of everything about it."""

    config: DeliveryConfig
    names: Names

    @property
    def model(self) -> str:
        """The model's name."""
        return self.config.model

    @property
    def endpoint(self) -> str:
        """Name of the model's endpoint."""
        return self.names.endpoint(self.config.model)


@functools.cache
def names() -> Names:
    """Return the names of this stack."""
    return Names(**json.loads(os.environ[NAMES]))


def result_topic_arn() -> str:
    """Return the ARN of the topic that hears of every outcome."""
    return os.environ[RESULT_TOPIC_ARN]


def served_by_name(model: str) -> Served:
    """Return a model by its own name. Raises PermanentError where the stack serves none of that name."""
    return _find(model, f"the model {model}", lambda config: config.model == model)


def served_by_group(group: str) -> Served:
    """Return the model whose versions are in `group`, a group of this environment."""
    return _find(_guess(group), f"the group {group}", lambda config: config.group == group)


def served_by_source(group_arn: str) -> Served:
    """Return the model that is promoted from the group `group_arn` of the previous environment."""

    def promoted(config: DeliveryConfig) -> bool:
        return config.previous is not None and config.previous.group_arn == group_arn

    return _find(_guess(group_arn.rsplit("/", 1)[-1]), f"the group {group_arn}", promoted)


def served_by_endpoint(endpoint: str) -> Served:
    """Return the model that `endpoint` serves."""
    return _find(
        _guess(endpoint), f"the endpoint {endpoint}", lambda config: names().endpoint(config.model) == endpoint
    )


def _guess(name: str) -> str | None:
    """Return the model that a name most likely carries: what follows the coordinates, where the name was not cut."""
    _, _, rest = name.partition("-")[2].partition("-")[2].partition("-")  # these three words hold no hyphen
    found = (rest.removeprefix(f"{region}-") for region in ALL_REGIONS if rest.startswith(f"{region}-"))
    return next(found, None)


def _find(guess: str | None, what: str, matches: Callable[[DeliveryConfig], bool]) -> Served:
    likely = _read(guess) if guess else None
    if likely is not None and matches(likely):
        return Served(config=likely, names=names())
    found = next((config for config in _all() if matches(config)), None)
    if found is None:
        raise PermanentError(f"{what} belongs to no model that {os.environ[PARAMETER_ROOT]} delivers")
    return Served(config=found, names=names())


def _read(model: str) -> DeliveryConfig | None:
    try:
        answer = client("ssm").get_parameter(Name=f"{os.environ[PARAMETER_ROOT]}/models/{model}{_SUFFIX}")
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
    return decode(answer["Parameter"]["Value"])


def _all() -> Iterator[DeliveryConfig]:
    """Read every model's delivery. Only a name that was cut, or a stray event, makes this necessary."""
    pages = client("ssm").get_paginator("get_parameters_by_path")
    for page in pages.paginate(Path=f"{os.environ[PARAMETER_ROOT]}/models", Recursive=True):
        for parameter in page["Parameters"]:
            if parameter["Name"].endswith(_SUFFIX):
                yield decode(parameter["Value"])
