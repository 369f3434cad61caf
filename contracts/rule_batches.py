"""Which models share an EventBridge rule: as few rules as the limit of a pattern admits, and stable when models change.

A rule for all models comes first. Where their pattern would be too long, the models part in two halves by the next bit
of a hash of their names, and each half again where it must. So a new model changes its own rule only, or parts that one
rule in two, which get names of their own: they exist before the old rule goes, and no event falls between them.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping

PATTERN_LENGTH = 2048
"""Longest event pattern in characters, EventBridge quotas (the API takes 4,096, where the quota was raised)."""
ALL = "models"
"""Name of the batch that holds every model; its halves append the bits of the hash, `models-0`, `models-01`."""
_BITS = 256


def batches(
    models: Iterable[str], pattern: Callable[[list[str]], Mapping[str, object]]
) -> dict[str, tuple[list[str], str]]:
    """Return, by the batch's name, its models and its pattern as JSON. No models, no batches.

    `pattern` makes one pattern for several models. The result depends on the set of models, not on their order. Raises
    ValueError where the pattern of one model alone is too long.
    """
    return dict(sorted(_parted(sorted(set(models)), pattern, "")))


def _parted(
    models: list[str], pattern: Callable[[list[str]], Mapping[str, object]], bits: str
) -> Iterable[tuple[str, tuple[list[str], str]]]:
    if not models:
        return
    text = json.dumps(pattern(models), sort_keys=True, separators=(",", ":"))
    if len(text) <= PATTERN_LENGTH:
        yield f"{ALL}-{bits}" if bits else ALL, (models, text)
        return
    if len(models) == 1:
        raise ValueError(f"the event pattern of {models[0]} has {len(text)} characters; a rule takes {PATTERN_LENGTH}.")
    for bit in "01":
        yield from _parted([model for model in models if _bit(model, len(bits)) == bit], pattern, bits + bit)


def _bit(model: str, place: int) -> str:
    digest = int.from_bytes(hashlib.sha256(model.encode()).digest(), "big")
    return str(digest >> (_BITS - 1 - place) & 1)
