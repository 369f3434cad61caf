"""Faults to order: which route fails, how, and how often."""

import fnmatch
from dataclasses import dataclass
from enum import StrEnum

from local.github.answers import RefusedError


class Fault(StrEnum):
    """How GitHub, or the way to it, fails."""

    SERVER_ERROR = "502 before anything is done"
    SERVER_ERROR_AFTER_SUCCESS = "502 after all was done"
    NO_ANSWER = "the connection breaks before anything is done"
    TIMEOUT_AFTER_SUCCESS = "all is done, and the answer is lost"
    SECONDARY_LIMIT = "403, secondary limit, with Retry-After"
    SECONDARY_LIMIT_WITHOUT_HEADER = "403, secondary limit, told by its message only"
    TOO_MANY = "429 with Retry-After"
    PRIMARY_LIMIT = "403, x-ratelimit-remaining 0 and x-ratelimit-reset"
    FORBIDDEN = "403, the app lacks a permission"
    UNAUTHORIZED = "401"
    NOT_FOUND = "404, as after a creation that has not spread yet"


AFTER = frozenset({Fault.SERVER_ERROR_AFTER_SUCCESS, Fault.TIMEOUT_AFTER_SUCCESS})
LOST = frozenset({Fault.NO_ANSWER, Fault.TIMEOUT_AFTER_SUCCESS})
RETRY_AFTER = 7
RESET_IN = 90
_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@dataclass(kw_only=True)
class _Order:
    route: str
    fault: Fault
    times: int
    after: int


class Faults:
    """The faults that were ordered and not used up."""

    def __init__(self) -> None:
        self._orders: list[_Order] = []

    def add(self, route: str, fault: Fault, *, times: int = 1, after: int = 0) -> None:
        """Let `route` fail: method and path, `*` for any text: `POST /repos/*/generate`. `after` calls pass first."""
        self._orders.append(_Order(route=route, fault=fault, times=times, after=after))

    def clear(self) -> None:
        """Forget all faults."""
        self._orders.clear()

    def take(self, call: str) -> Fault | None:
        """Return the fault of this call, and count it."""
        for order in self._orders:
            if fnmatch.fnmatchcase(call, order.route):
                if order.after:
                    order.after -= 1
                elif order.times:
                    order.times -= 1
                    return order.fault
        return None


def refusal(fault: Fault, now: float) -> RefusedError:
    """Return what GitHub answers in this fault (GitHub docs, "Rate limit errors")."""
    if fault in (Fault.SECONDARY_LIMIT, Fault.TOO_MANY):
        return RefusedError(
            429 if fault is Fault.TOO_MANY else 403, _SECONDARY, headers={"retry-after": str(RETRY_AFTER)}
        )
    if fault is Fault.SECONDARY_LIMIT_WITHOUT_HEADER:
        return RefusedError(403, _SECONDARY)
    if fault is Fault.PRIMARY_LIMIT:
        headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(now) + RESET_IN)}
        return RefusedError(403, "API rate limit exceeded for installation ID 1.", headers=headers)
    simple = {
        Fault.FORBIDDEN: (403, "Resource not accessible by integration"),
        Fault.UNAUTHORIZED: (401, "Bad credentials"),
        Fault.NOT_FOUND: (404, "Not Found"),
    }
    return RefusedError(*simple.get(fault, (502, "Server Error")))
