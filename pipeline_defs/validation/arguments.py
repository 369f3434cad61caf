"""Checks a value against a shape of an API model: members, types, enums, patterns, lengths, ranges."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline_defs.validation.finding import Finding, show
from pipeline_defs.validation.model import Shape, pattern, shapes
from pipeline_defs.validation.outline import is_expression
from pipeline_defs.validation.resolve import Resolver, suggest

_NUMBERS = {"integer", "long", "float", "double"}
_SCALARS = _NUMBERS | {"string", "boolean", "timestamp", "blob", "scalar"}
_PYTHON = {"structure": "an object", "map": "an object", "list": "a list", "string": "a string", "boolean": "a boolean"}


def _type_name(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "integer", float: "number", list: "list", dict: "object"}
    return names.get(type(value), type(value).__name__)


def _fits(kind: str, value: object) -> bool:
    """Whether a literal has a shape's type. An integer may stand for a float, a boolean never for a number."""
    if kind in ("structure", "map"):
        return isinstance(value, Mapping)
    if kind == "list":
        return isinstance(value, list)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in ("integer", "long"):
        return isinstance(value, int) and not isinstance(value, bool)
    if kind in ("float", "double"):
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind == "scalar":
        return isinstance(value, str | int | float)
    if kind == "timestamp":
        return isinstance(value, str | int | float) and not isinstance(value, bool)
    return isinstance(value, str)


def _assignable(expected: str, given: str | None) -> bool:
    """Whether a reference of a type may stand for a member. The service converts nothing but integer to float."""
    if given is None or expected == "scalar" or given == expected:
        return True
    if expected in _NUMBERS and given in _NUMBERS:
        return expected in ("float", "double") or given in ("integer", "long")
    # Dates are handed over as text.
    return {expected, given} <= {"string", "timestamp", "blob"}


