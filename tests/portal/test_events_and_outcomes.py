"""Events, outcomes and the ends of operations, without the engine."""

import os
import socket
from types import SimpleNamespace

import pytest

from portal import endings
from portal.events import (
    UNKNOWN,
    Ended,
    PropertyChange,
    ResourcePlanned,
    UnknownEventError,
    from_json,
    to_json,
)
from portal.fingerprints import Fingerprint
from portal.outcomes import (
    Lock,
    Outcome,
    Pending,
    Reason,
    Repair,
    RepairStep,
    State,
    locks_in,
    pending_in,
    repairs_for,
)
from portal.redaction import Redactor
from portal.requests import Answers, Kind, Request
from portal.translation import at, known, translated

URN = "urn:pulumi:dev::mlops::aws:s3/bucket:Bucket::data"
LOCKED = """
 code: 255
 stdout:
 stderr: error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.
  file:///state/.pulumi/locks/organization/mlops/dev/0c5a.json: created by ada@{host} (pid {pid}) at 2026-01-02T03:04:05Z
"""  # noqa: E501  # as the engine prints it
FULL = Outcome(
    state=State.LOST,
    reason=Reason.INTERNAL,
    message="why",
    diagnostics=("one",),
    counts={"create": 2, "same": 3},
    fingerprint=Fingerprint(commit="c", program="p", config="s", state="v", plan="d"),
    state_version="v",
    pending=(Pending(urn=URN, type="aws:s3/bucket:Bucket", operation="creating"),),
    locks=(Lock(by="ada@here", process=1, since="then"),),
    repairs=(Repair(step=RepairStep.UNLOCK, about="how", needs_confirmation=True),),
    resources=3,
    seconds=1.5,
)


def engine_event(**kinds):
    """An event as the Automation API hands it over: one part is there, the others are None."""
    names = (
        "resource_pre_event", "res_outputs_event", "res_op_failed_event", "diagnostic_event", "policy_event",
        "summary_event",
    )  # fmt: skip
    return SimpleNamespace(**{name: kinds.get(name) for name in names})


def metadata(operation, old=None, new=None, differences=None, keys=None):
    def state(inputs):
        return SimpleNamespace(
            inputs=inputs, outputs={}, parent="urn:parent", protect=True, id="i-1", retain_on_delete=True
        )

    return SimpleNamespace(
        urn=URN,
        type="aws:s3/bucket:Bucket",
        op=SimpleNamespace(value=operation),
        old=state(old) if old is not None else None,
        new=state(new) if new is not None else None,
        keys=keys,
        diffs=None,
        detailed_diff={
            path: SimpleNamespace(diff_kind=SimpleNamespace(value=kind), input_diff=True)
            for path, kind in (differences or {}).items()
        },
    )


def only(event, **options):
    (found,) = translated(event, Redactor(["the secret value"]), **options)
    return found


def test_outcomes_and_events_survive_their_journey_as_json():
    assert Outcome.from_json(FULL.to_json()) == FULL
    ended = Ended(outcome=FULL, sequence=7, time=1.0)
    assert from_json(to_json(ended)) == ended
    change = PropertyChange(path="tags.a", kind="update", old=1, new=2)
    planned = ResourcePlanned(urn=URN, type="t", operation="update", changes=(change,), replacing=("b",))
    assert from_json(to_json(planned)) == planned


def test_an_event_of_another_version_is_refused_with_what_is_known():
    with pytest.raises(UnknownEventError, match="resource_planned"):
        from_json({"event": "telepathy"})


def test_a_request_survives_its_journey_as_json():
    request = Request(
        id="1", kind=Kind.REPAIR, stack="dev", root="/r", folder="/f", work="/w", backend="file:///s",
        document={"config": {}}, approved=FULL.fingerprint, repair=RepairStep.UNLOCK, plugins=("aws",),
    )  # fmt: skip
    assert Request.from_json(request.to_json()) == request


