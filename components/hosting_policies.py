"""IAM statements of whoever serves models: endpoints, what they run on, their scaling and their alarms."""

from components.policy_document import Statement, allow
from contracts.endpoint_plan import ALARM_PURPOSES
from contracts.names import Names

_SCALING = "sagemaker.application-autoscaling.amazonaws.com"
_SCALING_ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"


def serve(names: Names, *, serving_role_arn: str, data_key_arn: str) -> list[Statement]:
    """Create, change and try out the endpoints of a stack, which run as the given role and on the given key."""
    endpoints = names.arn("sagemaker", f"endpoint/{names.prefix}-*")
    return [
        allow(
            "ServeVersions",
            [
                "sagemaker:AddTags",
                "sagemaker:CreateEndpoint",
                "sagemaker:CreateEndpointConfig",
                "sagemaker:CreateModel",
                "sagemaker:DeleteEndpoint",
                "sagemaker:DescribeEndpoint",
                "sagemaker:DescribeEndpointConfig",
                "sagemaker:DescribeModel",
                "sagemaker:UpdateEndpoint",
                "sagemaker:UpdateEndpointWeightsAndCapacities",  # what scaling does, and asks of whoever sets it up
            ],
            [endpoints, names.endpoint_configs_arn, names.endpoint_models_arn],
        ),
        allow("SendSmokePayloads", ["sagemaker:InvokeEndpoint"], [endpoints]),
        allow(
            "PassServingRole",
            ["iam:PassRole"],
            [serving_role_arn],
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        allow(
            "AttachEncryptedVolumes",
            ["kms:CreateGrant"],
            [data_key_arn],
            {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]


def scale_and_watch(names: Names) -> list[Statement]:
    """Set up the autoscaling of a stack's endpoints, and the alarms that take an update back."""
    return [
        allow(
            "ScaleEndpoints",
            [
                "application-autoscaling:DeregisterScalableTarget",
                "application-autoscaling:PutScalingPolicy",
                "application-autoscaling:RegisterScalableTarget",
            ],
            [names.arn("application-autoscaling", "scalable-target/*")],  # the service makes up these ids
            {"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}},
        ),
        allow(
            "SeeScaling",
            ["application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies"],
            ["*"],  # describe actions know no resource
        ),
        allow(
            "LetAutoscalingWork",
            ["iam:CreateServiceLinkedRole"],
            [names.arn("iam", f"role/aws-service-role/{_SCALING}/{_SCALING_ROLE}", regional=False)],
            {"StringEquals": {"iam:AWSServiceName": _SCALING}},
        ),
        allow(
            "WatchEndpoints",
            ["cloudwatch:PutMetricAlarm"],
            [names.arn("cloudwatch", f"alarm:{names.prefix}-*.{purpose}") for purpose in ALARM_PURPOSES],
        ),
        # CloudWatch's refusals name all alarms, so single ones may not do; target tracking looks at its own too.
        allow("SeeAlarms", ["cloudwatch:DescribeAlarms"], [names.arn("cloudwatch", "alarm:*")]),
        allow(
            "LetAutoscalingWatch",
            ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"],
            # Target tracking names its alarms so, and makes and removes them in its caller's name.
            [names.arn("cloudwatch", f"alarm:TargetTracking-endpoint/{names.prefix}-*")],
        ),
    ]
