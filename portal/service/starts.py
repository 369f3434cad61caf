"""Asks the engine for what a claimed operation says: once, under the operation's own id."""

from collections.abc import Mapping
from typing import Any

from portal.engine import Engine
from portal.fingerprints import Fingerprint
from portal.operation import Operation
from portal.outcomes import Outcome, Reason, RepairStep, State
from portal.records import OperationRecord
from portal.requests import Kind


def start(
    engine: Engine, record: OperationRecord, arguments: Mapping[str, Any], bound: Fingerprint | None
) -> Operation | Outcome:
    """Start an operation; or return its end where it must not start.

    `bound` is what the preview of an `up` or `destroy` was made of. Raises FileExistsError where the engine was asked
    before under this id.
    """
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
            refusal = _other_state(engine, stack, bound) if bound is not None else None
            remove = bool(arguments.get("remove"))
            return refusal or engine.destroy(stack, remove=remove, message=message, identity=identity)
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
