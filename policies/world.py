"""What a rule sees: the resources of a stack, what they cost, what is predicted for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from domain.catalog import Catalog, load_catalog
from domain.costing.kinds import usual_type
from domain.costing.plan import Plan, cost_graph
from domain.costing.quantities import StatedUsage
from domain.resources import Resource, ResourceGraph
from policies.fleets import Fleet, find_fleets


@dataclass(frozen=True)
class World:
    """One stack as the rules see it. What is costly to find out is found out once.

    ``prediction`` is the JSON of a prediction on this hardware, ``baseline`` that of the
    branch that it is compared with, ``differences`` their paired differences; each may be
    absent.
    """

    graph: ResourceGraph
    environment: str = ""
    """The stack's own name, whichever settings judge it: dev, staging, prod."""
    prediction: Mapping[str, Any] | None = None
    no_prediction: str = "there is no prediction; give --scenario"
    """Why there is none, where there is none."""
    baseline: Mapping[str, Any] | None = None
    differences: tuple[Mapping[str, Any], ...] = ()
    today: date = field(default_factory=date.today)
    catalog: Catalog = field(default_factory=load_catalog)
    usage: StatedUsage = field(default_factory=dict)
    """What a usage file states of a month."""

    def of_type(self, *types: str) -> Iterator[Resource]:
        """The managed resources of these types, whatever older providers called them."""
        for kind in types:
            yield from self._by_type.get(kind, ())

    @cached_property
    def types(self) -> frozenset[str]:
        """The types of resource that there are, by their present names."""
        return frozenset(self._by_type)

    @cached_property
    def plan(self) -> Plan:
        """What the stack costs in a month."""
        return cost_graph(self.graph, self.catalog, usage=self.usage)

    @cached_property
    def fleets(self) -> tuple[Fleet, ...]:
        """Who keeps which machines running."""
        return find_fleets(self.graph, self.catalog)

    def referred(self, resource: Resource, key: str, *types: str) -> Resource | None:
        """What an input refers to, if it is in the stack."""
        return self.graph.referred(resource, key, *types)

    def users(self, resource: Resource, *types: str) -> tuple[Resource, ...]:
        """The resources whose inputs refer to this one, of these types."""
        found = self._users.get(resource.urn, ())
        return tuple(each for each in found if not types or usual_type(each.type) in types)

    @cached_property
    def _by_type(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.graph.resources:
            if resource.custom and not resource.external and not resource.is_provider:
                found.setdefault(usual_type(resource.type), []).append(resource)
        return found

    @cached_property
    def _users(self) -> Mapping[str, list[Resource]]:
        found: dict[str, dict[str, Resource]] = {}
        for resource in self.graph.resources:
            for target in self._targets(resource):
                if target != resource.urn:
                    found.setdefault(target, {})[resource.urn] = resource
        return {target: list(users.values()) for target, users in found.items()}

    def _targets(self, resource: Resource) -> Iterator[str]:
        for targets in resource.property_dependencies.values():
            yield from targets
        for value in texts(resource.inputs):
            for target in self.graph.by_identity.get(value, ()):
                yield target.urn


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)
