"""What a route gets and gives: the call, the reply, and the refusals in GitHub's own words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An answer."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A refusal, with GitHub's status, message and `errors`."""

    def __init__(
        self, status: int, message: str, errors: list[Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.errors, self.headers = status, message, errors, headers or {}

    @property
    def reply(self) -> Reply:
        """The answer. GitHub docs, "Client errors": message, documentation_url, status, and errors of 422."""
        body: Record = {
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": str(self.status),
        }
        if self.errors is not None:
            body["errors"] = self.errors
        return Reply(status=self.status, body=body, headers=self.headers)


def not_found() -> RefusedError:
    """Return the refusal for what is not there or not to be seen; GitHub tells the two apart for nobody."""
    return RefusedError(404, "Not Found")


def not_accessible() -> RefusedError:
    """Return the refusal for a token that lacks a permission."""
    return RefusedError(403, "Resource not accessible by integration")


def invalid(message: str, *errors: Any) -> RefusedError:
    """Return the refusal of a body (422)."""
    return RefusedError(422, message, list(errors))


def taken() -> RefusedError:
    """Return the refusal of a repository name that is in use."""
    return RefusedError(
        422,
        "Repository creation failed.",
        [
            {
                "resource": "Repository",
                "code": "custom",
                "field": "name",
                "message": "name already exists on this account",
            }
        ],
    )
