"""ISO 8601 durations, in which a cache's ExpireAfter is written."""

import datetime as dt
import re

PATTERN = re.compile(
    r"P(?=.)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.IGNORECASE,
)


def parse(text: str) -> dt.timedelta:
    """Return the length of `P30D`, `PT1H30M`, `P1Y`; a year counts 365 days, a month 30.

    Older SDKs wrote `30d` and `T12H` without the leading P; the service takes these too.
    """
    plain = text.strip()
    match = PATTERN.fullmatch(plain) or PATTERN.fullmatch(f"P{plain}")
    if match is None:
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as P30D or PT1H")
    number = {name: int(value or 0) for name, value in match.groupdict().items()}
    days = 365 * number["years"] + 30 * number["months"] + 7 * number["weeks"] + number["days"]
    return dt.timedelta(days=days, hours=number["hours"], minutes=number["minutes"], seconds=number["seconds"])
