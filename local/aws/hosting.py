"""Who runs an endpoint's containers. `local.inference` starts real servers; without it every fleet is healthy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class FleetId:
    """The instances that one endpoint config gave one endpoint."""

    account: str
    region: str
    endpoint: str
    config: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a container answered to an invocation."""

    status: int
    content_type: str
    body: bytes


class Hosting(Protocol):
    """What the endpoint state machine asks of whoever runs containers."""

    def start(self, fleet: FleetId, containers: Mapping[str, Mapping[str, Any]]) -> str | None:
        """Start a container per variant (DescribeModel's container); return why it did not pass its ping, or None."""

    def trouble(self, fleet: FleetId) -> str | None:
        """Return what would set off the alarms of a fleet that takes traffic, or None: the health judgement."""

    def stop(self, fleet: FleetId) -> None:
        """End a fleet's containers. A fleet that does not run is no error."""

    def invoke(
        self, fleet: FleetId, containers: Mapping[str, Mapping[str, Any]], variant: str, content_type: str, body: bytes
    ) -> Answer:
        """Send a request to a variant's container, starting it anew where another process had done so."""


class Unattended:
    """No containers: each starts and stays healthy, none answers."""

    def start(self, fleet: FleetId, containers: Mapping[str, Mapping[str, Any]]) -> str | None:  # noqa: ARG002  # the protocol
        """Start nothing."""
        return None

    def trouble(self, fleet: FleetId) -> str | None:  # noqa: ARG002  # the protocol
        """See no trouble."""
        return None

    def stop(self, fleet: FleetId) -> None:
        """Stop nothing."""

    def invoke(
        self,
        fleet: FleetId,
        containers: Mapping[str, Mapping[str, Any]],  # noqa: ARG002  # the protocol
        variant: str,  # noqa: ARG002
        content_type: str,  # noqa: ARG002
        body: bytes,  # noqa: ARG002
    ) -> Answer:
        """Answer as a container that is not there."""
        text = f'{{"error": "no container runs for {fleet.endpoint} on this machine"}}'
        return Answer(status=503, content_type="application/json", body=text.encode())


_current: Hosting = Unattended()


def current() -> Hosting:
    """Return who runs the containers now."""
    return _current


def use(hosting: Hosting | None) -> None:
    """Let `hosting` run the containers from now on; None for nobody."""
    global _current  # noqa: PLW0603  # as moto's backends, one per process
    _current = hosting or Unattended()
