from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from portal.records import ReviewState, SessionRecord, TokenRecord
from portal.store import DuplicateError, NotThereError
from tests.portal.store.conftest import START, later, operation, review

SESSION = SessionRecord(
    hash="5" * 64,
    by="ada",
    actor={"id": "ada", "roles": {"*": "admin"}},
    created=START,
    last_seen=START,
    expires=later(100),
    id_token_hint="sealed",
)
TOKEN = TokenRecord(
    id="abc",
    hash="7" * 64,
    name="ci",
    owner="ada",
    owner_name="Ada",
    roles={"dev": "developer"},
    scopes=("preview", "view"),
    created=START,
    expires=later(100),
)


def test_a_review_environment_lives_and_its_name_is_free_again(unit):
    unit.reviews.put(review())
    assert unit.reviews.get("tree") == review()
    with pytest.raises(DuplicateError):
        unit.reviews.put(review())
    unit.operations.add(operation(), {})
    changed = unit.reviews.update(
        "tree", state=ReviewState.UP, operation="a", attempts=2, problem="p", expires=later(9)
    )
    expected = replace(review(), state=ReviewState.UP, operation="a", attempts=2, problem="p", expires=later(9))
    assert changed == expected == unit.reviews.get("tree")
    unit.reviews.update("tree", state=ReviewState.GONE)
    assert unit.reviews.all() == ()
    assert len(unit.reviews.all(with_gone=True)) == 1
    unit.reviews.put(review(branch="feature/tree-2"))
    assert unit.reviews.all() == (review(branch="feature/tree-2"),)


def test_only_what_may_change_of_a_review_environment_changes(unit):
    unit.reviews.put(review())
    with pytest.raises(TypeError, match="branch: cannot be changed"):
        unit.reviews.update("tree", branch="main")
    with pytest.raises(NotThereError):
        unit.reviews.update("rock", attempts=1)
    with pytest.raises(NotThereError):
        unit.reviews.get("rock")


def test_reaping_is_due_until_it_is_gone_and_waits_between_tries(unit):
    unit.reviews.put(review("a", expires=later(10)))
    unit.reviews.put(review("b", expires=later(5), state=ReviewState.FAILED))
    unit.reviews.put(review("c", expires=later(5), state=ReviewState.REAPING, retry_at=later(30)))
    unit.reviews.put(review("d", expires=later(5), state=ReviewState.GONE))

    def due(seconds):
        return [each.name for each in unit.reviews.due(later(seconds))]

    assert due(4) == []
    assert due(5) == ["b"]
    assert due(10) == ["b", "a"]
    assert due(30) == ["b", "c", "a"]


def test_a_session_ends_with_its_time_or_by_logout(unit):
    unit.sessions.put(SESSION)
    assert unit.sessions.get(SESSION.hash, later(99)) == SESSION
    with pytest.raises(NotThereError) as error:
        unit.sessions.get(SESSION.hash, later(100))
    assert SESSION.hash not in str(error.value), "errors go into logs"
    assert unit.sessions.touch(SESSION.hash, later(50), later(150))
    assert unit.sessions.get(SESSION.hash, later(100)) == replace(SESSION, last_seen=later(50), expires=later(150))
    unit.sessions.touch(SESSION.hash, later(60))
    assert unit.sessions.get(SESSION.hash, later(100)).expires == later(150)
    assert unit.sessions.delete(SESSION.hash)
    assert not unit.sessions.delete(SESSION.hash)
    assert not unit.sessions.touch(SESSION.hash, later(60)), "a session that was ended does not come back"


def test_sessions_of_one_person_end_together_and_old_ones_are_forgotten(unit):
    for number in range(3):
        unit.sessions.put(replace(SESSION, hash=str(number) * 64, by="bob" if number else "ada"))
    assert unit.sessions.delete_of("bob") == 2
    assert unit.sessions.prune(later(99)) == 0
    assert unit.sessions.prune(later(100)) == 1


