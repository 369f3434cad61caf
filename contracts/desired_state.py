"""What a model should serve and what became of it: the items of the deliveries table and the pure steps between them.

One table per stack. Key `pk` is `model#<model>`; `sk` is `desired` for the one desired state and
`deployment#<time>#<version>` for each deployment that was asked for. Steps are pure: they take what was read and return
what to write, and a write is conditional on the revision that was read, so of two at once the second reads again.

Which of two requests is newer is decided by when the version was approved, then by its number; never by an event's
own time, as SageMaker sends several events of one approval, each with another. What was asked for before a deployment
ended is answered by that end: a version that failed is tried again only for an approval that is newer than the failure.
So the outcome is the same whether a second event of one approval, or an older approval of the same version, comes
before or after the failure.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from contracts.delivery_events import ApprovalEvent, version_parts

PARTITION_KEY = "pk"
SORT_KEY = "sk"
EXPIRY_ATTRIBUTE = "expiration"
"""Where an item says when it may go, in seconds since 1970: the name that Powertools' idempotency records give it."""
DESIRED_SORT_KEY = "desired"
DEPLOYMENT_PREFIX = "deployment#"


class State(StrEnum):
    """Where a requested version stands."""

    REQUESTED = "Requested"
    """Asked for; nothing has been started, or the endpoint is still busy with another change."""
    DEPLOYING = "Deploying"
    """The endpoint was told to run it."""
    IN_SERVICE = "InService"
    """The endpoint runs it, and it was verified."""
    FAILED = "Failed"
    """It could not be deployed, or did not pass its verification."""
    ROLLED_BACK = "RolledBack"
    """SageMaker went back to the previous config."""
    SUPERSEDED = "Superseded"
    """A newer request came before it was in service. Of a deployment only, never of a desired state."""
    REMOVED = "Removed"
    """An operator removed the endpoint and what it ran. A newer request creates it anew."""


OPEN = (State.REQUESTED, State.DEPLOYING)
"""States in which something is still to happen."""
ANSWERED = (State.FAILED, State.ROLLED_BACK)
"""States that answer what was asked for before them: only a newer request tries the same version again."""


class Decision(StrEnum):
    """What a request changed."""

    ACCEPTED = "accepted"
    """The version is the desired one now (or again, after it failed): write the state, open a deployment, reconcile."""
    REFRESHED = "refreshed"
    """The version was desired already; only the request's time moved on. Write the state, deploy nothing anew."""
    DUPLICATE = "duplicate"
    """The very request that is recorded: write nothing; reconciling again does no harm."""
    STALE = "stale"
    """A newer request is recorded: write nothing."""


class TransitionError(ValueError):
    """A step does not follow from the state that was read. Read again; somebody else may have moved on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """Somebody wants a model to serve a version."""

    model: str
    version_arn: str
    requested_at: str
    """When it was approved or asked for, as `2021-10-25T01:52:12Z`."""
    event_id: str
    """Id of the event, or an id that the operator's command made."""
    requested_by: str
    """ARN or name of the person or role that approved or asked; `unknown` where AWS does not say."""
    reason: str = "approved"
    """Why: `approved`, or what an operator wrote."""

    @property
    def order(self) -> tuple[str, int]:
        """What decides which of two requests is newer: time, then version. The same change, told again, is no newer."""
        return (self.requested_at, version_parts(self.version_arn).version)


