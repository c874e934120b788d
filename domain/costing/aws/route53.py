"""Amazon Route 53: zones and resolvers."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import is_list
from domain.usage import Usage


def zone(context: Context) -> Iterator[Usage]:
    """A hosted zone by the month."""
    yield context.hours("dns", "zone")


def resolver(context: Context) -> Iterator[Usage]:
    """Each address of a resolver's endpoint by the hour, and what it is asked."""
    addresses = context.get("ipAddresses")
    count = float(len(addresses)) if is_list(addresses) and addresses else None
    yield context.hours("dns", "resolver_address_hour", count)
    yield context.use("dns", "resolver_requests", "requests", context.quantities.requests)


COSTERS: dict[str, Coster] = {
    "aws:route53/zone:Zone": zone,
    "aws:route53/resolverEndpoint:ResolverEndpoint": resolver,
}
