"""Events of delivery: the EventBridge patterns of a model's approval and of its endpoint, and what such an event says.

Shapes: Amazon SageMaker AI developer guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge"; the samples
that the guide prints are frozen in tests. SageMaker may send several events for one change.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

SOURCE = "aws.sagemaker"
MODEL_PACKAGE_CHANGE = "SageMaker Model Package State Change"
ENDPOINT_CHANGE = "SageMaker Endpoint State Change"
APPROVED = "Approved"
CHANGED_FIELDS = "UpdatedModelPackageFields"
"""Which fields of a version a write changed. A version's creation has none."""
APPROVAL_FIELD = "ModelApprovalStatus"

_VERSION_ARN = re.compile(
    r"arn:aws[a-z-]*:sagemaker:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):model-package/"
    r"(?P<group>[A-Za-z0-9](?:-*[A-Za-z0-9]){0,62})/(?P<version>[1-9]\d*)"
)


class UnreadableEventError(ValueError):
    """An event is not of the kind it was taken for, or lacks what that kind always has. Trying again cannot help."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalEvent:
    """A version of a model package group was approved, by an update or at its creation."""

    version_arn: str
    group: str
    """Name of the model package group."""
    version: int
    account: str
    """Account in which the version lies: of the ARN, as a forwarded event keeps its own account."""
    region: str
    time: str
    """When the event was sent, as `2021-10-25T01:52:12Z`: UTC, whole seconds, so that texts compare as times do."""
    approved_at: str
    """When the version was approved, in the same form. Several events of one change have times of their own, and this
    one in common: the version's LastModifiedTime in the event, CreationTime of a new one; `time` where both are absent.
    """
    event_id: str
    created_or_updated: Literal["created", "updated"]


@dataclass(frozen=True, kw_only=True, slots=True)
class EndpointEvent:
    """An endpoint's status changed."""

    endpoint: str
    """Name of the endpoint."""
    endpoint_arn: str
    status: str
    """As events spell it: `IN_SERVICE`, `FAILED`, `UPDATING`; see `api_status`."""
    endpoint_config: str | None
    """Config that the event names, where it does. While an endpoint changes this may be the old or the new one; ask."""
    account: str
    region: str
    time: str
    """When, as `2021-10-25T01:52:12Z`."""
    event_id: str

    @property
    def settled(self) -> bool:
        """Whether the endpoint has come to rest, so that verifying it makes sense."""
        return self.status in SETTLED


SETTLED = ("IN_SERVICE", "FAILED", "OUT_OF_SERVICE", "UPDATE_ROLLBACK_FAILED")
"""Event statuses of an endpoint at rest; each asks for a verification."""

_API_STATUSES = {
    "CREATING": "Creating",
    "DELETING": "Deleting",
    "FAILED": "Failed",
    "IN_SERVICE": "InService",
    "OUT_OF_SERVICE": "OutOfService",
    "ROLLING_BACK": "RollingBack",
    "SYSTEM_UPDATING": "SystemUpdating",
    "UPDATE_ROLLBACK_FAILED": "UpdateRollbackFailed",
    "UPDATING": "Updating",
}


def approval_pattern(*groups: str) -> dict[str, object]:
    """Match approvals of versions of `groups`: Approved, and either the approval changed or the version is new.

    A later write to an approved version (our own metadata, a lifecycle stage) names other fields and does not match.
    """
    return {
        "source": [SOURCE],
        "detail-type": [MODEL_PACKAGE_CHANGE],
        "detail": {
            "ModelPackageGroupName": list(groups),
            "ModelApprovalStatus": [APPROVED],
            "$or": [{CHANGED_FIELDS: [APPROVAL_FIELD]}, {CHANGED_FIELDS: [{"exists": False}]}],
        },
    }


def approval_pattern_of_projects(prefix: str) -> dict[str, object]:
    """Match approvals in every group whose name begins with the stack's prefix: projects come and go without a deploy.

    A pattern cannot say "but not the platform's own models", so whoever is called looks the group up.
    """
    pattern = approval_pattern("")
    detail = pattern["detail"]
    assert isinstance(detail, dict)  # noqa: S101  # of approval_pattern above
    return {**pattern, "detail": {**detail, "ModelPackageGroupName": [{"prefix": f"{prefix}-"}]}}


def forwarded_pattern(*groups: str, account: str, region: str) -> dict[str, object]:
    """Match approvals that the previous environment forwarded: as `approval_pattern`, from that account and region.

    `groups` are groups of the previous environment, `names_of(previous).model_package_group(model)`. Forwarding
    between buses keeps `source`, `account` and `region` of the event, so they tell where it happened.
    """
    return {**approval_pattern(*groups), "account": [account], "region": [region]}


def endpoint_state_pattern(*endpoint_arns: str) -> dict[str, object]:
    """Match endpoints' coming to rest. Each ARN is `names.endpoint_arn(model)`; the event lists its own."""
    return {
        "source": [SOURCE],
        "detail-type": [ENDPOINT_CHANGE],
        "resources": list(endpoint_arns),
        "detail": {"EndpointStatus": list(SETTLED)},
    }


