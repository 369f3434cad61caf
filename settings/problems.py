"""What is wrong in a stack file, as data and as the text that a person reads; and its translation from pydantic."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contracts.rules import BrokenRuleError, nearest

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

VALUE_LENGTH = 60
"""Characters of a value that an error shows: enough to find it, too few to spill a secret or a whole section."""

MOST_MEANT = 100
"""Unknown keys for which the one that was meant is looked for; that takes a millisecond each, of thousands seconds."""

CONFIG_KEY = "mlops:settings"

TYPE_WORDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One mistake. `path` is below `mlops:settings`, empty for the whole; `value` is JSON, cut to `VALUE_LENGTH`."""

    path: str
    value: str
    rule: str
    fix: str

    def __str__(self) -> str:
        """Give the block that `SettingsError` prints."""
        head = ": ".join(part for part in (self.path, self.value) if part)
        return f"  {head or CONFIG_KEY}\n    rule: {self.rule}\n    fix:  {self.fix}"


class SettingsError(ValueError):
    """Everything that is wrong with one stack's settings; `str()` is the text for people."""

    def __init__(self, problems: Iterable[Problem], *, source: str) -> None:
        """Keep the problems of one source, such as Pulumi.dev.yaml."""
        self.problems = tuple(problems)
        self.source = source
        count = len(self.problems)
        mistakes = "1 mistake" if count == 1 else f"{count} mistakes"
        blocks = "\n\n".join(str(problem) for problem in self.problems)
        super().__init__(f"{source}: {mistakes} in {CONFIG_KEY}\n\n{blocks}\n")


def shown(value: object) -> str:
    """Return a value as one line of JSON, cut to a length that cannot flood a terminal."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= VALUE_LENGTH else f"{text[: VALUE_LENGTH - 1]}…"


def path_of(location: Sequence[str | int]) -> str:
    """Return a path as people write it: `network.zones[1]`, `models.fraud-detector.gate.accuracy`."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


def problem(location: Sequence[str | int], value: object, error: BrokenRuleError) -> Problem:
    """Return the problem of a value that broke a rule of `contracts`."""
    return Problem(path=path_of(location), value=shown(value), rule=error.rule, fix=error.fix)


def problems_of(error: "ValidationError", model: "type[BaseModel]") -> list[Problem]:
    """Translate pydantic's findings; a missing key that was only misspelled is reported once, as the misspelling."""
    details = error.errors(include_url=False)
    misspelled: set[tuple[str | int, ...]] = set()
    found: list[Problem] = []
    for detail in details:
        if detail["type"] == "extra_forbidden":
            parent = detail["loc"][:-1]
            known = _keys_at(model, parent)
            meant = nearest(str(detail["loc"][-1]), known) if len(found) < MOST_MEANT else None
            if meant:
                misspelled.add((*parent, meant))
            found.append(_unknown_key(detail, known, meant))
    for detail in details:
        location = detail["loc"]
        if detail["type"] == "extra_forbidden" or (detail["type"] == "missing" and location in misspelled):
            continue
        cause = (detail.get("ctx") or {}).get("error")
        if isinstance(cause, SettingsError):
            found.extend(cause.problems)
        else:
            found.append(_translated(detail, cause))
    return list(dict.fromkeys(found))


def _unknown_key(detail: "ErrorDetails", known: Iterable[str], meant: str | None) -> Problem:
    # The value of a key that nobody knows is not shown: it may be anything, a secret too.
    fix = f"did you mean {meant}?" if meant else f"remove it; known here: {', '.join(sorted(known))}"
    return Problem(path=path_of(detail["loc"]), value="", rule="the key is unknown", fix=fix)


def _keys_at(model: "type[BaseModel]", location: Sequence[str | int]) -> list[str]:
    """Return the keys that the section at `location` knows."""
    from settings.view import section_of  # it imports pydantic, as the caller has

    section: type[BaseModel] | None = model
    for part in location:
        if section is None:
            return []
        field = section.model_fields.get(str(part))
        section = section_of(field.annotation) if field else section  # a key of a dictionary of sections
    return list(section.model_fields) if section else []


def _translated(detail: "ErrorDetails", cause: object) -> Problem:
    kind, location, value = detail["type"], detail["loc"], detail["input"]
    if location and location[-1] == "[key]":
        location = location[:-1]
    if isinstance(cause, BrokenRuleError):
        return problem(location, value, cause)
    if kind == "missing":
        return Problem(path=path_of(location), value="", rule="the key is required", fix="add it")
    rule, fix = _rule_of(kind, value, detail.get("ctx") or {}, detail["msg"])
    return Problem(path=path_of(location), value=shown(value), rule=rule, fix=fix)


def _rule_of(kind: str, value: object, context: Mapping[str, Any], message: str) -> tuple[str, str]:
    if kind in TYPE_WORDS:
        if kind == "string_type" and isinstance(value, int | float) and not isinstance(value, bool):
            return "the value is text", f'write it in quotes, "{value}"'
        return f"the value is {TYPE_WORDS[kind]}", f"write {TYPE_WORDS[kind]}"
    if kind == "enum":
        expected = str(context["expected"]).replace("'", "")
        meant = nearest(str(value), expected.replace(" or ", ", ").split(", "))
        return f"the value is {expected}", f"did you mean {meant}?" if meant else f"write {expected}"
    bounds = {"greater_than_equal": ("at least", "ge"), "less_than_equal": ("at most", "le")}
    if kind in bounds:
        words, key = bounds[kind]
        return f"the value is {words} {context[key]:g}", f"write {context[key]:g} or {_beyond(kind)}"
    if kind in {"too_short", "too_long", "string_too_short", "string_too_long"}:
        words, key = ("at least", "min_length") if kind.endswith("short") else ("at most", "max_length")
        return f"it has {words} {context[key]} entries", "add some" if kind.endswith("short") else "remove some"
    if kind == "string_pattern_mismatch":
        return f"the text has the form {context['pattern']}", "copy it as AWS shows it"
    if kind == "invalid_key":
        return "a key is text", "write the key in quotes"
    return message[:1].lower() + message[1:], "see docs/reference/stack-settings.schema.json"


def _beyond(kind: str) -> str:
    return "more" if kind == "greater_than_equal" else "less"
