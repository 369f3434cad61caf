"""Bring a model's endpoint to its desired state: look, decide, do one thing, record it. Nothing waits here.

Level-triggered: whatever event came, in whatever order and however often, this looks at what is and what is wanted.
The endpoint's next event continues where this stops.
"""

from dataclasses import replace
from itertools import takewhile

from contracts import desired_state, version_metadata
from contracts.delivery_config import Kind, Owner
from contracts.desired_state import Desired, State
from lambda_src.shared import cleanup, registry, results, rollout, store, verification
from lambda_src.shared.clock import now
from lambda_src.shared.configuration import Served
from lambda_src.shared.errors import ConflictError, PermanentError, RetryLaterError
from lambda_src.shared.results import Result, What
from lambda_src.shared.rollout import Endpoint

APPROVAL = "approved"
"""`Desired.reason` of a request that an approval made; an operator's rollback has another and approves nothing."""
WENT_BACK = "; went back to "
"""Marks in a failed state's detail that going back was asked for, so that it is asked once."""


def reconcile(served: Served, *, seen_at: str | None = None) -> str:
    """Do the next step for a model; return where its desired version stands, as a sentence.

    `seen_at` is the time of the endpoint event that led here. Without one, or with one older than the rollout, an
    endpoint that runs another config is not judged: the event of its coming to rest is still to come.
    """
    for _ in range(store.ROUNDS):
        try:
            return _step(served, seen_at)
        except ConflictError:
            continue  # a newer request, or the same event twice: look again
    raise ConflictError(f"{served.model}: the desired state changed {store.ROUNDS} times while it was worked on")


def _step(served: Served, seen_at: str | None) -> str:
    desired = store.read(served.model)
    if desired is None:
        return "nothing is asked for"
    if served.config.delivery.owner is Owner.REPOSITORY:
        return "recorded; the model's repository deploys it"
    if served.config.delivery.kind is Kind.BATCH:
        return _batch(served, desired)
    endpoint = rollout.observe(served.endpoint)
    if desired.state is State.DEPLOYING:
        desired = _settle(served, desired, endpoint, seen_at)
    if desired.state is State.REQUESTED:
        desired = _start(served, desired, endpoint)
    if desired.state is State.FAILED:
        desired = _go_back(served, desired, endpoint)
    serves = endpoint is not None and endpoint.config == desired.endpoint_config
    if desired.state is State.IN_SERVICE and serves and seen_at is not None:  # an event of the endpoint itself
        cleanup.clean_up(served, desired)
    return f"version {desired.version_arn.rsplit('/', 1)[-1]} is {desired.state.value}"


def _start(served: Served, desired: Desired, endpoint: Endpoint | None) -> Desired:
    """Tell the endpoint to run what is asked for, if it can be told now."""
    try:
        plan = rollout.plan_of(served, _approved(desired))
        rollout.check_kind(plan, endpoint)
    except PermanentError as error:
        return _finish(served, desired, desired_state.failed(desired, str(error), at=now()), What.FAILED)
    config = rollout.target_of(plan)
    began = now()  # before the call: an event about its outcome is later than this
    if endpoint is not None and endpoint.moving:
        if endpoint.status == "Deleting":
            raise RetryLaterError(f"{served.endpoint} is being deleted, which ends without an event for us")
        started = endpoint.starts(config)  # an earlier try told it and died before recording that
    else:
        try:
            rollout.prepare(plan)
        except PermanentError as error:
            return _finish(served, desired, desired_state.failed(desired, str(error), at=now()), What.FAILED)
        started = rollout.start(plan, endpoint)
    if not started:
        return desired  # busy with another change, whose end leads here again
    previous = endpoint.config if endpoint is not None and endpoint.config != config else None
    moved = store.save(desired, desired_state.deploying(desired, config, at=began), previous_endpoint_config=previous)
    if endpoint is not None and endpoint.status == rollout.IN_SERVICE and endpoint.config == config:
        return _settle(served, moved, endpoint, None)  # it runs it already: no event will come
    return moved


