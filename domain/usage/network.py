"""What moves bytes: egress, address translation, load balancers, private endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.catalog import Catalog
from domain.usage.charge import Charge, charge

_CONTINENTS = {"northamerica": "us"}


def _continent(region: str) -> str:
    prefix = region.split("-")[0]
    return _CONTINENTS.get(prefix, prefix)


@dataclass(frozen=True, slots=True)
class Egress:
    """Bytes that leave ``region``: to the ``internet``, to another ``zone``, to a region."""

    resource: str
    provider: str
    region: str
    bytes: float | None
    to: str = "internet"
    period_seconds: float = 0.0

    def charges(self, catalog: Catalog) -> Iterator[Charge]:
        """The bytes at the price of their destination; within a region nothing."""
        if self.to == self.region:
            return
        at = (self.resource, self.provider, self.region, "data_transfer")
        items = catalog.service_items(self.provider, "data_transfer")
        item = f"inter_region:{self.to}"
        if self.to in ("internet", "zone"):
            item = "internet" if self.to == "internet" else "inter_zone"
        elif item not in items or self._price_region(catalog, item) != self.region:
            apart = _continent(self.to) != _continent(self.region)
            item = "inter_continent" if apart and "inter_continent" in items else "inter_region"
        yield charge(
            at,
            f"data transfer to {self.to}",
            item,
            "bytes",
            self.bytes,
            period_seconds=self.period_seconds,
        )

    def _price_region(self, catalog: Catalog, item: str) -> str | None:
        found = catalog.service(self.provider, "data_transfer", item, self.region)
        return found.region if found else None


@dataclass(frozen=True, slots=True)
class NatGateway:
    """Address translation; some providers bill the gateway, some the machines behind it."""

    resource: str
    provider: str
    region: str
    seconds: float
    bytes: float | None
    gateways: float = 1
    machines: float | None = None

    def charges(self, catalog: Catalog) -> Iterator[Charge]:
        """Hours and data."""
        at = (self.resource, self.provider, self.region, "nat_gateway")
        if "vm_hour" in catalog.service_items(self.provider, "nat_gateway"):
            most = catalog.service(self.provider, "nat_gateway", "billed_vms", self.region)
            behind = self.machines
            if behind is not None and most is not None:
                behind = min(behind, most.value)
            hours = None if behind is None else behind * self.seconds
            yield charge(at, "NAT, machines behind it", "vm_hour", "seconds", hours)
        else:
            yield charge(at, "NAT gateway", "hour", "seconds", self.gateways * self.seconds)
        yield charge(at, "NAT, data", "data", "bytes", self.bytes)


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A load balancer: ``kind`` is application or network, or a product.

    ``capacity_unit_seconds`` counts only where the provider bills capacity units.
    """

    resource: str
    provider: str
    region: str
    kind: str
    seconds: float
    bytes: float | None
    capacity_unit_seconds: float | None = None

    def charges(self, catalog: Catalog) -> Iterator[Charge]:
        """Hours, and data or capacity units."""
        product = catalog.product(self.provider, "load_balancer", self.kind)
        at = (self.resource, self.provider, self.region, "load_balancer")
        items = catalog.service_items(self.provider, "load_balancer")
        name = f"load balancer, {product.replace('_', ' ')}"
        yield charge(at, name, f"{product}.hour", "seconds", self.seconds)
        if f"{product}.capacity_unit" in items:
            yield charge(
                at,
                f"{name}, capacity units",
                f"{product}.capacity_unit",
                "seconds",
                self.capacity_unit_seconds,
            )
        else:
            yield charge(at, f"{name}, data", f"{product}.data", "bytes", self.bytes)


@dataclass(frozen=True, slots=True)
class InterfaceEndpoint:
    """A private endpoint with an address in each zone. Gateway endpoints cost nothing."""

    resource: str
    provider: str
    region: str
    seconds: float
    bytes: float | None
    zones: float = 1
    period_seconds: float = 0.0

    def charges(self, catalog: Catalog) -> Iterator[Charge]:
        """Hours in each zone, and data."""
        at = (self.resource, self.provider, self.region, "interface_endpoint")
        yield charge(at, "endpoint", "hour", "seconds", self.zones * self.seconds)
        yield charge(
            at, "endpoint, data", "data", "bytes", self.bytes, period_seconds=self.period_seconds
        )
