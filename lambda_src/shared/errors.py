"""Which failures trying again can mend, and which it cannot.

What is not named here raises: Lambda tries twice more, then the event waits in the dead-letter queue with an alarm.
Access denied is one of those, because somebody mends the policy and replays the event.
"""

from botocore.exceptions import ClientError


class PermanentError(Exception):
    """The work cannot be done however often it is tried. Its text is recorded and published for people."""


class RetryLaterError(Exception):
    """Something has to come to rest first, and no event will tell; Lambda's own retry is the second look."""


class ConflictError(Exception):
    """Somebody else wrote in between. Read again and decide again."""


NOT_FOUND_CODES = frozenset(
    {
        "404",
        "NoSuchBucket",
        "NoSuchKey",
        "NotFound",
        "ParameterNotFound",
        "ResourceNotFound",
        "ResourceNotFoundException",
    }
)
NOT_FOUND_TEXTS = ("could not find", "does not exist", "cannot find")
"""SageMaker has no code of its own for what does not exist: it answers ValidationException and says it in words."""


def code_of(error: ClientError) -> str:
    """Return the service's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_not_found(error: ClientError) -> bool:
    """Whether the service said that what was named is not there."""
    if code_of(error) in NOT_FOUND_CODES:
        return True
    return is_refusal(error) and any(text in str(error).lower() for text in NOT_FOUND_TEXTS)


def is_refusal(error: ClientError) -> bool:
    """Whether the service refused the request in the present state: a name in use, an endpoint in transition."""
    return code_of(error) in ("ValidationException", "ValidationError", "ConflictException", "ResourceInUse")


def is_server_fault(error: ClientError) -> bool:
    """Whether the service failed by itself, after the client's own tries: HTTP 500 and above."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500
