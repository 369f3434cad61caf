"""A typed client of the portal's API. It returns the types that the portal's own services return."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from portal.api.approvals import Approvals
from portal.client_account import AccountCalls
from portal.client_http import PortalError, Transport, part, unreachable
from portal.client_models import ModelCalls
from portal.events import Ended, Event
from portal.outcomes import RepairStep, State
from portal.plan.view import PlanView
from portal.records import ApprovalRecord, OperationRecord, Page, Progress
from portal.requests import Kind
from portal.service.drift import DriftView
from portal.service.settings_files import Checked, Saved, SettingsFile
from portal.service.settings_rows import SettingRow
from portal.service.stacks import StackView

__all__ = ["PortalClient", "PortalError"]
RESUMES = 10
"""Tries in a row to get a broken stream going again without a single new event, each after a longer pause."""
LONGEST_PAUSE = 30.0


class PortalClient(AccountCalls, ModelCalls):
    """The portal at `url`, with an API token. Close it, or use it in `with`.

    `transport` replaces the network, and `pause` (seconds) the waiting between tries, for tests.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = Transport(url, token, transport=transport, pause=pause)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._http.close()

    def stacks(self) -> tuple[StackView, ...]:
        """Return the stacks."""
        return self._http.get(tuple[StackView, ...], "/stacks")

    def stack(self, stack: str) -> StackView:
        """Return one stack."""
        return self._http.get(StackView, f"/stacks/{part(stack)}")

    def preview(self, stack: str, why: str = "", draft: str | None = None) -> OperationRecord:
        """Ask what `up` would do."""
        return self._start(kind="preview", stack=stack, why=why, draft=draft)

    def look(self, kind: Literal["preview_destroy", "drift", "refresh"], stack: str, why: str = "") -> OperationRecord:
        """Ask for a preview of a destroy, a drift check or a refresh."""
        return self._start(kind=kind, stack=stack, why=why)

    def up(self, preview: str, why: str = "") -> OperationRecord:
        """Have an approved preview carried out."""
        return self._start(kind="up", preview=preview, why=why)

    def operation(self, operation: str) -> OperationRecord:
        """Return one operation."""
        return self._http.get(OperationRecord, f"/operations/{part(operation)}")

    def plan(self, operation: str) -> PlanView:
        """Return what a preview found."""
        return self._http.get(PlanView, f"/operations/{part(operation)}/plan")

    def approvals(self, operation: str) -> Approvals:
        """Return where a preview stands."""
        return self._http.get(Approvals, f"/operations/{part(operation)}/approvals")

    def decide(self, operation: str, *, approved: bool, comment: str = "") -> ApprovalRecord:
        """Approve or reject a preview."""
        body = {"approved": approved, "comment": comment}
        return self._http.send(ApprovalRecord, "POST", f"/operations/{part(operation)}/approvals", body)

    def cancel(self, operation: str) -> OperationRecord:
        """Have an operation end in good order."""
        return self._http.send(OperationRecord, "POST", f"/operations/{part(operation)}/cancel", None)

    def repair(self, stack: str, step: RepairStep, *, confirmed: bool = False, why: str = "") -> OperationRecord:
        """Do a repair that an outcome offered. `confirmed`: somebody looked in AWS."""
        body = {"step": step.value, "confirmed": confirmed, "why": why}
        return self._http.once(OperationRecord, f"/stacks/{part(stack)}/repairs", body)

    def history(
        self,
        *,
        stack: str | None = None,
        kind: Kind | None = None,
        by: str | None = None,
        state: State | Progress | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[OperationRecord]:
        """Return operations, the newest first."""
        query = {
            "stack": stack,
            "kind": kind.value if kind else None,
            "by": by,
            "state": state.value if state else None,
            "since": since.isoformat() if since else None,
            "until": until.isoformat() if until else None,
            "limit": limit,
            "cursor": cursor,
        }
        return self._http.get(Page[OperationRecord], "/operations", query)

    def drift(self) -> tuple[DriftView, ...]:
        """Return each stack's last comparison with its cloud."""
        return self._http.get(tuple[DriftView, ...], "/drift")

    def settings_schema(self) -> tuple[SettingRow, ...]:
        """Return what can be set in a stack file, a row each."""
        return self._http.get(tuple[SettingRow, ...], "/settings-schema")

    def settings(self, stack: str) -> SettingsFile:
        """Return a stack file."""
        return self._http.get(SettingsFile, f"/stacks/{part(stack)}/settings")

    def check_settings(self, stack: str, text: str) -> Checked:
        """Return what is wrong with an edited stack file, and what it changes."""
        return self._http.send(Checked, "POST", f"/stacks/{part(stack)}/settings/check", {"text": text})

    def save_settings(self, stack: str, text: str, *, base_hash: str, why: str) -> Saved:
        """Replace a stack file."""
        body = {"text": text, "base_hash": base_hash, "why": why}
        return self._http.send(Saved, "PUT", f"/stacks/{part(stack)}/settings", body)

    def events(self, operation: str, after: int = 0) -> Iterator[Event]:
        """Yield an operation's events up to and with the last one, `Ended`; resumes by itself when the line breaks."""
        place, failures = after, 0
        while True:
            before, broken = place, PortalError("the stream of events ends before the operation does")
            try:
                for event in self._http.stream(f"/operations/{part(operation)}/events", place):
                    place = event.sequence
                    yield event
                    if isinstance(event, Ended):
                        return
            except (httpx.TransportError, PortalError) as error:
                broken = error if isinstance(error, PortalError) else unreachable(error)
                if broken.status is not None and broken.status < 500:  # a refusal; asking again changes nothing
                    raise broken from error
            failures = 0 if place > before else failures + 1
            if failures > RESUMES:
                raise broken
            self._http.pause(min(2.0**failures, LONGEST_PAUSE))

    def wait(self, operation: str) -> OperationRecord:
        """Return an operation after its end."""
        for _ in self.events(operation):
            pass
        return self.operation(operation)

    def _start(self, **body: Any) -> OperationRecord:
        content = {name: value for name, value in body.items() if value is not None}
        return self._http.once(OperationRecord, "/operations", content)
