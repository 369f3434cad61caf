"""Give events that a function could not handle to it again, from its dead-letter queue.

Lambda's queue holds the event itself as the message's body, with RequestID, ErrorCode and ErrorMessage as attributes
(Lambda developer guide, "Adding a dead-letter queue"). A message is deleted only after Lambda accepted the event; one
that fails again comes back as a new message, which this run leaves alone.
"""

import email.utils
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from operations.errors import AccountError, MisuseError, NotFoundError, OperationError, RefusedError, told
from operations.people import FUNCTIONS
from operations.plain import moment
from operations.session import Access

BATCH = 10
"""ReceiveMessage: the most messages of one call."""
HIDDEN_SECONDS = 300
"""Ours: how long a message that is being handled is hidden from others; handed back at the end."""
WAIT_SECONDS = 1
"""Long polling asks every server of the queue; a call that does not wait may overlook messages."""
ACCEPTED = 202
"""Invoke's StatusCode for InvocationType Event."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One event in a dead-letter queue, and what was done with it. What the event holds is not shown."""

    function: str
    message_id: str
    event_id: str | None
    what: str
    """The event's detail-type, or that it is unreadable."""
    about: str | None
    """ARN or name that the event is about."""
    time: str | None
    """When the event happened."""
    error: str | None
    """Why the function could not handle it, as Lambda recorded it."""
    outcome: str
    """`waiting` (looked at only), `replayed`, or `kept`: still in the queue."""
    why: str | None = None
    """Why it was kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What a replay did with one function's queue."""

    function: str
    queue: str
    messages: tuple[Message, ...]
    hidden: int
    """Messages that could not be handed back; they become visible by themselves within `HIDDEN_SECONDS`."""


def replay(access: Access, function: str | None = None, *, dry_run: bool = False) -> tuple[Replayed, ...]:
    """Invoke each function, or one, with the events of its dead-letter queue. `dry_run` only looks.

    Raises MisuseError for an unknown function, NotFoundError where the named one's queue does not exist.
    """
    if function is not None and function not in FUNCTIONS:
        raise MisuseError(f"function {function!r}: there is none of that name. Choose one of {', '.join(FUNCTIONS)}.")
    found = []
    for name in FUNCTIONS if function is None else (function,):
        try:
            found.append(_replay(access, name, dry_run=dry_run))
        except NotFoundError:
            if function is not None:  # a stack without promotion has no queue for it
                raise
    if not found:
        environment = access.settings.environment.value
        raise NotFoundError(f"stack {environment} has none of the queues of {', '.join(FUNCTIONS)}; deploy it first")
    return tuple(found)


def _replay(access: Access, function: str, *, dry_run: bool) -> Replayed:
    queue = access.names.queue(f"{function}-failed")
    with told(f"find the dead-letter queue of {function}"):
        answer = access.client("sqs").get_queue_url(QueueName=queue)
    url, began = answer["QueueUrl"], _server_time(answer)
    held: dict[str, str] = {}
    messages: list[Message] = []
    replayed: set[str | None] = set()
    hidden = 0
    try:
        for received in _received(access, url, function, held, began):
            done = _look(function, received)
            if not dry_run:
                done = _again(access, url, received, done, replayed)
            messages.append(done)
            if done.outcome == "replayed":
                replayed.add(done.event_id)
                del held[received["MessageId"]]
    finally:
        hidden = sum(not _handed_back(access, url, handle) for handle in held.values())
    return Replayed(function=function, queue=queue, messages=tuple(messages), hidden=hidden)


def _server_time(answer: Mapping[str, Any]) -> float:
    """Return SQS's own time, seconds since 1970: a message's SentTimestamp is compared with it, not with our clock."""
    date = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
    return email.utils.parsedate_to_datetime(date).timestamp() if date else time.time()


def _received(access: Access, url: str, function: str, held: dict[str, str], began: float) -> Iterator[dict[str, Any]]:
    """Yield each message that was there when the replay began, once; `held` notes every handle that was received."""
    while True:
        with told(f"read the dead-letter queue of {function}", hint=_who_may(access, function)):
            batch = (
                access.client("sqs")
                .receive_message(
                    QueueUrl=url,
                    MaxNumberOfMessages=BATCH,
                    VisibilityTimeout=HIDDEN_SECONDS,
                    WaitTimeSeconds=WAIT_SECONDS,
                    MessageAttributeNames=["All"],
                    MessageSystemAttributeNames=["SentTimestamp"],
                )
                .get("Messages", [])
            )
        fresh = [message for message in batch if message["MessageId"] not in held]
        held |= {message["MessageId"]: message["ReceiptHandle"] for message in batch}
        # A date header has whole seconds, so what arrived within the same second counts as there.
        yield from (m for m in fresh if int(m["Attributes"]["SentTimestamp"]) / 1000 < began + 1)
        if not fresh:
            return


def _again(
    access: Access, url: str, received: Mapping[str, Any], looked: Message, replayed: set[str | None]
) -> Message:
    function = looked.function
    if looked.event_id is None:
        return replace(looked, outcome="kept", why="its body is no event; remove it by hand once you know what it is")
    if looked.event_id in replayed:
        why = "its event was replayed a moment ago, from another message: it was there twice, or it failed again"
        return replace(looked, outcome="kept", why=why)
    name = access.names.function(function)
    try:
        with told(f"invoke {name}", hint=_who_may(access, function)):
            answer = access.client("lambda").invoke(
                FunctionName=name, InvocationType="Event", Payload=received["Body"].encode()
            )
    except (AccountError, NotFoundError, RefusedError):
        raise  # true of every other message too
    except OperationError as error:
        return replace(looked, outcome="kept", why=str(error))
    if answer["StatusCode"] != ACCEPTED:
        return replace(looked, outcome="kept", why=f"Lambda answered {answer['StatusCode']}, not {ACCEPTED}")
    with told(f"remove a replayed message of {function} (its event may be handled twice, which does no harm)"):
        access.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=received["ReceiptHandle"])
    return replace(looked, outcome="replayed")


def _who_may(access: Access, function: str) -> str:
    return (
        f"You are {access.caller}. Operators may: lambda:InvokeFunction on {access.names.function_arn(function)}, and"
        " sqs:ReceiveMessage, sqs:ChangeMessageVisibility, sqs:DeleteMessage on"
        f" {access.names.queue_arn(f'{function}-failed')}."
    )


def _handed_back(access: Access, url: str, handle: str) -> bool:
    """Make a message visible again at once; return whether that worked. Otherwise it becomes so by itself."""
    try:
        with told("hand a message back"):
            access.client("sqs").change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    except OperationError:
        return False
    return True


def _look(function: str, received: Mapping[str, Any]) -> Message:
    attributes = received.get("MessageAttributes") or {}
    try:
        event = json.loads(received["Body"])
    except ValueError:
        event = None
    event = event if isinstance(event, dict) and event.get("id") else None
    resources = (event or {}).get("resources") or []
    return Message(
        function=function,
        message_id=received["MessageId"],
        event_id=str(event["id"]) if event else None,
        what=str(event.get("detail-type") or "unknown") if event else "unreadable",
        about=str(resources[0]) if resources else None,
        time=_moment(event.get("time")) if event else None,
        error=attributes.get("ErrorMessage", {}).get("StringValue"),
        outcome="waiting",
    )


def _moment(text: object) -> str | None:
    """Return an event's time; None where it is no ISO 8601 moment, which may be the very reason why it waits here."""
    try:
        return moment(datetime.fromisoformat(str(text)))
    except ValueError:
        return None
