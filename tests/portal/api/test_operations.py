"""Operations through the typed client: asked for, watched, approved, deployed, cancelled."""

import json
from itertools import pairwise

import httpx
import pytest

from portal.client import PortalClient, PortalError
from portal.events import Ended, Phase, ResourcePlanned, Summary
from portal.outcomes import State
from portal.requests import Kind
from portal.service.stacks import Health
from tests.portal.world import PortalWorld


def test_a_change_goes_all_its_way_through_the_client(portal, developer, approver):
    before = developer.stack("preprod")
    assert (before.environment, before.approvals) == ("preprod", 1)
    preview = developer.preview("preprod", "new gate")
    events = list(developer.events(preview.id))
    assert [each.sequence for each in events] == sorted({each.sequence for each in events}), "in order, and once each"
    assert {Phase, ResourcePlanned, Summary} <= {type(each) for each in events}
    assert isinstance(events[-1], Ended)
    assert events[-1].outcome == developer.operation(preview.id).outcome
    plan = developer.plan(preview.id)
    assert plan.counts["create"] > 5
    with portal.http(PortalWorld.developer, "read") as http:
        assert plan.to_json() == http.get(f"/operations/{preview.id}/plan").json(), "typed, and nothing lost"

    state = developer.approvals(preview.id)
    assert (state.needed, state.given, state.ready, state.may_approve) == (1, 0, False, False)
    with pytest.raises(PortalError, match="1 more approval"):
        developer.up(preview.id)
    assert approver.approvals(preview.id).may_approve
    assert [each.preview.id for each in approver.stack("preprod").waiting_for_approval] == [preview.id]
    decision = approver.decide(preview.id, approved=True, comment="as discussed")
    assert (decision.by_name, decision.fingerprint) == ("Ada (ci)", developer.operation(preview.id).fingerprint)

    up = developer.wait(developer.up(preview.id).id)
    assert (up.kind, up.outcome.state, up.preview, up.why) == (Kind.UP, State.SUCCEEDED, preview.id, "new gate")
    assert developer.approvals(preview.id).used_by == up.id
    assert developer.stack("preprod").health is Health.OK
    assert developer.stack("preprod").last_deploy == up
    with pytest.raises(PortalError, match="carried out already") as refused:
        developer.up(preview.id)
    assert refused.value.status == 409


def test_a_rejected_preview_is_never_carried_out(developer, approver):
    preview = developer.wait(developer.preview("prod").id)
    assert not approver.decide(preview.id, approved=False, comment="not on a Friday").approved
    with pytest.raises(PortalError, match="not on a Friday"):
        developer.up(preview.id)


def test_a_draft_is_previewed_and_changes_no_file(developer):
    file = developer.settings("dev")
    text = file.text.replace("accuracy: 0.8", "accuracy: 0.7")
    assert text != file.text
    checked = developer.check_settings("dev", text)
    assert not checked.problems
    assert [(each.old, each.new) for each in checked.changes] == [(0.8, 0.7)]
    preview = developer.wait(developer.preview("dev", draft=text).id)
    assert preview.draft
    with pytest.raises(PortalError, match="settings that are not saved"):
        developer.up(preview.id)
    assert developer.settings("dev").base_hash == file.base_hash


def test_a_stack_file_is_saved_only_over_what_was_read(developer):
    file = developer.settings("sandbox")
    text = file.text + "# a remark\n"
    saved = developer.save_settings("sandbox", text, base_hash=file.base_hash, why="say why")
    assert saved.changed
    assert developer.settings("sandbox").text == text
    with pytest.raises(PortalError) as refused:
        developer.save_settings("sandbox", file.text, base_hash=file.base_hash, why="again")
    assert refused.value.status == 409
    with pytest.raises(PortalError, match="organisation: the key is required") as wrong:
        developer.save_settings("sandbox", "config:\n  mlops:settings: {}\n", base_hash=saved.base_hash, why="try")
    assert wrong.value.status == 422


def test_a_request_that_is_sent_again_with_its_key_starts_nothing_new(portal):
    with portal.http(PortalWorld.developer, "read", "preview") as http:
        headers = {"Idempotency-Key": "build-4711"}
        body = {"kind": "preview", "stack": "dev"}
        first, again = (http.post("/operations", json=body, headers=headers) for _ in range(2))
        assert first.status_code == again.status_code == 202
        assert first.json()["id"] == again.json()["id"]
        other = http.post("/operations", json=body | {"stack": "preprod"}, headers=headers)
        assert (other.status_code, "key" in other.json()["detail"]) == (409, True)
        assert http.post("/operations", json=body).json()["id"] != first.json()["id"]


def test_an_answer_that_was_lost_does_not_start_a_second_operation(portal):
    class LosesAnswers(httpx.HTTPTransport):
        lost = 0

        def handle_request(self, request):
            response = super().handle_request(request)
            if request.method == "POST" and self.lost < 2:
                self.lost += 1
                response.close()
                raise httpx.ReadError("the line broke")
            return response

    line = LosesAnswers()
    token = portal.site.token(PortalWorld.developer, "read", "preview")
    with PortalClient(portal.url, token, transport=line, pause=lambda _: None) as client:
        known = {each.id for each in client.history(stack="dev").items}
        asked = client.preview("dev", "once")
        assert line.lost == 2
        new = {each.id for each in client.history(stack="dev").items} - known
        assert new == {asked.id}


