"""`DeliveryRules`: which events start delivery's functions, and which go on to the next environment."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.delivery_policies import FORWARD, forward_statements
from components.event_bus import EventBus, EventBusArgs
from components.exact_role import ExactRole, ExactRoleArgs
from components.policy_document import allow, policy, trust
from contracts.delivery_events import approval_pattern, endpoint_state_pattern, forwarded_pattern
from contracts.names import Names
from contracts.operator_events import requested_pattern

ANY_MODEL = "any-model"
"""Stands where a rule's names hold a model: an operator's wish is one rule for all models of a stack."""
RETRY_HOURS = 24
RETRY_ATTEMPTS = 185
"""How long EventBridge tries to deliver an event; its own maxima."""
_ABOUT = {
    "approved": "A version of {model} was approved here",
    "endpoint": "The endpoint of {model} came to rest",
    "promote": "A version of {model} was approved in the previous environment",
    "asked": "An operator asked for a version of {model}",
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
    functions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """ARN by function: `promote`, `deploy`, `verify`."""
    previous: Names | None = None
    """Names of the previous environment."""
    following: Names | None = None
    """Names of the next environment."""


class DeliveryRules(pulumi.ComponentResource):
    """Owns the rules, their targets, the role that forwards, the bus that listens and the schedules of batches.

    Per model one rule for approvals, one for its endpoint and one for promotion: the default bus admits 300 rules.
    """

    def __init__(self, name: str, args: DeliveryRulesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:DeliveryRules", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._on_approval()
        if args.served:
            rule = self._rule("asked", ANY_MODEL, requested_pattern(args.names.prefix))
            self._target(rule, "asked", ANY_MODEL, "deploy", args.functions["deploy"])
        for model in args.endpoints:
            rule = self._rule("endpoint", model, endpoint_state_pattern(args.names.endpoint_arn(model)))
            self._target(rule, "endpoint", model, "verify", args.functions["verify"])
        if args.previous is not None:
            self._on_approval_before(args.previous)
        if args.batches:
            self._on_schedule()
        self.register_outputs({})

    def _on_approval(self) -> None:
        args, following = self._args, self._args.following
        forward = self._forward_role(following) if following and args.announced else None
        announced = args.announced if following else ()
        for model in dict.fromkeys([*args.served, *announced]):
            rule = self._rule("approved", model, approval_pattern(args.names.model_package_group(model)))
            if model in args.served:
                self._target(rule, "approved", model, "deploy", args.functions["deploy"])
            if following is not None and model in announced:
                self._target(rule, "approved", model, "next-environment", following.event_bus_arn, role_arn=forward)

    def _on_approval_before(self, previous: Names) -> None:
        args = self._args
        bus = EventBus(f"{self._name}-bus", EventBusArgs(names=args.names, previous=previous), opts=self._child)
        for model in args.promoted:
            pattern = forwarded_pattern(previous.model_package_group(model), previous.account, previous.region)
            rule = self._rule("promote", model, pattern, bus=bus.bus_name)
            self._target(rule, "promote", model, "promote", args.functions["promote"], bus=bus.bus_name)

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
                    source_arn=f"arn:{names.partition}:events:{names.region}:{names.account}:rule/{names.prefix}-*",
                ),
                policies={FORWARD: policy(forward_statements(following))},
            ),
            opts=self._child,
        )
        return role.arn

    def _rule(
        self, purpose: str, model: str, pattern: Mapping[str, object], *, bus: pulumi.Output[str] | None = None
    ) -> aws.cloudwatch.EventRule:
        return aws.cloudwatch.EventRule(
            f"{self._name}-{model}-{purpose}",
            name=self._args.names.event_rule(purpose, model),
            description=_ABOUT[purpose].format(model=model),
            event_bus_name=bus,
            event_pattern=json.dumps(pattern, sort_keys=True),
            tags={"model": model},
            opts=self._child,
        )

    def _target(
        self,
        rule: aws.cloudwatch.EventRule,
        purpose: str,
        model: str,
        target: str,
        arn: pulumi.Input[str],
        *,
        bus: pulumi.Output[str] | None = None,
        role_arn: pulumi.Output[str] | None = None,
    ) -> None:
        aws.cloudwatch.EventTarget(
            f"{self._name}-{model}-{purpose}-{target}",
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
