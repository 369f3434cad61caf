"""What requests of the API carry, each bounded."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Header, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from portal.outcomes import RepairStep
from portal.service.decisions import LONGEST_TEXT
from portal.web.edge import LONGEST_FIELD

MOST_HOURS = 24 * 365
"""What a number of hours may be before anybody looks at the configuration's own bound."""
GREATEST = 2**31 - 1
"""What numbers of events, entries and versions stay below; the database would refuse what is beyond its integers."""


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time is not within the years 1 to 9999 in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time with its zone."""
Number = Annotated[int, Field(ge=1, le=GREATEST)]
Place = Annotated[int, Query(ge=0, le=GREATEST)]
Word = Annotated[str, Query(max_length=300)]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Chosen by the client, another one for each wish. The same request with the same key gives the "
        "operation that the first one started, so it can be sent again when no answer came.",
    ),
]
Name = Annotated[str, Field(max_length=200)]
Why = Annotated[str, Field(max_length=LONGEST_TEXT)]
Reason = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class Body(BaseModel):
    """What all have: a key that nobody knows is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NewPreview(Body):
    """Ask what `up` would do; with `draft`, of the text of a stack file that is not saved."""

    kind: Literal["preview"]
    stack: Name
    why: Why = ""
    draft: Annotated[str, Field(max_length=LONGEST_FIELD)] | None = None


class NewLook(Body):
    """Ask what `destroy` would remove, what differs from the cloud, or have the state read anew."""

    kind: Literal["preview_destroy", "drift", "refresh"]
    stack: Name
    why: Why = ""


class NewDeployment(Body):
    """Carry a preview out: deploy, or destroy where it is the preview of a destroy."""

    kind: Literal["up"]
    preview: Name
    why: Why = ""


class Decision(Body):
    """Approve or reject a preview."""

    approved: bool
    comment: Why = ""


class NewRepair(Body):
    """Do one of the repairs that an outcome offers."""

    step: RepairStep
    confirmed: bool = False
    """That somebody looked in AWS; clear_pending asks for it."""
    why: Why = ""


class SettingsText(Body):
    """The text of a stack file."""

    text: Annotated[str, Field(max_length=LONGEST_FIELD)]


class NewSettings(SettingsText):
    """A text that is to replace a stack file, if that is still the one of `base_hash`."""

    base_hash: Annotated[str, Field(max_length=64)]
    why: Reason


class NewReview(Body):
    """A branch to be deployed as a stack of its own."""

    branch: Annotated[str, Field(min_length=1, max_length=250)]
    hours: Annotated[int, Field(ge=1, le=MOST_HOURS)] | None = None
    why: Why = ""


class Extension(Body):
    """More time for a review environment: this many hours more."""

    hours: Annotated[int, Field(ge=1, le=MOST_HOURS)]


class ModelDecision(Body):
    """Approve or reject a model version."""

    approved: bool
    reason: Reason


class Rollback(Body):
    """Have an earlier version serve."""

    to: Number
    reason: Reason
