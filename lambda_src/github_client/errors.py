"""What GitHub may answer instead of doing what was asked. No text of these errors holds a secret."""

from collections.abc import Sequence

from contracts.github import redact


class GitHubError(Exception):
    """GitHub refused or failed. Says which call, the status and GitHub's own words."""

    def __init__(self, call: str, status: int, message: str, details: Sequence[str] = ()) -> None:
        """`call` is method and path, `status` 0 where no answer came, `details` the entries of `errors`."""
        self.call = redact(call)
        self.status = status
        self.message = redact(message)
        self.details = tuple(redact(detail) for detail in details)
        words = "; ".join((self.message, *self.details))
        super().__init__(f"GitHub {self.call}: {status or 'no answer'}: {words}")

    def says(self, *words: str) -> bool:
        """Whether GitHub's words hold one of these, whatever their case."""
        text = " ".join((self.message, *self.details)).lower()
        return any(word.lower() in text for word in words)


class UnauthorizedError(GitHubError):
    """401: the key, the app or the clock is wrong, or the token has expired."""


class ForbiddenError(GitHubError):
    """403: the token lacks a permission, or the plan of the organisation lacks the feature."""


class NotFoundError(GitHubError):
    """404 or 410: it does not exist, or the token may not see it; GitHub does not tell which."""


class MovedError(GitHubError):
    """301, 302, 307 or 308: it was renamed or transferred. Not followed: the name may mean something else by now."""


class ConflictError(GitHubError):
    """409: somebody else was first, or the repository is empty."""


class ValidationError(GitHubError):
    """400 or 422: GitHub does not take what was sent, in the present state."""


class RateLimitedError(GitHubError):
    """403 or 429 of a limit, and the deadline comes before `retry_at`. Nothing was done."""

    def __init__(self, call: str, status: int, message: str, retry_at: float) -> None:
        """`retry_at` is in seconds since 1970."""
        super().__init__(call, status, message)
        self.retry_at = retry_at


class UnavailableError(GitHubError):
    """5xx or no answer at all, until the deadline. A call that changes something may have been done all the same."""


class IdentityError(Exception):
    """A person or repository is not the one that was meant: the name now belongs to another id."""


class NameTakenError(Exception):
    """A repository of that name exists, and this request did not make it."""
