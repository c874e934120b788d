"""The atom of a service bill: an amount of one measure against one item of the price catalog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.catalog import Catalog
from domain.catalog.units import Measure


@dataclass(frozen=True, slots=True)
class Charge:
    """An amount to be billed under one catalog item.

    ``period_seconds`` is the time over which it came about: graduated prices start anew
    every month. A charge with a ``gap`` cannot be billed, and that is why.
    """

    resource: str
    component: str
    provider: str
    region: str
    service: str
    item: str
    measure: Measure
    amount: float | None
    period_seconds: float = 0.0
    gap: str | None = None

    def charges(self, catalog: Catalog) -> Iterator[Charge]:
        """Itself: usage that is broken down already."""
        yield self


@dataclass(frozen=True, slots=True)
class ServiceUse:
    """An amount of any item of the price catalog, for what has no record of its own."""

    resource: str
    provider: str
    region: str
    service: str
    item: str
    measure: Measure
    amount: float | None
    period_seconds: float = 0.0
    name: str | None = None
    """What bills call it, where the name of its item does not read well."""

    def charges(self, catalog: Catalog) -> Iterator[Charge]:
        """The amount as it is."""
        yield Charge(
            self.resource,
            self.name or f"{self.service}, {self.item}".replace("_", " ").replace(".", " "),
            self.provider,
            self.region,
            self.service,
            self.item,
            self.measure,
            self.amount,
            self.period_seconds,
        )


@dataclass(frozen=True, slots=True)
class Unpriceable:
    """Something that is billed, but for ``reason`` nobody can say how much."""

    resource: str
    component: str
    reason: str

    def charges(self, catalog: Catalog) -> Iterator[Charge]:
        """Nothing but the gap."""
        yield Charge(
            self.resource, self.component, "", "", "", "", "seconds", None, gap=self.reason
        )


def bands(
    catalog: Catalog, provider: str, service: str, item: str, quantity: float
) -> Iterator[tuple[str, str, float]]:
    """The parts of a quantity that are priced apart, however many resources there are.

    ``io2.iops`` is the price of one volume up to 32,000 if the catalog has
    ``io2.iops.above_32000`` too. Tiers of one item, in contrast, are filled by all resources
    together.

    Yields:
        The item, what of a name tells it from the others, and the part in it.
    """
    prefix = f"{item}.above_"
    names = catalog.service_items(provider, service)
    starts = sorted(int(name.removeprefix(prefix)) for name in names if name.startswith(prefix))
    ends = [*starts, float("inf")]
    yield item, "", min(quantity, ends[0])
    for start, end in zip(starts, ends[1:], strict=True):
        if quantity > start:
            yield f"{prefix}{start}", f" above {start:,}", min(quantity, end) - start


def charge(
    at: tuple[str, str, str, str],
    component: str,
    item: str,
    measure: Measure,
    amount: float | None,
    *,
    period_seconds: float = 0.0,
    gap: str | None = None,
) -> Charge:
    """The charge of one item of a service; ``at`` is resource, provider, region, service."""
    resource, provider, region, service = at
    return Charge(
        resource,
        component,
        provider,
        region,
        service,
        item,
        measure,
        amount,
        period_seconds,
        gap,
    )
