"""From the Automation API's engine events to the portal's own, which hold no secrets and no unknown markers.

Reads attributes only, so that it can be tried without Pulumi.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from portal.events import (
    UNKNOWN,
    Diagnostic,
    Event,
    PolicyViolation,
    PropertyChange,
    ResourceChanged,
    ResourceFailed,
    ResourcePlanned,
    ResourceStarted,
    Summary,
)
from portal.redaction import Redactor

UNKNOWN_MARKERS = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # text
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
"""How the engine writes a value that is not known yet: pulumi's sdk/go/common/resource/plugin/rpc.go."""

_COLOUR = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")
_PART = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)')
_ABSENT = object()


def translated(event: Any, redactor: Redactor, *, drift: bool = False) -> Iterator[Event]:
    """Yield what one engine event is for people: nothing, or one event.

    A look for `drift` plans to refresh every resource, and knows only afterwards which ones differ.
    """
    if event.resource_pre_event is not None:
        if not drift:
            yield from _before(event.resource_pre_event, redactor)
    elif event.res_outputs_event is not None:
        yield from _after(event.res_outputs_event, redactor, drift=drift)
    elif event.res_op_failed_event is not None:
        metadata = event.res_op_failed_event.metadata
        yield ResourceFailed(urn=metadata.urn, type=metadata.type, operation=str(metadata.op.value))
    elif event.diagnostic_event is not None:
        yield from _diagnostic(event.diagnostic_event, redactor)
    elif event.policy_event is not None:
        found = event.policy_event
        yield PolicyViolation(
            policy=found.policy_name,
            pack=found.policy_pack_name,
            level=found.enforcement_level,
            message=clean(found.message, redactor),
            urn=found.resource_urn or "",
        )
    elif event.summary_event is not None:
        found = event.summary_event
        counts = {getattr(key, "value", key): count for key, count in found.resource_changes.items()}
        yield Summary(counts=counts, seconds=found.duration_seconds)


def clean(text: str, redactor: Redactor) -> str:
    """Return a message without colours and secrets."""
    return redactor.text(_COLOUR.sub("", text).strip())


def known(value: Any) -> Any:
    """Return a value whose unknown parts are `UNKNOWN`."""
    if isinstance(value, str):
        return UNKNOWN if value in UNKNOWN_MARKERS else value
    if isinstance(value, Mapping):
        return {key: known(each) for key, each in value.items()}
    if isinstance(value, list):
        return [known(each) for each in value]
    return value


def at(value: Any, path: str) -> Any:
    """Return the part of a value at a property path such as rules[0].port; None where there is none."""
    found = _at(value, path)
    return None if found is _ABSENT else found


def _at(value: Any, path: str) -> Any:
    for quoted, index, key in _PART.findall(path):
        if index:
            if not isinstance(value, list) or int(index) >= len(value):
                return _ABSENT
            value = value[int(index)]
        else:
            name = re.sub(r"\\(.)", r"\1", quoted) if quoted else key
            if not isinstance(value, Mapping) or name not in value:
                return _ABSENT
            value = value[name]
    return value


def _before(event: Any, redactor: Redactor) -> Iterator[Event]:
    metadata = event.metadata
    operation = str(metadata.op.value)
    if event.planning:
        yield _planned(metadata, operation, redactor)
    elif operation != "same":
        yield ResourceStarted(urn=metadata.urn, type=metadata.type, operation=operation)


def _after(event: Any, redactor: Redactor, *, drift: bool) -> Iterator[Event]:
    metadata = event.metadata
    operation = str(metadata.op.value)
    if operation in {"same", "refresh"}:
        return
    if drift:
        yield _planned(metadata, operation, redactor)
    elif not event.planning:
        yield ResourceChanged(
            urn=metadata.urn,
            type=metadata.type,
            operation=operation,
            id=(metadata.new.id if metadata.new else "") or "",
            changes=_changes(metadata, redactor),
        )


def _planned(metadata: Any, operation: str, redactor: Redactor) -> ResourcePlanned:
    state = metadata.new or metadata.old
    return ResourcePlanned(
        urn=metadata.urn,
        type=metadata.type,
        operation=operation,
        changes=_changes(metadata, redactor),
        replacing=tuple(sorted(metadata.keys or ())),
        inputs=redactor.value(known((state.inputs if state else None) or {})),
        parent=(state.parent if state else "") or "",
        protected=bool(state and state.protect),
        retained=bool(metadata.old and metadata.old.retain_on_delete),
    )


def _changes(metadata: Any, redactor: Redactor) -> tuple[PropertyChange, ...]:
    old = known((metadata.old.inputs if metadata.old else None) or {})
    old_outputs = known((metadata.old.outputs if metadata.old else None) or {})
    new = known((metadata.new.inputs if metadata.new else None) or {})
    new_outputs = known((metadata.new.outputs if metadata.new else None) or {})
    kinds = metadata.detailed_diff or dict.fromkeys(metadata.diffs or ())
    found = []
    for path, difference in sorted(kinds.items()):
        word = difference.diff_kind.value if difference is not None else "update"
        before, after = _at(old, path), _at(new, path)
        if before is _ABSENT or (difference is not None and not difference.input_diff and before == after):
            before = _at(old_outputs, path)
        if after is _ABSENT and not word.startswith("delete"):
            after = _at(new_outputs, path)
        name = path.rpartition(".")[2]
        found.append(
            PropertyChange(
                path=path,
                kind=word.removesuffix("-replace"),
                replaces=word.endswith("-replace"),
                old=None if before is _ABSENT else redactor.value(before, name),
                new=None if after is _ABSENT else redactor.value(after, name),
            )
        )
    return tuple(found)


def _diagnostic(event: Any, redactor: Redactor) -> Iterator[Event]:
    if event.ephemeral or event.severity == "debug":  # the SDK's own steps, and what goes on in providers
        return
    message = clean(event.message, redactor)
    if message:
        severity = {"info#err": "info"}.get(event.severity, event.severity)
        yield Diagnostic(severity=severity, message=message, urn=event.urn or "")