@dataclass(frozen=True, kw_only=True, slots=True)
class Desired:
    """The desired state of one model's endpoint."""

    model: str
    version_arn: str
    requested_at: str
    event_id: str
    requested_by: str
    reason: str
    opened_at: str
    """`requested_at` of the request that opened the current deployment; refreshing requests leave it."""
    state: State
    endpoint_config: str | None
    """Name of the config the endpoint was told to run for it; None until then."""
    detail: str
    """What a person should know about the state, such as why it failed; may be empty."""
    updated_at: str
    """When the state was last changed; refreshing requests leave it."""
    revision: int
    """Counts the writes, from 1; the condition of the next write."""

    @property
    def order(self) -> tuple[str, int]:
        """As `Request.order`, of the newest request."""
        return (self.requested_at, version_parts(self.version_arn).version)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """One deployment that was asked for, and what became of it; kept as the model's history."""

    model: str
    version_arn: str
    opened_at: str
    requested_by: str
    reason: str
    state: State
    endpoint_config: str | None
    previous_endpoint_config: str | None
    """What the endpoint ran before; None on the first deployment."""
    detail: str
    updated_at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a request led to: the desired state to write (the old one where nothing changes), and why."""

    decision: Decision
    desired: Desired
    why: str
    superseded: Deployment | None = None
    """The open deployment that this request ends, to be written too."""

    @property
    def writes(self) -> bool:
        """Whether `desired` differs from what was read."""
        return self.decision in (Decision.ACCEPTED, Decision.REFRESHED)


def request_of(model: str, event: ApprovalEvent, *, approver: str) -> Request:
    """Return the request that an approval event makes. `approver` was read before any write to the version."""
    return Request(
        model=model,
        version_arn=event.version_arn,
        requested_at=event.approved_at,
        event_id=event.event_id,
        requested_by=approver,
    )


def ask(current: Desired | None, request: Request) -> Outcome:
    """Return what `request` makes of `current`. The newest request wins, in whatever order and how often they come."""
    if current is None:
        return Outcome(decision=Decision.ACCEPTED, desired=_opened(None, request), why="the first request of the model")
    if request.model != current.model:
        raise TransitionError(f"a request for {request.model} cannot change the desired state of {current.model}")
    if request.order == current.order and request.event_id <= current.event_id:
        why = f"the request of {request.requested_at} is recorded already"
        return Outcome(decision=Decision.DUPLICATE, desired=current, why=why)
    if request.order < current.order:
        why = f"version {_version(current)} was requested at {current.requested_at}, after {request.requested_at}"
        return Outcome(decision=Decision.STALE, desired=current, why=why)
    before_the_end = request.requested_at <= current.updated_at
    if current.state is State.REMOVED and before_the_end:
        why = f"the endpoint was removed at {current.updated_at}, after {request.requested_at}"
        return Outcome(decision=Decision.STALE, desired=current, why=why)
    stands = current.state in (*OPEN, State.IN_SERVICE) or (current.state in ANSWERED and before_the_end)
    # With another id: taken down, so that the order of arrival is no matter.
    if request.order == current.order or (request.version_arn == current.version_arn and stands):
        refreshed = replace(
            current,
            requested_at=request.requested_at,
            event_id=request.event_id,
            requested_by=request.requested_by,
            reason=request.reason,
            revision=current.revision + 1,
        )
        why = f"version {_version(current)} is {current.state.value} already"
        return Outcome(decision=Decision.REFRESHED, desired=refreshed, why=why)
    why = f"newer than the request of version {_version(current)} at {current.requested_at}"
    ended = None
    if current.state in OPEN:
        ended = replace(
            deployment_of(current),
            state=State.SUPERSEDED,
            detail=f"version {version_parts(request.version_arn).version} was requested at {request.requested_at}",
            updated_at=request.requested_at,
        )
    return Outcome(decision=Decision.ACCEPTED, desired=_opened(current, request), why=why, superseded=ended)


def deploying(current: Desired, endpoint_config: str, *, at: str) -> Desired:
    """Return the state after the endpoint was told to run `endpoint_config`; the same config again is no change."""
    if current.state is State.DEPLOYING and current.endpoint_config == endpoint_config:
        return current
    if current.state not in (State.REQUESTED, State.DEPLOYING):
        raise TransitionError(f"{current.model} is {current.state.value}; only what is requested can be deployed")
    return _moved(current, State.DEPLOYING, endpoint_config=endpoint_config, detail="", at=at)


def in_service(current: Desired, *, at: str) -> Desired:
    """Return the state after the verification succeeded; again is no change."""
    return _finished(current, State.IN_SERVICE, "", at)


def failed(current: Desired, why: str, *, at: str) -> Desired:
    """Return the state after a deployment or its verification failed. Also what never started can fail."""
    return _finished(current, State.FAILED, why, at)


def rolled_back(current: Desired, why: str, *, at: str) -> Desired:
    """Return the state after SageMaker went back to the previous config, silently or not."""
    return _finished(current, State.ROLLED_BACK, why, at)


def removed(current: Desired, why: str, *, at: str) -> Desired:
    """Return the state after an operator removed the endpoint; from every state, and again is no change."""
    if current.state is State.REMOVED:
        return current
    return _moved(current, State.REMOVED, endpoint_config=None, detail=why, at=at)


def deployment_of(desired: Desired, *, previous_endpoint_config: str | None = None) -> Deployment:
    """Return the history item of a desired state; the same key for every state of one deployment, so it is updated."""
    return Deployment(
        model=desired.model,
        version_arn=desired.version_arn,
        opened_at=desired.opened_at,
        requested_by=desired.requested_by,
        reason=desired.reason,
        state=desired.state,
        endpoint_config=desired.endpoint_config,
        previous_endpoint_config=previous_endpoint_config,
        detail=desired.detail,
        updated_at=desired.updated_at,
    )


# items
def model_key(model: str) -> str:
    """Return the partition key of everything about a model."""
    return f"model#{model}"


def desired_key(model: str) -> dict[str, str]:
    """Return the key of a model's desired state."""
    return {PARTITION_KEY: model_key(model), SORT_KEY: DESIRED_SORT_KEY}


