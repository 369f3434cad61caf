"""What other people wrote is shown as they wrote it, in every table of models, deployments and projects."""

import io

import pytest
from rich.console import Console

from local.views_models import facts, new_table


@pytest.mark.parametrize("text", ["[/x]", "[red]fine", "[link=https://example.com]a[/link]", "\x1b]0;owned\x07"])
def test_no_text_is_mark_up_or_steers_the_terminal(text):
    table = new_table("why")
    table.add_row(text)
    for made in (table, facts(("reason", text))):
        out = io.StringIO()
        Console(file=out, force_terminal=True, highlight=False, width=100).print(made)
        assert text.replace("\x1b", "\N{REPLACEMENT CHARACTER}").replace("\x07", "\N{REPLACEMENT CHARACTER}") in (
            out.getvalue()
        )
        assert "\x1b]" not in out.getvalue()
