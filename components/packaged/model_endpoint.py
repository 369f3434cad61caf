"""`ModelEndpoint` for other repositories: its args are flat already; here its coordinates are checked too."""

import pulumi

from components import model_endpoint as inside
from components.model_endpoint import ModelEndpointArgs
from components.packaged.arguments import check, read
from components.packaged.coordinates import coordinate_checks
from contracts.words import check_model_name

__all__ = ["ModelEndpoint", "ModelEndpointArgs", "checked"]


class ModelEndpoint(inside.ModelEndpoint):
    """One model version behind an endpoint: SageMaker model, endpoint config, endpoint, scaling and alarms.

    A new version makes a new model and config, and the endpoint moves over by the rollout. Role, network, key and
    buckets are given. The platform delivers the model itself unless its settings say `owner: repository`.
    """

    endpoint_name: pulumi.Output[str]
    """Name of the endpoint; it stays when the version changes."""
    endpoint_arn: pulumi.Output[str]
    """ARN of the endpoint."""
    endpoint_config_name: pulumi.Output[str]
    """Name of the config that it runs."""

    def __init__(self, name: str, args: ModelEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, checked(read(ModelEndpointArgs, args)), opts)


def checked(args: ModelEndpointArgs) -> ModelEndpointArgs:
    """Return `args`, or raise ArgumentsError where a coordinate or the model's name breaks a rule."""
    check(*coordinate_checks(args), ("model", args.model, lambda: check_model_name(args.model)))
    return args