def deployment_key(deployment: Deployment) -> dict[str, str]:
    """Return the key of a deployment. Keys sort by time."""
    version = version_parts(deployment.version_arn).version
    return {
        PARTITION_KEY: model_key(deployment.model),
        SORT_KEY: f"{DEPLOYMENT_PREFIX}{deployment.opened_at}#{version}",
    }


def desired_item(desired: Desired) -> dict[str, str | int]:
    """Return the item of a desired state, plain values; what is None is left out."""
    return {**desired_key(desired.model), **_plain(desired)}


def deployment_item(deployment: Deployment) -> dict[str, str | int]:
    """Return the item of a deployment, plain values; what is None is left out."""
    return {**deployment_key(deployment), **_plain(deployment)}


def desired_from(item: Mapping[str, Any]) -> Desired:
    """Return the desired state in an item as boto3's table resource gives it (numbers as Decimal)."""
    return Desired(
        **{
            **{name: item[name] for name in _TEXTS_OF_DESIRED},
            "state": State(item["state"]),
            "endpoint_config": item.get("endpoint_config"),
            "revision": int(item["revision"]),
        }
    )


def deployment_from(item: Mapping[str, Any]) -> Deployment:
    """Return the deployment in an item as boto3's table resource gives it."""
    return Deployment(
        **{
            **{name: item[name] for name in _TEXTS_OF_DEPLOYMENT},
            "state": State(item["state"]),
            "endpoint_config": item.get("endpoint_config"),
            "previous_endpoint_config": item.get("previous_endpoint_config"),
        }
    )


def write_condition(read: Desired | None) -> dict[str, Any]:
    """Return the keywords of a table resource's `put_item` that let it through only where nobody wrote meanwhile."""
    if read is None:
        return {"ConditionExpression": f"attribute_not_exists({PARTITION_KEY})"}
    return {
        "ConditionExpression": "#revision = :revision",
        "ExpressionAttributeNames": {"#revision": "revision"},
        "ExpressionAttributeValues": {":revision": read.revision},
    }


_TEXTS_OF_DESIRED = (
    "model", "version_arn", "requested_at", "event_id", "requested_by", "reason", "opened_at", "detail", "updated_at",
)  # fmt: skip
_TEXTS_OF_DEPLOYMENT = ("model", "version_arn", "opened_at", "requested_by", "reason", "detail", "updated_at")


def _plain(record: Desired | Deployment) -> dict[str, str | int]:
    fields = {name: value for name, value in asdict(record).items() if value is not None}
    return fields | {"state": record.state.value}


def _version(desired: Desired) -> int:
    return version_parts(desired.version_arn).version


def _opened(current: Desired | None, request: Request) -> Desired:
    return Desired(
        model=request.model,
        version_arn=request.version_arn,
        requested_at=request.requested_at,
        event_id=request.event_id,
        requested_by=request.requested_by,
        reason=request.reason,
        opened_at=request.requested_at,
        state=State.REQUESTED,
        endpoint_config=None,
        detail="",
        updated_at=request.requested_at,
        revision=1 if current is None else current.revision + 1,
    )


def _finished(current: Desired, state: State, detail: str, at: str) -> Desired:
    if current.state is state:
        return current
    reachable = OPEN if state is State.FAILED else (State.DEPLOYING,)
    if current.state not in reachable:
        raise TransitionError(f"{current.model} is {current.state.value}, which cannot become {state.value}")
    return _moved(current, state, endpoint_config=current.endpoint_config, detail=detail, at=at)


def _moved(current: Desired, state: State, *, endpoint_config: str | None, detail: str, at: str) -> Desired:
    return replace(
        current,
        state=state,
        endpoint_config=endpoint_config,
        detail=detail,
        updated_at=at,
        revision=current.revision + 1,
    )
