"""The fault table, held against the real handlers: each fault in each call of each path of each function.

The calls are found by recording the paths without faults, so a new call without a row in `fault_table.py` fails here.
"""

from pathlib import Path

import pytest

from tests.lambda_src import fault_table, faults
from tests.lambda_src.recorded_calls import recorded_calls
from tests.lambda_src.scenarios import BY_NAME

PAGE = Path(__file__).parents[2] / "docs" / "fault-table.md"


def test_every_call_of_every_function_has_a_row():
    made = {(f, f"{service}:{operation}") for f, calls in recorded_calls().items() for service, operation, _ in calls}
    assert set(fault_table.LASTING) == made, "write what becomes of a fault in it; remove rows of calls no longer made"


@pytest.mark.faults
@pytest.mark.parametrize("kind", faults.KINDS)
@pytest.mark.parametrize("name", BY_NAME)
def test_a_fault_in_any_call_ends_as_the_table_says(name, kind):
    scenario = BY_NAME[name]
    found = {
        f"{call}[{occurrence}]": (outcome, fault_table.expected(scenario.function, call, kind))
        for call, occurrence, outcome in faults.outcomes(scenario, kind)
    }
    wrong = {call: pair for call, pair in found.items() if pair[0] not in pair[1].split(" or ")}
    assert found, "a path without calls proves nothing"
    assert not wrong, "(what came of it, what the table says)"


def test_the_printed_table_is_current():
    assert PAGE.read_text() == fault_table.page(), "run: python -m tests.lambda_src.fault_table > docs/fault-table.md"
