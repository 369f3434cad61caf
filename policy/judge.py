"""Judge resources by the rules, with what is excused taken out and what cannot be judged yet noted."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from policy.model import Checked, Finding, Rule, Stack, Surroundings, Unjudged, UnknownValueError
from policy.registry import RULES
from policy.suppressions import Suppression, expired


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The verdict on one stack."""

    findings: tuple[Finding, ...]
    """Broken rules; each blocks."""
    excused: tuple[tuple[Finding, Suppression], ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
    """What the update will judge, because a value is not known before."""


def judge(
    resources: Iterable[Checked],
    surroundings: Surroundings,
    suppressions: Sequence[Suppression] = (),
    rules: Sequence[Rule] = RULES,
) -> Report:
    """Judge every resource by every rule. A suppression that has expired excuses nothing and is itself a finding."""
    stack = Stack(surroundings, tuple(resources))
    found: list[Finding] = []
    excused: list[tuple[Finding, Suppression]] = []
    unjudged: list[Unjudged] = []
    for rule in rules:
        for resource in stack.resources:
            for item in judge_one(rule, resource, stack):
                if isinstance(item, Unjudged):
                    unjudged.append(item)
                elif excuse := excuse_of(item, suppressions, surroundings):
                    excused.append((item, excuse))
                else:
                    found.append(item)
    found += expired(suppressions, surroundings.today)
    return Report(findings=tuple(found), excused=tuple(excused), unjudged=tuple(unjudged))


def judge_one(rule: Rule, resource: Checked, stack: Stack) -> Iterator[Finding | Unjudged]:
    """Judge one resource by one rule; what was found before an unknown value was met stays found."""
    if not rule.applies(resource):
        return
    try:
        for message in rule.check(resource, stack):
            yield Finding(rule=rule.id, resource=resource.name, urn=resource.urn, message=message, fix=rule.fix)
    except UnknownValueError as error:
        yield Unjudged(rule=rule.id, resource=resource.name, path=error.path)


def excuse_of(finding: Finding, suppressions: Sequence[Suppression], around: Surroundings) -> Suppression | None:
    """Return the suppression that is in force for a finding."""
    in_force = (one for one in suppressions if one.expires >= around.today)
    return next((one for one in in_force if one.covers(finding)), None)
