"""EventBridge on this machine: what the embedded services send, through the embedded rules, to functions and buses.

Delivery is what AWS promises and no better: at least once, in no particular order. A seed decides which events come
twice and in which order, so a run can be repeated. Nothing waits: `settle` goes on until nothing is under way.
"""

import copy
import datetime as dt
import json
import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from moto.events.models import events_backends

from local.aws import endpoint_machine, resource_policies
from local.aws.event_patterns import matches
from local.aws.notices import OUTBOX, Event
from local.aws.server import EmbeddedAws
from local.functions import Functions

MANY = 1000
"""Steps after which a world that does not come to rest is called a loop."""


class EventError(Exception):
    """A rule or target that this machine cannot serve, or events that never end. The message says which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """An event on its way to a target."""

    rule: str
    target: str
    """ARN of a function or of a bus."""
    event: Event
    request_id: str
    role: str | None = None
    """ARN of the role as which a rule writes to a bus."""
    dead_letter_queue: str | None = None
    """ARN of the queue for what cannot be handed over."""
    attempt: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What happened to an event, for reports."""

    number: int
    what: str
    """sent, repeated, unmatched, delivered, forwarded, failed, dead-lettered, undeliverable."""
    event: Event
    rule: str = ""
    target: str = ""


class EventBridge:
    """The buses of every account and region of an embedded AWS."""

    def __init__(
        self, aws: EmbeddedAws, functions: Functions, *, seed: int | None = None, repeated: float = 0.3
    ) -> None:
        """`seed` shuffles and repeats a share of events and deliveries; without one, all comes once and in order."""
        self._aws = aws
        self._functions = functions
        self._random = random.Random(seed) if seed is not None else None  # noqa: S311  # repeatable, not secret
        self._repeated = repeated
        self._queue: list[Delivery] = []
        self.log: list[Record] = []
        """Everything that happened, in order."""

    def rule(
        self,
        name: str,
        *,
        account: str,
        region: str,
        pattern: Mapping[str, Any],
        targets: list[str],
        bus: str = "default",
    ) -> None:
        """Put a rule with its targets into the embedded AWS, as a stack would. Targets are ARNs."""
        client = self._aws.client("events", account, region)
        client.put_rule(Name=name, EventPattern=json.dumps(pattern), EventBusName=bus, State="ENABLED")
        entries = [{"Id": f"target-{number}", "Arn": arn} for number, arn in enumerate(targets)]
        client.put_targets(Rule=name, EventBusName=bus, Targets=entries)

    def publish(self, event: Event, *, bus: str = "default", forwarded: bool = False) -> int:
        """Match an event against the rules of a bus of its account and region; return how many deliveries follow."""
        return self._match(event, event["account"], event["region"], bus, forwarded=forwarded)

    def settle(self, traffic: Callable[[], None] | None = None) -> int:
        """Deliver, and let endpoints move, until nothing is under way. Return the number of steps.

        `traffic` is called before endpoints move: what clients do meanwhile, such as requests that a canary gets its
        share of. Raises `EventError` where rest never comes: functions that answer each other's writes for ever.
        """
        for step in range(MANY):
            late = self._chance()  # an endpoint may move on before the event about it arrives
            if not late and self.deliver():
                continue
            if traffic is not None:
                traffic()
            if not endpoint_machine.advance() and not self.deliver():
                return step
        latest = ", ".join(f"{r.what} {r.event['detail-type']}" for r in self.log[-3:])
        raise EventError(f"events do not come to an end after {MANY} steps; the latest: {latest}")

    def deliver(self) -> bool:
        """Take what the services sent, and carry out one delivery; return whether there was anything to do."""
        self._collect()
        if not self._queue:
            return False
        delivery = self._queue.pop(self._random.randrange(len(self._queue)) if self._random else 0)
        if delivery.target.split(":")[2] == "events":
            self._forward(delivery)
        else:
            self._invoke(delivery)
        return True

    def _chance(self) -> bool:
        return self._random is not None and self._random.random() < self._repeated

    def _collect(self) -> None:
        for event in OUTBOX.take():
            self._send(event, "sent")
            if self._chance():  # the service itself tells a change twice: another event, of an id and time of its own
                again = {"id": str(uuid.uuid4()), "time": _a_second_after(event["time"])}
                self._send({**copy.deepcopy(event), **again}, "repeated")

    def _send(self, event: Event, what: str) -> None:
        self._note(what, event)
        if not self.publish(event):
            self._note("unmatched", event)

    def _match(self, event: Event, account: str, region: str, bus: str, *, forwarded: bool) -> int:
        backend: Any = events_backends[account][region]
        if bus not in backend.event_buses:
            raise EventError(f"event bus {bus} does not exist in account {account}, region {region}")
        found = 0
        for rule in list(backend.event_buses[bus].rules.values()):
            if rule.state != "ENABLED" or not rule.event_pattern.dump():
                continue
            if not matches(json.loads(rule.event_pattern.dump()), event):
                continue
            for target in rule.targets:
                _check(rule.name, target)
                # EventBridge does not send on to a third account what came from another account.
                if forwarded and target["Arn"].split(":")[2] == "events":
                    continue
                delivery = Delivery(
                    rule=rule.name,
                    target=target["Arn"],
                    role=target.get("RoleArn"),
                    dead_letter_queue=(target.get("DeadLetterConfig") or {}).get("Arn"),
                    event=event,
                    request_id=str(uuid.uuid4()),
                )
                self._queue += [delivery] * (2 if self._chance() else 1)  # at least once: the same event again
                found += 1
        return found

    def _forward(self, delivery: Delivery) -> None:
        _, _, _, region, account, resource = delivery.target.split(":", 5)
        bus = resource.split("/", 1)[1]
        backend: Any = events_backends[account][region]
        if bus not in backend.event_buses:
            self._undeliverable(delivery, "RESOURCE_NOT_FOUND", f"Event bus {bus} does not exist.")
            return
        if not self._may_put(backend.event_buses[bus], delivery, account):
            self._undeliverable(delivery, "NO_PERMISSIONS", f"The policy of event bus {bus} does not admit the rule.")
            return
        self._note("forwarded", delivery.event, delivery)
        # The receiving bus gets the event as it is: source, account, region, time and id stay the sender's.
        self._match(delivery.event, account, region, bus, forwarded=account != delivery.event["account"])

    def _may_put(self, bus: Any, delivery: Delivery, account: str) -> bool:
        """Return whether a bus takes an event of another account: its policy must let the rule's role write."""
        sender = delivery.event["account"]
        if sender == account:
            return True
        context = {
            "aws:PrincipalArn": delivery.role or f"arn:aws:iam::{sender}:root",
            "events:source": delivery.event["source"],
            "events:detail-type": delivery.event["detail-type"],
            "aws:SecureTransport": "true",
        }
        return resource_policies.allows(bus.policy, "events:PutEvents", delivery.target, context)

    def _invoke(self, delivery: Delivery) -> None:
        if not self._functions.knows(delivery.target):
            self._undeliverable(delivery, "RESOURCE_NOT_FOUND", f"Function not found: {delivery.target}")
            return
        done = self._functions.attempt(delivery.target, delivery.event, delivery.request_id, delivery.attempt)
        run = self._functions.log[-1]
        if run.error is None:
            self._note("delivered", delivery.event, delivery)
        elif done:
            self._note("dead-lettered" if run.dead_lettered else "failed", delivery.event, delivery)
        else:
            self._note("failed", delivery.event, delivery)
            self._queue.append(replace(delivery, attempt=delivery.attempt + 1))

    def _undeliverable(self, delivery: Delivery, code: str, why: str) -> None:
        """Send an event that cannot be handed over to the target's dead-letter queue, as EventBridge does at once.

        The body is the event as it is; attributes say why (EventBridge user guide, "Using dead-letter queues").
        """
        self._note("undeliverable", delivery.event, delivery)
        if delivery.dead_letter_queue is None:
            return
        _, _, _, region, account, name = delivery.dead_letter_queue.split(":")
        client = self._aws.client("sqs", account, region)
        said = {
            "RULE_ARN": f"arn:aws:events:{region}:{account}:rule/{delivery.rule}",
            "TARGET_ARN": delivery.target,
            "ERROR_CODE": code,
            "ERROR_MESSAGE": why,
        }
        client.send_message(
            QueueUrl=client.get_queue_url(QueueName=name)["QueueUrl"],
            MessageBody=json.dumps(delivery.event),
            MessageAttributes={key: {"DataType": "String", "StringValue": value} for key, value in said.items()},
        )

    def _note(self, what: str, event: Event, delivery: Delivery | None = None) -> None:
        rule, target = (delivery.rule, delivery.target) if delivery else ("", "")
        self.log.append(Record(number=len(self.log) + 1, what=what, event=event, rule=rule, target=target))


def _a_second_after(time: str) -> str:
    return (dt.datetime.fromisoformat(time) + dt.timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _check(rule: str, target: Mapping[str, Any]) -> None:
    changed = [name for name in ("Input", "InputPath", "InputTransformer") if target.get(name)]
    service = cast("str", target["Arn"]).split(":")[2]
    if changed or service not in ("lambda", "events"):
        what = f"has {changed[0]}" if changed else f"is of {service}"
        raise EventError(
            f"rule {rule}: target {target['Arn']} {what}; on this machine targets are functions and buses, and "
            "they get the whole event."
        )
