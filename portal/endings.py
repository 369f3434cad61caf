"""What an error of the engine means: which state an operation ended in, and why."""

import re

from portal.outcomes import Lock, Outcome, Reason, State, locks_in
from portal.requests import Answers

_CODE = re.compile(r"^ code: (-?\d+)$", re.MULTILINE)
_ERROR = re.compile(r"^\s*error: (.+)$", re.MULTILINE)
_NO_PLUGIN = re.compile(
    r"no resource plugin 'pulumi-resource-([\w-]+)'"
    r"|[Cc]ould not (?:load|find|install) (?:resource )?plugin (?:for )?'?([\w-]*)"
)
_LOST_CODES = {-9, 137}


def of_error(text: str, answers: Answers, *, cancelled: Reason | None, locked: bool) -> Outcome:
    """Return the end of an operation whose CLI failed with `text`, without what only the state can tell."""
    errors = tuple(dict.fromkeys(answers.errors)) or tuple(found.strip() for found in _ERROR.findall(text))
    if locked:
        locks = locks_in(text)
        return Outcome(state=State.LOCKED, message=_locked(locks), locks=locks)
    code = _CODE.search(text)
    if code is not None and int(code[1]) in _LOST_CODES:
        message = "the engine was killed. What it began may have happened: see the pending operations."
        return Outcome(state=State.LOST, message=message, diagnostics=errors, counts=answers.counts)
    if cancelled is not None:
        message = "the deadline passed" if cancelled is Reason.DEADLINE else "cancelled on demand"
        return Outcome(
            state=State.CANCELLED, reason=cancelled, message=message, diagnostics=errors, counts=answers.counts
        )
    reason = _reason(text, errors, answers)
    first = errors[0] if errors else text.strip().splitlines()[-1] if text.strip() else "the engine gave no reason"
    return Outcome(state=State.FAILED, reason=reason, message=first, diagnostics=errors, counts=answers.counts)


def _locked(locks: tuple[Lock, ...]) -> str:
    holders = ", ".join(str(lock) for lock in locks)
    if all(lock.is_stale for lock in locks):
        return f"the stack is locked by {holders}, a process that is gone: repair it by taking the lock away."
    return f"the stack is locked by {holders}. Wait until it ends; nothing was done."


def _reason(text: str, errors: tuple[str, ...], answers: Answers) -> Reason:
    if _NO_PLUGIN.search("\n".join((text, *errors))):
        return Reason.NO_PLUGIN
    if answers.blocked:
        return Reason.POLICY
    if answers.failed:
        return Reason.RESOURCES
    return Reason.PROGRAM
