"""What a worker is asked to do. It travels on the worker's stdin and is kept in the journal, so it holds no secrets."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from portal.fingerprints import Fingerprint
from portal.outcomes import RepairStep


class Kind(StrEnum):
    """What an operation does."""

    PREVIEW = "preview"
    PREVIEW_DESTROY = "preview_destroy"
    UP = "up"
    REFRESH = "refresh"
    DRIFT = "drift"
    """Compares state and cloud, and changes neither."""
    DESTROY = "destroy"
    STATE = "state"
    """Reads the state only."""
    REPAIR = "repair"


READS_ONLY = frozenset({Kind.PREVIEW, Kind.PREVIEW_DESTROY, Kind.DRIFT, Kind.STATE})
WAITS_FOR_WRITER = frozenset(Kind) - READS_ONLY | {Kind.DRIFT}
"""What does not begin while another operation writes to the stack. A comparison with the cloud in the middle of a
deployment would call everything drifted that is not there yet."""
RUNS_PROGRAM = frozenset({Kind.PREVIEW, Kind.UP})


def new_identity(now: datetime) -> str:
    """Return an id for an operation: when, and a random part. It sorts by time."""
    return f"{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:12]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One operation on one stack."""

    id: str
    kind: Kind
    stack: str
    root: str
    """Folder of the project."""
    folder: str
    """The operation's own folder."""
    work: str
    """Folder that all operations share: an installed CLI, how secrets are encrypted."""
    backend: str
    """Where the state is: file:///…, s3://…, https://api.pulumi.com"""
    document: Mapping[str, Any]
    """Content of the stack file; secrets in it are encrypted."""
    secrets_provider: str = "passphrase"
    plugins: tuple[str, ...] = ()
    """Providers that must be there before the engine starts: aws, github."""
    policy_packs: tuple[str, ...] = ()
    message: str = ""
    """Kept in the backend's history: who and why."""
    approved: Fingerprint | None = None
    repair: RepairStep | None = None
    remove: bool = False
    """After a destroy: remove the empty stack from the backend too."""
    parallel: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return what `to_json` made of a request."""
        approved, repair = document["approved"], document["repair"]
        return cls(
            **{
                **document,
                "kind": Kind(document["kind"]),
                "plugins": tuple(document["plugins"]),
                "policy_packs": tuple(document["policy_packs"]),
                "approved": Fingerprint(**approved) if approved else None,
                "repair": RepairStep(repair) if repair else None,
            }
        )


@dataclass(slots=True)
class Answers:
    """What the engine said during an operation, gathered for its outcome."""

    planned: list[dict[str, Any]] = field(default_factory=list)
    counts: Mapping[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    failed: int = 0
    blocked: int = 0
    """Violations of mandatory policies."""
