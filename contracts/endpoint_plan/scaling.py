"""How an endpoint scales by itself: keywords of the Application Auto Scaling calls."""

from dataclasses import dataclass

from contracts.delivery_config import Delivery, Kind, Scaling
from contracts.endpoint_plan.inputs import VARIANT, Request
from contracts.names import Names

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
SERVICE = "sagemaker"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScalingRequests:
    """The two calls, in this order; both are idempotent."""

    register_scalable_target: Request
    put_scaling_policy: Request


def scalable_resource(names: Names, model: str) -> str:
    """Return the resource id of the model's variant, `endpoint/<name>/variant/<variant>`."""
    return f"endpoint/{names.endpoint(model)}/variant/{VARIANT}"


def scaling_requests(names: Names, model: str, delivery: Delivery) -> ScalingRequests | None:
    """Return the autoscaling of a model's endpoint, None where the number of instances is fixed.

    It belongs to endpoint and variant, not to a config, so it survives updates; apply it again after each to be sure.
    """
    if not delivery.scales:
        return None
    target = {
        "ServiceNamespace": SERVICE,
        "ResourceId": scalable_resource(names, model),
        "ScalableDimension": DIMENSION,
    }
    policy = delivery.scaling or Scaling()
    return ScalingRequests(
        register_scalable_target={
            **target,
            "MinCapacity": delivery.least_instances,
            "MaxCapacity": delivery.most_instances,
        },
        put_scaling_policy={
            **target,
            "PolicyName": f"{names.endpoint(model)}-target",
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": float(policy.target_invocations_per_instance),
                "ScaleInCooldown": policy.scale_in_cooldown_s,
                "ScaleOutCooldown": policy.scale_out_cooldown_s,
                **_metric(names.endpoint(model), delivery.kind),
            },
        },
    )


def _metric(endpoint: str, kind: Kind) -> dict[str, object]:
    if kind is Kind.REALTIME:
        predefined = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        return {"PredefinedMetricSpecification": predefined}
    return {
        "CustomizedMetricSpecification": {
            "MetricName": "ApproximateBacklogSizePerInstance",
            "Namespace": "AWS/SageMaker",
            "Dimensions": [{"Name": "EndpointName", "Value": endpoint}],
            "Statistic": "Average",
        }
    }
