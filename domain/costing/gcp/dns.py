"""Cloud DNS: zones by the month, and queries."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.usage import Usage


def zone(context: Context) -> Iterator[Usage]:
    """A managed zone."""
    yield context.hours("dns", "zone")


def records(context: Context) -> Iterator[Usage]:
    """What is asked of a set of records."""
    yield context.use("dns", "queries", "requests", context.quantities.requests)


COSTERS: dict[str, Coster] = {
    "gcp:dns/managedZone:ManagedZone": zone,
    "gcp:dns/recordSet:RecordSet": records,
}
