"""Tell the deploy function that an operator asked for something: see `contracts.operator_events`."""

import json

from contracts.operator_events import DETAIL_TYPE, SOURCE
from operations.errors import OperationError, told
from operations.session import Access


def announce(access: Access, model: str, version_arn: str) -> str:
    """Wake the deploy function for a model; return the event's id. Raises OperationError where it was not taken."""
    detail = {"stack": access.names.prefix, "model": model, "version": version_arn, "requested_by": access.caller}
    entry = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Resources": [version_arn], "Detail": json.dumps(detail)}
    with told(f"tell the deploy function about {model}"):
        answer = access.client("events").put_events(Entries=[entry])
    refused = answer["Entries"][0]
    if answer.get("FailedEntryCount") or not refused.get("EventId"):  # PutEvents answers 200 for what it did not take
        raise OperationError(
            f"tell the deploy function about {model}: {refused.get('ErrorCode')}: {refused.get('ErrorMessage')}"
        )
    return str(refused["EventId"])
