"""EventBridge's matching, as far as our patterns use it: values, exists and $or (its "Comparison operators")."""

ABSENT = object()


def matches(pattern, event):
    """Return whether an event matches a pattern."""
    for key, expected in pattern.items():
        if key == "$or":
            if not any(matches(option, event) for option in expected):
                return False
        elif isinstance(expected, dict):
            if not isinstance(event.get(key), dict) or not matches(expected, event[key]):
                return False
        elif not any(_leaf(option, event.get(key, ABSENT)) for option in expected):
            return False
    return True


def _leaf(option, value):
    if isinstance(option, dict):
        (operator, wanted), *_ = option.items()
        assert operator == "exists", "these tests know no other operator"
        return (value is not ABSENT and value != []) == wanted
    return option in (value if isinstance(value, list) else [value])