def _settle(served: Served, desired: Desired, endpoint: Endpoint | None, seen_at: str | None) -> Desired:
    """Judge a rollout whose endpoint has come to rest, and record the outcome."""
    if endpoint is not None and endpoint.moving:
        return desired
    if endpoint is not None and endpoint.status == rollout.IN_SERVICE and endpoint.config == desired.endpoint_config:
        return _verified(served, desired, endpoint)
    if seen_at is None or seen_at < desired.updated_at:
        return desired
    at = now()
    if endpoint is None:
        ended = desired_state.failed(desired, f"the endpoint {served.endpoint} is gone", at=at)
        return _finish(served, desired, ended, What.FAILED)
    why = f"{served.endpoint} is {endpoint.status} with {endpoint.config}. {endpoint.reason}".strip()
    if endpoint.status == rollout.IN_SERVICE:  # the service says success; it is one of the old config only
        return _finish(served, desired, desired_state.rolled_back(desired, why, at=at), What.ROLLED_BACK)
    return _finish(served, desired, desired_state.failed(desired, why, at=at), What.FAILED)


def _verified(served: Served, desired: Desired, endpoint: Endpoint) -> Desired:
    try:
        plan = rollout.plan_of(served, registry.read(desired.version_arn))
        problems = verification.verify(plan, endpoint, deployment=desired.opened_at)
    except PermanentError as error:  # such as a version that somebody deleted while it was rolled out
        problems = [str(error)]
    if problems:
        ended = desired_state.failed(desired, "; ".join(problems), at=now())
        return _finish(served, desired, ended, What.FAILED)
    return _finish(served, desired, desired_state.in_service(desired, at=now()), What.IN_SERVICE)


def _go_back(served: Served, desired: Desired, endpoint: Endpoint | None) -> Desired:
    """Return to the config that was verified last, where a version that failed its verification still serves."""
    if endpoint is None or WENT_BACK in desired.detail or endpoint.config != desired.endpoint_config:
        return desired
    # What was there before an operator removed the endpoint is gone.
    since = takewhile(lambda d: d.state is not State.REMOVED, store.history(served.model))
    good = (d.endpoint_config for d in since if d.state is State.IN_SERVICE)
    previous = next((name for name in good if name and name != desired.endpoint_config), None)
    if previous is None:
        return desired  # a first version has nothing to go back to; its failure is published
    rests = endpoint.status == rollout.IN_SERVICE
    # One that starts it already was asked for it by an earlier try, which died before recording that.
    going = rollout.go_back(served, previous) if rests else endpoint.starts(previous)
    if not going:
        return desired
    marked = replace(desired, detail=f"{desired.detail}{WENT_BACK}{previous}", revision=desired.revision + 1)
    return store.save(desired, marked)


def _batch(served: Served, desired: Desired) -> str:
    """Batch transform has no endpoint: a version is in service once its SageMaker model exists for the next job."""
    if desired.state not in desired_state.OPEN:
        return f"the next job runs what is {desired.state.value}"
    try:
        plan = rollout.plan_of(served, _approved(desired))
        rollout.check_kind(plan, rollout.observe(served.endpoint))
        rollout.ensure_model(plan)
    except PermanentError as error:
        _finish(served, desired, desired_state.failed(desired, str(error), at=now()), What.FAILED)
        return "it cannot be deployed"
    moved = store.save(desired, desired_state.deploying(desired, rollout.target_of(plan), at=now()))
    _finish(served, moved, desired_state.in_service(moved, at=now()), What.IN_SERVICE)
    return "the next job runs it"


def _approved(desired: Desired) -> registry.Version:
    """Return the very version that was asked for. Raises PermanentError where its approval was taken back since."""
    version = registry.read(desired.version_arn)
    if not version.approved:
        status = version.described.get("ModelApprovalStatus")
        raise PermanentError(f"{desired.version_arn} is {status} now; approve it again to deploy it")
    return version


def _finish(served: Served, read: Desired, ended: Desired, what: What) -> Desired:
    """Publish the outcome, write it on the version, then record it: what dies in between is done again, never lost."""
    results.publish(
        Result(
            what=what,
            model=served.model,
            version_arn=ended.version_arn,
            detail=ended.detail,
            approved_by=ended.requested_by,
            endpoint=served.endpoint,
            endpoint_config=ended.endpoint_config or "",
        )
    )
    try:
        version = registry.read(ended.version_arn)
    except PermanentError:
        version = None  # the version is gone, which is the very thing that is being recorded
    if version is not None:
        registry.record(
            version,
            {
                version_metadata.APPROVED_BY: ended.requested_by if ended.reason == APPROVAL else "",
                version_metadata.DELIVERY_REQUESTED_BY: ended.requested_by,
                version_metadata.DELIVERY_STATE: ended.state.value,
                version_metadata.DELIVERY_DETAIL: ended.detail or "verified",
                version_metadata.DELIVERY_CONFIG: ended.endpoint_config or "",
            },
        )
    return store.save(read, ended)
