"""The words and signs for states: never a colour alone, and the same word for the same thing on every page."""

from dataclasses import dataclass
from typing import Final

from portal.outcomes import Outcome, Reason, RepairStep, State
from portal.records import OperationRecord, Progress, ReviewState
from portal.requests import Kind


@dataclass(frozen=True, slots=True)
class Badge:
    """A word with a sign. `tone` chooses the colour: good, busy, wait, warn, bad, calm."""

    tone: str
    icon: str
    word: str


KINDS: Final = {
    Kind.PREVIEW: "Preview",
    Kind.PREVIEW_DESTROY: "Preview of destroy",
    Kind.UP: "Deployment",
    Kind.REFRESH: "Refresh",
    Kind.DRIFT: "Drift check",
    Kind.DESTROY: "Destroy",
    Kind.STATE: "Look at the state",
    Kind.REPAIR: "Repair",
}

HEALTH: Final = {
    "ok": Badge("good", "check", "Healthy"),
    "changing": Badge("busy", "busy", "Changing"),
    "waiting": Badge("wait", "clock", "Waiting for approval"),
    "drifted": Badge("warn", "drift", "Drifted"),
    "failed": Badge("bad", "cross", "Failed"),
    "locked": Badge("warn", "lock", "Locked"),
    "lost": Badge("bad", "question", "State unclear"),
    "never": Badge("calm", "circle", "Never deployed"),
}

ENDS: Final = {
    State.SUCCEEDED: Badge("good", "check", "Succeeded"),
    State.FAILED: Badge("bad", "cross", "Failed"),
    State.CANCELLED: Badge("warn", "stop", "Cancelled"),
    State.LOST: Badge("bad", "question", "Lost"),
    State.LOCKED: Badge("warn", "lock", "Locked"),
}

REASONS: Final = {
    Reason.SETTINGS: Badge("bad", "cross", "Settings wrong"),
    Reason.NO_CLI: Badge("bad", "cross", "No engine"),
    Reason.NO_PLUGIN: Badge("bad", "cross", "No provider"),
    Reason.CREDENTIALS: Badge("bad", "lock", "No credentials"),
    Reason.NO_STACK: Badge("calm", "circle", "Never deployed"),
    Reason.NOT_AS_APPROVED: Badge("warn", "shield", "Not as approved"),
    Reason.POLICY: Badge("bad", "shield", "Blocked by policy"),
    Reason.DEADLINE: Badge("warn", "stop", "Out of time"),
}

NEXT: Final = {
    State.SUCCEEDED: "",
    State.CANCELLED: "What had begun is finished, the rest was not begun. Preview and deploy again to go on.",
    State.LOST: "Follow the repairs below in their order, then preview again.",
    State.LOCKED: "Nothing was done. Wait until the other operation ends, then start this one again.",
    State.FAILED: "What was made before the failure is in the state. Mend the cause, preview and deploy again.",
}

NEXT_BY_REASON: Final = {
    Reason.SETTINGS: "The engine was not started. Mend the settings, then preview again.",
    Reason.NO_CLI: "The engine was not started. Whoever runs the portal has to install the Pulumi CLI.",
    Reason.NO_PLUGIN: "Whoever runs the portal has to make the provider's plugin available.",
    Reason.CREDENTIALS: "The engine was not asked. The message says what is missing; when it is there, begin again.",
    Reason.NO_STACK: "There is nothing to look at before the first deployment: preview and deploy first.",
    Reason.NOT_AS_APPROVED: "Nothing was changed. Make another preview, look at it, and have it approved again.",
    Reason.POLICY: "Nothing was changed. Change what the rule found, or add an exception with a reason and an end.",
    Reason.PROGRAM: "The program itself stopped. Its message is below; mend it and preview again.",
    Reason.INTERNAL: "This is a defect of the portal. Tell whoever runs it the operation's id.",
}

REPAIRS: Final = {
    RepairStep.UNLOCK: "Take the lock away",
    RepairStep.REFRESH: "Refresh the state",
    RepairStep.CLEAR_PENDING: "Forget pending creations",
}