def test_who_watches_and_loses_the_line_sees_every_event_once(portal):
    class Breaks(httpx.HTTPTransport):
        """Ends each stream after some lines, in good order or not."""

        seen = ()

        def handle_request(self, request):
            response = super().handle_request(request)
            if not request.url.path.endswith("/events"):
                return response
            self.seen += (request.headers["last-event-id"],)
            return httpx.Response(200, headers=response.headers, stream=Part(response.stream, len(self.seen) % 2))

    class Part(httpx.SyncByteStream):
        def __init__(self, whole, breaks):
            self.whole, self.breaks = whole, breaks

        def __iter__(self):
            got = 0
            for chunk in self.whole:
                yield chunk
                got += chunk.count(b"data:")
                if got >= 3:
                    if self.breaks:
                        raise httpx.ReadError("broken")
                    return

        def close(self):
            self.whole.close()

    line = Breaks()
    token = portal.site.token(PortalWorld.developer, "read", "preview")
    with PortalClient(portal.url, token, transport=line, pause=lambda _: None) as client:
        preview = client.preview("dev")
        events = list(client.events(preview.id))
    assert isinstance(events[-1], Ended)
    assert len(line.seen) > 2, "the line broke several times"
    assert all(int(a) < int(b) for a, b in pairwise(line.seen)), "each time it went on where it was"
    with portal.client(PortalWorld.developer, "read") as client:
        assert [each.sequence for each in client.events(preview.id)] == [each.sequence for each in events]


def test_the_stream_resumes_after_the_event_that_is_named(portal, developer):
    preview = developer.wait(developer.preview("dev").id)
    with portal.http(PortalWorld.developer, "read") as http:
        whole = http.get(f"/operations/{preview.id}/events")
        assert whole.headers["content-type"].startswith("text/event-stream")
        assert whole.headers["cache-control"] == "no-store"
        assert whole.headers["x-accel-buffering"] == "no", "a proxy must not hold events back"
        ids = [int(line[3:]) for line in whole.text.splitlines() if line.startswith("id:")]
        assert "retry: 2000" in whole.text
        rest = http.get(f"/operations/{preview.id}/events", headers={"Last-Event-ID": str(ids[4])})
        assert [int(line[3:]) for line in rest.text.splitlines() if line.startswith("id:")] == ids[5:]
        by_query = http.get(f"/operations/{preview.id}/events", params={"after": ids[4]})
        assert by_query.text == rest.text
        last = rest.text.rstrip().splitlines()
        data = next(line for line in reversed(last) if line.startswith("data:"))
        assert json.loads(data[5:])["event"] == "ended"
        for odd in ("nonsense", "-1", "9" * 20, "٣"):
            answer = http.get(f"/operations/{preview.id}/events", headers={"Last-Event-ID": odd.encode()})
            assert answer.status_code == 200, odd


def test_events_come_while_the_operation_runs_and_cancel_ends_it(portal, developer):
    portal.world.scenario.stop("dev", "preview-begin")
    preview = developer.preview("dev")
    watching = developer.events(preview.id)
    assert isinstance(next(watching), Phase), "it has not ended, and its first event is here"
    assert developer.stack("dev").running[0].id == preview.id
    assert developer.cancel(preview.id).cancel_asked_by == PortalWorld.developer.id
    *_, last = watching
    assert (last.outcome.state, developer.operation(preview.id).outcome.state) == (State.CANCELLED, State.CANCELLED)
    with pytest.raises(PortalError, match="has ended"):
        developer.cancel(preview.id)


def test_history_is_read_page_by_page(developer):
    for _ in range(3):
        developer.wait(developer.look("drift", "dev").id)
    first = developer.history(stack="dev", kind=Kind.DRIFT, limit=2)
    second = developer.history(stack="dev", kind=Kind.DRIFT, limit=2, cursor=first.next)
    ids = [each.id for each in (*first.items, *second.items)]
    assert len(set(ids)) == len(ids) >= 3
    assert {each.stack for each in developer.drift()} == {"dev", "preprod", "prod", "sandbox"}
    with pytest.raises(PortalError, match="cursor"):
        developer.history(cursor="nonsense")


def test_the_audit_log_says_who_did_it_by_which_token(approver, developer):
    developer.wait(developer.preview("dev", "who").id)
    entry = next(each for each in approver.audit(limit=20).items if each.action == "operation.preview")
    assert entry.by == developer.me().id
    assert entry.details["why"] == "who"
    state = approver.audit_state()
    assert (state.fault, state.head.sequence >= entry.sequence) == (None, True)
    with pytest.raises(PortalError, match="needs the role approver"):
        developer.audit()


def test_the_whole_audit_log_can_be_exported(portal):
    with portal.http(PortalWorld.approver, "audit") as http:
        answer = http.get("/audit/export")
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        numbers = [json.loads(line)["sequence"] for line in answer.text.splitlines()]
        assert numbers == list(range(1, len(numbers) + 1))
    with portal.client(PortalWorld.approver, "audit") as client:
        rest = [json.loads(line)["sequence"] for line in client.audit_export(after=numbers[-2])]
        assert rest[0] == numbers[-1]
    with portal.client(PortalWorld.developer, "audit") as client, pytest.raises(PortalError, match="approver"):
        list(client.audit_export())


def test_a_review_environment_needs_a_checkout(developer):
    assert developer.reviews() == ()
    with pytest.raises(PortalError, match="git checkout") as refused:
        developer.create_review("feature/x")
    assert refused.value.status == 409
