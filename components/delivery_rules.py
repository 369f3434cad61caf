"""`DeliveryRules`: which events start delivery's functions, and which go on to the next environment."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.delivery_policies import FORWARD, forward_statements
from components.event_bus import EventBus, EventBusArgs
from components.exact_role import ExactRole, ExactRoleArgs
from components.policy_document import allow, policy, trust
from contracts.delivery_events import approval_pattern, endpoint_state_pattern, forwarded_pattern
from contracts.names import Names
from contracts.operator_events import requested_pattern
from contracts.rule_batches import batches

ANY_MODEL = "any-model"
"""Stands where the other rules' names hold their batch: an operator's wish is one rule for all models of a stack."""
RETRY_HOURS = 24
RETRY_ATTEMPTS = 185
"""How long EventBridge tries to deliver an event; its own maxima."""
_ABOUT = {
    "approved": "A version was approved here",
    "announced": "A version was approved here: the next environment hears of it",
    "endpoint": "An endpoint came to rest",
    "promote": "A version was approved in the previous environment",
    "asked": "An operator asked for a version",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryRulesArgs:
    """Settings of `DeliveryRules`."""

    names: Names
    """The stack's names."""
    announced: Sequence[str]
    """Models whose approvals go on to the next environment, where there is one; it decides for itself."""
    served: Sequence[str]
    """Models whose approvals start `deploy`."""
    endpoints: Sequence[str]
    """Models whose endpoint's changes start `verify`."""
    promoted: Sequence[str]
    """Models whose approvals in the previous environment start `promote`."""
    batches: Mapping[str, str]
    """Schedule expression, in UTC, by model that answers in batches."""
    undelivered_queue_arn: pulumi.Input[str]
    """Queue of the events that could not be handed over."""
    functions: Mapping[str, pulumi.Input[str]]
    """ARN by function: `deploy`, `verify`, and `promote` where there is a previous environment."""
    previous: Names | None = None
    """Names of the previous environment."""
    following: Names | None = None
    """Names of the next environment."""