REVIEWS: Final = {
    ReviewState.CREATING: Badge("busy", "busy", "Being created"),
    ReviewState.UP: Badge("good", "check", "Up"),
    ReviewState.FAILED: Badge("bad", "cross", "Failed"),
    ReviewState.REAPING: Badge("busy", "busy", "Being removed"),
    ReviewState.GONE: Badge("calm", "circle", "Gone"),
}

VERSIONS: Final = {
    "Approved": Badge("good", "check", "Approved"),
    "Rejected": Badge("bad", "cross", "Rejected"),
    "PendingManualApproval": Badge("wait", "clock", "Waits for approval"),
}

OPERATIONS: Final = {
    "create": Badge("good", "plus", "create"),
    "import": Badge("good", "plus", "import"),
    "update": Badge("busy", "tilde", "update"),
    "replace": Badge("warn", "replace", "replace"),
    "create-replacement": Badge("warn", "replace", "replace"),
    "delete-replaced": Badge("warn", "replace", "delete the old copy"),
    "delete": Badge("bad", "minus", "delete"),
    "discard": Badge("bad", "minus", "forget"),
    "refresh": Badge("calm", "circle", "refresh"),
    "read": Badge("calm", "circle", "read"),
    "same": Badge("calm", "circle", "unchanged"),
}

SAID: Final = {
    "approved": "Your approval is recorded.",
    "rejected": "Your rejection is recorded. This preview cannot be deployed any more.",
    "cancel": "The operation was asked to stop. It finishes what it has begun.",
    "saved": "The settings are saved.",
    "unchanged": "Nothing was saved: the text is the same.",
    "model-approved": "The version is approved.",
    "model-rejected": "The version is rejected.",
    "model-rollback": "The rollback is asked for. The delivery carries it out.",
    "extended": "The review environment lives longer now.",
    "removing": "The review environment is being removed.",
    "revoked": "The token is revoked. Nobody can use it any more.",
}
"""What a page says after a form was sent, by a key in its address: no text of an address is ever shown."""


def kind(found: Kind | str) -> str:
    """Return what an operation is called."""
    return KINDS[Kind(found)]


def result(record: OperationRecord) -> Badge:
    """Return where an operation stands, or how it ended."""
    if record.progress is not Progress.ENDED or record.outcome is None:
        if record.cancel_asked_by:
            return Badge("warn", "stop", "Being cancelled")
        return (
            Badge("wait", "clock", "Waits to start")
            if record.progress is Progress.QUEUED
            else Badge("busy", "busy", "Running")
        )
    outcome = record.outcome
    if record.kind is Kind.DRIFT and outcome.state is State.SUCCEEDED:
        return Badge("warn", "drift", "Drift found") if outcome.changes else Badge("good", "check", "No drift")
    return REASONS.get(outcome.reason, ENDS[outcome.state]) if outcome.reason else ENDS[outcome.state]


def what_next(outcome: Outcome) -> str:
    """Return what to do after an operation ended like this; empty after a success."""
    if outcome.reason is not None and outcome.reason in NEXT_BY_REASON:
        return NEXT_BY_REASON[outcome.reason]
    return NEXT[outcome.state]


def operation(name: str) -> Badge:
    """Return the word for what happens to a resource."""
    return OPERATIONS.get(name, Badge("calm", "circle", name))


def health(name: str) -> Badge:
    """Return the word for a stack's health."""
    return HEALTH[str(name)]


def version(status: str) -> Badge:
    """Return the word for a model version's approval."""
    return VERSIONS.get(status, Badge("calm", "circle", status))


def decision(approved: bool) -> Badge:
    """Return the word for somebody's yes or no."""
    return Badge("good", "check", "Approved") if approved else Badge("bad", "cross", "Rejected")


def drifted(operation: str) -> Badge:
    """Return the word for how a resource differs from the state."""
    return Badge("bad", "minus", "gone") if operation == "delete" else Badge("warn", "drift", "differs")
