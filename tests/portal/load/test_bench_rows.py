"""The portal's rows in the table of `make bench`, from numbers that were written down."""

from bench.portal_rows import portal_rows

MEASURED = {
    "click": [0.3, 0.2, 9.0],
    "bare": [0.2, 0.2, 0.2],
    "one": [100.0, 100.0],
    "fifty": [120.0, 200.0],
    "people": 50,
    "events": 2004,
}


def test_each_ratio_stands_beside_its_bound():
    first, memory = portal_rows(MEASURED)
    assert (round(first["value"], 2), first["bound"], first["note"]) == (1.5, 2.0, "0.30 s / 0.20 s")
    assert (memory["value"], memory["bound"]) == (1.6, 1.6)
    assert memory["what"] == "memory with 50 watchers / with 1"
    assert "2004 events" in memory["note"]


def test_without_a_measurement_there_is_no_row():
    assert list(portal_rows({})) == []
