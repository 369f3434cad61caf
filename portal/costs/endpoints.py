"""What a SageMaker endpoint costs: the instances of the configuration that it runs."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from portal.costs.model import Standing
from portal.costs.prices import HOURS, SECONDS, NotPricedError, Rates
from portal.costs.rules import NOT_KNOWN, Charge, items, number, said, text

ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"

Configurations = Mapping[str, Mapping[str, Any]]
"""Endpoint configurations by the name that endpoints know them by."""


def configurations(resources: Iterable[Standing]) -> dict[str, Mapping[str, Any]]:
    """Return the endpoint configurations whose names are known."""
    return {
        str(each.inputs["name"]): each.inputs
        for each in resources
        if each.type == CONFIGURATION and each.inputs is not None and isinstance(each.inputs.get("name"), str)
    }


def endpoint(inputs: Mapping[str, Any], rates: Rates, known: Configurations) -> Charge:
    """Sum up the variants, shadows too. Scaling is use: the figure holds the instances that it starts with.

    Raises `NotPricedError` where the configuration is not in the plan.
    """
    name = text(inputs, "endpointConfigName", "")
    if name not in known:
        raise NotPricedError(f"its configuration {name or '(not stated)'}: {NOT_KNOWN}")
    variants = [*items(known[name], "productionVariants"), *items(known[name], "shadowProductionVariants")]
    if not variants:
        raise NotPricedError(f"its configuration {name} states no variants")
    charges = [_variant(each, rates) for each in variants]
    return Charge(
        monthly=sum((charge.monthly for charge in charges), Decimal(0)),
        reason="; ".join(charge.reason for charge in charges),
    )


def _variant(variant: Any, rates: Rates) -> Charge:
    if not isinstance(variant, Mapping):
        raise NotPricedError("a variant is not known yet")
    if variant.get("serverlessConfig"):
        return _serverless(variant["serverlessConfig"], rates)
    if not variant.get("instanceType"):
        raise NotPricedError("a variant states no instance type")
    kind, count = text(variant, "instanceType", ""), number(variant, "initialInstanceCount", 1)
    price = rates.instance(kind)
    reason = f"{said(count)} {kind} at {said(price)} an hour for {HOURS} h"
    if not variant.get("volumeSizeInGb"):
        return Charge(monthly=count * price * HOURS, reason=reason)
    size, storage = number(variant, "volumeSizeInGb"), rates.unit("endpoint_volume_gb_month")
    return Charge(
        monthly=count * (price * HOURS + size * storage),
        reason=f"{reason}, with {said(size)} GB each at {said(storage)} a month",
    )


def _serverless(config: Any, rates: Rates) -> Charge:
    if not isinstance(config, Mapping):
        raise NotPricedError("serverlessConfig is not known yet")
    if not config.get("provisionedConcurrency"):
        return Charge(monthly=Decimal(0), reason="serverless: pays by use")
    count, memory = number(config, "provisionedConcurrency"), number(config, "memorySizeInMb")
    price = rates.unit("serverless_provisioned_gb_second")
    return Charge(
        monthly=count * memory / 1024 * price * SECONDS,
        reason=f"{said(count)} provisioned at {said(memory)} MB, {said(price)} a GB and second",
    )
