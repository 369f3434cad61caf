"""Adapter: the rules as policies of the engine, through pulumi-policy."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyResource,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
    proxy,
)
from pulumi_policy.deserialize import serialize_properties

from policy.judge import excuse_of, judge_one
from policy.model import Checked, Finding, Rule, Stack, Surroundings, Unjudged, split_unknown
from policy.registry import RULES
from policy.suppressions import Suppression, expired

SETTINGS = "mlops:settings"
NOT_YET = "not-judged-yet"
NAMES_SHOWN = 5
_UNKNOWN = frozenset(value for name, value in vars(proxy).items() if name.startswith("UNKNOWN_"))
"""One mark per kind of value: text, number, list and so on."""

Report = Callable[..., None]


class Policies:
    """The policies of one operation. They share what could not be judged, so that it is said once and not per resource.

    A value that is unknown at preview is known when the resource is created, and the same rule judges it then.
    """

    def __init__(
        self, surroundings: Surroundings, suppressions: Sequence[Suppression], rules: Sequence[Rule] = RULES
    ) -> None:
        self._surroundings, self._suppressions, self._rules = surroundings, tuple(suppressions), tuple(rules)
        self._unjudged: list[Unjudged] = []

    def all(self) -> list[Policy]:
        """Return a policy for each rule, one for the exceptions, and one that says what was not judged."""
        of_rules = [self._stack_policy(rule) if rule.needs_stack else self._policy(rule) for rule in self._rules]
        exceptions = StackValidationPolicy(
            name="suppressions", description="No exception outlives its date.", validate=self._check_suppressions
        )
        notes = StackValidationPolicy(
            name=NOT_YET,
            description="What these rules read is known during the update only; they judge it then.",
            validate=self._say_unjudged,
            enforcement_level=EnforcementLevel.ADVISORY,
        )
        return [*of_rules, exceptions, notes]  # the notes last: the engine runs them in this order

    def _policy(self, rule: Rule) -> Policy:
        def validate(args: ResourceValidationArgs, report: Report) -> None:
            resource = of_resource(args)
            for finding in self._judge(rule, resource, Stack(self._surroundings, (resource,))):
                report(_said(finding))

        return ResourceValidationPolicy(name=rule.id, description=_about(rule), validate=validate)

    def _stack_policy(self, rule: Rule) -> Policy:
        def validate(args: StackValidationArgs, report: Report) -> None:
            stack = Stack(self._surroundings, tuple(of_stack_resource(one) for one in args.resources))
            for resource in stack.resources:
                for finding in self._judge(rule, resource, stack):
                    report(_said(finding), finding.urn)

        return StackValidationPolicy(name=rule.id, description=_about(rule), validate=validate)

    def _judge(self, rule: Rule, resource: Checked, stack: Stack) -> list[Finding]:
        found = []
        for item in judge_one(rule, resource, stack):
            if isinstance(item, Unjudged):
                self._unjudged.append(item)
            elif excuse_of(item, self._suppressions, self._surroundings) is None:
                found.append(item)
        return found

    def _check_suppressions(self, _: StackValidationArgs, report: Report) -> None:
        for finding in expired(self._suppressions, self._surroundings.today):
            report(_said(finding))

    def _say_unjudged(self, _: StackValidationArgs, report: Report) -> None:
        for rule in self._rules:
            names = sorted({one.resource for one in self._unjudged if one.rule == rule.id})
            if names:
                more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
                report(f"{rule.id}: {', '.join(names[:NAMES_SHOWN])}{more}")


def surroundings_of(config: dict[str, str], today: Any) -> Surroundings:
    """Read the stack's settings from the config that the engine hands over. Raises ValueError where there are none."""
    if SETTINGS not in config:
        raise ValueError(f"the stack has no {SETTINGS}: these policies are for stacks of this project")
    return Surroundings.of(json.loads(config[SETTINGS]), today)


def of_resource(args: ResourceValidationArgs) -> Checked:
    """Return what the rules see of a resource that is about to be created or updated."""
    inputs, unknown = _known(args.props)
    return Checked(
        type=args.resource_type,
        name=args.name,
        urn=args.urn,
        inputs=inputs,
        unknown=unknown,
        protect=args.opts.protect,
        provider=args.provider.name if args.provider else "",
    )


def of_stack_resource(resource: PolicyResource) -> Checked:
    """Return what the rules see of a resource once all are registered: its outputs, which hold its inputs."""
    inputs, unknown = _known(resource.props)
    return Checked(
        type=resource.resource_type,
        name=resource.name,
        urn=resource.urn,
        inputs=inputs,
        unknown=unknown,
        protect=resource.opts.protect,
        provider=resource.provider.name if resource.provider else "",
        depends={key: frozenset(one.urn for one in on) for key, on in resource.property_dependencies.items()},
    )


def _known(props: Any) -> tuple[dict[str, Any], frozenset[str]]:
    # Reading an unknown value through pulumi-policy's proxy ends the policy for the whole resource, so the plain
    # values are taken, and the marks of unknown ones found here.
    known, unknown = split_unknown(
        serialize_properties(props), lambda value: isinstance(value, str) and value in _UNKNOWN
    )
    return known, frozenset(unknown)


def _about(rule: Rule) -> str:
    return f"No {rule.forbids}. {rule.why}"


def _said(finding: Finding) -> str:
    return f"{finding.resource}: {finding.message}. Fix: {finding.fix}."
