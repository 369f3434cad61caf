"""`EventBus`: where the previous environment announces its approved model versions."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.delivery_policies import event_bus_policy
from components.readiness import after
from contracts.names import Names


@dataclass(frozen=True, kw_only=True, slots=True)
class EventBusArgs:
    """Settings of an `EventBus`."""

    names: Names
    """The stack's names."""
    previous: Names
    """Names of the environment that announces."""


class EventBus(pulumi.ComponentResource):
    """Owns the bus and who may put events on it. Rules on it belong to whoever listens.

    Events hold ARNs and metadata, no data, and lie there for seconds; they are encrypted with AWS's own key, because a
    customer key would have to let the other account's forwarding in. A new name replaces the bus: deploy the previous
    environment too, which forwards to the old one.
    """

    bus_name: pulumi.Output[str]
    """Name of the bus, once the previous environment may use it."""

    def __init__(self, name: str, args: EventBusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:EventBus", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bus = aws.cloudwatch.EventBus(
            f"{name}-bus",
            name=args.names.event_bus,
            description=f"Model versions that {args.previous.environment} approved",
            opts=child,
        )
        policy = aws.cloudwatch.EventBusPolicy(
            f"{name}-policy", event_bus_name=bus.name, policy=event_bus_policy(args.names, args.previous), opts=child
        )
        self.bus_name = after(bus.name, [policy])
        self.register_outputs({"bus_name": self.bus_name})