@dataclass
class Checker:
    """Checks values of one document; what it finds gathers in `findings`."""

    resolver: Resolver
    findings: list[Finding] = field(default_factory=list)
    known: Mapping[str, Shape] = field(default_factory=lambda: shapes("sagemaker"))
    step: str | None = None

    def add(self, path: str, rule: str, message: str, fix: str) -> None:
        """Record a finding for the current step."""
        self.findings.append(Finding(step=self.step, path=path, rule=rule, message=message, fix=fix))

    def check(self, value: object, name: str, path: str, *, given: str | None = None) -> None:
        """Check a value against the shape `name`. `given` is a required member that need not be there."""
        shape = self.known[name]
        kind: str = shape["type"]
        if kind == "any":
            return
        if isinstance(value, Mapping) and is_expression(value):
            self._expression(value, name, path)
            return
        if not _fits(kind, value):
            wanted = _PYTHON.get(kind, f"a {kind}" if kind != "integer" else "an integer")
            self.add(
                path, "value.type", f"{show(value)} is {_type_name(value)}, {name} takes {wanted}", f"write {wanted}"
            )
            return
        if isinstance(value, Mapping):
            if kind == "structure":
                self._structure(value, name, shape, path, given)
            else:
                self._map(value, name, shape, path)
        elif isinstance(value, list):
            self._length(len(value), "items", name, shape, path)
            for index, item in enumerate(value):
                self.check(item, shape["member"]["shape"], f"{path}[{index}]")
        elif isinstance(value, str) and kind == "string":
            self._string(value, name, shape, path)
        elif isinstance(value, int | float) and kind in _NUMBERS:
            self._range(value, "", name, shape, path)

    def _structure(self, value: Mapping[str, Any], name: str, shape: Shape, path: str, given: str | None) -> None:
        members = shape["members"]
        prefix = f"{path}." if path else ""
        for key, item in value.items():
            if key in members:
                self.check(item, members[key]["shape"], f"{prefix}{key}")
            else:
                fix = suggest(str(key), list(members), f"{name} has")
                self.add(f"{prefix}{key}", "member.unknown", f"{name} has no member {key!r}", fix)
        for key in shape.get("required", ()):
            if key not in value and key != given:
                self.add(f"{prefix}{key}", "member.missing", f"{name} requires {key}, which is absent", f"add {key}")
        if shape.get("union") and len(value) != 1:
            self.add(path, "member.union", f"{name} holds {sorted(value)}", f"set exactly one of {sorted(members)}")

    def _map(self, value: Mapping[str, Any], name: str, shape: Shape, path: str) -> None:
        self._length(len(value), "entries", name, shape, path)
        for key, item in value.items():
            self.check(key, shape["key"]["shape"], f"{path}.{key} (key)")
            self.check(item, shape["value"]["shape"], f"{path}.{key}")

    def _string(self, value: str, name: str, shape: Shape, path: str) -> None:
        allowed = shape.get("enum")
        if allowed is not None:
            if value not in allowed:
                fix = suggest(value, list(allowed), f"{len(allowed)} values are allowed, among them")
                self.add(path, "value.enum", f"{show(value)} is no {name}", fix)
            return
        self._length(len(value), "characters", name, shape, path, value)
        java = shape.get("pattern")
        if java is not None and not pattern(java).fullmatch(value):
            message = f"{show(value)} does not match the pattern of {name}"
            self.add(path, "value.pattern", message, f"match {java} as a whole")

    def _length(self, length: int, unit: str, name: str, shape: Shape, path: str, value: object = None) -> None:
        self._range(length, f" {unit}", name, shape, path, value)

    def _range(self, number: float, unit: str, name: str, shape: Shape, path: str, value: object = None) -> None:
        least, most = shape.get("min"), shape.get("max")
        quoted = f"{show(value)} has {number}" if value is not None else f"{number}"
        rule = "value.length" if unit else "value.range"
        if least is not None and number < least:
            self.add(path, rule, f"{quoted}{unit}, {name} takes at least {least}", f"give at least {least}{unit}")
        if most is not None and number > most:
            self.add(path, rule, f"{quoted}{unit}, {name} takes at most {most}", f"give at most {most}{unit}")

    def _expression(self, value: Mapping[str, Any], name: str, path: str) -> None:
        """Check that a reference or function may stand here, and the value it is known to have."""
        kind: str = self.known[name]["type"]
        given, sample = self.evaluate(value)
        if kind not in _SCALARS and given != kind:
            message = f"{show(value)} stands for {name}, which is {_PYTHON.get(kind, kind)}"
            self.add(path, "expression.place", message, "write it out; references stand for single values")
        elif not _assignable(kind, given):
            fix = "declare another type" if kind != "string" else "wrap it: Std:Join with On '' and the reference"
            self.add(path, "expression.type", f"{show(value)} is {given}, {name} takes {kind}", fix)
        elif sample is not None and _fits(kind, sample):
            self.check(sample, name, f"{path} (as {show(sample)})")

    def evaluate(self, value: Mapping[str, Any]) -> tuple[str | None, Any]:
        """Type and sample of an expression, None for what is only known when it runs."""
        if isinstance(value.get("Get"), str):
            resolution = self.resolver.resolve(value["Get"])
            return resolution.kind, resolution.sample
        if "Std:Join" in value:
            operands = value["Std:Join"]
            parts = operands.get("Values") if isinstance(operands, Mapping) else None
            if not isinstance(parts, list):
                return "string", None
            texts = [self._text(part) for part in parts]
            separator = operands.get("On")
            if isinstance(separator, str) and all(text is not None for text in texts):
                return "string", separator.join(text for text in texts if text is not None)
            return "string", None
        return None, None

    def _text(self, part: object) -> str | None:
        if isinstance(part, Mapping):
            _, part = self.evaluate(part)
        return None if part is None or isinstance(part, Mapping | list) else str(part)

    def functions(self, path: str, value: Mapping[str, Any]) -> None:
        """Check the form of one reference or function."""
        for key, name in (
            ("Get", "DefinitionGet"),
            ("Std:Join", "DefinitionJoin"),
            ("Std:JsonGet", "DefinitionJsonGet"),
        ):
            if key in value:
                self._structure(value, name, self.known[name], path, None)
        operands = value.get("Std:JsonGet")
        if isinstance(operands, Mapping) and "PropertyFile" in operands and not is_expression(operands["PropertyFile"]):
            message = f"{show(operands['PropertyFile'])} is no reference"
            fix = "write {'Get': 'Steps.<step>.PropertyFiles.<name>'}"
            self.add(f"{path}.Std:JsonGet.PropertyFile", "expression.form", message, fix)
        if isinstance(operands, Mapping) and ("PropertyFile" in operands) == ("S3Uri" in operands):
            self.add(
                path, "expression.form", f"Std:JsonGet has {sorted(operands)}", "give either PropertyFile or S3Uri"
            )
