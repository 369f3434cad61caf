"""A table for what other people wrote: nothing in it is mark-up, and nothing steers the terminal."""

import re
from typing import Any

from rich.table import Table
from rich.text import Text

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class PlainTable(Table):
    """As rich's, but a text such as `[/]` in a reason or a model's metadata is shown as it is."""

    def add_row(self, *renderables: Any, **options: Any) -> None:
        """Add a row; what is no text, such as rich's own `Text`, is taken as it is."""
        super().add_row(*(plain(each) if isinstance(each, str) else each for each in renderables), **options)


def plain(text: str) -> Text:
    """Return a text as it is, without what steers a terminal."""
    return Text(CONTROL.sub("\N{REPLACEMENT CHARACTER}", text))
