"""Image references: a tag or a digest, and which of them can never point to another image tomorrow."""

import re

from contracts.rules import BrokenRuleError

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")  # OCI distribution specification, "tag"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_VERSION = re.compile(r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?", re.ASCII)


def check_reference(reference: str) -> str:
    """Return `reference`, or raise BrokenRuleError where no environment may use it."""
    if reference == "latest":
        raise BrokenRuleError("`latest` says nothing about what runs", "write dev, a version v1.2.3 or a sha256 digest")
    if _DIGEST.fullmatch(reference):
        return reference
    if reference.startswith("sha256:"):
        raise BrokenRuleError("a digest is sha256: and 64 lower-case hexadecimal digits", "copy the whole digest")
    if _TAG.fullmatch(reference):
        return reference
    raise BrokenRuleError(
        "an image is named by its tag or digest alone; registry and repository follow from the model's name",
        "write dev, a version v1.2.3 or a sha256 digest",
    )


def is_immutable(reference: str) -> bool:
    """Return whether a reference is a semantic version tag (v1.2.3, v1.2.3-rc.1) or a digest."""
    return bool(_VERSION.fullmatch(reference) or _DIGEST.fullmatch(reference))
