"""The event by which an operator wakes the deploy function: the desired state is in the table, look at it now.

Its source is our own, because AWS refuses PutEvents for sources that begin with `aws.`. The event carries no order
and no version to trust: who may put events on the bus can make the function look, and nothing else.
"""

from collections.abc import Mapping
from typing import Any

SOURCE = "mlops.operations"
DETAIL_TYPE = "Model Deployment Requested"


def requested_pattern(stack: str) -> dict[str, object]:
    """Match the requests of one stack, `names.prefix`: stacks of other units may share the account's default bus."""
    return {"source": [SOURCE], "detail-type": [DETAIL_TYPE], "detail": {"stack": [stack]}}


def requested_model(event: Mapping[str, Any]) -> str | None:
    """Return the model that an event asks to reconcile; None where the event is of another kind."""
    if event.get("source") != SOURCE or event.get("detail-type") != DETAIL_TYPE:
        return None
    model = event.get("detail", {}).get("model")
    return model if isinstance(model, str) and model else None
