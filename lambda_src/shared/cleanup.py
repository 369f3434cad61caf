"""Remove endpoint configs and SageMaker models that are beyond the ones kept for rolling back.

Called only for an endpoint that was verified in service. What the endpoint runs, what is asked for, and what is young
enough to be another event's half-done work is never touched.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from contracts.desired_state import Desired, State
from lambda_src.shared import store
from lambda_src.shared.clients import client
from lambda_src.shared.configuration import Served
from lambda_src.shared.errors import is_not_found

YOUNG = timedelta(hours=1)
"""A config is created minutes before its endpoint is told; after an hour nobody is about to use it."""


def clean_up(served: Served, desired: Desired, *, now: datetime | None = None) -> list[str]:
    """Delete old configs and their models; return the names of the configs deleted.

    Kept are the config in service and the `keep` newest others that were once verified in service.
    """
    configs = _configs(served)
    verified = [d.endpoint_config for d in store.history(served.model) if d.state is State.IN_SERVICE]
    others = [name for name in dict.fromkeys(verified) if name and name != desired.endpoint_config]
    kept = {desired.endpoint_config, *others[: served.config.delivery.keep]}
    limit = (now or datetime.now(UTC)) - YOUNG
    old = [name for name, created in configs.items() if name not in kept and created < limit]
    if not old:
        return []
    in_use = _models(name for name in configs if name not in old)
    for name in old:
        for model in sorted(_models([name]) - in_use):
            _delete("model", ModelName=model)
        _delete("endpoint_config", EndpointConfigName=name)  # last, so that a half-done removal is found again
    return old


def _configs(served: Served) -> dict[str, datetime]:
    """Return the creation time of each config of this model: those deployed, and those named as its configs are."""
    deployed = {d.endpoint_config for d in store.history(served.model)}
    own = re.compile(rf"{re.escape(f'{served.names.prefix}-{served.model}')}-[0-9a-f]{{8}}")
    pages = client("sagemaker").get_paginator("list_endpoint_configs").paginate(NameContains=served.names.prefix)
    return {
        config["EndpointConfigName"]: config["CreationTime"]
        for page in pages
        for config in page["EndpointConfigs"]
        if config["EndpointConfigName"] in deployed or own.fullmatch(config["EndpointConfigName"])
    }


def _models(configs: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for name in configs:
        described = _describe(name)
        for kind in ("ProductionVariants", "ShadowProductionVariants"):
            found |= {variant["ModelName"] for variant in described.get(kind) or () if "ModelName" in variant}
    return found


def _describe(config: str) -> Mapping[str, Any]:
    try:
        described: Mapping[str, Any] = client("sagemaker").describe_endpoint_config(EndpointConfigName=config)
    except ClientError as error:
        if is_not_found(error):
            return {}
        raise
    return described


def _delete(kind: str, **name: str) -> None:
    try:
        getattr(client("sagemaker"), f"delete_{kind}")(**name)
    except ClientError as error:
        if not is_not_found(error):
            raise
