"""How much of a resource is used in a month, as somebody outside of the stack states it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.resources import Resource, ResourceGraph

COMPONENT_PREFIX = "windtunnel:"


@dataclass(frozen=True, slots=True)
class Quantities:
    """What one resource is used for in a month of 730 hours; None is not known.

    ``source`` says who states it: a usage file, the simulation of a scenario.
    """

    source: str = ""
    stored_bytes: float | None = None
    read_requests: float | None = None
    write_requests: float | None = None
    retrieved_bytes: float | None = None
    processed_bytes: float | None = None
    """Through a gateway, an endpoint or a load balancer."""
    capacity_unit_hours: float | None = None
    ingested_bytes: float | None = None
    """Into a log, a stream or a metric."""
    scanned_bytes: float | None = None
    """By queries."""
    requests: float | None = None
    """Calls, events or messages, where there is one kind of them."""


UNKNOWN_QUANTITIES = Quantities()


def owner_of(resource: Resource, graph: ResourceGraph) -> str | None:
    """The name of the nearest component of ours around a resource: a pool, a bucket."""
    for ancestor in graph.ancestors(resource):
        if ancestor.type.startswith(COMPONENT_PREFIX):
            return ancestor.name
    return None


def quantities_of(
    resource: Resource, graph: ResourceGraph, stated: Mapping[str, Quantities]
) -> Quantities:
    """What is stated for a resource, by its URN, else by the component that owns it."""
    found = stated.get(resource.urn)
    if found is None and stated:
        found = stated.get(owner_of(resource, graph) or "")
    return found or UNKNOWN_QUANTITIES
