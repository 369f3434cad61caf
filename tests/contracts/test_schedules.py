"""Schedule expressions that EventBridge Scheduler takes, and those that it refuses."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.rules import BrokenRuleError
from contracts.schedules import check_schedule


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 6 * * ? *)",
        "cron(0/15 8-17 ? * MON-FRI *)",
        "cron(0 10 ? * 2#1 *)",
        "cron(0 10 ? * tue#3 *)",
        "cron(0 10 ? * 6L *)",
        "cron(0 10 L * ? *)",
        "cron(0 10 LW * ? *)",
        "cron(0 10 L-3 * ? *)",
        "cron(0 10 15W * ? *)",
        "cron(0 18 1,15 JAN,JUL ? 2026-2030)",
        "cron(*/5 * ? * 1-7 *)",
        "cron(0  6  *  *  ?  *)",
        "rate(1 hour)",
        "rate(1 hours)",
        "rate(12 hours)",
        "rate(30 days)",
    ],
)
def test_an_expression_of_the_user_guide_is_taken(expression):
    assert check_schedule(expression) == expression


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "daily",
        "cron()",
        "cron(0 6 * * ? *",
        " cron(0 6 * * ? *)",
        "cron(0 6 * * ?)",
        "cron(0 6 * * ? * *)",
        "cron(60 6 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 6 0 * ? *)",
        "cron(0 6 32 * ? *)",
        "cron(0 6 * 13 ? *)",
        "cron(0 6 ? * 0 *)",
        "cron(0 6 ? * 8 *)",
        "cron(0 6 * * ? 1969)",
        "cron(0 6 * * ? 2200)",
        "cron(0 6 ? * ? *)",
        "cron(0 6 * * * *)",
        "cron(? 6 * * ? *)",
        "cron(0 6 * * ? ?)",
        "cron(0 6 ?,1 * ? *)",
        "cron(0 6 ? * MONDAY *)",
        "cron(0 6 ? * 2#6 *)",
        "cron(0 6 32W * ? *)",
        "cron(5-1 6 * * ? *)",
        "cron(1-2-3 6 * * ? *)",
        "cron(1, 6 * * ? *)",
        "cron(*-5 6 * * ? *)",
        "cron(*/0 6 * * ? *)",
        "cron(*/60 6 * * ? *)",
        "cron(*/x 6 * * ? *)",
        "cron(-1 6 * * ? *)",
        "cron(٣ 6 * * ? *)",
        "rate(0 hours)",
        "rate(-1 hours)",
        "rate(1.5 hours)",
        "rate(2 hour)",
        "rate(2 weeks)",
        "rate(٣ hours)",
        "rate(2  hours)",
        "at(2030-01-01T00:00:00)",
    ],
)
def test_an_expression_that_the_service_refuses_is_refused_with_a_fix(expression):
    with pytest.raises(BrokenRuleError) as caught:
        check_schedule(expression)

    assert caught.value.rule, "the reader learns the rule"
    assert "write" in caught.value.fix, "and what to write"


@given(st.integers(0, 59), st.integers(0, 23), st.integers(1, 31), st.integers(1, 12), st.integers(1970, 2199))
def test_every_moment_can_be_scheduled(minute, hour, day, month, year):
    check_schedule(f"cron({minute} {hour} {day} {month} ? {year})")


@given(st.text("0123456789*?,-/LW#() cronateMONhus", max_size=30))
def test_any_text_is_taken_or_refused_and_never_breaks_the_check(text):
    for expression in (text, f"cron({text})", f"rate({text})"):
        with suppress(BrokenRuleError):
            assert check_schedule(expression) == expression
