"""What forms and addresses hold: bounded, and never the cause of a failure of the portal's own."""

from datetime import UTC, datetime

import pytest

from portal.pages.history import _day_after, day
from portal.pages.site import whole_number
from portal.service.decisions import checked_text
from portal.service.errors import InvalidError


@pytest.mark.parametrize("sent", ["", "x", "-1", "1.5", "٣", "91", "000000000001" + "0" * 5000, "9" * 5000])
def test_what_is_no_number_within_its_bounds_is_refused(sent):
    with pytest.raises(InvalidError, match="from 1 to 90"):
        whole_number({"days": sent}, "days", least=1, most=90)
    assert whole_number({"days": " 090 "}, "days", least=1, most=90) == 90


def test_the_last_day_that_there_is_has_none_after_it():
    last = day("9999-12-31", [])
    assert last is not None
    assert _day_after(last) is None
    assert _day_after(datetime(2026, 2, 28, tzinfo=UTC)) == datetime(2026, 3, 1, tzinfo=UTC)


def test_what_people_write_has_lines_and_nothing_that_is_not_visible():
    written = "\x1b]0;owned\x07 first \u202eline\r\n\r\n  second\tline\x00\n"
    assert checked_text("comment", written) == "]0;owned first line\n\nsecond line"
