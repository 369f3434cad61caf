"""`GitHub`: calls with a token until the deadline, each answer's status turned into a result or a typed error."""

import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

from contracts.github import PAGE_SIZE, SECONDARY_LIMIT_SECONDS
from lambda_src.github_client.deadline import Deadline
from lambda_src.github_client.errors import (
    ConflictError,
    ForbiddenError,
    GitHubError,
    MovedError,
    NotFoundError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
    ValidationError,
)
from lambda_src.github_client.transport import Answer, NoAnswerError, Transport

FIRST_WAIT = 1.0
LONGEST_WAIT = 30.0
REPEATABLE = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})
"""Methods whose calls here end the same when done twice. A POST says so itself, by `repeatable`."""
ERRORS: Mapping[int, type[GitHubError]] = {
    301: MovedError,
    302: MovedError,
    307: MovedError,
    308: MovedError,
    400: ValidationError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: NotFoundError,
    422: ValidationError,
}
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')


class GitHub:
    """GitHub's REST API with one token, until one deadline.

    5xx and lost answers are tried again where doing a call twice is the same as once; limits always, because then
    nothing was done. Waits grow, obey Retry-After and x-ratelimit-reset, and never pass the deadline.
    """

    def __init__(self, transport: Transport, token: str, deadline: Deadline) -> None:
        self._transport, self._token, self.deadline = transport, token, deadline

    def __repr__(self) -> str:
        """Say nothing of the token."""
        return f"GitHub(deadline in {self.deadline.left:.0f} s)"

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Any:
        """Return the parsed body. Raises NotFoundError where there is none."""
        return self.call("GET", f"{path}?{urlencode(query)}" if query else path).body

    def find(self, path: str, query: Mapping[str, str | int] | None = None) -> Any | None:
        """Return the parsed body, None where it is not there or not to be seen."""
        try:
            return self.get(path, query)
        except NotFoundError:
            return None

    def pages(self, path: str, query: Mapping[str, str | int] | None = None, key: str = "") -> Iterator[Any]:
        """Yield the items of every page; `key` names the list where the body is an object."""
        following: str | None = f"{path}?{urlencode({'per_page': PAGE_SIZE, **(query or {})})}"
        while following:
            answer = self.call("GET", following)
            yield from (answer.body[key] if key else answer.body)
            link = _NEXT.search(answer.headers.get("link", ""))
            following = link.group(1) if link else None

    def post(self, path: str, body: Any, *, repeatable: bool = False) -> Any:
        """Create. Without `repeatable` an unclear end raises UnavailableError: look whether it was done."""
        return self.call("POST", path, body, repeatable=repeatable).body

    def put(self, path: str, body: Any) -> Any:
        """Create or replace."""
        return self.call("PUT", path, body).body

    def patch(self, path: str, body: Any) -> Any:
        """Change some fields."""
        return self.call("PATCH", path, body).body

    def delete(self, path: str) -> bool:
        """Delete; False where it was gone already."""
        try:
            self.call("DELETE", path)
        except NotFoundError:
            return False
        return True

    def call(self, method: str, path: str, body: Any = None, *, repeatable: bool = False) -> Answer:
        """Send until there is a final answer or the deadline comes. Every status is checked here."""
        name = f"{method} {path.partition('?')[0]}"
        again = repeatable or method in REPEATABLE
        wait = FIRST_WAIT
        while True:
            if not self.deadline.left:
                raise UnavailableError(name, 0, "the time is up; nothing was sent")
            try:
                answer = self._transport.send(method, path, self._token, body, self.deadline.left)
            except NoAnswerError as error:
                failure: GitHubError = UnavailableError(name, 0, str(error))
                pause = wait if again else None
            else:
                if 200 <= answer.status < 300:
                    return answer
                failure, pause = self._judged(name, answer, wait, again=again)
            if pause is None or not self.deadline.wait(pause):
                raise failure
            wait = min(wait * 2, LONGEST_WAIT)

    def _judged(self, name: str, answer: Answer, wait: float, *, again: bool) -> tuple[GitHubError, float | None]:
        """Return the error of an answer, and after how many seconds to try again; None means not at all."""
        message, details = _words(answer.body)
        if answer.status in (403, 429) and _is_limit(answer, message):
            pause = max(self._pause_of(answer), wait if wait > FIRST_WAIT else 0.0)
            return RateLimitedError(name, answer.status, message, self.deadline.clock() + pause), pause
        if answer.status >= 500:
            return UnavailableError(name, answer.status, message), (wait if again else None)
        return ERRORS.get(answer.status, GitHubError)(name, answer.status, message, details), None

    def _pause_of(self, answer: Answer) -> float:
        """Return the seconds that GitHub asks to wait (GitHub docs, "Rate limit errors")."""
        after = answer.headers.get("retry-after", "")
        if after.isdigit():
            return float(after)
        if after:
            return max(1.0, parsedate_to_datetime(after).timestamp() - self.deadline.clock())
        reset = answer.headers.get("x-ratelimit-reset", "")
        if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
            return max(1.0, float(reset) - self.deadline.clock())
        return float(SECONDARY_LIMIT_SECONDS)


def path_of(*parts: str | int) -> str:
    """Return a path of `parts`, each quoted: no name can reach into another route."""
    for part in parts:
        if str(part) in ("", ".", ".."):
            raise ValueError(f"{part!r} is no part of a GitHub path")
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


def _is_limit(answer: Answer, message: str) -> bool:
    return (
        answer.status == 429
        or "retry-after" in answer.headers
        or answer.headers.get("x-ratelimit-remaining") == "0"
        or "rate limit" in message.lower()
        or "abuse detection" in message.lower()
    )


def _words(body: Any) -> tuple[str, list[str]]:
    """Return GitHub's message and the entries of its `errors`, which are objects or texts."""
    if not isinstance(body, Mapping):
        return "no message", []
    errors = body.get("errors")
    entries = errors if isinstance(errors, list) else [errors] if errors else []
    details = [
        entry if isinstance(entry, str) else str(entry.get("message") or {k: entry[k] for k in sorted(entry)})
        for entry in entries
        if isinstance(entry, str | Mapping)
    ]
    return str(body.get("message", "no message")), details
