"""What a preview means, as one value for pages and the JSON API alike."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pydantic import computed_field

from portal.costs.delta import cost_delta
from portal.costs.model import CostDelta, Standing, plain
from portal.costs.prices import PriceTable
from portal.events import PolicyViolation, ResourcePlanned
from portal.plan.dangers import Danger, dangers
from portal.plan.pipelines import PipelineDiff, pipeline_diffs
from portal.plan.resources import Planned, name_of, resources
from portal.plan.tree import Node, counts, tree

_LEVELS = {"mandatory": 0, "remediate": 1, "advisory": 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a policy has against a resource."""

    policy: str
    pack: str
    message: str
    urn: str
    name: str
    """The resource's logical name; empty for a finding about the stack."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """The findings of one level."""

    level: str
    """mandatory findings keep the update from running; advisory ones do not"""
    items: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanView:
    """A preview for people."""

    counts: Mapping[str, int]
    """Resources by operation, `same` included."""
    changed: int
    dangers: tuple[Danger, ...]
    pipelines: tuple[PipelineDiff, ...]
    findings: tuple[Findings, ...]
    cost: CostDelta
    tree: tuple[Node, ...]

    @computed_field  # type: ignore[prop-decorator]  # for the schema of the API; on a property, as pydantic has it
    @property
    def blocked(self) -> bool:
        """Whether a policy keeps the update from running."""
        return any(group.level == "mandatory" for group in self.findings)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def weakens_gate(self) -> bool:
        """Whether a model would have to pass less than before."""
        return any(change.weaker for diff in self.pipelines for change in diff.gate)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        document: dict[str, Any] = plain(self)
        return {**document, "blocked": self.blocked, "weakens_gate": self.weakens_gate}


def plan_view(
    planned: Iterable[ResourcePlanned],
    violations: Iterable[PolicyViolation] = (),
    *,
    prices: PriceTable,
    region: str,
) -> PlanView:
    """Return what a preview's events mean. `region` is the stack's, where a resource does not name its own."""
    found = resources(planned)
    return PlanView(
        counts=counts(found),
        changed=sum(each.changed for each in found),
        dangers=dangers(found),
        pipelines=pipeline_diffs(found),
        findings=_findings(violations),
        cost=_cost(found, prices, region),
        tree=tree(found),
    )


def _findings(violations: Iterable[PolicyViolation]) -> tuple[Findings, ...]:
    def place(one: PolicyViolation) -> tuple[int, str]:
        return _LEVELS.get(one.level, len(_LEVELS)), one.level

    ordered = sorted(set(violations), key=lambda one: (*place(one), one.policy, one.urn, one.message, one.sequence))
    return tuple(
        Findings(
            level=level,
            items=tuple(
                dict.fromkeys(
                    Finding(
                        policy=one.policy,
                        pack=one.pack,
                        message=one.message,
                        urn=one.urn,
                        name=name_of(one.urn) if one.urn else "",
                    )
                    for one in group
                )
            ),
        )
        for (_, level), group in groupby(ordered, key=place)
    )


def _cost(planned: Iterable[Planned], prices: PriceTable, region: str) -> CostDelta:
    before, after, changed = [], [], set()
    for each in planned:
        if each.existed:
            before.append(_standing(each, each.before))
        if each.remains:
            after.append(_standing(each, each.inputs))
        if each.changed:
            changed.add(each.urn)
    return cost_delta(before, after, prices, region, changed=frozenset(changed))


def _standing(one: Planned, inputs: Mapping[str, Any] | None) -> Standing:
    return Standing(urn=one.urn, name=one.name, type=one.type, inputs=inputs)
