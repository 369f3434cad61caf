"""Functions for the tests of the local engine's Lambda."""

import os
import time
from pathlib import Path


def handler(event, context):
    """Say who one is; wait for another one's file, and raise, where the event asks for it."""
    if "raise" in event:
        raise ValueError(event["raise"])
    if "write" in event:
        Path(event["write"]).touch()
    while "wait_for" in event and not Path(event["wait_for"]).exists():
        time.sleep(0.01)
    return {
        "name": os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        "mode": os.environ.get("MODE"),
        "home": os.environ.get("HOME"),
        "arn": context.invoked_function_arn,
        "milliseconds": context.get_remaining_time_in_millis(),
    }