def test_a_planned_update_says_what_was_and_what_will_be_without_secrets_and_markers():
    old = {"tags": {"owner": "ada"}, "rules": [{"port": 80}], "name": "x"}
    new = {
        "tags": {"owner": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"},
        "rules": [{"port": 443}],
        "name": "the secret value",
    }
    differences = {"tags.owner": "update", "rules[0].port": "update-replace", "name": "update"}
    event = SimpleNamespace(metadata=metadata("replace", old, new, differences, keys=["rules"]), planning=True)
    planned = only(engine_event(resource_pre_event=event))
    changes = {each.path: (each.old, each.new, each.replaces) for each in planned.changes}
    assert changes["tags.owner"] == ("ada", UNKNOWN, False)
    assert changes["rules[0].port"] == (80, 443, True)
    assert changes["name"] == ("x", "[secret]", False)
    assert planned.inputs["tags"] == {"owner": UNKNOWN}
    assert (planned.replacing, planned.protected) == (("rules",), True)


def test_what_stays_as_it_is_makes_no_noise_while_an_update_runs():
    same = SimpleNamespace(metadata=metadata("same", {}, {}), planning=False)
    assert list(translated(engine_event(resource_pre_event=same), Redactor())) == []
    assert list(translated(engine_event(res_outputs_event=same), Redactor())) == []


def test_a_planned_deletion_says_what_was_there_and_that_the_cloud_keeps_it():
    event = SimpleNamespace(metadata=metadata("delete", {"size": 1}, None), planning=True)
    (found,) = translated(engine_event(resource_pre_event=event), Redactor())
    assert (found.operation, found.inputs, found.retained) == ("delete", {"size": 1}, True)


def test_drift_is_told_by_what_a_refresh_found():
    seen = SimpleNamespace(metadata=metadata("update", {"size": 1}, {"size": 2}, {"size": "update"}), planning=True)
    before = SimpleNamespace(metadata=metadata("refresh", {"size": 1}, {"size": 1}), planning=True)
    assert list(translated(engine_event(resource_pre_event=before), Redactor(), drift=True)) == []
    assert only(engine_event(res_outputs_event=seen), drift=True).changes[0].new == 2


def test_messages_lose_their_colours_and_debugging_is_left_out():
    def message(severity):
        return engine_event(
            diagnostic_event=SimpleNamespace(
                message="<{%fg 1%}>the secret value\x1b[0m is wrong<{%reset%}>\n",
                severity=severity,
                ephemeral=False,
                urn=None,
            )
        )

    assert only(message("error")).message == "[secret] is wrong"
    assert only(message("info#err")).severity == "info"
    assert list(translated(message("debug"), Redactor())) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a.b", 1), ("list[1].c", 2), ('tags["aws:x.y"]', 3), ("a.missing", None), ("list[9]", None), ("a.b.c", None)],
)
def test_property_paths_are_followed_as_pulumi_writes_them(path, expected):
    assert at({"a": {"b": 1}, "list": [0, {"c": 2}], "tags": {"aws:x.y": 3}}, path) == expected


def test_unknown_values_are_marked_at_any_depth():
    assert known({"a": ["6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", "x"]}) == {"a": [UNKNOWN, "x"]}


def test_a_lock_says_by_whom_and_since_when():
    (lock,) = locks_in(LOCKED.format(host="there", pid=7))
    assert (lock.by, lock.process, lock.since) == ("ada@there", 7, "2026-01-02T03:04:05Z")
    assert not lock.is_stale, "of a process elsewhere nobody here can know"
    assert locks_in("[409] Conflict: Another update is currently in progress.") == (Lock(),)


def test_a_lock_is_stale_only_if_its_process_was_here_and_is_gone():
    assert not Lock(by=f"ada@{socket.gethostname()}", process=os.getpid(), since="now").is_stale
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    assert Lock(by=f"ada@{socket.gethostname()}", process=pid, since="now").is_stale


@pytest.mark.parametrize(
    ("text", "answers", "cancelled", "locked", "expected"),
    [
        (LOCKED, Answers(), None, True, (State.LOCKED, None)),
        ("\n code: -9\n stdout: \n stderr: ", Answers(), None, False, (State.LOST, None)),
        ("\n code: 255\n", Answers(), Reason.DEADLINE, False, (State.CANCELLED, Reason.DEADLINE)),
        ("\n code: 255\n", Answers(failed=1, errors=["no"]), None, False, (State.FAILED, Reason.RESOURCES)),
        ("\n code: 255\n", Answers(blocked=1, failed=1), None, False, (State.FAILED, Reason.POLICY)),
        ("error: no resource plugin 'pulumi-resource-aws' found", Answers(), None, False,
         (State.FAILED, Reason.NO_PLUGIN)),
        ("error: something of the program", Answers(), None, False, (State.FAILED, Reason.PROGRAM)),
        ("", Answers(), None, False, (State.FAILED, Reason.PROGRAM)),
    ],
)  # fmt: skip
def test_each_error_of_the_engine_is_one_known_end(text, answers, cancelled, locked, expected):
    outcome = endings.of_error(text, answers, cancelled=cancelled, locked=locked)
    assert (outcome.state, outcome.reason) == expected
    assert outcome.message, "every end but success says why"


def test_repairs_are_offered_for_what_is_wrong_and_no_more():
    def steps(*arguments, **options):
        return [(repair.step, repair.needs_confirmation) for repair in repairs_for(*arguments, **options)]

    creating = Pending(urn=URN, type="t", operation="creating")
    updating = Pending(urn=URN, type="t", operation="updating")
    foreign = Lock(by="ada@elsewhere", process=1, since="then")
    assert steps((), ()) == []
    assert steps((updating,), ()) == [(RepairStep.REFRESH, False)]
    assert steps((creating,), ()) == [(RepairStep.REFRESH, False), (RepairStep.CLEAR_PENDING, True)]
    assert steps((), (foreign,)) == [(RepairStep.UNLOCK, True)]
    assert steps((), (), may_be_locked=True) == [(RepairStep.UNLOCK, True)]


def test_pending_operations_are_read_from_the_state():
    state = {"pending_operations": [{"resource": {"urn": URN, "type": "t"}, "type": "creating"}]}
    assert pending_in(state) == (Pending(urn=URN, type="t", operation="creating"),)
    assert pending_in({}) == ()
