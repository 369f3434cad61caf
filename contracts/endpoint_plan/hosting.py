"""Requests for the SageMaker model, the endpoint config and the endpoint of one version."""

from collections.abc import Mapping

from contracts.delivery_config import Asynchronous, Delivery, Kind, Serverless
from contracts.endpoint_plan.inputs import (
    CONTENT_TYPE,
    SHADOW_VARIANT,
    VARIANT,
    DeliveryPlanInput,
    PlanError,
    Request,
    digest_of,
    tag_list,
)
from contracts.endpoint_plan.rollout import deployment_config
from contracts.local_storage import has_local_nvme
from contracts.names import Names


def endpoint_model_name(plan: DeliveryPlanInput) -> str:
    """Return the name of the SageMaker model that `create_model` creates."""
    return plan.names.endpoint_model(plan.model, digest_of([plan.version_arn, _model_content(plan)]))


def shadow_model_name(plan: DeliveryPlanInput) -> str | None:
    """Return the name of the shadow's SageMaker model, None where there is no shadow."""
    if plan.shadow is None:
        return None
    return plan.names.endpoint_model(
        plan.model, digest_of([plan.shadow.version_arn, _model_content(plan, shadow=True)])
    )


def create_model(plan: DeliveryPlanInput, *, shadow: bool = False) -> Request:
    """Return the keywords of `sagemaker.create_model`; with `shadow`, of the shadow's model."""
    name = shadow_model_name(plan) if shadow else endpoint_model_name(plan)
    if name is None:
        raise PlanError(f"models.{plan.model}.delivery.shadow is absent, so there is no shadow model to create")
    return {"ModelName": name, **_model_content(plan, shadow=shadow), "Tags": tag_list(plan)}


def endpoint_config_name(plan: DeliveryPlanInput) -> str:
    """Return the name of the endpoint config: equal plans, equal names; any change of what runs, another name."""
    return plan.names.endpoint_config(plan.model, digest_of(_config_content(plan)))


def create_endpoint_config(plan: DeliveryPlanInput) -> Request:
    """Return the keywords of `sagemaker.create_endpoint_config`. Raises PlanError for batch, which has no endpoint."""
    return {"EndpointConfigName": endpoint_config_name(plan), **_config_content(plan), "Tags": tag_list(plan)}


def create_endpoint(plan: DeliveryPlanInput) -> Request:
    """Return the keywords of `sagemaker.create_endpoint`, for the first deployment; nothing is there to shift from."""
    return {
        "EndpointName": plan.names.endpoint(plan.model),
        "EndpointConfigName": endpoint_config_name(plan),
        "Tags": tag_list(plan),
    }


def update_endpoint(plan: DeliveryPlanInput, *, endpoint_config: str | None = None) -> Request:
    """Return the keywords of `sagemaker.update_endpoint`; `endpoint_config` names another config, to roll back to.

    See `update_request`.
    """
    return update_request(plan.names, plan.model, plan.delivery, endpoint_config or endpoint_config_name(plan))


def update_request(names: Names, model: str, delivery: Delivery, endpoint_config: str) -> Request:
    """Return the keywords of `sagemaker.update_endpoint` to a config that is there; no version has to be known for it.

    Where the endpoint scales by itself its present number of instances is kept: a config's initial count would throw
    a busy endpoint back to its minimum. Weights and capture come from the config.
    """
    request: Request = {
        "EndpointName": names.endpoint(model),
        "EndpointConfigName": endpoint_config,
    }
    if delivery.scales:
        request["RetainAllVariantProperties"] = True
        request["ExcludeRetainedVariantProperties"] = [
            {"VariantPropertyType": "DesiredWeight"},
            {"VariantPropertyType": "DataCaptureConfig"},
        ]
    rollout = deployment_config(names, model, delivery)
    if rollout is not None:
        request["DeploymentConfig"] = rollout
    return request


def _model_content(plan: DeliveryPlanInput, *, shadow: bool = False) -> Request:
    served = plan.shadow if shadow and plan.shadow is not None else plan
    container: dict[str, object] = {"Image": served.image, "ModelDataUrl": served.model_data_url}
    if served.environment_variables:
        container["Environment"] = dict(sorted(served.environment_variables.items()))
    content: Request = {"PrimaryContainer": container, "ExecutionRoleArn": plan.role_arn}
    if plan.on_instances:  # serverless endpoints take neither a VPC nor isolation
        content["VpcConfig"] = {
            "Subnets": sorted(plan.subnets),
            "SecurityGroupIds": sorted(plan.security_groups),
        }
        content["EnableNetworkIsolation"] = True
    return content


def _config_content(plan: DeliveryPlanInput) -> Request:
    delivery = plan.delivery
    if delivery.kind is Kind.BATCH:
        raise PlanError(f"models.{plan.model}.delivery.kind is batch, which has no endpoint; create a transform job")
    content: Request = {"ProductionVariants": [_variant(plan)]}
    if plan.on_instances and not has_local_nvme(delivery.instance_type):
        content["KmsKeyId"] = plan.key_arn  # SageMaker refuses it where the disk encrypts itself
    if delivery.capture is not None and delivery.kind is Kind.REALTIME:
        content["DataCaptureConfig"] = _capture(plan, delivery.capture.percent)
    if delivery.kind is Kind.ASYNC:
        content["AsyncInferenceConfig"] = _asynchronous(plan, delivery.asynchronous or Asynchronous())
    if delivery.shadow is not None:
        content["ShadowProductionVariants"] = [_shadow_variant(plan, delivery.shadow.percent)]
    return content


def _variant(plan: DeliveryPlanInput) -> dict[str, object]:
    delivery = plan.delivery
    variant: dict[str, object] = {"VariantName": VARIANT, "ModelName": endpoint_model_name(plan)}
    if delivery.kind is Kind.SERVERLESS:
        size = delivery.serverless or Serverless()
        return {
            **variant,
            "ServerlessConfig": {"MemorySizeInMB": size.memory_mb, "MaxConcurrency": size.max_concurrency},
        }
    return {
        **variant,
        "InstanceType": delivery.instance_type,
        "InitialInstanceCount": delivery.least_instances,
        # With a shadow the two weights state the share that is copied: the shadow's by the production variant's.
        "InitialVariantWeight": 1.0,
    }


def _shadow_variant(plan: DeliveryPlanInput, percent: int) -> dict[str, object]:
    return {
        "VariantName": SHADOW_VARIANT,
        "ModelName": shadow_model_name(plan),
        "InstanceType": plan.delivery.instance_type,
        "InitialInstanceCount": plan.delivery.least_instances,
        "InitialVariantWeight": percent / 100,
    }


def _capture(plan: DeliveryPlanInput, percent: int) -> Mapping[str, object]:
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": percent,
        "DestinationS3Uri": f"s3://{plan.capture_bucket}/capture/{plan.model}",
        "KmsKeyId": plan.key_arn,
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        # Without it JSON is kept as base64, which the monitoring images do not read.
        "CaptureContentTypeHeader": {"JsonContentTypes": [CONTENT_TYPE]},
    }


def _asynchronous(plan: DeliveryPlanInput, limits: Asynchronous) -> Mapping[str, object]:
    base = f"s3://{plan.artifact_bucket}/async/{plan.model}"
    return {
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": limits.max_concurrent},
        "OutputConfig": {
            "S3OutputPath": f"{base}/results",
            "S3FailurePath": f"{base}/failures",
            "KmsKeyId": plan.key_arn,
        },
    }
