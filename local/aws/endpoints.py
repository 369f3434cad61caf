"""The operations on endpoints. moto 5.2.5 has no UpdateEndpoint, and an endpoint is InService at once and for good."""

import copy
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.responses import SageMakerResponse

from contracts.delivery_config import Kind
from contracts.endpoint_plan import kind_of
from local.aws import deployment_phases, endpoint_machine, notices
from local.aws.endpoint_configs import arn, find
from local.aws.endpoint_machine import IN_PROGRESS, Deployment, Endpoint, Phase, begin, variants_of

RETAINED = {"DesiredInstanceCount": "DesiredInstanceCount", "DesiredWeight": "DesiredWeight"}
"""VariantProperty types and the members of a variant that they keep; DataCaptureConfig is of the whole endpoint."""


def _find(response: SageMakerResponse, name: str) -> Endpoint:
    endpoint = response.sagemaker_backend.endpoints.get(name)
    if not isinstance(endpoint, Endpoint):
        raise ValidationError(f'Could not find endpoint "{arn(response, "endpoint", name)}".')
    return endpoint


def _at_rest(endpoint: Endpoint) -> Endpoint:
    if endpoint.endpoint_status in IN_PROGRESS:
        raise ValidationError(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    return endpoint


def _changeable(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint that may change; a failed one can only be deleted (DescribeEndpoint, EndpointStatus)."""
    if _at_rest(endpoint).endpoint_status == "Failed":
        raise ValidationError(f'Cannot update endpoint "{endpoint.arn}" because its status is Failed.')
    return endpoint


def _count(variants: list[dict[str, Any]]) -> int:
    return sum(int(variant.get("DesiredInstanceCount") or 0) for variant in variants)


def create_endpoint(self: SageMakerResponse) -> ActionResult:
    """CreateEndpoint: Creating, then InService, or Failed where a container does not pass its ping."""
    name = self._get_param("EndpointName")  # how every moto operation reads its request
    backend = self.sagemaker_backend
    if name in backend.endpoints:
        raise ValidationError(f'Cannot create already existing endpoint "{arn(self, "endpoint", name)}".')
    config = find(self, self._get_param("EndpointConfigName"))
    make: Any = Endpoint  # moto leaves a CloudFormation property abstract
    endpoint: Endpoint = make(
        account_id=backend.account_id,
        region_name=backend.region_name,
        endpoint_name=name,
        endpoint_config_name=config["EndpointConfigName"],
        production_variants=[],
        data_capture_config=config.get("DataCaptureConfig") or {},
        tags=self._get_param("Tags") or [],
    )
    endpoint.account_id, endpoint.region = backend.account_id, backend.region_name
    endpoint.config, endpoint.shadows = config, []
    endpoint.last_deployment = endpoint.why_rolled_back = None
    backend.endpoints[name] = endpoint
    variants = variants_of(config)
    deployment = self._get_param("DeploymentConfig")
    begin(
        endpoint,
        Deployment(
            config=config,
            variants=variants,
            deployment_config=deployment,
            phases=[deployment_phases.launching(_count(variants))],
            started=notices.now(),
        ),
        "Creating",
    )
    return ActionResult({"EndpointArn": endpoint.arn})


def update_endpoint(self: SageMakerResponse) -> ActionResult:
    """UpdateEndpoint: Updating, then InService on the new config, or on the old one where the update failed."""
    endpoint = _changeable(_find(self, self._get_param("EndpointName")))
    config = find(self, self._get_param("EndpointConfigName"))
    _convertible(endpoint, config)
    variants = variants_of(config)
    if self._get_param("RetainAllVariantProperties"):
        excluded = {e["VariantPropertyType"] for e in self._get_param("ExcludeRetainedVariantProperties") or []}
        _retain(endpoint, config, variants, excluded)
    deployment = self._get_param("DeploymentConfig")
    if deployment is None and self._get_param("RetainDeploymentConfig"):
        deployment = endpoint.last_deployment
    begin(
        endpoint,
        Deployment(
            config=config,
            variants=variants,
            deployment_config=deployment,
            phases=deployment_phases.of(deployment, _count(variants)),
            started=notices.now(),
        ),
        "Updating",
    )
    return ActionResult({"EndpointArn": endpoint.arn})


def _convertible(endpoint: Endpoint, config: dict[str, Any]) -> None:
    """Refuse what the service refuses: instances to serverless, and adding or removing AsyncInferenceConfig."""
    present, wanted = kind_of(endpoint.config), kind_of(config)
    if Kind.ASYNC in (present, wanted) and present is not wanted:
        verb = "removed from" if present is Kind.ASYNC else "added to"
        raise ValidationError(
            f"The AsyncInferenceConfig parameter cannot be {verb} this endpoint {endpoint.endpoint_name}."
        )
    if wanted is Kind.SERVERLESS and present is not wanted:
        raise ValidationError(f"The instance-based endpoint {endpoint.endpoint_name} cannot become serverless.")


def _retain(endpoint: Endpoint, config: dict[str, Any], variants: list[dict[str, Any]], excluded: set[str]) -> None:
    old = {variant["VariantName"]: variant for variant in endpoint.production_variants}
    if set(old) != {variant["VariantName"] for variant in variants}:
        raise ValidationError(
            "RetainAllVariantProperties needs the variants of the endpoint "
            f"({', '.join(sorted(old))}) in endpoint configuration {config['EndpointConfigName']}."
        )
    for variant in variants:
        for kind, member in RETAINED.items():
            if kind not in excluded and member in old[variant["VariantName"]]:
                variant[member] = old[variant["VariantName"]][member]
    if "DataCaptureConfig" not in excluded:
        config.pop("DataCaptureConfig", None)
        if capture := endpoint.config.get("DataCaptureConfig"):
            config["DataCaptureConfig"] = capture


def update_endpoint_weights_and_capacities(self: SageMakerResponse) -> ActionResult:
    """UpdateEndpointWeightsAndCapacities, which is also how Application Auto Scaling changes a variant's instances."""
    endpoint = _changeable(_find(self, self._get_param("EndpointName")))
    variants = copy.deepcopy(endpoint.production_variants)
    by_name = {variant["VariantName"]: variant for variant in variants}
    for wanted in self._get_param("DesiredWeightsAndCapacities"):
        variant = by_name.get(wanted["VariantName"])
        if variant is None:
            raise ValidationError(
                f'The variant name(s) "{wanted["VariantName"]}" is/are not present within endpoint configuration '
                f'"{endpoint.endpoint_config_name}".'
            )
        variant.update({m: wanted[m] for m in ("DesiredWeight", "DesiredInstanceCount") if m in wanted})
    begin(
        endpoint,
        Deployment(
            config=endpoint.config,
            variants=variants,
            deployment_config=endpoint.last_deployment,
            phases=[Phase(status="Updating", message=f"Scaling to desired instance count of {_count(variants)}.")],
            started=notices.now(),
        ),
        "Updating",
    )
    return ActionResult({"EndpointArn": endpoint.arn})


def describe_endpoint(self: SageMakerResponse) -> ActionResult:
    """DescribeEndpoint, with PendingDeploymentSummary while a new config is on its way."""
    endpoint = _find(self, self._get_param("EndpointName"))
    answer: dict[str, Any] = {
        "EndpointName": endpoint.endpoint_name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": endpoint.endpoint_config_name,
        "ProductionVariants": _shown(self, endpoint),
        "ShadowProductionVariants": endpoint.shadows,
        "DataCaptureConfig": _capture(endpoint.config.get("DataCaptureConfig")),
        "EndpointStatus": endpoint.endpoint_status,
        "FailureReason": endpoint.failure_reason,
        "CreationTime": endpoint.creation_time,
        "LastModifiedTime": endpoint.last_modified_time,
        "LastDeploymentConfig": endpoint.last_deployment,
        "AsyncInferenceConfig": endpoint.config.get("AsyncInferenceConfig"),
    }
    change = endpoint.pending
    if change is not None and (endpoint.endpoint_status == "Creating" or change.config is not endpoint.config):
        answer["PendingDeploymentSummary"] = endpoint_machine.pending_summary(endpoint)
    return ActionResult({name: value for name, value in answer.items() if value not in (None, [], {})})


def _shown(response: SageMakerResponse, endpoint: Endpoint) -> list[dict[str, Any]]:
    models = {v["VariantName"]: v["ModelName"] for v in endpoint.config["ProductionVariants"]}
    shown = []
    for variant in endpoint.production_variants:
        model: Any = response.sagemaker_backend._models.get(models.get(variant["VariantName"], ""))  # noqa: SLF001  # moto's
        image = ((model.primary_container or (model.containers or [{}])[0]) if model else {}).get("Image")
        deployed = {"DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image}]} if image else {}
        shown.append({**variant, **deployed})
    return shown


def _capture(config: dict[str, Any] | None) -> dict[str, Any] | None:
    if not config:
        return None
    enabled = bool(config.get("EnableCapture"))
    summary = {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId"),
    }
    return {name: value for name, value in summary.items() if value is not None}


def delete_endpoint(self: SageMakerResponse) -> EmptyResult:
    """DeleteEndpoint; refused while the endpoint changes. Its config may be deleted at any time, used or not."""
    endpoint_machine.delete(_at_rest(_find(self, self._get_param("EndpointName"))))
    return EmptyResult()


OPERATIONS = {
    "create_endpoint": create_endpoint,
    "update_endpoint": update_endpoint,
    "update_endpoint_weights_and_capacities": update_endpoint_weights_and_capacities,
    "describe_endpoint": describe_endpoint,
    "delete_endpoint": delete_endpoint,
}
