"""A dead-letter queue in an operator's hands: each message once, none lost, and what is not settled handed back."""

import email.utils
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from operations.errors import OperationError, told
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
    """Function that could not handle it; `undelivered` where it reached no target."""
    message_id: str
    event_id: str | None
    what: str
    """The event's detail-type, or that it is unreadable."""
    about: str | None
    """ARN or name that the event is about."""
    time: str | None
    """When the event happened."""
    error: str | None
    """Why it was not handled, as Lambda or EventBridge recorded it."""
    outcome: str
    """`waiting` (looked at only), `replayed`, or `kept`: still in the queue."""
    why: str | None = None
    """Why it was kept."""
    rule: str | None = None
    """ARN of the rule or schedule that could not deliver it; None where it was delivered."""
    target: str | None = None
    """ARN of what it could not be delivered to; None where it was delivered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What a replay did with one queue."""

    function: str
    """Function whose queue it is; `undelivered` for the queue of what reached no target."""
    queue: str
    messages: tuple[Message, ...]
    hidden: int
    """Messages that could not be handed back; they become visible by themselves within `HIDDEN_SECONDS`."""


class DeadLetters:
    """The messages of one queue that were there when it was opened. A context manager: leaving hands back the rest."""

    def __init__(self, access: Access, queue: str, *, what: str, hint: str) -> None:
        """Find the queue. `what` names it in errors. Raises NotFoundError where there is none."""
        self._access, self._what, self._hint = access, what, hint
        with told(f"find {what}"):
            answer = access.client("sqs").get_queue_url(QueueName=queue)
        self._url, self._began = answer["QueueUrl"], _server_time(answer)
        self._held: dict[str, str] = {}
        self.hidden = 0
        """After leaving: how many messages could not be handed back."""

    def __enter__(self) -> Self:
        """Return the queue."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Make what was received and not removed visible again, at once where AWS lets us."""
        self.hidden = sum(not self._handed_back(handle) for handle in self._held.values())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield each message once."""
        while True:
            with told(f"read {self._what}", hint=self._hint):
                batch = (
                    self._access.client("sqs")
                    .receive_message(
                        QueueUrl=self._url,
                        MaxNumberOfMessages=BATCH,
                        VisibilityTimeout=HIDDEN_SECONDS,
                        WaitTimeSeconds=WAIT_SECONDS,
                        MessageAttributeNames=["All"],
                        MessageSystemAttributeNames=["SentTimestamp"],
                    )
                    .get("Messages", [])
                )
            fresh = [message for message in batch if message["MessageId"] not in self._held]
            self._held |= {message["MessageId"]: message["ReceiptHandle"] for message in batch}
            # A date header has whole seconds, so what arrived within the same second counts as there.
            yield from (m for m in fresh if int(m["Attributes"]["SentTimestamp"]) / 1000 < self._began + 1)
            if not fresh:
                return

    def remove(self, received: Mapping[str, Any]) -> None:
        """Delete a message whose event was accepted elsewhere."""
        with told(f"remove a replayed message of {self._what} (its event may be handled twice, which does no harm)"):
            self._access.client("sqs").delete_message(QueueUrl=self._url, ReceiptHandle=received["ReceiptHandle"])
        self._held.pop(received["MessageId"], None)

    def _handed_back(self, handle: str) -> bool:
        try:
            with told("hand a message back"):
                self._access.client("sqs").change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=handle, VisibilityTimeout=0
                )
        except OperationError:
            return False
        return True


def queue_rights(access: Access, queue: str) -> str:
    """Return what an operator must be allowed to do with a queue."""
    return (
        "sqs:ReceiveMessage, sqs:ChangeMessageVisibility, sqs:DeleteMessage on"
        f" {access.names.queue_arn(queue)}, and to use its key."
    )


def event_of(received: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the event in a message; None where its body is none."""
    try:
        event = json.loads(received["Body"])
    except ValueError:
        return None
    return event if isinstance(event, dict) and event.get("id") else None


def attribute(received: Mapping[str, Any], name: str) -> str | None:
    """Return a message's attribute; None where it has none of that name."""
    found = (received.get("MessageAttributes") or {}).get(name, {}).get("StringValue")
    return str(found) if found else None


def look(function: str, received: Mapping[str, Any], *, error: str | None) -> Message:
    """Return what a message is about; nothing was done with it yet."""
    event = event_of(received)
    resources = (event or {}).get("resources") or []
    return Message(
        function=function,
        message_id=received["MessageId"],
        event_id=str(event["id"]) if event else None,
        what=str(event.get("detail-type") or "unknown") if event else "unreadable",
        about=str(resources[0]) if resources else None,
        time=_moment(event.get("time")) if event else None,
        error=error,
        outcome="waiting",
    )


def invoke(access: Access, function: str, received: Mapping[str, Any], *, hint: str) -> str | None:
    """Give a message's event to a function; return why Lambda did not take it, None where it did."""
    name = access.names.function(function)
    with told(f"invoke {name}", hint=hint):
        answer = access.client("lambda").invoke(
            FunctionName=name, InvocationType="Event", Payload=received["Body"].encode()
        )
    return None if answer["StatusCode"] == ACCEPTED else f"Lambda answered {answer['StatusCode']}, not {ACCEPTED}"


def _server_time(answer: Mapping[str, Any]) -> float:
    """Return SQS's own time, seconds since 1970: a message's SentTimestamp is compared with it, not with our clock."""
    date = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
    return email.utils.parsedate_to_datetime(date).timestamp() if date else time.time()


def _moment(text: object) -> str | None:
    """Return an event's time; None where it is no ISO 8601 moment, which may be the very reason why it waits here."""
    try:
        return moment(datetime.fromisoformat(str(text)))
    except ValueError:
        return None
