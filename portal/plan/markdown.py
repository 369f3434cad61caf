"""Other people's text inside markdown: shown as it is, without links, mentions or mark-up of its own."""

import re

_GAP = "\u200b"
"""A space of no width. After it, GitHub takes no name for a mention and no number for an issue."""
_MARKS = re.compile(r"([\\`*_{}\[\]<>|~&$]|^[#+-])")


def shortened(text: str, most: int) -> str:
    """Return a text on one line, of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def code(text: str, most: int = 200) -> str:
    """Return a text as code, with a fence longer than any run of backticks in it."""
    line = shortened(text, most)
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    gap = " " if line.startswith("`") or line.endswith("`") or not line else ""
    return f"{fence}{gap}{line}{gap}{fence}"


def prose(text: str, most: int = 600) -> str:
    """Return a text as text: nothing in it is mark-up, a mention, an issue or a link."""
    line = _MARKS.sub(r"\\\1", shortened(text, most))
    line = re.sub(r"([@#]|GH-)(?=\w)", rf"\1{_GAP}", line)
    return line.replace("://", f":{_GAP}//").replace("www.", f"www{_GAP}.")
