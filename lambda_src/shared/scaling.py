"""Take an endpoint's variant out of autoscaling: where scaling is over, and where SageMaker asks for it."""

from botocore.exceptions import ClientError

from contracts.endpoint_plan.scaling import DIMENSION, SERVICE, scalable_resource
from contracts.names import Names
from lambda_src.shared.clients import client
from lambda_src.shared.errors import code_of, is_refusal

_ASKED_FOR = "scalable target"
"""UpdateEndpoint says that a variant "must be deregistered as scalable targets" before its instance type changes."""


def deregister(names: Names, model: str) -> None:
    """End the scaling of a model's endpoint; one that is gone already is no error."""
    try:
        client("application-autoscaling").deregister_scalable_target(
            ServiceNamespace=SERVICE, ScalableDimension=DIMENSION, ResourceId=scalable_resource(names, model)
        )
    except ClientError as error:
        if code_of(error) != "ObjectNotFoundException":
            raise


def stands_in_the_way(error: ClientError) -> bool:
    """Whether an update was refused because the variant scales; verification registers it again afterwards."""
    return is_refusal(error) and _ASKED_FOR in str(error).lower()
