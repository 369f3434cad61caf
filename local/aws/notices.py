"""The events that the embedded services send to EventBridge, kept until somebody delivers them (`local.events`).

Envelopes and details follow "Events that Amazon SageMaker AI sends to Amazon EventBridge" in the SageMaker developer
guide, samples of which are frozen under tests/contracts/event_samples.
"""

import datetime as dt
import json
import threading
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from moto.core.utils import utcnow

Event = dict[str, Any]
SECOND = dt.timedelta(seconds=1)
PACKAGE = "SageMaker Model Package State Change"
CHANGED = "UpdatedModelPackageFields"


class Outbox:
    """What was sent and not taken yet, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._last = dt.datetime.min.replace(tzinfo=dt.UTC)

    def send(self, account: str, region: str, kind: str, resource: str, detail: Mapping[str, Any]) -> None:
        """Send one event of the detail-type `kind` about the ARN `resource`.

        An envelope's time has whole seconds. Two approvals never share one here, as people cannot give two in a second
        and a program on this machine can; so an event may carry a time some seconds ahead.
        """
        with self._lock:
            now = dt.datetime.now(dt.UTC).replace(microsecond=0)
            approval = kind == PACKAGE and "ModelApprovalStatus" in detail.get(CHANGED, ["ModelApprovalStatus"])
            self._last = max(now, self._last + SECOND if approval else self._last)
            told = self._last.strftime("%Y-%m-%dT%H:%M:%SZ")
            if approval and detail.get(CHANGED):  # the write that the event is about has the event's time
                detail = {**detail, "LastModifiedTime": told}
            self._events.append(
                {
                    "version": "0",
                    "id": str(uuid.uuid4()),
                    "detail-type": kind,
                    "source": "aws.sagemaker",
                    "account": account,
                    "time": told,
                    "region": region,
                    "resources": [resource],
                    "detail": json.loads(json.dumps(detail, default=_plain)),
                }
            )

    def take(self) -> list[Event]:
        """Return what waits, and forget it."""
        with self._lock:
            taken, self._events = self._events, []
        return taken

    def clear(self) -> None:
        """Forget everything: another embedded AWS begins."""
        self.__init__()  # type: ignore[misc]  # the lock of an outbox nobody uses may go too


def _plain(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    raise TypeError(f"{value!r} has no place in an event")


OUTBOX = Outbox()
"""The embedded AWS of this process; one process holds one at a time."""

ENDPOINT = "SageMaker Endpoint State Change"
DEPLOYMENT = "SageMaker Endpoint Deployment State Change"

PACKAGE_FIELDS = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "InferenceSpecification",
    "ModelPackageStatus",
    "ModelPackageStatusDetails",
    "CertifyForMarketplace",
    "ModelApprovalStatus",
    "ApprovalDescription",
    "MetadataProperties",
    "ModelMetrics",
    "CustomerMetadataProperties",
    "ModelLifeCycle",
    "LastModifiedTime",
)
"""Members of DescribeModelPackage that the event repeats. It names neither CreatedBy nor LastModifiedBy."""


def package_changed(account: str, region: str, described: Mapping[str, Any], updated: Sequence[str] | None) -> None:
    """Tell that a version was created (`updated` is None) or that these of its fields were written."""
    detail = {name: described[name] for name in PACKAGE_FIELDS if described.get(name) is not None}
    if updated is not None:
        detail[CHANGED] = list(updated)
    OUTBOX.send(account, region, PACKAGE, described["ModelPackageArn"], detail)


def milliseconds(moment: dt.datetime) -> float:
    """Return the form in which endpoint events carry a time."""
    return round(moment.replace(tzinfo=moment.tzinfo or dt.UTC).timestamp() * 1000.0)


def now() -> dt.datetime:
    """Return the present, as moto stores it."""
    moment: dt.datetime = utcnow()
    return moment
