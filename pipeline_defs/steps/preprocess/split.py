"""The split into train, validation and test, by a hash of each row's key."""

import hashlib
from collections import Counter
from typing import Dict, Iterable, List, Sequence

from data_schema import Schema
from job_contract import StepError

SPLITS: Dict[str, int] = {"train": 70, "validation": 15, "test": 15}
"""Share of each split in percent."""

LEAST_ROWS: Dict[str, int] = {"train": 10, "validation": 2, "test": 2}
"""Rows that each class needs in each split: fewer can be neither learned from nor measured."""

_SALT = b"split-1\x1f"
"""Changing it reshuffles every data set; it keeps the split independent of any other use of the key's hash."""


def assign(keys: Iterable[str]) -> List[str]:
    """Name the split of each key.

    The key alone decides, never the other rows: a row stays in its split when the data grows, so no test row of one run
    trains the next. As the hash knows nothing of the class, each class is split in the same shares, up to chance.
    """
    return [_assign(key) for key in keys]


def _assign(key: str) -> str:
    position = int.from_bytes(hashlib.sha256(_SALT + key.encode()).digest()[:8], "big") % 100
    for name, share in SPLITS.items():
        position -= share
        if position < 0:
            return name
    raise AssertionError("the shares of SPLITS add up to 100")


def require_classes(membership: Sequence[str], labels: Sequence[int], schema: Schema) -> None:
    """Raise StepError where a class has too few rows in a split to be learned or measured."""
    total = Counter(labels)
    if len(total) == 1:
        only = schema.classes[next(iter(total))]
        raise StepError(
            f"column {schema.target!r} holds one class only, {only!r} in all {len(labels)} rows. "
            "A classifier needs examples of every class: check how the labels were joined, or widen the input's period."
        )
    counts = Counter(zip(membership, labels))
    short = [
        f"class {name!r} has {counts[split, index]} of at least {least} rows in {split} ({total[index]} in all)"
        for index, name in enumerate(schema.classes)
        for split, least in LEAST_ROWS.items()
        if counts[split, index] < least
    ]
    if short:
        shares = ", ".join(f"{name} {share} %" for name, share in SPLITS.items())
        raise StepError(
            f"column {schema.target!r}: too few rows: {'; '.join(short)}. "
            f"The split is {shares}, by row: about 40 rows of a class suffice. Add data of that class."
        )
