"""`mlops portal reviews …`: a branch as a stack of its own, for some hours."""

from typing import TYPE_CHECKING, Annotated

import typer

from local import console
from local.commands_portal_base import Json, Why, Yes, client, confirmed, emit, group, row, say, table, when

if TYPE_CHECKING:
    from portal.records import ReviewRecord

Name = Annotated[str, typer.Argument(help="Name of a review environment, as `reviews list` shows it.")]


def add_to(app: typer.Typer) -> None:
    """Add the verbs."""
    reviews = group("reviews", "Review environments: a branch, deployed for some hours.")
    for name, verb in (("list", listed), ("create", create), ("extend", extend), ("remove", remove)):
        reviews.command(name)(verb)
    app.add_typer(reviews)


def listed(json: Json = False) -> None:
    """List the review environments."""
    with client(json) as portal:
        found = portal.reviews()
    if json:
        emit(found)
        return
    if not found:
        say(("There is no review environment.", "dim"))
        return
    made = table("name", "state", "ends (UTC)", "~branch", "~by", "~problem")
    for each in found:
        row(made, each.name, each.state.value, when(each.expires), each.branch, each.by_name, each.problem)
    console.out().print(made)


def create(
    branch: Annotated[str, typer.Argument(help="Branch of the portal's checkout, or of its remote.")],
    hours: Annotated[
        int | None, typer.Option("--hours", min=1, help="How long; the portal's default if absent.")
    ] = None,
    why: Why = "",
    json: Json = False,
) -> None:
    """Deploy a branch as a small stack of its own."""
    with client(json) as portal:
        found = portal.create_review(branch, hours, why)
    _told(found, json)


def extend(
    name: Name, hours: Annotated[int, typer.Argument(min=1, help="So many hours more.")], json: Json = False
) -> None:
    """Let a review environment live longer."""
    with client(json) as portal:
        found = portal.extend_review(name, hours)
    _told(found, json)


def remove(name: Name, yes: Yes = False, json: Json = False) -> None:
    """End a review environment now, with its data."""
    confirmed(f"This deletes {name} with everything in it. Remove it?", yes=yes, as_json=json)
    with client(json) as portal:
        found = portal.remove_review(name)
    _told(found, json)


def _told(found: "ReviewRecord", json: bool) -> None:
    if json:
        emit(found)
        return
    say(f"{found.name}: {found.state.value}, stack {found.stack}, ends {when(found.expires)} UTC")
    if found.operation:
        say((f"mlops portal watch {found.operation}", "dim"))
