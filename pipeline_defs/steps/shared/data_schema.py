"""The data contract: which columns the data has, what each may hold, and which one is the target."""

import math
import re
from typing import Any, Dict, List, Optional, Tuple, Union

from job_contract import StepError

TYPES = ("number", "integer", "boolean", "category")
Value = Union[float, int, bool, str]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_BOOLEANS = {"0": False, "1": True, "false": False, "true": True}


class RuleError(ValueError):
    """A value breaks one rule. `rule` is short and equal for equal breaches, so that breaches can be counted."""

    def __init__(self, rule: str, fix: str) -> None:
        super().__init__(rule)
        self.rule = rule
        self.fix = fix


class Feature:
    """One input column: its type and limits, as the schema or a saved encoding gives them."""

    def __init__(self, document: Dict[str, Any], where: str) -> None:
        unknown = sorted(set(document) - {"name", "type", "required", "minimum", "maximum", "values", "description"})
        if unknown:
            raise StepError(
                f"{where}: unknown key {unknown[0]!r}. "
                "A feature has name, type, required, minimum, maximum, values and description."
            )
        self.name = document.get("name")
        if not isinstance(self.name, str) or not self.name:
            raise StepError(f"{where}.name: {self.name!r} is not a column name. Give the name of the CSV column.")
        self.type = document.get("type")
        if self.type not in TYPES:
            raise StepError(f"{where}.type: {self.type!r} is not a type. Use one of {', '.join(TYPES)}.")
        self.required = bool(document.get("required", False))
        self.minimum: Optional[float] = document.get("minimum")
        self.maximum: Optional[float] = document.get("maximum")
        values = document.get("values")
        self.values: Optional[List[str]] = None if values is None else [str(value) for value in values]

    def parse(self, text: str) -> Optional[Value]:
        """Read the value that CSV text stands for; None where it is empty. Raises RuleError."""
        text = text.strip()
        if not text:
            return None
        if self.type == "category":
            return text
        if self.type == "boolean":
            if text.lower() not in _BOOLEANS:
                raise RuleError("is true, false, 1 or 0", "write true or false")
            return _BOOLEANS[text.lower()]
        if not _NUMBER.fullmatch(text):
            raise RuleError(f"is {self._article()}", "write a plain number with a point, or leave it empty if unknown")
        return float(text)

    def check(self, value: Any, closed: bool) -> Optional[Value]:
        """Return the value in canonical form if it keeps the rules. Raises RuleError.

        `closed` refuses a category that the schema does not list (data at rest); a request may hold a new one, which
        the encoding counts as other, because a live transaction has to get an answer.
        """
        if isinstance(value, str) and self.type == "category":
            value = value.strip() or None  # as `parse` does: blanks around a category mean nothing, nor do blanks alone
        if value is None:
            if self.required:
                raise RuleError("is required", "fill it in, or set required to false in the schema")
            return None
        if self.type == "category":
            if not isinstance(value, str):
                raise RuleError("is text", "send a string")
            if closed and self.values is not None and value not in self.values:
                raise RuleError(f"is one of {_some(self.values)}", "correct it, or add it to values in the schema")
            return value
        if self.type == "boolean":
            if isinstance(value, bool) or (isinstance(value, (int, float)) and value in (0, 1)):
                return bool(value)
            raise RuleError("is true or false", "send true or false")
        return self._check_number(value)

    def _check_number(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise RuleError(f"is {self._article()}", "send a number without quotes")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise RuleError("is finite", "send a finite number, or null if it is unknown")
        if self.type == "integer" and not number.is_integer():
            raise RuleError("is an integer", "send a whole number")
        if self.minimum is not None and number < self.minimum:
            raise RuleError(f"is at least {self.minimum:g}", "correct it, or lower minimum in the schema")
        if self.maximum is not None and number > self.maximum:
            raise RuleError(f"is at most {self.maximum:g}", "correct it, or raise maximum in the schema")
        return number + 0.0  # -0.0 becomes 0.0, so that equal values are equal text

    def _article(self) -> str:
        return "an integer" if self.type == "integer" else "a number"


class Schema:
    """Target, identifier and features of a data set."""

    def __init__(self, document: Dict[str, Any], where: str = "schema.json") -> None:
        if not isinstance(document, dict):
            raise StepError(f"{where}: is a {type(document).__name__}, not an object with target and features.")
        target = document.get("target")
        if not isinstance(target, dict) or not isinstance(target.get("column"), str):
            raise StepError(f'{where}: target.column is missing. Add "target": {{"column": ..., "classes": [0, 1]}}.')
        self.target: str = target["column"]
        self.classes: List[Any] = list(target.get("classes", []))
        if len(self.classes) < 2 or len({str(item) for item in self.classes}) < len(self.classes):
            raise StepError(f"{where}: target.classes is {self.classes!r}. List two or more different classes.")
        positive = target.get("positive", self.classes[-1])
        if positive not in self.classes:
            raise StepError(f"{where}: target.positive {positive!r} is not among target.classes {self.classes!r}.")
        self.positive: int = self.classes.index(positive)
        self.identifier: List[str] = list(document.get("identifier", []))
        features = document.get("features")
        if not isinstance(features, list) or not features:
            raise StepError(f"{where}: features is empty. List the input columns.")
        self.features = [Feature(item, f"{where}: features[{index}]") for index, item in enumerate(features)]
        columns = self.columns
        repeated = sorted({name for name in columns if columns.count(name) > 1})
        if repeated:
            raise StepError(
                f"{where}: column {repeated[0]!r} is named twice. A column is target, identifier or feature."
            )

    @property
    def columns(self) -> List[str]:
        """All columns that the data has to have: identifier, features, target."""
        return [*self.identifier, *(feature.name for feature in self.features), self.target]

    def label(self, text: str) -> int:
        """Index of the class that CSV text names. Raises RuleError."""
        text = text.strip()
        for index, name in enumerate(self.classes):
            if text == str(name) or (isinstance(name, bool) and text.lower() == str(name).lower()):
                return index
        raise RuleError(
            f"is one of {_some([str(item) for item in self.classes])}", "correct it, or add the class to target.classes"
        )


def parse_and_check(feature: Feature, text: str) -> Tuple[Optional[Value], Optional[RuleError]]:
    """Return the checked value of CSV text, or the rule that it breaks."""
    try:
        return feature.check(feature.parse(text), closed=True), None
    except RuleError as violation:
        return None, violation


def _some(values: List[str], most: int = 12) -> str:
    return ", ".join(values[:most]) + (f" or {len(values) - most} more" if len(values) > most else "")
