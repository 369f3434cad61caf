"""The SageMaker, autoscaling and CloudWatch requests that serve one model version; equal input, equal requests.

Each function returns the keywords of one boto3 call. Names of models and configs are digests of their content, so an
equal plan has equal names, creating them again meets what is there, and a changed plan never overwrites anything.
"""

from contracts.endpoint_plan.alarming import ALARM_PURPOSES, alarm_names, alarms
from contracts.endpoint_plan.batch import create_transform_job
from contracts.endpoint_plan.conversion import kind_of, why_not
from contracts.endpoint_plan.hosting import (
    create_endpoint,
    create_endpoint_config,
    create_model,
    endpoint_config_name,
    endpoint_model_name,
    shadow_model_name,
    update_endpoint,
    update_request,
)
from contracts.endpoint_plan.inputs import (
    CONTENT_TYPE,
    SHADOW_VARIANT,
    VARIANT,
    DeliveryPlanInput,
    PlanError,
    ShadowModel,
)
from contracts.endpoint_plan.rollout import deployment_config
from contracts.endpoint_plan.scaling import ScalingRequests, scaling_requests

__all__ = [
    "ALARM_PURPOSES",
    "CONTENT_TYPE",
    "SHADOW_VARIANT",
    "VARIANT",
    "DeliveryPlanInput",
    "PlanError",
    "ScalingRequests",
    "ShadowModel",
    "alarm_names",
    "alarms",
    "create_endpoint",
    "create_endpoint_config",
    "create_model",
    "create_transform_job",
    "deployment_config",
    "endpoint_config_name",
    "endpoint_model_name",
    "kind_of",
    "scaling_requests",
    "shadow_model_name",
    "update_endpoint",
    "update_request",
    "why_not",
]