class DeliveryRules(pulumi.ComponentResource):
    """Owns the rules, their targets, the role that forwards, the bus that listens and the schedules of batches.

    A rule is for as many models as its pattern holds: the default bus admits 300 rules.
    Adding a model changes one rule of each kind, or parts it in two.
    """

    def __init__(self, name: str, args: DeliveryRulesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:DeliveryRules", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._on_approval()
        rule = self._rule("asked", ANY_MODEL, json.dumps(requested_pattern(args.names.prefix), sort_keys=True))
        self._target(rule, "asked", ANY_MODEL, "deploy", args.functions["deploy"])
        if args.following is not None:
            self._announce(args.following)
        self._on_rest()
        if args.previous is not None:
            self._on_approval_before(args.previous)
        if args.batches:
            self._on_schedule()
        self.register_outputs({})

    def _on_approval(self) -> None:
        for batch, (_, pattern) in batches(self._args.served, self._approvals).items():
            rule = self._rule("approved", batch, pattern)
            self._target(rule, "approved", batch, "deploy", self._args.functions["deploy"])

    def _announce(self, following: Names) -> None:
        role = self._forward_role(following)
        for batch, (_, pattern) in batches(self._args.announced, self._approvals).items():
            rule = self._rule("announced", batch, pattern)
            self._target(rule, "announced", batch, "next-environment", following.event_bus_arn, role_arn=role)

    def _approvals(self, models: Sequence[str]) -> Mapping[str, object]:
        return approval_pattern(*(self._args.names.model_package_group(model) for model in models))

    def _on_rest(self) -> None:
        args = self._args

        def pattern_of(models: Sequence[str]) -> Mapping[str, object]:
            return endpoint_state_pattern(*(args.names.endpoint_arn(model) for model in models))

        for batch, (_, pattern) in batches(args.endpoints, pattern_of).items():
            rule = self._rule("endpoint", batch, pattern)
            self._target(rule, "endpoint", batch, "verify", args.functions["verify"])

    def _on_approval_before(self, previous: Names) -> None:
        args = self._args
        bus = EventBus(f"{self._name}-bus", EventBusArgs(names=args.names, previous=previous), opts=self._child)

        def pattern_of(models: Sequence[str]) -> Mapping[str, object]:
            groups = (previous.model_package_group(model) for model in models)
            return forwarded_pattern(*groups, account=previous.account, region=previous.region)

        for batch, (_, pattern) in batches(args.promoted, pattern_of).items():
            rule = self._rule("promote", batch, pattern, bus=bus.bus_name)
            self._target(rule, "promote", batch, "promote", args.functions["promote"], bus=bus.bus_name)

    def _on_schedule(self) -> None:
        args, names = self._args, self._args.names
        role = ExactRole(
            f"{self._name}-batches",
            ExactRoleArgs(
                role_name=names.role("batches"),
                description="Starts batch transform on schedule",
                trust_policy=trust("scheduler.amazonaws.com", account=names.account),
                policies={"start": policy([allow("Start", ["lambda:InvokeFunction"], [names.function_arn("deploy")])])},
            ),
            opts=self._child,
        )
        for model, expression in args.batches.items():
            aws.scheduler.Schedule(
                f"{self._name}-{model}-batch",
                name=names.schedule(model),  # in the default group; the pipelines' schedules have their own
                description=f"Starts batch transform with {model}",
                schedule_expression=expression,
                schedule_expression_timezone="UTC",
                flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
                target=aws.scheduler.ScheduleTargetArgs(
                    arn=args.functions["deploy"], role_arn=role.arn, input=batch_event(model)
                ),
                opts=self._child,
            )

    def _forward_role(self, following: Names) -> pulumi.Output[str]:
        names = self._args.names
        role = ExactRole(
            f"{self._name}-{FORWARD}",
            ExactRoleArgs(
                role_name=names.role(FORWARD),
                description=f"Announces approved versions to {following.environment}",
                trust_policy=trust(
                    "events.amazonaws.com",
                    account=names.account,
                    source_arn=names.arn("events", f"rule/{names.prefix}-*"),
                ),
                policies={FORWARD: policy(forward_statements(following))},
            ),
            opts=self._child,
        )
        return role.arn

    def _rule(
        self, purpose: str, batch: str, pattern: str, *, bus: pulumi.Output[str] | None = None
    ) -> aws.cloudwatch.EventRule:
        return aws.cloudwatch.EventRule(
            f"{self._name}-{batch}-{purpose}",
            name=self._args.names.event_rule(purpose, batch),
            description=_ABOUT[purpose],
            event_bus_name=bus,
            event_pattern=pattern,
            opts=self._child,
        )

    def _target(
        self,
        rule: aws.cloudwatch.EventRule,
        purpose: str,
        batch: str,
        target: str,
        arn: pulumi.Input[str],
        *,
        bus: pulumi.Output[str] | None = None,
        role_arn: pulumi.Output[str] | None = None,
    ) -> None:
        aws.cloudwatch.EventTarget(
            f"{self._name}-{batch}-{purpose}-{target}",
            rule=rule.name,
            event_bus_name=bus,
            target_id=target,
            arn=arn,
            role_arn=role_arn,
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=RETRY_HOURS * 3600, maximum_retry_attempts=RETRY_ATTEMPTS
            ),
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=self._args.undelivered_queue_arn),
            opts=self._child,
        )


def batch_event(model: str) -> str:
    """Return what the schedule sends to `deploy`; EventBridge Scheduler fills in what stands in angle brackets."""
    return json.dumps(
        {
            "source": "mlops.schedule",
            "detail-type": "Scheduled Batch Transform",
            "id": "<aws.scheduler.execution-id>",
            "time": "<aws.scheduler.scheduled-time>",
            "detail": {"model": model},
        },
        sort_keys=True,
    )
