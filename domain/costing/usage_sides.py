"""What a usage file states of one graph, entry by entry, and which of it holds in the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from domain.catalog import Catalog
from domain.costing.context import Context, Survey
from domain.costing.quantities import Stated
from domain.costing.usage_keys import UsageKey, usage_keys
from domain.errors import InputError
from domain.resources import Resource, ResourceGraph

REQUESTS = "requests"
"""The key that amounts of each request are multiplied with."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One amount of one resource, as one place of the file states it."""

    rank: tuple[int, int]
    key: str
    stated: Stated
    place: str
    needs_requests: str | None = None
    """Where it is the amount of each request: what to say if nobody states how many."""


@dataclass(slots=True)
class Settled:
    """What holds of one graph; of amounts of each request, which places had any to count."""

    amounts: dict[str, dict[str, Stated]] = field(default_factory=dict)
    counted: set[str] = field(default_factory=set)
    uncounted: dict[str, str] = field(default_factory=dict)


class Side:
    """One graph, and what was stated of its resources so far."""

    def __init__(self, graph: ResourceGraph, catalog: Catalog) -> None:
        self.graph = graph
        self.survey = Survey(graph, catalog)
        self._entries: dict[str, list[Entry]] = {}

    def context(self, resource: Resource) -> Context:
        """What a coster may ask of a resource."""
        return self.survey.context(resource)

    def keys(self, resource: Resource) -> tuple[UsageKey, ...]:
        """What may be stated of a resource."""
        return usage_keys(self.context(resource))

    def state(self, resource: Resource, entry: Entry) -> None:
        """One more thing that the file says of a resource."""
        self._entries.setdefault(resource.urn, []).append(entry)

    def settled(self) -> Settled:
        """The most specific of what was stated; of equals, the later."""
        found = Settled()
        for urn, every in self._entries.items():
            holds = {each.key: each for each in sorted(every, key=lambda each: each.rank)}
            amounts = found.amounts[urn] = {}
            requests = holds.get(REQUESTS)
            for key, entry in holds.items():
                if entry.needs_requests is None:
                    amounts[key] = entry.stated
                elif requests is None:
                    found.uncounted[entry.place] = entry.needs_requests
                else:
                    found.counted.add(entry.place)
                    all_together = entry.stated.amount * requests.stated.amount
                    amounts[key] = Stated(all_together, entry.stated.source)
        return found


def uncounted(sides: Sequence[Settled]) -> Iterator[InputError]:
    """What is stated of each request where on no side anybody says how many there are."""
    counted = {place for each in sides for place in each.counted}
    reasons = {place: why for each in sides for place, why in each.uncounted.items()}
    for place, why in reasons.items():
        if place not in counted:
            yield InputError(why, where=place)
