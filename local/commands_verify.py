"""`mlops verify STACK`: after `pulumi up`, whether what the stack file asks for is usable."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from local import console
from local.commands_models import Json, Stack
from local.commands_projects import Local

if TYPE_CHECKING:
    from operations.session import Access
    from operations.verification import Result

PROBLEMS = 1
"""Exit code where a check failed."""
ABSENT = {
    "studio": "the embedded AWS has no Studio",
    "catalog": "the embedded AWS has no Service Catalog",
}


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("verify")(verify)


def verify(stack: Stack, local: Local = False, json: Json = False) -> None:
    """Check that Studio, catalog, functions, rules, models, GitHub and projects of a stack are usable.

    Changes nothing. Exit code 0: nothing failed; 1: something did; 2: the call cannot work.
    """
    from local.verify_plan import expected
    from operations import plain, verification

    with console.teaching_errors(as_json=json), _access(stack, local=local, as_json=json) as (access, github, unknown):
        plan = expected(stack, console.project_folder())
        found = verification.verify(
            access, plan, github=github, github_unknown=unknown, absent=ABSENT if local else None
        )
    if json:
        console.emit({"stack": stack, "results": plain.as_json(found)})
    else:
        from local import verify_views

        console.out().print(verify_views.results(stack, found))
    if _failures(found):
        raise typer.Exit(PROBLEMS)


def _failures(found: "Sequence[Result]") -> list[str]:
    return [result.what for result in found if result.state == "failed"]


@contextmanager
def _access(stack: str, *, local: bool, as_json: bool) -> "Iterator[tuple[Access, Any, str]]":
    from local.operator_access import read_settings
    from local.project_access import local_access, project_work
    from local.verify_plan import Reading, reader
    from operations import session
    from operations.errors import OperationError

    if not local:
        try:
            access = session.connect(read_settings(stack))
            github, unknown = reader(access)
            yield access, github, unknown
        except OperationError as error:
            console.fail(str(error), as_json=as_json)
        return
    with project_work(local=True, as_json=as_json, changes=True) as work:
        if work.world is None:
            raise RuntimeError("a change brings the world up")
        settings = read_settings(stack)
        yield local_access(work.world.aws, settings), Reading(work.world.reader()), ""
