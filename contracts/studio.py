"""What SageMaker Studio takes: names, sizes, idle times, images and scripts."""

import re

from contracts.regions import dns_suffix_of
from contracts.rules import BrokenRuleError

USER_PATTERN = r"[a-z0-9](-?[a-z0-9])+"
USER_LENGTH = 63
"""UserProfileName admits 63 characters. It is also the session's source identity, for which STS wants 2 at least."""

SPACE_NAME_LENGTH = 63
"""CreateSpace, SpaceName."""

JUPYTERLAB = "jupyterlab"
CODE_EDITOR = "code_editor"
APPLICATIONS = (JUPYTERLAB, CODE_EDITOR)
"""The applications that a space can run here, as settings name them."""
APP_TYPES = {JUPYTERLAB: "JupyterLab", CODE_EDITOR: "CodeEditor"}
"""SageMaker's AppType of each."""

LEAST_IDLE_MINUTES = 60
MOST_IDLE_MINUTES = 525_600
"""IdleSettings, IdleTimeoutInMinutes: an hour to a year."""

LEAST_SPACE_GB = 5
MOST_SPACE_GB = 16_384
"""DefaultEbsStorageSettings: volume sizes of a space."""

MOST_APP_INSTANCES = 8
"""Ours: each is named in the policies of people, and IAM admits 10,240 characters for a role's inline policies."""

SCRIPT_BYTES = 12_288
"""StudioLifecycleConfigContent admits 16,384 characters of base64, which carry three bytes in four characters."""

IMAGE_NAME_PATTERN = r"[a-z](-?[a-z0-9])*"
IMAGE_NAME_LENGTH = 24
"""Ours: it stays readable at the end of an image's full name, which SageMaker limits to 63 characters."""

MANAGED_TAG = "ManagedByAmazonSageMakerResource"
"""Tag that SageMaker puts on a domain's file system and security groups; its value is the domain's ARN."""

MARK_TAG = "mlops-studio-domain"
"""Tag that we add to these, with the domain's name: only what carries it is ever deleted."""


def check_user(name: str) -> str:
    """Return `name`, or raise BrokenRuleError where a user profile cannot have it."""
    if len(name) <= USER_LENGTH and re.fullmatch(USER_PATTERN, name):
        return name
    raise BrokenRuleError(
        f"a Studio user's name becomes the profile's and the session's source identity: 2 to {USER_LENGTH} lower-case"
        " letters, digits and single hyphens between them",
        "write for example ada-lovelace",
    )


def check_image_name(name: str) -> str:
    """Return `name`, or raise BrokenRuleError where a custom image cannot have it."""
    if len(name) <= IMAGE_NAME_LENGTH and re.fullmatch(IMAGE_NAME_PATTERN, name):
        return name
    raise BrokenRuleError(
        f"an image's name has up to {IMAGE_NAME_LENGTH} lower-case letters, digits and single hyphens, a letter first",
        "write for example vision-gpu",
    )


def check_image_uri(uri: str) -> str:
    """Return `uri`, or raise BrokenRuleError where it is no ECR image that is named by its digest."""
    parts = _uri_parts(uri)
    if parts is None:
        raise BrokenRuleError(
            "a custom image is an image in ECR, named by digest, because a tag can move under people's notebooks",
            "write <account>.dkr.ecr.<region>.amazonaws.com/<repository>@sha256:<64 hexadecimal digits>",
        )
    return uri


def image_region(uri: str) -> str:
    """Return the region of a checked image URI."""
    return _known_parts(uri)["region"]


def image_repository_arn(uri: str, partition: str) -> str:
    """Return the ARN of the ECR repository of a checked image URI."""
    found = _known_parts(uri)
    return f"arn:{partition}:ecr:{found['region']}:{found['account']}:repository/{found['repository']}"


def _known_parts(uri: str) -> dict[str, str]:
    found = _uri_parts(uri)
    if found is None:
        raise ValueError(f"{uri!r} is no ECR image by digest: settings are checked before they get here.")
    return found


def _uri_parts(uri: str) -> dict[str, str] | None:
    matched = re.fullmatch(
        r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.(?P<suffix>amazonaws\.com(\.cn)?)"
        r"/(?P<repository>[a-z0-9][a-z0-9._/-]{0,255})@sha256:[0-9a-f]{64}",
        uri,
    )
    if matched is None or matched["suffix"] != dns_suffix_of(matched["region"]):
        return None
    return {key: matched[key] for key in ("account", "region", "repository")}
