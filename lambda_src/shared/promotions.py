"""What was promoted, in the deliveries table: one item per version of the previous environment.

The item is the memory that makes promotion happen once: CreateModelPackage gives a new version at every call, and
remembers its client token for a while only.
"""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from botocore.exceptions import ClientError

from contracts.delivery_events import ApprovalEvent
from contracts.desired_state import PARTITION_KEY, SORT_KEY, model_key
from lambda_src.shared import store
from lambda_src.shared.clients import client
from lambda_src.shared.clock import now
from lambda_src.shared.errors import ConflictError, code_of

PREFIX = "promotion#"


class Stage(StrEnum):
    """How far a promotion has come."""

    STARTED = "Started"
    REGISTERED = "Registered"
    REFUSED = "Refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Promotion:
    """The promotion of one version of the previous environment."""

    model: str
    source_arn: str
    approved_by: str
    """Who approved it there, as it was when the approval was first seen; later writes leave it."""
    approved_at: str
    state: Stage
    target_arn: str = ""
    """This environment's version; empty until it is registered."""
    detail: str = ""
    updated_at: str = ""

    @property
    def key(self) -> dict[str, str]:
        """The item's key."""
        account, version = self.source_arn.split(":")[4], self.source_arn.rsplit("/", 1)[-1]
        return {PARTITION_KEY: model_key(self.model), SORT_KEY: f"{PREFIX}{account}#{version.zfill(8)}"}


def begin(model: str, event: ApprovalEvent, approved_by: str | None) -> tuple[Promotion, bool]:
    """Record that a version was approved and by whom, before anything else is written.

    Returns what is recorded, and whether an earlier try had begun it, which then may have got far.

    An item that is there stays, unless its promotion was refused and this approval is a newer one. `approved_by` is
    None where a later write hides the approver; the recorded one stays then.
    """
    asked = Promotion(
        model=model,
        source_arn=event.version_arn,
        approved_by=approved_by or "unknown",
        approved_at=event.approved_at,
        state=Stage.STARTED,
        updated_at=now(),
    )
    item = store.get(asked.key)
    if item is not None:
        there = _from(item)
        # A refusal answers what was approved before it, however many events tell of that.
        if there.state is not Stage.REFUSED or asked.approved_at <= max(there.approved_at, there.updated_at):
            return there, True
        asked = replace(asked, approved_by=approved_by or there.approved_by)
        return _write(there, asked), True
    return _write(None, asked), False


def end(promotion: Promotion, state: Stage, *, target_arn: str = "", detail: str = "") -> Promotion:
    """Record how a promotion ended. Raises ConflictError where somebody else recorded it."""
    if promotion.state is state and promotion.target_arn == target_arn:
        return promotion
    return _write(
        promotion, replace(promotion, state=state, target_arn=target_arn, detail=detail[:1000], updated_at=now())
    )


def _write(read: Promotion | None, promotion: Promotion) -> Promotion:
    condition = {"ConditionExpression": f"attribute_not_exists({PARTITION_KEY})"}
    values: dict[str, object] = {}
    if read is not None:
        condition = {
            "ConditionExpression": "#state = :state AND approved_at = :approved_at",
            "ExpressionAttributeNames": {"#state": "state"},  # type: ignore[dict-item]
        }
        values = {
            "ExpressionAttributeValues": store.serialised(
                {":state": read.state.value, ":approved_at": read.approved_at}
            )
        }
    item = {**promotion.key, **asdict(promotion), "state": promotion.state.value}
    try:
        client("dynamodb").put_item(TableName=store.table(), Item=store.serialised(item), **condition, **values)
    except ClientError as error:
        if code_of(error) == "ConditionalCheckFailedException":
            raise ConflictError(f"somebody else recorded the promotion of {promotion.source_arn}") from error
        raise
    return promotion


def _from(item: dict[str, str]) -> Promotion:
    fields = ("model", "source_arn", "approved_by", "approved_at", "target_arn", "detail", "updated_at")
    return Promotion(**{name: item[name] for name in fields}, state=Stage(item["state"]))
