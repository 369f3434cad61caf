"""Send on what EventBridge could hand to no target, from the queue `undelivered`.

A message's body is the event; RULE_ARN, TARGET_ARN, ERROR_CODE and ERROR_MESSAGE are attributes (EventBridge user
guide, "Using dead-letter queues to process undelivered events"); Scheduler writes SCHEDULE_ARN for RULE_ARN. The event
is given to what the target leads to, because nobody but AWS can put an event of `aws.sagemaker` on a bus (PutEvents
answers NotAuthorizedForSourceException): a function itself, and for the next environment's bus the one function that
listens there.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from operations.dead_letters import DeadLetters, Message, Replayed, attribute, invoke, look, queue_rights
from operations.errors import OperationError
from operations.people import FUNCTIONS
from operations.session import Access

UNDELIVERED = "undelivered"
PROMOTE = "promote"
RUNBOOK = "docs/runbooks/undelivered-trigger.md"


def replay(access: Access, *, dry_run: bool, following: Access | None) -> Replayed:
    """Give each event to the function that its target leads to, once; `dry_run` only looks.

    What could not be given stays in the queue, with the reason: other messages may have another target.
    """
    queue = access.names.queue(UNDELIVERED)
    hint = f"You are {access.caller}. Operators may: {queue_rights(access, UNDELIVERED)}"
    messages: list[Message] = []
    replayed: set[tuple[str | None, str | None]] = set()
    with DeadLetters(access, queue, what=f"the queue {UNDELIVERED}", hint=hint) as letters:
        for received in letters:
            done = _looked(received)
            if not dry_run:
                done = _sent_on(access, following, received, done, replayed)
            if done.outcome == "replayed":
                replayed.add((done.event_id, done.target))
                letters.remove(received)
            messages.append(done)
    return Replayed(function=UNDELIVERED, queue=queue, messages=tuple(messages), hidden=letters.hidden)


def _looked(received: Mapping[str, Any]) -> Message:
    said = [attribute(received, name) for name in ("ERROR_CODE", "ERROR_MESSAGE")]
    looked = look(UNDELIVERED, received, error=": ".join(text for text in said if text) or None)
    target = attribute(received, "TARGET_ARN")
    if looked.event_id is None and target is not None and _service(target) == "sagemaker":
        looked = replace(looked, what="Trigger of a pipeline", about=target)
    return replace(looked, rule=attribute(received, "RULE_ARN") or attribute(received, "SCHEDULE_ARN"), target=target)


def _sent_on(
    access: Access,
    following: Access | None,
    received: Mapping[str, Any],
    looked: Message,
    replayed: set[tuple[str | None, str | None]],
) -> Message:
    if (looked.event_id, looked.target) in replayed:
        why = "its event was sent to the same target a moment ago, from another message: it was there twice"
        return replace(looked, outcome="kept", why=why)
    receiver, function, why_not = _receiver(access, following, looked)
    if receiver is not None and function is not None:
        hint = f"You are {receiver.caller}. Operators may lambda:InvokeFunction on"
        try:
            why_not = invoke(receiver, function, received, hint=f"{hint} {receiver.names.function_arn(function)}.")
        except OperationError as error:
            why_not = str(error)
    return replace(looked, outcome="kept", why=why_not) if why_not else replace(looked, outcome="replayed")


def _receiver(
    access: Access, following: Access | None, looked: Message
) -> tuple[Access | None, str | None, str | None]:
    """Return whose function an event is for, and which; or why there is none."""
    target = looked.target
    if target is None:
        return None, None, f"it does not say for what it was; see {RUNBOOK}"
    if _service(target) == "sagemaker":
        return None, None, f"a trigger is not sent again: start one run per pipeline and remove it, see {RUNBOOK}"
    if looked.event_id is None:
        return None, None, "its body is no event; remove it by hand once you know what it is"
    own = {access.names.function_arn(function): function for function in FUNCTIONS}
    if target in own:
        return access, own[target], None
    after = access.settings.next_environment
    if after is None or target != access.settings.names_of(after).event_bus_arn:
        return None, None, "its target is no function or bus that these settings know; deploy the stack, or remove it"
    if following is None:
        account = access.settings.names_of(after).account
        return None, None, (
            f"it is for {after.value}, in account {account}, where AWS alone may put it on the bus. Give"
            f" --next-profile with a profile of {account}, and {after.value}'s {PROMOTE} gets it"
        )  # fmt: skip
    return following, PROMOTE, None


def _service(arn: str) -> str:
    return arn.split(":")[2] if arn.count(":") > 2 else ""
