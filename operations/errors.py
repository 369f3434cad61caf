"""What can go wrong between an operator and AWS, told so that the operator knows what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, TokenRetrievalError

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403"})
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"})
THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "RequestThrottled",
     "RequestLimitExceeded", "ProvisionedThroughputExceededException", "SlowDown"}
)  # fmt: skip
MISSING = frozenset(
    {"404", "AWS.SimpleQueueService.NonExistentQueue", "NoSuchBucket", "NoSuchKey", "NotFound", "QueueDoesNotExist",
     "ResourceNotFound", "ResourceNotFoundException"}
)  # fmt: skip
MISSING_TEXTS = ("could not find", "cannot find", "does not exist")
"""SageMaker answers ValidationException for what does not exist, and says it in words."""


class OperationError(Exception):
    """The operation did not happen, or not wholly. The text says what is wrong and what helps."""


class NotFoundError(OperationError):
    """What was named does not exist."""


class RefusedError(OperationError):
    """AWS refused the caller. The text holds AWS's own words."""


class ThrottledError(OperationError):
    """AWS was busy, after retries. Nothing was changed by the call that failed."""


class MisuseError(OperationError):
    """The request makes no sense in the present state; AWS was not asked to change anything."""


class AccountError(OperationError):
    """No credentials, expired ones, or those of another account than the stack's."""


def code_of(error: ClientError) -> str:
    """Return the service's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_missing(error: ClientError) -> bool:
    """Whether the service said that what was named is not there."""
    if code_of(error) in MISSING:
        return True
    said = str(error).lower()
    return code_of(error).startswith("Validation") and any(text in said for text in MISSING_TEXTS)


@contextmanager
def told(what: str, *, hint: str = "") -> Iterator[None]:
    """Turn AWS's errors into ours. `what` was being done, as in "approve version 3"; `hint` helps who was refused."""
    try:
        yield
    except ClientError as error:
        raise _of(error, what, hint) from error
    except (NoCredentialsError, TokenRetrievalError) as error:
        raise AccountError(
            f"{what}: {error}. Sign in (`aws sso login`), or name a profile with AWS_PROFILE."
        ) from error
    except NoRegionError as error:
        raise AccountError(f"{what}: {error}") from error
    except BotoCoreError as error:
        raise OperationError(
            f"{what}: AWS could not be reached: {error}. Whether it happened is unknown; look."
        ) from error


def _of(error: ClientError, what: str, hint: str) -> OperationError:
    code, said = code_of(error), str(error.response.get("Error", {}).get("Message") or error)
    if code in DENIED:
        return RefusedError(f"{what}: AWS refused ({code}): {said}" + (f"\n{hint}" if hint else ""))
    if code in EXPIRED:
        return AccountError(f"{what}: the credentials are not valid any more ({code}): {said}. Sign in again.")
    if code in THROTTLED:
        tries = error.response.get("ResponseMetadata", {}).get("RetryAttempts")
        after = f" after {tries} retries" if tries else ""
        return ThrottledError(
            f"{what}: AWS is busy ({code}){after}: {said}. Nothing was changed; try again in a minute."
        )
    if is_missing(error):
        return NotFoundError(f"{what}: {said}")
    return OperationError(f"{what}: AWS answered {code}: {said}")
