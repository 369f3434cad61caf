"""What an edit of a stack file changes: line by line, and as settings with their defaults filled in."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal

from portal.redaction import HIDDEN, Redactor
from portal.service.settings_secrets import MOST_EXPOSED, exposed, masked, masked_text
from portal.service.stack_text import MOST_BYTES, leaves
from settings import CONFIG_KEY, SettingsError, StackSettings, load_settings

CONTEXT_LINES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One setting that differs."""

    path: str
    """Below `mlops:settings`; other config begins with `config.`."""
    what: Literal["added", "changed", "removed"]
    old: Any = None
    new: Any = None


def line_changes(old: str, new: str, name: str, *documents: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the unified diff of two texts; empty where they are equal or huge, or hold too much that is secret.

    `documents` are the saved and the edited one as far as they can be read: their secrets are hidden.
    """
    if max(map(len, (old, new))) > MOST_BYTES:
        return ()
    redactor = _redactor(documents[0], documents[-1]) if documents else Redactor()
    if redactor is None:
        return ()
    before, after = (masked_text(text, *documents).splitlines() for text in (old, new))
    lines = difflib.unified_diff(before, after, f"{name} (saved)", f"{name} (edited)", "", "", CONTEXT_LINES, "")
    return tuple(map(redactor.text, lines))


def setting_changes(old: Mapping[str, Any], new: Mapping[str, Any], *, filled: bool = True) -> tuple[Change, ...]:
    """Return what differs between two stack files, by path.

    With defaults filled in, where both are valid: a value that is written out and equals its default is no change. Else
    what is written is compared, as it is where `filled` is false: the new ones are known to be invalid.
    """
    both = (filled_settings(old), filled_settings(new)) if filled else (None, None)
    before, after = both if None not in both else (_settings(old), _settings(new))
    redactor = _redactor(old, new)
    found = _changes({**_others(old), **_flat(before)}, {**_others(new), **_flat(after)})
    if redactor is None:
        return tuple(replace(each, old=HIDDEN, new=HIDDEN) for each in found)
    return tuple(replace(each, old=redactor.value(each.old), new=redactor.value(each.new)) for each in found)


def _redactor(old: Mapping[str, Any], new: Mapping[str, Any]) -> Redactor | None:
    """Return what hides the texts that an edit wrote where secrets were; None where these are too many to look for."""
    texts = tuple(islice(exposed(old, new), MOST_EXPOSED + 1))
    return Redactor(texts) if len(texts) <= MOST_EXPOSED else None


def filled_settings(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the settings of a stack file with every default; None where they are not valid."""
    try:
        settings = loaded(document)
    except SettingsError:
        return None
    return settings.model_dump(mode="json")


def loaded(document: Mapping[str, Any], source: str = "") -> StackSettings:
    """Return the settings of a stack file. Raises SettingsError with every mistake."""
    return load_settings(_settings(document), source=source)


def _settings(document: Mapping[str, Any]) -> Any:
    config = document.get("config")
    return config.get(CONFIG_KEY, {}) if isinstance(config, Mapping) else {}


def _others(document: Mapping[str, Any]) -> dict[str, Any]:
    config = document.get("config")
    others = {key: part for key, part in config.items() if key != CONFIG_KEY} if isinstance(config, Mapping) else {}
    top = {key: part for key, part in document.items() if key != "config"}
    return {**dict(leaves(masked(others), "config")), **dict(leaves(masked(top)))}


def _flat(settings: Any) -> dict[str, Any]:
    return dict(leaves(masked(settings)))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    found = []
    for path in dict.fromkeys([*before, *after]):
        old, new = before.get(path), after.get(path)
        if path not in before:
            found.append(Change(path=path, what="added", new=new))
        elif path not in after:
            found.append(Change(path=path, what="removed", old=old))
        elif old != new or isinstance(old, bool) is not isinstance(new, bool):
            found.append(Change(path=path, what="changed", old=old, new=new))
    return tuple(found)
