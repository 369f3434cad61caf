"""Schedule expressions of EventBridge Scheduler: six-field cron and rate.

Source: EventBridge Scheduler user guide, "Schedule types", and the cron table of the EventBridge user guide.
"""

import re
from dataclasses import dataclass, field

from contracts.rules import BrokenRuleError

_MONTHS = {
    "JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6, "JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11,
    "DEC": 12,
}  # fmt: skip
_WEEKDAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    names: dict[str, int] = field(default_factory=dict)
    extras: str = ""
    """Further forms this field takes, as one pattern over the upper-cased item."""

    @property
    def range(self) -> str:
        words = f" or {next(iter(self.names))}-{list(self.names)[-1]}" if self.names else ""
        return f"{self.least}-{self.most}{words}"


_FIELDS = (
    _Field(name="minutes", least=0, most=59),
    _Field(name="hours", least=0, most=23),
    _Field(name="day-of-month", least=1, most=31, extras=r"L|LW|L-([1-9]|[12]\d|30)|([1-9]|[12]\d|3[01])W"),
    _Field(name="month", least=1, most=12, names=_MONTHS),
    _Field(name="day-of-week", least=1, most=7, names=_WEEKDAYS, extras=rf"L|([1-7]|{'|'.join(_WEEKDAYS)})(L|#[1-5])"),
    _Field(name="year", least=1970, most=2199),
)
_DAY_OF_MONTH, _DAY_OF_WEEK = 2, 4
_EXAMPLE = "write for example cron(0 6 * * ? *), which is 06:00 UTC every day"


def check_schedule(expression: str) -> str:
    """Return `expression`, or raise BrokenRuleError where EventBridge Scheduler would refuse it or run it only once."""
    form = re.fullmatch(r"(cron|rate|at)\((.*)\)", expression)
    if form is None:
        raise BrokenRuleError("a schedule has the form cron(...) or rate(...)", _EXAMPLE)
    if form[1] == "at":
        raise BrokenRuleError("a pipeline's schedule recurs, and at(...) runs once", _EXAMPLE)
    if form[1] == "rate":
        _check_rate(form[2])
    else:
        _check_cron(form[2])
    return expression


def _check_rate(text: str) -> None:
    parts = re.fullmatch(r"([1-9]\d{0,8}) (minute|hour|day)(s?)", text)
    if parts is None or (int(parts[1]) > 1 and not parts[3]):
        raise BrokenRuleError(
            "rate(...) takes a positive whole number and one of minutes, hours, days",
            "write for example rate(12 hours)",
        )


def _check_cron(text: str) -> None:
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise BrokenRuleError(
            "cron(...) has six fields: minutes hours day-of-month month day-of-week year"
            f" (this one has {len(fields)}; Unix cron has five)",
            _EXAMPLE,
        )
    if (fields[_DAY_OF_MONTH] == "?") == (fields[_DAY_OF_WEEK] == "?"):
        raise BrokenRuleError(
            "exactly one of day-of-month and day-of-week is ?, because each would decide the day",
            "write ? in the one that does not matter, for example cron(0 6 * * ? *)",
        )
    for position, (kind, value) in enumerate(zip(_FIELDS, fields, strict=True)):
        if value == "?" and position in {_DAY_OF_MONTH, _DAY_OF_WEEK}:
            continue
        for item in value.upper().split(","):
            _check_item(kind, item, value)


def _check_item(kind: _Field, item: str, value: str) -> None:
    if kind.extras and re.fullmatch(kind.extras, item):
        return
    span, slash, step = item.partition("/")
    first, dash, last = span.partition("-")
    numbers = [_number(kind, part) for part in ([first, last] if dash else [first]) if part != "*"]
    in_range = None not in numbers and not (dash and "*" in (first, last))
    # A step of the field's whole span or more never fires twice, and the service refuses it (cron(*/60 * * * ? *)).
    good_step = not slash or (step.isascii() and step.isdigit() and 1 <= int(step) <= kind.most - kind.least)
    if in_range and good_step and numbers == sorted(number for number in numbers if number is not None):
        return
    raise BrokenRuleError(
        f"the field {kind.name} takes {kind.range}, lists, ascending ranges and steps; it is {value}",
        _EXAMPLE,
    )


def _number(kind: _Field, text: str) -> int | None:
    if text in kind.names:
        return kind.names[text]
    if not (text.isascii() and text.isdigit()):
        return None
    number = int(text)
    return number if kind.least <= number <= kind.most else None