def test_what_is_secret_is_in_no_representation_of_a_session():
    assert "sealed" not in repr(SESSION)


def test_a_login_attempt_is_taken_once(unit):
    unit.login_attempts.put("1" * 64, {"nonce": "n"}, later(10))
    with pytest.raises(DuplicateError):
        unit.login_attempts.put("1" * 64, {}, later(10))
    assert unit.login_attempts.take("1" * 64, later(9)) == {"nonce": "n"}
    with pytest.raises(NotThereError):
        unit.login_attempts.take("1" * 64, later(9))


def test_a_login_attempt_that_took_too_long_is_not_there(unit):
    unit.login_attempts.put("1" * 64, {}, later(10))
    with pytest.raises(NotThereError):
        unit.login_attempts.take("1" * 64, later(10))
    unit.login_attempts.put("2" * 64, {}, later(10))
    assert unit.login_attempts.prune(later(10)) == 1


def test_a_token_is_kept_used_and_revoked_once(unit):
    unit.tokens.put(TOKEN)
    with pytest.raises(DuplicateError):
        unit.tokens.put(TOKEN)
    assert unit.tokens.get("abc") == TOKEN
    unit.tokens.used("abc", later(1))
    assert unit.tokens.revoke("abc", later(2))
    assert not unit.tokens.revoke("abc", later(3))
    assert unit.tokens.get("abc") == replace(TOKEN, last_used=later(1), revoked=later(2))
    other = replace(TOKEN, id="def", hash="8" * 64, owner="bob", created=later(1))
    unit.tokens.put(other)
    assert unit.tokens.of("bob") == (other,)
    assert [each.id for each in unit.tokens.all()] == ["def", "abc"]
    for ask in (lambda: unit.tokens.get("x"), lambda: unit.tokens.revoke("x", START)):
        with pytest.raises(NotThereError):
            ask()


def test_a_lease_has_one_holder_at_a_time(unit):
    assert unit.leases.take("drift", "one", later(10), START)
    assert not unit.leases.take("drift", "two", later(20), later(9))
    assert unit.leases.take("drift", "one", later(12), later(9)), "who holds it may take it again"
    assert unit.leases.holder("drift", later(11)) == "one"
    assert unit.leases.holder("drift", later(12)) is None
    assert unit.leases.take("drift", "two", later(20), later(12)), "its time is over"
    assert not unit.leases.renew("drift", "one", later(30))
    assert unit.leases.renew("drift", "two", later(30))
    assert not unit.leases.release("drift", "one")
    assert unit.leases.release("drift", "two")
    assert unit.leases.take("drift", "one", later(40), later(21))


def test_times_come_back_in_utc_whatever_zone_they_came_in(unit):
    east = datetime(2031, 5, 4, 14, 0, 0, 123456, timezone(timedelta(hours=2)))
    unit.operations.add(operation(created=east), {})
    found = unit.operations.get("a").created
    assert found == east
    assert found.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(unit):
    with pytest.raises(ValueError, match="it has no zone"):
        unit.operations.add(operation(created=datetime(2031, 5, 4)), {})  # noqa: DTZ001


def test_names_that_are_too_long_are_refused_on_both_and_can_be_asked_for(unit):
    with pytest.raises(ValueError, match=r"reviews\.name: .* has 41 characters; 40 are the most"):
        unit.reviews.put(review("x" * 41))
    for name in ("x" * 5000, "a\0b", "\ud800"):
        with pytest.raises(NotThereError):
            unit.operations.get(name)
    assert unit.events.after("a", 2**70, 10) == []


def test_text_that_postgresql_cannot_hold_is_replaced_on_both(unit):
    unit.operations.add(operation(why="a\0b\ud800c", by_name="x" * 5000), {})
    assert unit.operations.get("a").why == "a\N{REPLACEMENT CHARACTER}b?c"