def parse_approval(event: Mapping[str, Any]) -> ApprovalEvent:
    """Return what an approval event says.

    Raises UnreadableEventError where the event is of another kind, is no approval, or is one of our own writes.
    """
    detail = _detail(event, MODEL_PACKAGE_CHANGE)
    if detail.get(APPROVAL_FIELD) != APPROVED:
        raise UnreadableEventError(f"{APPROVAL_FIELD} is {detail.get(APPROVAL_FIELD)!r}, not {APPROVED}")
    changed = detail.get(CHANGED_FIELDS) or None  # an empty list does not exist for a pattern either
    if changed is not None and APPROVAL_FIELD not in changed:
        raise UnreadableEventError(f"the write changed {changed!r} and not the approval of an approved version")
    arn = _text(detail, "ModelPackageArn")
    parts = version_parts(arn)
    return ApprovalEvent(
        version_arn=arn,
        group=parts.group,
        version=parts.version,
        account=parts.account,
        region=parts.region,
        time=_time(event),
        approved_at=_approved_at(event, detail, created=changed is None),
        event_id=_text(event, "id"),
        created_or_updated="created" if changed is None else "updated",
    )


def parse_endpoint(event: Mapping[str, Any]) -> EndpointEvent:
    """Return what an endpoint's state change says. Raises UnreadableEventError where the event is of another kind."""
    detail = _detail(event, ENDPOINT_CHANGE)
    config = detail.get("EndpointConfigName")
    return EndpointEvent(
        endpoint=_text(detail, "EndpointName"),
        endpoint_arn=_text(detail, "EndpointArn"),
        status=_text(detail, "EndpointStatus"),
        endpoint_config=config if isinstance(config, str) and config else None,
        account=_text(event, "account"),
        region=_text(event, "region"),
        time=_time(event),
        event_id=_text(event, "id"),
    )


def api_status(status: str) -> str:
    """Return an event's endpoint status as DescribeEndpoint spells it, `InService` for `IN_SERVICE`."""
    try:
        return _API_STATUSES[status]
    except KeyError:
        raise UnreadableEventError(f"{status!r} is no endpoint status; known are {', '.join(_API_STATUSES)}") from None


def event_status(status: str) -> str:
    """Return DescribeEndpoint's status as events spell it, `IN_SERVICE` for `InService`."""
    for spelled, api in _API_STATUSES.items():
        if api == status:
            return spelled
    raise UnreadableEventError(f"{status!r} is no endpoint status; known are {', '.join(_API_STATUSES.values())}")


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionParts:
    """The coordinates in the ARN of a model version."""

    account: str
    region: str
    group: str
    version: int


def version_parts(version_arn: str) -> VersionParts:
    """Return the parts of a version's ARN. Raises UnreadableEventError where it is another one, such as a group's."""
    found = _VERSION_ARN.fullmatch(version_arn)
    if found is None:
        raise UnreadableEventError(f"{version_arn!r} is not the ARN of a version in a model package group")
    return VersionParts(
        account=found["account"], region=found["region"], group=found["group"], version=int(found["version"])
    )


def _detail(event: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    if event.get("source") != SOURCE or event.get("detail-type") != kind:
        raise UnreadableEventError(
            f"source {event.get('source')!r} and detail-type {event.get('detail-type')!r} are not {SOURCE} and {kind}"
        )
    detail = event.get("detail")
    if not isinstance(detail, Mapping):
        raise UnreadableEventError(f"an event of {kind} has a detail with keys and values, not {type(detail).__name__}")
    return detail


def _text(part: Mapping[str, Any], key: str) -> str:
    value = part.get(key)
    if not isinstance(value, str) or not value:
        raise UnreadableEventError(f"{key} is text in every such event; it is {value!r}")
    return value


def _approved_at(event: Mapping[str, Any], detail: Mapping[str, Any], *, created: bool) -> str:
    """Return the time of the change itself; a form that is not known is as good as none."""
    for member in ("CreationTime", "LastModifiedTime") if created else ("LastModifiedTime",):
        value = detail.get(member)
        text = str(int(value)) if isinstance(value, int | float) else value
        if isinstance(text, str) and text:
            try:
                return _moment(text)
            except UnreadableEventError:
                continue
    return _time(event)


def _time(event: Mapping[str, Any]) -> str:
    return _moment(_text(event, "time"))


def _moment(text: str) -> str:
    try:
        # The guide prints one sample of an endpoint's event with milliseconds since 1970 in place of ISO 8601.
        moment = datetime.fromtimestamp(int(text) / 1000, UTC) if text.isdecimal() else datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise UnreadableEventError(f"time is an ISO 8601 moment; it is {text!r}") from None
    if moment.tzinfo is None:
        raise UnreadableEventError(f"time names its zone; it is {text!r}")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
