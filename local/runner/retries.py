"""Retry policies of a step: which faults they cover, and when the next attempt may begin."""

import errno
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from local.runner.errors import CancelledError, InfrastructureError, StepError

THROTTLED = ("Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown")
EXHAUSTED = {errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOSPC}


def classify(error: Exception) -> Exception:
    """Return `error` as a `StepError` (the step's own fault) or an `InfrastructureError` (worth another attempt)."""
    if isinstance(error, StepError | InfrastructureError | CancelledError):
        return error
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code.startswith(THROTTLED):
            return InfrastructureError("Step.THROTTLING", str(error))
        return (
            InfrastructureError("Step.SERVICE_FAULT", str(error))
            if status >= 500
            else StepError(f"ClientError: {error}")
        )
    if isinstance(error, HTTPClientError):
        return InfrastructureError("Step.SERVICE_FAULT", str(error))
    if isinstance(error, BotoCoreError):
        return StepError(f"ClientError: {error}")
    if isinstance(error, OSError) and error.errno in EXHAUSTED:
        return InfrastructureError("SageMaker.CAPACITY_ERROR", str(error))
    if isinstance(error, KeyError):
        return StepError(f"ClientError: the step's arguments lack {error}")
    return StepError(f"{type(error).__name__}: {error}")


def wait_before(policies: Sequence[Mapping[str, Any]], kind: str, retries: int, elapsed_seconds: float) -> float | None:
    """Return the seconds to wait before retry number `retries` + 1 after a fault of `kind`; None for no more.

    A policy ends by MaxAttempts (that many retries) or by ExpireAfterMin since the step began.
    """
    for policy in policies:
        kinds = policy.get("ExceptionType", [])
        if kind not in ([kinds] if isinstance(kinds, str) else kinds):
            continue
        if (attempts := policy.get("MaxAttempts")) is not None and retries >= attempts:
            return None
        if (minutes := policy.get("ExpireAfterMin")) is not None and elapsed_seconds >= 60 * minutes:
            return None
        return float(policy.get("IntervalSeconds", 1)) * float(policy.get("BackoffRate", 2.0)) ** retries
    return None
