"""Bring a recorded stack up in the embedded AWS, change it and destroy it, in orders that the engine may choose.

The engine starts what has all its dependencies, side by side, and in no order beyond that. A seed chooses one such
order, so that every seed tries another; going is the reverse of coming.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import pulumi

from local.aws.stack_calls import Resource
from local.aws.stack_kinds import Kind, kind_of
from local.aws.stack_resources import Account, clear
from local.computed_properties import computed
from local.recorder import Graph, Registration


class ProtectedError(Exception):
    """The stack holds protected resources; the message lists them. Nothing has happened."""


@dataclass(frozen=True, slots=True)
class _There:
    registration: Registration
    kind: Kind
    resource: Resource


class StackRun:
    """One stack: its graph, its account, and what of it is there."""

    def __init__(self, account: Account, graph: Graph, *, seed: int) -> None:
        self.account = account
        self._graph = graph
        self._random = random.Random(seed)  # noqa: S311  # repeatable, not secret
        self._unprotected = False
        self._there: dict[str, _There] = {}
        self._given: dict[str, str] = {}
        """What AWS chose, by what the recorded graph has in its place: ids of keys, ARNs of layers."""

    @property
    def left(self) -> list[str]:
        """Type and logical name of each resource in the stack's state."""
        return [_name(there.registration) for there in self._there.values()]

    def up(self, graph: Graph | None = None) -> None:
        """Create what is not there, and change what has other inputs now; `graph` is what the program says now."""
        self._graph = graph or self._graph
        for registration in self.order():
            kind = kind_of(registration.short_type) if registration.custom else None
            if kind is None:
                continue
            inputs = self._resolved(clear(registration.inputs))
            there = self._there.get(registration.urn)
            outputs = dict(there.resource.outputs) if there else self._create(registration, kind, inputs)
            if there is not None and there.resource.inputs != inputs:
                if kind.update is None:
                    raise NotImplementedError(f"{_name(registration)} changed, and stack_kinds.py has no update for it")
                outputs |= kind.update(self.account, inputs) or {}
            self._there[registration.urn] = _There(registration, kind, Resource(inputs=inputs, outputs=outputs))

    def unprotect(self) -> None:
        """Take protection out of the state, as `pulumi state unprotect --all` does; what is retained stays so."""
        self._unprotected = True

    def destroy(self) -> None:
        """Delete all, last come first. What a call refuses stays in the state, with all that it needs.

        Raises `ProtectedError` before anything happens, and whatever a deletion raises.
        """
        kept = [_name(there.registration) for there in self._there.values() if there.registration.protect]
        if kept and not self._unprotected:
            raise ProtectedError(f"{len(kept)} resources are protected: {', '.join(sorted(kept))}")
        for urn, there in reversed(list(self._there.items())):
            if not there.registration.retain_on_delete:
                there.kind.delete(self.account, there.resource)
            del self._there[urn]

    def _create(self, registration: Registration, kind: Kind, inputs: Mapping[str, Any]) -> dict[str, Any]:
        outputs = dict(kind.create(self.account, inputs) or {})
        _, recorded = computed(
            registration.type,
            registration.name,
            dict(registration.inputs),
            account=self.account.number,
            region=self.account.region,
        )
        self._given |= {str(recorded[name]): str(value) for name, value in outputs.items() if name in recorded}
        return outputs

    def _resolved(self, value: Any) -> Any:  # JSON
        """Return inputs with what AWS gave, as the engine resolves outputs."""
        if isinstance(value, Mapping):
            return {key: self._resolved(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._resolved(item) for item in value]
        if isinstance(value, str):
            for recorded, given in self._given.items():
                value = value.replace(recorded, given)
        # An archive is another object at each run of the program; its hash stands in an input of its own.
        return type(value).__name__ if isinstance(value, pulumi.Asset | pulumi.Archive) else value

    def order(self) -> Iterator[Registration]:
        """Yield the registrations in an order that the engine may take; each call goes on with the seed's choices."""
        known = self._graph.by_urn()
        sorter = TopologicalSorter(
            {urn: {d for d in _needs(registration) if d in known} for urn, registration in known.items()}
        )
        sorter.prepare()
        waiting: list[str] = []
        while sorter.is_active():
            waiting += sorter.get_ready()
            urn = waiting.pop(self._random.randrange(len(waiting)))
            yield known[urn]
            sorter.done(urn)


def _needs(registration: Registration) -> set[str]:
    by_property = {urn for urns in registration.property_dependencies.values() for urn in urns}
    return {registration.parent, *registration.dependencies, *by_property}


def _name(registration: Registration) -> str:
    return f"{registration.short_type} {registration.name}"
