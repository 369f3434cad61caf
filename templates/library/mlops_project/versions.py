"""An approved model version in the registry of dev: what it consists of, and whether it may be deployed."""

import re
from dataclasses import dataclass
from typing import Any

VERSION_ARN = re.compile(
    r"arn:(?P<partition>[\w-]+):sagemaker:(?P<region>[\w-]+):(?P<account>\d{12}):model-package/(?P<group>[A-Za-z0-9-]+)/\d+"
)


class VersionError(ValueError):
    """A version that is not this project's, not approved, or not deployable; the message says which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One approved version."""

    arn: str
    account: str
    """Account of the registry, which also owns the bucket of the artifact."""
    image: str
    """By digest: what was approved is what runs, even if a tag has moved."""
    model_data_url: str
    environment_variables: dict[str, str]


def region_of(arn: str) -> str:
    """Return the region of the registry in which a version lies. Raises VersionError for what is no version."""
    found = VERSION_ARN.fullmatch(arn)
    if not found:
        raise VersionError(f"{arn!r} is no ARN of a model version; copy it from the registry: arn:…:model-package/…/7")
    return found["region"]


def approved_version(sagemaker: Any, arn: str, *, group_arn: str) -> Version:
    """Return the version, read with a SageMaker client of its region.

    Raises VersionError where it belongs to another project, is not Approved, or has not one container by digest.
    """
    region_of(arn)
    if arn.rpartition("/")[0] != group_arn.replace(":model-package-group/", ":model-package/"):
        raise VersionError(f"{arn} is not a version of this project's group {group_arn}; nothing was deployed")
    found = sagemaker.describe_model_package(ModelPackageName=arn)
    if found["ModelApprovalStatus"] != "Approved":
        raise VersionError(f"{arn} is {found['ModelApprovalStatus']}: a lead approves it first, in the registry of dev")
    containers = found.get("InferenceSpecification", {}).get("Containers", [])
    if len(containers) != 1 or not containers[0].get("ModelDataUrl"):
        raise VersionError(f"{arn} has {len(containers)} containers; an endpoint here takes one, with a model archive")
    container = containers[0]
    return Version(
        arn=arn,
        account=VERSION_ARN.fullmatch(arn)["account"],  # type: ignore[index]  # checked above
        image=_by_digest(container, arn),
        model_data_url=container["ModelDataUrl"],
        environment_variables=dict(container.get("Environment") or {}),
    )


def _by_digest(container: dict[str, Any], arn: str) -> str:
    image: str = container["Image"]
    if "@sha256:" in image:
        return image
    digest = container.get("ImageDigest", "")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise VersionError(f"{arn} names image {image} without a digest, so what was approved cannot be told")
    head, slash, last = image.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}@{digest}"
