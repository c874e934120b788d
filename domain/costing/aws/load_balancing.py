"""AWS load balancers: hours, and capacity units or data."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.aws.egress import egress
from domain.costing.context import Context, Coster
from domain.costing.values import text, truth
from domain.usage import LoadBalancer, Usage


def load_balancer(context: Context) -> Iterator[Usage]:
    """Application, network or gateway."""
    kind = text(context.get("loadBalancerType")) or "application"
    if kind != "gateway" and not truth(context.get("internal")):
        context.note("Public addresses that a load balancer brings by itself are not counted.")
    yield _balancer(context, kind)
    if kind != "gateway" and not truth(context.get("internal")):
        yield from egress(context)


def classic(context: Context) -> Iterator[Usage]:
    """The oldest kind, billed by data."""
    yield _balancer(context, "classic")
    if not truth(context.get("internal")):
        yield from egress(context)


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


def trust_store(context: Context) -> Iterator[Usage]:
    """Certificates that clients must show, by the hour."""
    yield context.hours("load_balancer", "trust_store.hour")


COSTERS: dict[str, Coster] = {
    "aws:lb/loadBalancer:LoadBalancer": load_balancer,
    "aws:lb/trustStore:TrustStore": trust_store,
    "aws:elb/loadBalancer:LoadBalancer": classic,
}
