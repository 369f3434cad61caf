from dataclasses import asdict, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.records import AuditHead, FaultKind
from portal.store import chain
from tests.portal.store.conftest import START

WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
DETAILS = st.dictionaries(
    st.text(max_size=5),
    st.recursive(st.none() | st.booleans() | NUMBERS | st.text(max_size=8), lambda each: st.lists(each, max_size=3)),
    max_size=3,
)
ENTRIES = st.lists(st.tuples(st.datetimes(), WORDS, WORDS, WORDS, WORDS, DETAILS), min_size=1, max_size=6)


def written(entries) -> list[chain.Line]:
    """A chain as the store writes it."""
    lines, previous = [], chain.FIRST
    for number, (at, by, by_name, action, subject, details) in enumerate(entries, 1):
        line = chain.Line(
            sequence=number,
            at=chain.time_text(at.replace(tzinfo=START.tzinfo)),
            by=by,
            by_name=by_name,
            action=action,
            subject=subject,
            details=chain.canonical(details),
            previous=previous,
            hash="",
        )
        lines.append(replace(line, hash=chain.hash_of(line)))
        previous = lines[-1].hash
    return lines


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=ENTRIES)
def test_whatever_is_written_is_read_again_and_verifies(store, entries):
    with store.writing() as unit:
        new = [unit.audit.append(at.replace(tzinfo=START.tzinfo), *rest) for at, *rest in entries]
        assert list(reversed(unit.audit.page(limit=len(new)).items)) == new
        assert [(each.by, each.subject, each.details) for each in new] == [
            (by, subject, details) for _, by, _, _, subject, details in entries
        ]
        assert unit.audit.verify() is None


@settings(max_examples=100, deadline=None, derandomize=True)
@given(entries=ENTRIES, data=st.data())
def test_any_single_change_is_found(entries, data):
    lines = written(entries)
    assert chain.first_fault(lines) is None
    head = AuditHead(sequence=len(lines), hash=lines[-1].hash)
    place = data.draw(st.integers(0, len(lines) - 1))
    what = data.draw(st.sampled_from(["remove", "swap", "repeat", *asdict(lines[0])]))
    changed = list(lines)
    if what == "remove":
        del changed[place]
    elif what == "repeat":
        changed.insert(place, changed[place])
    elif what == "swap":
        other = data.draw(st.integers(0, len(lines) - 1).filter(lambda each: each != place or len(lines) == 1))
        changed[place], changed[other] = (
            replace(lines[other], sequence=place + 1),
            replace(lines[place], sequence=other + 1),
        )
    elif what == "sequence":
        changed[place] = replace(lines[place], sequence=data.draw(st.integers().filter(lambda n: n != place + 1)))
        changed.sort(key=lambda line: line.sequence)
    else:
        old = getattr(lines[place], what)
        changed[place] = replace(lines[place], **{what: data.draw(WORDS.filter(lambda new: new != old))})
    fault = chain.first_fault(changed, head=head)
    assert (fault is None) == (changed == lines), f"{what} at {place}: {fault}"


@settings(max_examples=50, deadline=None, derandomize=True)
@given(entries=ENTRIES, data=st.data())
def test_an_entry_that_was_changed_and_hashed_anew_is_found_by_the_next_one_or_the_noted_head(entries, data):
    lines = written(entries)
    head = AuditHead(sequence=len(lines), hash=lines[-1].hash)
    place = data.draw(st.integers(0, len(lines) - 1))
    forged = replace(lines[place], by=lines[place].by + "x")
    lines[place] = replace(forged, hash=chain.hash_of(forged))
    fault = chain.first_fault(lines, head=head)
    assert (fault.sequence, fault.kind) == (place + 1, FaultKind.REWRITTEN)
