"""Asks the engine for what a claimed operation says: once, under the operation's own id, with a token where needed."""

from collections.abc import Callable, Mapping
from typing import Any

from portal.engine import Engine, RepairRefusedError
from portal.fingerprints import Fingerprint
from portal.operation import Operation
from portal.outcomes import Outcome, Reason, RepairStep, State, repairs_for
from portal.records import OperationRecord
from portal.requests import Kind
from portal.service.engines import Engines
from portal.service.github_tokens import GitHubTokens, NoTokenError


def start(
    engines: Engines,
    tokens: GitHubTokens,
    record: OperationRecord,
    arguments: Mapping[str, Any],
    bound: Fingerprint | None,
    still: Callable[[], None],
) -> Operation | Outcome:
    """Start an operation; or return its end where it must not start.

    `bound` is what the preview of an `up` or `destroy` was made of; `still` raises where this service may not start
    anything any more, and is asked after what takes long. Raises FileExistsError where the engine was asked before
    under this id.
    """
    try:
        return _start(engines, tokens, record, arguments, bound, still)
    except RepairRefusedError as error:  # its holder may live; a person who confirms is offered it again
        refused = State.LOCKED if arguments.get("step") == RepairStep.UNLOCK else State.FAILED
        repairs = repairs_for((), (), may_be_locked=refused is State.LOCKED)
        return Outcome(state=refused, message=f"not confirmed, and nothing was done: {error}", repairs=repairs)


def _start(
    engines: Engines,
    tokens: GitHubTokens,
    record: OperationRecord,
    arguments: Mapping[str, Any],
    bound: Fingerprint | None,
    still: Callable[[], None],
) -> Operation | Outcome:
    if record.kind is Kind.DESTROY and bound is not None:
        refusal = _other_state(engines.of(record.stack), record.stack, bound)
        if refusal is not None:
            return refusal
    try:
        held = tokens.mint(record, arguments)
    except NoTokenError as error:
        return Outcome(state=State.FAILED, reason=Reason.CREDENTIALS, message=str(error))
    if held is None:
        return _ask(engines.of(record.stack), record, arguments, bound)
    begun: Operation | None = None
    try:
        still()
        begun = _ask(engines.of(record.stack, held.environment), record, arguments, bound)
    finally:
        tokens.release(held, begun)
    return begun


def _ask(engine: Engine, record: OperationRecord, arguments: Mapping[str, Any], bound: Fingerprint | None) -> Operation:
    message = f"{record.by_name}: {record.why}" if record.why else record.by_name
    stack, identity = record.stack, record.id
    match record.kind:
        case Kind.PREVIEW:
            return engine.preview(stack, settings=arguments.get("settings"), message=message, identity=identity)
        case Kind.PREVIEW_DESTROY:
            return engine.preview_destroy(stack, identity=identity)
        case Kind.UP:
            return engine.up(stack, approved=bound, message=message, identity=identity)
        case Kind.REFRESH:
            return engine.refresh(stack, message=message, identity=identity)
        case Kind.DRIFT:
            return engine.drift(stack, identity=identity)
        case Kind.DESTROY:
            remove = bool(arguments.get("remove"))
            return engine.destroy(stack, remove=remove, message=message, identity=identity)
        case Kind.REPAIR:
            step = RepairStep(arguments["step"])
            return engine.repair(stack, step, confirmed=bool(arguments.get("confirmed")), identity=identity)
        case Kind.STATE:
            raise ValueError("an operation that only reads the state has no record")


def binding(preview: OperationRecord) -> Fingerprint | None:
    """Return what an approval of this preview binds; None where there is nothing to bind.

    A preview of a destroy runs no program, so nothing but the state matters to it.
    """
    if preview.kind is Kind.PREVIEW_DESTROY and preview.outcome is not None and preview.outcome.state_version:
        return Fingerprint(commit="", program="", config="", state=preview.outcome.state_version)
    return preview.fingerprint


def _other_state(engine: Engine, stack: str, bound: Fingerprint) -> Outcome | None:
    """Return a refusal unless the state is the one that was previewed. The engine compares this for `up` only."""
    now = engine.state(stack)
    if now.state is State.SUCCEEDED and now.state_version == bound.state:
        return None
    why = "the stack's state changed: another operation was here" if now.state is State.SUCCEEDED else now.message
    return Outcome(
        state=State.FAILED,
        reason=Reason.NOT_AS_APPROVED,
        message=f"not what was approved: {why}. Preview again and have it approved.",
        state_version=now.state_version,
    )
