"""Which kind an endpoint is, and why a live one cannot become another: SageMaker refuses it, or allows no way back.

Sources: developer guide, "Deploy models with Amazon SageMaker Serverless Inference", feature exclusions (an endpoint
on instances never becomes serverless; a serverless one becomes realtime, and then cannot be rolled back); the
service's own refusal "The AsyncInferenceConfig parameter cannot be removed from this endpoint", and likewise added.
"""

from collections.abc import Mapping
from typing import Any

from contracts.delivery_config import Kind

_ASYNC = "SageMaker neither adds AsyncInferenceConfig to a live endpoint nor takes it away"
_BATCH = "batch transform needs no endpoint, and this one would go on serving what nobody looks after"
_WHY = {
    Kind.SERVERLESS: "SageMaker makes no endpoint on instances serverless",
    Kind.ASYNC: _ASYNC,
    Kind.BATCH: _BATCH,
    Kind.REALTIME: "SageMaker makes a serverless endpoint realtime once and never back, so no rollout could go back",
}


def kind_of(described: Mapping[str, Any]) -> Kind:
    """Return the kind of an endpoint as DescribeEndpoint or DescribeEndpointConfig shows it."""
    if described.get("AsyncInferenceConfig"):
        return Kind.ASYNC
    members = ("CurrentServerlessConfig", "DesiredServerlessConfig", "ServerlessConfig")
    variants = described.get("ProductionVariants") or ()
    serverless = any(variant.get(member) for variant in variants for member in members)
    return Kind.SERVERLESS if serverless else Kind.REALTIME


def why_not(present: Kind, wanted: Kind) -> str | None:
    """Return why a live endpoint of one kind cannot become another; None where the kinds are equal."""
    if present is wanted:
        return None
    return _ASYNC if Kind.ASYNC in (present, wanted) and wanted is not Kind.BATCH else _WHY[wanted]
