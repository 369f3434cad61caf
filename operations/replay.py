"""Give events that were not handled to their functions again, from the dead-letter queues.

Two kinds of queue. A function's own holds what Lambda gave up on: the event itself as the message's body, with
RequestID, ErrorCode and ErrorMessage as attributes (Lambda developer guide, "Adding a dead-letter queue"). The queue
`undelivered` holds what EventBridge could hand to no target (`operations.undelivered`). A message is deleted only after
its event was accepted; one that fails again comes back as a new message, which this run leaves alone.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from operations import undelivered
from operations.dead_letters import DeadLetters, Message, Replayed, attribute, invoke, look, queue_rights
from operations.errors import AccountError, MisuseError, NotFoundError, OperationError, RefusedError
from operations.people import FUNCTIONS
from operations.session import Access
from operations.undelivered import UNDELIVERED

__all__ = ["QUEUES", "Message", "Replayed", "replay"]

QUEUES = (*FUNCTIONS, UNDELIVERED)
"""What can be replayed."""


def replay(
    access: Access, queue: str | None = None, *, dry_run: bool = False, following: Access | None = None
) -> tuple[Replayed, ...]:
    """Replay each queue, or one: a function's, or `undelivered`. `dry_run` only looks.

    `following` is access to the next environment; without it, what did not reach that environment's bus is kept.
    Raises MisuseError for an unknown queue, NotFoundError where the named one does not exist.
    """
    if queue is not None and queue not in QUEUES:
        raise MisuseError(f"queue {queue!r}: there is none of that name. Choose one of {', '.join(QUEUES)}.")
    found = []
    for name in QUEUES if queue is None else (queue,):
        try:
            if name == UNDELIVERED:
                found.append(undelivered.replay(access, dry_run=dry_run, following=following))
            else:
                found.append(_replay(access, name, dry_run=dry_run))
        except NotFoundError:
            if queue is not None:  # a stack without promotion has no queue for it
                raise
    if not found:
        environment = access.settings.environment.value
        raise NotFoundError(f"stack {environment} has none of the queues of {', '.join(QUEUES)}; deploy it first")
    return tuple(found)


def _replay(access: Access, function: str, *, dry_run: bool) -> Replayed:
    queue, hint = access.names.queue(f"{function}-failed"), _who_may(access, function)
    messages: list[Message] = []
    replayed: set[str | None] = set()
    with DeadLetters(access, queue, what=f"the dead-letter queue of {function}", hint=hint) as letters:
        for received in letters:
            done = look(function, received, error=attribute(received, "ErrorMessage"))
            if not dry_run:
                done = _again(access, received, done, replayed)
            if done.outcome == "replayed":
                replayed.add(done.event_id)
                letters.remove(received)
            messages.append(done)
    return Replayed(function=function, queue=queue, messages=tuple(messages), hidden=letters.hidden)


def _again(access: Access, received: Mapping[str, Any], looked: Message, replayed: set[str | None]) -> Message:
    if looked.event_id is None:
        return replace(looked, outcome="kept", why="its body is no event; remove it by hand once you know what it is")
    if looked.event_id in replayed:
        why = "its event was replayed a moment ago, from another message: it was there twice, or it failed again"
        return replace(looked, outcome="kept", why=why)
    try:
        why_not = invoke(access, looked.function, received, hint=_who_may(access, looked.function))
    except (AccountError, NotFoundError, RefusedError):
        raise  # true of every other message too
    except OperationError as error:
        why_not = str(error)
    return replace(looked, outcome="kept", why=why_not) if why_not else replace(looked, outcome="replayed")


def _who_may(access: Access, function: str) -> str:
    return (
        f"You are {access.caller}. Operators may: lambda:InvokeFunction on {access.names.function_arn(function)}, and"
        f" {queue_rights(access, f'{function}-failed')}"
    )
