"""Tags: what AWS takes, and the keys that the platform sets on everything itself."""

import unicodedata

from contracts.rules import BrokenRuleError

KEY_LENGTH = 128
VALUE_LENGTH = 256
TAGS_PER_RESOURCE = 50
"""AWS tagging limits (AWS General Reference, "Tagging AWS resources"); S3, IAM and SageMaker share them."""

RESERVED_KEYS = (
    "Name", "organisation", "unit", "environment", "owner", "cost-center", "data-classification", "managed-by",
    "component", "model",
)  # fmt: skip
"""Keys that the platform writes itself; compared without case, `-` and `_`, because IAM compares keys without case."""


def _bare(key: str) -> str:
    return key.casefold().replace("-", "").replace("_", "")


def _takes(text: str) -> bool:
    return all(character in "_.:/=+-@" or unicodedata.category(character)[0] in "LZN" for character in text)


def check_tag_key(key: str) -> str:
    """Return `key`, or raise BrokenRuleError where AWS refuses it or the platform sets it."""
    if not 1 <= len(key) <= KEY_LENGTH or not _takes(key):
        raise BrokenRuleError(
            f"a tag key has 1 to {KEY_LENGTH} letters, digits, spaces and _.:/=+-@", "shorten it or replace the others"
        )
    if key.casefold().startswith("aws:"):
        raise BrokenRuleError("tag keys that begin with aws: belong to AWS", "choose another key")
    if _bare(key) in {_bare(reserved) for reserved in RESERVED_KEYS}:
        raise BrokenRuleError(
            "the platform sets this tag itself, from the settings", "remove it here, or choose another key"
        )
    return key


def check_tag_value(value: str) -> str:
    """Return `value`, or raise BrokenRuleError where AWS refuses it as a tag's value."""
    if not value.strip() or len(value) > VALUE_LENGTH or not _takes(value):
        raise BrokenRuleError(
            f"it becomes a tag value: 1 to {VALUE_LENGTH} letters, digits, spaces and _.:/=+-@",
            "shorten it or replace the other characters",
        )
    return value
