"""Keys change on their own."""

from collections.abc import Iterator

from policy.model import Checked, Rule, Stack

SYMMETRIC = "SYMMETRIC_DEFAULT"


def _check(key: Checked, _: Stack) -> Iterator[str]:
    if key.value("customerMasterKeySpec", SYMMETRIC) != SYMMETRIC:
        return  # KMS rotates symmetric keys only
    if key.value("enableKeyRotation") is not True:
        yield "enableKeyRotation is not true"


RULE = Rule(
    id="key-rotation",
    forbids="key that stays the same for ever",
    why="The less one key encrypts, the less is lost with it; KMS keeps the old material for reading.",
    fix="set enable_key_rotation, as components/encryption.py does",
    types=("kms:Key",),
    check=_check,
)
