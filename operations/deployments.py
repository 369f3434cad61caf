"""What each model of a stack should serve, what its endpoint runs, what was deployed before; and going back."""

import datetime as dt
import uuid
from dataclasses import dataclass

from contracts.delivery_config import Delivery, Kind, Owner
from contracts.delivery_events import version_parts
from contracts.desired_state import OPEN, Decision, Deployment, Desired, Request, State
from operations import models, removal, requests, table, versions
from operations.errors import MisuseError, NotFoundError, OperationError
from operations.plain import moment
from operations.serving import Endpoint, endpoint_of, version_with
from operations.session import Access

ROLLBACK = "rollback: "
"""What the reason of a rollback begins with; `approved` alone is the reason of an approval."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelDeployments:
    """One model's delivery."""

    model: str
    delivery: Delivery | None
    """None for an orphan: the stack's settings deliver it no longer, and its endpoint is still there."""
    endpoint: Endpoint | None
    """None where there is none yet, and for batch."""
    desired: Desired | None
    """None where nothing was asked for yet."""
    history: tuple[Deployment, ...]
    """Newest first."""
    runs: int | None
    """Version that the endpoint's config belongs to; None where no listed deployment has that config."""
    astray: bool
    """Whether the endpoint rests on another config than the one that was verified: somebody changed it by hand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A rollback that was asked for. The deploy function carries it out; `listed` tells how far it is."""

    model: str
    version: int
    before: int | None
    """Version that was wanted before; None where nothing was."""
    recorded: bool
    """False where the table held this wish already, after a call that failed half-way; the function was told again."""
    requested_at: str
    superseded: int | None
    """Version whose deployment was under way and is ended by this; None where none was."""
    event_id: str


def listed(access: Access, *, model: str | None = None, newest: int = 10) -> tuple[ModelDeployments, ...]:
    """Return the models that this stack delivers, or one of them, each with its `newest` deployments.

    Behind them come the orphans: what it delivered once and its settings no longer do.
    """
    left = removal.orphans(access)
    if model is not None and model not in left:
        access.model(model)
    wanted = [name for name in sorted(access.settings.models) if model in (None, name)]
    found = [(name, delivery) for name in wanted if (delivery := access.settings.delivery(name)) is not None]
    return (
        *(_of_model(access, name, delivery, newest) for name, delivery in found),
        *(_orphan(access, name, endpoint, newest) for name, endpoint in left.items() if model in (None, name)),
    )


def _orphan(access: Access, model: str, endpoint: str, newest: int) -> ModelDeployments:
    try:
        desired, history = table.read(access, model), table.history(access, model, newest=newest)
    except NotFoundError:  # a stack that delivers nothing any more has no table
        desired, history = None, ()
    there = endpoint_of(access, endpoint)
    runs = version_with(there.config if there else None, history)
    return ModelDeployments(
        model=model, delivery=None, endpoint=there, desired=desired, history=history, runs=runs, astray=False
    )


def _of_model(access: Access, model: str, delivery: Delivery, newest: int) -> ModelDeployments:
    desired, history = table.read(access, model), table.history(access, model, newest=newest)
    endpoint = None if delivery.kind is Kind.BATCH else endpoint_of(access, access.names.endpoint(model))
    rests = endpoint is not None and endpoint.status == "InService"
    config = endpoint.config if endpoint else None
    return ModelDeployments(
        model=model,
        delivery=delivery,
        endpoint=endpoint,
        desired=desired,
        history=history,
        runs=version_with(config, history),
        astray=rests
        and desired is not None
        and desired.state is State.IN_SERVICE
        and desired.endpoint_config != config,
    )


def rollback(access: Access, model: str, *, to: int, reason: str) -> Asked:
    """Ask for an approved version that should serve in place of the present one; usually the one before.

    Writes the desired state with a newer time than any recorded request, then wakes the deploy function. Doing it again
    after an error does only what is missing. Raises MisuseError where nothing can come of it.
    """
    text = models.clean_reason(reason)
    _deployed_by_us(access, model)
    arn = _approved(access, model, to)
    current = table.read(access, model)
    before = None if current is None else version_parts(current.version_arn).version
    if current is not None and current.version_arn == arn and current.state is State.IN_SERVICE:
        raise MisuseError(f"version {to} of {model} is in service already, since {current.updated_at}.")
    if current is not None and current.version_arn == arn and current.state in OPEN:
        event = _announced(access, model, arn)
        return Asked(model=model, version=to, before=before, recorded=False, requested_at=current.requested_at,
                     superseded=None, event_id=event)  # fmt: skip
    request = Request(
        model=model,
        version_arn=arn,
        requested_at=_newer(current),
        event_id=f"operator-{uuid.uuid4()}",
        requested_by=access.caller,
        reason=f"{ROLLBACK}{text}",
    )
    outcome = table.ask(access, request)
    if outcome.decision is Decision.STALE:
        raise OperationError(
            f"{model}: somebody asked for another version at the same moment: {outcome.why}. Look first."
        )
    ended = None if outcome.superseded is None else version_parts(outcome.superseded.version_arn).version
    return Asked(
        model=model,
        version=to,
        before=before,
        recorded=True,
        requested_at=request.requested_at,
        superseded=ended,
        event_id=_announced(access, model, arn),
    )


def _deployed_by_us(access: Access, model: str) -> None:
    delivery = access.settings.delivery(access.model(model))
    stack = access.settings.environment.value
    if delivery is None:
        raise MisuseError(f"stack {stack} delivers no {model}: models.{model}.delivery is absent from its settings.")
    if delivery.owner is Owner.REPOSITORY:
        raise MisuseError(
            f"models.{model}.delivery.owner is repository in {stack}: the model's own repository deploys it; roll back"
            " there, by its own history."
        )


def _approved(access: Access, model: str, version: int) -> str:
    read = versions.read(access, model, version, deep=False)
    if read.status == models.APPROVED:
        return read.arn
    stack = access.settings.environment.value
    raise MisuseError(
        f"version {version} of {model} is {read.status} in {stack}, and only approved versions are deployed. Choose"
        f" another (`mlops models list {stack}`), or have it approved: that deploys it by itself."
    )


def _newer(current: Desired | None) -> str:
    """Return the present, or the second after the newest request and state where that is not past: clocks differ."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    if current is not None:
        newest = max(current.requested_at, current.updated_at)
        now = max(now, dt.datetime.fromisoformat(newest) + dt.timedelta(seconds=1))
    return str(moment(now))


def _announced(access: Access, model: str, arn: str) -> str:
    try:
        return requests.announce(access, model, arn)
    except OperationError as error:
        raise type(error)(
            f"{error}\nThe wish is recorded, and the function looks at it with its next event. Repeat the same command"
            " to wake it now."
        ) from error


def known(access: Access, name: str) -> str:
    """Return an endpoint's name, given it or its model's. Raises NotFoundError that lists the stack's endpoints."""
    if name in access.settings.models:
        return access.names.endpoint(name)
    endpoints = {access.names.endpoint(model): model for model in access.settings.models}
    if name in endpoints:
        return name
    listing = ", ".join(sorted(endpoints)) or "none"
    raise NotFoundError(
        f"endpoint {name!r}: stack {access.settings.environment.value} has no such endpoint, nor a model of that name."
        f" Its endpoints: {listing}."
    )
