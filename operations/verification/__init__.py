"""After `pulumi up`: is what the stack file asks for really usable? One module per part of the platform.

    from operations import verification
    results = verification.verify(access, expected, github=reader)

Nothing here changes anything. What cannot be looked at is said as such and is no success.
"""

from collections.abc import Callable, Sequence

from operations.errors import OperationError
from operations.session import Access
from operations.verification import catalog, functions, github, models, parameters, projects, rules, studio
from operations.verification.results import Expected, Reader, Result, Stage, State, not_checked

__all__ = ["CHECKS", "Expected", "Reader", "Result", "Stage", "State", "verify"]

CHECKS: dict[str, Callable[[Stage], Sequence[Result]]] = {
    "parameters": parameters.check,
    "functions": functions.check,
    "rules": rules.check,
    "models": models.check,
    "studio": studio.check,
    "catalog": catalog.check,
    "github": github.check,
    "projects": projects.check,
}
"""Every part, in the order in which one needs the other."""


def verify(
    access: Access,
    expected: Expected,
    *,
    github: Reader | None = None,
    github_unknown: str = "no access to GitHub was given",
    absent: dict[str, str] | None = None,
) -> tuple[Result, ...]:
    """Return what each check found. A check that meets an error is a result of its own; the others go on.

    `github` reads GitHub; without it `github_unknown` says why nobody can. `absent` names parts that this place does
    not have, and why, as on a machine without an account.
    """
    stage = Stage(access=access, expected=expected, github=github, github_unknown=github_unknown)
    found: list[Result] = []
    for part, check in CHECKS.items():
        if part in (absent or {}):
            found.append(not_checked(part, part, (absent or {})[part]))
            continue
        try:
            found += check(stage)
        except OperationError as error:
            found.append(not_checked(part, part, str(error), "get the rights that AWS names, then verify again"))
    return tuple(found)
