"""Why a service said no: one class per kind of answer, each with a sentence for the person who asked."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from portal.access.roles import ForbiddenError
from settings.problems import Problem

__all__ = [
    "ConflictError",
    "ForbiddenError",
    "InvalidError",
    "NotThereError",
    "Problem",
    "ServiceError",
    "UnavailableError",
    "store_errors",
]


class ServiceError(Exception):
    """What all of them have. `ForbiddenError` comes from `portal.access` and has a `text` too."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class NotThereError(ServiceError):
    """There is no such stack, operation, review, …; or the person may not know of it."""


class ConflictError(ServiceError):
    """What is there does not allow it now. The text says why, and what to do next."""

    def __init__(self, why: str, next_step: str = "") -> None:
        super().__init__(f"{why} {next_step}".strip())
        self.why, self.next_step = why, next_step


class InvalidError(ServiceError):
    """What was sent is wrong: every mistake with where it is, the value, the rule, and the fix."""

    def __init__(self, problems: Iterable[Problem], text: str = "") -> None:
        self.problems = tuple(problems)
        first = self.problems[0] if self.problems else None
        said = f"{first.path or 'the whole'}: {first.rule}; {first.fix}" if first else "what was sent is not valid"
        super().__init__(text or said)

    @classmethod
    def of(cls, path: str, value: object, rule: str, fix: str) -> "InvalidError":
        """Return the error of one field."""
        from settings.problems import shown

        return cls([Problem(path=path, value=shown(value), rule=rule, fix=fix)])


class UnavailableError(ServiceError):
    """Something that the portal needs (database, AWS) does not answer. Nothing was changed; trying again is right."""


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn what the store raises into what a service raises."""
    from portal.store import errors as store

    try:
        yield
    except store.NotThereError as error:
        raise NotThereError(str(error)) from error
    except store.StoreDownError as error:
        raise UnavailableError(
            "The portal's database does not answer. Operations that run go on, and nothing of them is lost. "
            "Try again in a moment."
        ) from error
