"""Who did what to a model version: what delivery recorded, else what the registry still knows."""

from collections.abc import Mapping
from typing import Any

from contracts.names import Names
from contracts.version_metadata import APPROVED_BY

FUNCTIONS = ("promote", "deploy", "verify")


def person(context: Mapping[str, Any] | None) -> str | None:
    """Return the person in a UserContext: source identity of single sign-on, else profile, else ARN."""
    context = context or {}
    identity = context.get("IamIdentity") or {}
    found = identity.get("SourceIdentity") or context.get("UserProfileName") or identity.get("Arn")
    return str(found) if found else None


def decided_by(described: Mapping[str, Any], names: Names) -> str | None:
    """Return who approved or rejected a version; None while nobody did, or where AWS cannot tell any more.

    The registry keeps the last writer only, and that may be one of delivery's functions.
    """
    metadata = described.get("CustomerMetadataProperties") or {}
    status = described.get("ModelApprovalStatus")
    if status not in ("Approved", "Rejected"):
        return None
    if status == "Approved" and metadata.get(APPROVED_BY):
        return str(metadata[APPROVED_BY])
    writer = person(described.get("LastModifiedBy") or described.get("CreatedBy"))
    if writer is not None and writer.rsplit("/", 1)[-1] in {names.function(purpose) for purpose in FUNCTIONS}:
        return None
    return writer
