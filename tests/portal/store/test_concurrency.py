import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.outcomes import Outcome, State
from portal.requests import Kind
from portal.store import Store
from tests.portal.store.conftest import DONE, START, later, operation

THREADS = 8


def at_once(work):
    """Run `work(number)` in eight threads that begin together, and return what they returned."""
    barrier = threading.Barrier(THREADS)

    def run(number):
        barrier.wait(30)
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_eight_threads_claim_an_operation_and_one_gets_it(store):
    with store.writing() as unit:
        unit.operations.add(operation(), {})

    def claim(number):
        with store.writing() as unit:
            return unit.operations.claim("a", later(number))

    assert sorted(at_once(claim)) == [False] * 7 + [True]


def test_writers_on_one_stack_are_claimed_one_at_a_time(store):
    with store.writing() as unit:
        for number in range(THREADS):
            unit.operations.add(operation(f"o{number}", kind=(Kind.UP, Kind.REFRESH)[number % 2]), {})

    def claim(number):
        with store.writing() as unit:
            return unit.operations.claim(f"o{number}", later(number))

    assert sum(at_once(claim)) == 1


def test_the_same_end_and_events_from_many_threads_are_recorded_once(store):
    with store.writing() as unit:
        unit.operations.add(operation(), {})
    outcomes = [DONE] * 7 + [Outcome(state=State.LOST)]

    def record(number):
        with store.writing() as unit:
            unit.events.append("a", [{"sequence": each, "by": number} for each in range(1, 6)])
            return unit.operations.end("a", outcomes[number], later(number))

    ended = at_once(record)
    assert sum(ended) == 1
    with store.reading() as unit:
        assert unit.operations.get("a").outcome == outcomes[ended.index(True)]
        found = unit.events.after("a", 0, 100)
        assert [each["sequence"] for each in found] == [1, 2, 3, 4, 5]
        assert len({each["by"] for each in found}) == 1, "a batch is never mixed"


def test_the_audit_chain_is_unbroken_under_eight_writers(store):
    def write(number):
        for turn in range(5):
            with store.writing() as unit:
                unit.audit.append(START, f"p{number}", "P", "a.b", f"turn:{turn}", {})
                unit.leases.take(f"lease-{number}", "me", later(turn), START)

    at_once(write)
    with store.reading() as unit:
        assert unit.audit.verify() is None
        assert unit.audit.head().sequence == THREADS * 5


def test_stores_of_several_services_share_one_chain_and_one_claim(url):
    """As processes do: no lock of one Python process is shared between these stores."""
    stores = at_once(lambda _number: Store(url))  # all eight find an empty database, one makes the tables
    with stores[0].writing() as unit:
        unit.operations.add(operation(), {})

    def work(number):
        with stores[number].writing() as unit:
            claimed = unit.operations.claim("a", later(number))
            unit.audit.append(START, str(number), "P", "a.b", "c", {"claimed": claimed})
            return claimed

    assert sum(at_once(work)) == 1
    with stores[0].reading() as unit:
        assert unit.audit.verify() is None
        assert unit.audit.head().sequence == THREADS
    for each in stores:
        each.close()


def test_a_reader_sees_one_state_and_does_not_wait_for_a_writer(store):
    with store.reading() as reader:
        assert reader.operations.unfinished() == ()
        with ThreadPoolExecutor(1) as pool:

            def add():
                with store.writing() as unit:
                    unit.operations.add(operation(), {})

            pool.submit(add).result(30)
        assert reader.operations.unfinished() == (), "its state is that of its beginning"
    with store.reading() as reader:
        assert len(reader.operations.unfinished()) == 1


def test_a_reading_unit_changes_nothing(store):
    with store.reading() as unit, pytest.raises(RuntimeError, match=r"store\.writing"):
        unit.operations.add(operation(), {})


def test_a_writing_unit_within_another_is_refused_instead_of_waiting_for_ever(store):
    with store.writing() as unit:
        with pytest.raises(RuntimeError, match="use the unit that is open"), store.writing():
            pass
        unit.operations.add(operation(), {})
    with store.writing() as unit:
        assert unit.operations.get("a")
