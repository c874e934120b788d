"""AWS load balancers: hours, and capacity units or data."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import text
from domain.usage import LoadBalancer, Usage


def load_balancer(context: Context) -> Iterator[Usage]:
    """Application, network or gateway."""
    yield _balancer(context, text(context.get("loadBalancerType")) or "application")


def classic(context: Context) -> Iterator[Usage]:
    """The oldest kind, billed by data."""
    yield _balancer(context, "classic")


def _balancer(context: Context, kind: str) -> LoadBalancer:
    units = context.quantities.capacity_unit_hours
    return LoadBalancer(
        resource=context.resource.urn,
        provider=context.provider,
        region=context.region,
        kind=kind,
        seconds=context.seconds,
        bytes=context.quantities.processed_bytes,
        capacity_unit_seconds=None if units is None else units * 3600,
    )


COSTERS: dict[str, Coster] = {
    "aws:lb/loadBalancer:LoadBalancer": load_balancer,
    "aws:elb/loadBalancer:LoadBalancer": classic,
}
