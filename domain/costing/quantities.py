"""How much of a resource is used in a month, as somebody outside of the stack states it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from domain.materials import MONTH_SECONDS
from domain.resources import Resource, ResourceGraph
from domain.usage import Measure

COMPONENT_PREFIX = "windtunnel:"
# The resources that what is stated of a whole component is about.
_MEANT = (
    "aws:s3/bucket:Bucket",
    "gcp:storage/bucket:Bucket",
    "aws:ec2/natGateway:NatGateway",
    "gcp:compute/routerNat:RouterNat",
    "aws:lb/loadBalancer:LoadBalancer",
    "gcp:compute/forwardingRule:ForwardingRule",
)


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
    duration_seconds: float | None = None
    """For which it runs, all calls together."""

    def shared(self, among: int) -> Quantities:
        """The part of each, where several resources do it together."""
        if among <= 1:
            return self
        amounts: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        parts: dict[str, Any] = {
            name: amount / among for name, amount in amounts.items() if isinstance(amount, float)
        }
        return replace(self, **parts)


UNKNOWN_QUANTITIES = Quantities()


@dataclass(frozen=True, slots=True)
class Stated:
    """One amount of a month that a usage file states, in the measure of its lines, and where."""

    amount: float
    source: str


StatedUsage = Mapping[str, Mapping[str, Stated]]
"""URN → key of its usage → what is stated."""


@dataclass(frozen=True, slots=True)
class CommonKey:
    """A quantity that many services share: ``stored`` is ``Quantities.stored_bytes``.

    ``per`` is what one of the field is in the measure: a byte that is kept for a month.
    """

    name: str
    field: str
    measure: Measure
    per: float = 1.0


def _common_key(field: str) -> CommonKey:
    if field == "stored_bytes":
        return CommonKey("stored", field, "byte_seconds", MONTH_SECONDS)
    if field.endswith("_bytes"):
        return CommonKey(field.removesuffix("_bytes"), field, "bytes")
    if field.endswith("_unit_hours"):
        return CommonKey(f"{field.removesuffix('_hours')}s", field, "seconds", 3600.0)
    if field.endswith("_hours"):
        return CommonKey(field.removesuffix("_hours"), field, "seconds", 3600.0)
    if field.endswith("_seconds"):
        return CommonKey(field.removesuffix("_seconds"), field, "seconds")
    return CommonKey(field, field, "requests")


COMMON_KEYS: Mapping[str, CommonKey] = {
    key.name: key
    for key in (_common_key(each.name) for each in fields(Quantities) if each.name != "source")
}
"""By the name that people write."""


def overlaid(known: Quantities, stated: Mapping[str, Stated]) -> Quantities:
    """What is known, with what is stated under common keys in its place."""
    amounts: dict[str, Any] = {
        COMMON_KEYS[name].field: each.amount / COMMON_KEYS[name].per
        for name, each in stated.items()
        if name in COMMON_KEYS
    }
    return replace(known, **amounts) if amounts else known


def owner_of(resource: Resource, graph: ResourceGraph) -> str | None:
    """The name of the nearest component of ours around a resource: a pool, a bucket."""
    for ancestor in graph.ancestors(resource):
        if ancestor.type.startswith(COMPONENT_PREFIX):
            return ancestor.name
    return None


def quantities_of(
    resource: Resource, graph: ResourceGraph, stated: Mapping[str, Quantities]
) -> Quantities:
    """What is stated for a resource, by its URN, else by the component that owns it.

    What is stated of a component is meant for its bucket, its gateways or its load balancer,
    and gateways share it.
    """
    found = stated.get(resource.urn)
    if found is not None or not stated or resource.type not in _MEANT:
        return found or UNKNOWN_QUANTITIES
    owner = owner_of(resource, graph)
    whole = stated.get(owner or "")
    if whole is None:
        return UNKNOWN_QUANTITIES
    sharing = sum(owner_of(other, graph) == owner for other in graph.of_type(resource.type))
    return whole.shared(sharing)
