"""EventBridge patterns: moto's matcher, completed where it lets through what EventBridge would not.

moto 5.2.5 knows $or, exists, prefix, suffix, equals-ignore-case, numeric, anything-but, cidr and wildcard. It takes an
operator it does not know for a match, and does not look into objects within an array.
"""

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from moto.events.models import EventPattern

OPERATORS = frozenset(
    {"exists", "prefix", "suffix", "equals-ignore-case", "numeric", "anything-but", "cidr", "wildcard"}
)


class PatternError(ValueError):
    """A pattern that PutRule would refuse."""


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Return whether an event matches. Raises `PatternError` for what is no pattern."""
    check(pattern)
    matcher: Any = EventPattern.load(json.dumps(pattern))
    return any(matcher.matches_event(variant) for variant in _variants(event))


def check(pattern: Mapping[str, Any], path: str = "") -> None:
    """Raise `PatternError` where a pattern has a value that is no list, or an operator that EventBridge has not."""
    for key, value in pattern.items():
        place = f"{path}.{key}".lstrip(".")
        if isinstance(value, Mapping):
            check(value, place)
        elif not isinstance(value, list) or not value:
            raise PatternError(f"{place}: {value!r} is neither an object nor a list with something in it")
        elif key == "$or":
            for part in value:
                check(part, path)
        else:
            for item in value:
                if isinstance(item, Mapping) and not (len(item) == 1 and set(item) <= OPERATORS):
                    raise PatternError(f"{place}: {dict(item)!r} is not one of the operators {', '.join(OPERATORS)}")


def _variants(value: Any) -> Iterator[Any]:  # JSON
    """Yield the event once for each choice of an element where an array holds objects.

    So fields of a pattern must match within one and the same element, as EventBridge documents for arrays.
    """
    if isinstance(value, Mapping):
        choices = [[(key, variant) for variant in _variants(item)] for key, item in value.items()]
        yield from (dict(choice) for choice in itertools.product(*choices))
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for item in value:
            yield from _variants(item)
    else:
        yield value
