"""Times, lengths of time, numbers and values as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.outcomes import Reason, RepairStep, State
from portal.pages import filters, words
from portal.records import ReviewState
from portal.requests import Kind
from portal.service.stacks import Health

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=2), "just now"),
        (timedelta(seconds=59), "59 seconds ago"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=119), "1 hour ago"),
        (timedelta(hours=30), "1 day ago"),
        (timedelta(days=400), "400 days ago"),
        (-timedelta(hours=5), "in 5 hours"),
    ],
)
def test_a_moment_is_told_in_one_unit(ago, said):
    assert filters.relative(NOW - ago, NOW) == said


def test_a_time_is_for_machines_too_and_always_utc():
    at = datetime.fromisoformat("2026-03-02T10:00:00+02:00")
    assert '<time datetime="2026-03-02T08:00:00Z"' in filters.when(at, NOW)
    assert "2026-03-02 08:00 UTC" in filters.when(at, NOW)
    assert "<script" not in filters.when("<script>", NOW), "what is no time is not shown"
    assert filters.when("2026-03-02T08:00:00", NOW) == filters.when("2026-03-02T08:00:00Z", NOW)


def test_lengths_of_time_have_two_units_at_most():
    said = [filters.duration(each) for each in (0.4, 59, 60, 125, 4800, 90061, None)]
    assert said == ["0 s", "59 s", "1 min", "2 min 5 s", "1 h 20 min", "1 d 1 h", filters.NOTHING]


def test_numbers_have_groups_and_few_places():
    assert [filters.number(each) for each in (71, 120000, 0.9412345, 1.0, None)] == [
        "71",
        "120\u202f000",
        "0.9412",
        "1",
        filters.NOTHING,
    ]


def test_values_are_text_as_people_write_it_and_never_flood_a_page():
    assert filters.value("plain") == "plain"
    assert filters.value({"b": 1, "a": [True]}) == '{"a": [true], "b": 1}'
    assert filters.value('{"Version":"2012"}') == '{\n  "Version": "2012"\n}', "JSON in a text is indented"
    assert filters.value("{no json") == "{no json"
    assert filters.value("[unknown]") == "[unknown]"
    assert len(filters.value("x" * 100_000)) < filters.LONGEST_VALUE + 100


def test_long_values_are_compared_line_by_line():
    old, new = {f"key-{i}": "a value that is long enough" for i in range(9)}, {}
    new.update(old, **{"key-3": "another"})
    found = filters.line_diff(old, new)
    assert [text.strip() for tone, text in found if tone == "added"] == ['+  "key-3": "another",']
    assert filters.line_diff("a", "b") == [], "two words stand beside each other instead"


def test_every_state_has_a_word_and_a_sign():
    assert set(words.HEALTH) == {each.value for each in Health}
    assert set(words.KINDS) == set(Kind)
    assert set(words.ENDS) == set(words.NEXT) == set(State)
    assert set(words.REPAIRS) == set(RepairStep)
    assert set(words.REVIEWS) == set(ReviewState)
    assert set(words.NEXT_BY_REASON) <= set(Reason)
    signs = [*words.HEALTH.values(), *words.ENDS.values(), *words.REASONS.values(), *words.REVIEWS.values()]
    assert all(each.icon and each.word and each.tone for each in signs), "never a colour alone"
