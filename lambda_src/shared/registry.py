"""Versions in a model package group: read one, know who approved it, write on it what became of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from contracts.delivery_events import APPROVED, ApprovalEvent, version_parts
from contracts.names import Names
from lambda_src.shared.clients import client
from lambda_src.shared.configuration import names
from lambda_src.shared.errors import PermanentError, is_not_found

UNKNOWN = "unknown"
OWN_FUNCTIONS = ("promote", "deploy", "verify")
CLOCKS = timedelta(seconds=5)
"""How much later than its event's whole second a write may be stamped and still be the write the event is about."""
VALUE_LENGTH = 256
"""CustomerMetadataValue, API model."""
_FORBIDDEN = re.compile(r"[^\w .:/=+\-@]")
"""CustomerMetadataValue takes letters, separators, numbers and these signs; a text is made to fit, not refused."""


@dataclass(frozen=True, slots=True)
class Version:
    """A model version as DescribeModelPackage returns it."""

    described: Mapping[str, Any]

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self.described["ModelPackageArn"])

    @property
    def approved(self) -> bool:
        """Whether it is approved now, which an event of an hour ago does not tell."""
        return bool(self.described.get("ModelApprovalStatus") == APPROVED)

    @property
    def metadata(self) -> Mapping[str, str]:
        """Its customer metadata."""
        return self.described.get("CustomerMetadataProperties") or {}

    @property
    def container(self) -> Mapping[str, Any]:
        """Its one container. Raises PermanentError where it has several: such a version has no single model."""
        containers = self.described.get("InferenceSpecification", {}).get("Containers", [])
        if len(containers) != 1 or "ModelDataUrl" not in containers[0]:
            raise PermanentError(
                f"{self.arn} has {len(containers)} containers; delivery serves versions with one container and one"
                " model archive (ModelDataUrl)"
            )
        return dict(containers[0])

    @property
    def image(self) -> str:
        """Its image, by digest where the registry knows it: a tag may be moved, a digest cannot."""
        image, digest = str(self.container["Image"]), self.container.get("ImageDigest")
        if "@" in image or not digest:
            return image
        return f"{image.rpartition(':')[0] if ':' in image.rpartition('/')[2] else image}@{digest}"


def read(version_arn: str) -> Version:
    """Return a version, of this account or of one whose group lets this account read. Raises PermanentError if gone."""
    try:
        return Version(_registry_of(version_arn).describe_model_package(ModelPackageName=version_arn))
    except ClientError as error:
        if is_not_found(error):
            raise PermanentError(f"{version_arn} is gone; approve a version that exists") from error
        raise


def approver(version: Version, event: ApprovalEvent, own_names: Names) -> str | None:
    """Return who made the approval of `event`, None where a later write hides it (then what was recorded stays).

    The registry keeps only the last writer. A write that is later than the event, or that is our own, is not the
    approval.
    """
    if event.created_or_updated == "created":
        return _person(version.described.get("CreatedBy"))
    changed = version.described.get("LastModifiedTime")
    if changed is not None and changed > datetime.fromisoformat(event.time) + CLOCKS:
        return None
    writer = _person(version.described.get("LastModifiedBy"))
    own = {own_names.function(purpose) for purpose in OWN_FUNCTIONS}
    return None if writer.rsplit("/", 1)[-1] in own else writer  # Lambda names the role session after the function


def record(version: Version, properties: Mapping[str, str]) -> None:
    """Write properties on a version. Equal ones are not written; a version that is gone keeps no record."""
    wanted = {name: clean(value) for name, value in properties.items() if value}
    if all(version.metadata.get(name) == value for name, value in wanted.items()):
        return
    try:
        _registry_of(version.arn).update_model_package(ModelPackageArn=version.arn, CustomerMetadataProperties=wanted)
    except ClientError as error:
        if not is_not_found(error):
            raise


def _registry_of(version_arn: str) -> Any:  # boto3 has no client types
    """Return a client of the version's own region: SageMaker answers for no other."""
    region = version_parts(version_arn).region
    return client("sagemaker") if region == names().region else client("sagemaker", region)


def clean(text: str) -> str:
    """Return `text` as a metadata value may be."""
    return _FORBIDDEN.sub(" ", text).strip()[:VALUE_LENGTH] or "-"


def _person(context: Mapping[str, Any] | None) -> str:
    """Return the person in a UserContext: the source identity that single sign-on sets, else what AWS knows best."""
    context = context or {}
    identity = context.get("IamIdentity") or {}
    found = identity.get("SourceIdentity") or context.get("UserProfileName") or identity.get("Arn")
    return str(found or UNKNOWN)
