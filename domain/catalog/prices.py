"""A team's own prices: what it negotiated, its discounts, its machines on premises.

They stand in a scenario under ``prices:`` or in a file of their own (``--prices FILE``) and
win over the catalog: a negotiated price over a discount, the first match over later ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Annotated

from pydantic import Field

from domain.catalog.records import Offer
from domain.environment import Market, Provider
from domain.frozen import Frozen
from domain.quantity import Usd, UsdPerHour

PercentOff = Annotated[float, Field(ge=0, le=100)]


class Discount(Frozen):
    """Per cent off the catalog's prices of the machines that match."""

    provider: Provider
    machines: str = "*"
    """A machine type, or a pattern like ``p5*``."""
    on_demand: PercentOff = 0.0
    spot: PercentOff = 0.0
    reserved: PercentOff = 0.0


class NegotiatedPrice(Frozen):
    """What the team pays for one machine type."""

    provider: Provider
    region: str = "*"
    """A region, or a pattern like ``us-*``."""
    machine: str
    market: Market = "on_demand"
    price: UsdPerHour


class OnPremises(Frozen):
    """What an hour of a machine of one's own costs."""

    price: UsdPerHour


class ServiceOverride(Frozen):
    """What the team pays for a service item, in the unit that the catalog bills it in."""

    provider: Provider
    service: str
    item: str
    region: str = "*"
    price: Usd


class Prices(Frozen):
    """A price list of one's own."""

    name: str = "own price list"
    as_of: date | None = None
    discounts: tuple[Discount, ...] = ()
    machines: tuple[NegotiatedPrice, ...] = ()
    on_premises: dict[str, OnPremises] = Field(default_factory=dict)
    """Machine or pool name → its price, for ``provider: custom``."""
    services: tuple[ServiceOverride, ...] = ()

    @property
    def source(self) -> str:
        """How bills call this list."""
        return f"prices: {self.name}"

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that change with any price."""
        return sha256(self.model_dump_json().encode()).hexdigest()[:8]

    def negotiated(self, provider: str, region: str, machine: str) -> dict[Market, float]:
        """The prices that the team negotiated for one machine in one region."""
        found: dict[Market, float] = {}
        for price in self.machines:
            if (
                price.provider == provider
                and price.machine == machine
                and fnmatchcase(region, price.region)
            ):
                found.setdefault(price.market, price.price)
        if provider == "custom" and machine in self.on_premises:
            found.setdefault("on_demand", self.on_premises[machine].price)
        return found

    def names(self, provider: str, region: str, machine: str) -> bool:
        """Whether the list prices the machine in a region that it names without a pattern."""
        wanted = (provider, region, machine)
        return any((each.provider, each.region, each.machine) == wanted for each in self.machines)

    def service(self, provider: str, service: str, item: str, region: str) -> float | None:
        """The team's price of a service item, if it has one."""
        for price in self.services:
            if (price.provider, price.service, price.item) == (
                provider,
                service,
                item,
            ) and fnmatchcase(region, price.region):
                return price.price
        return None

    def applied_to(self, offer: Offer) -> Offer:
        """The offer at the team's prices; what the list does not touch stays the catalog's."""
        own = dict(self._discounted(offer)) | self.negotiated(
            offer.provider, offer.region, offer.machine
        )
        if "on_demand" in own:
            offer = replace(
                offer,
                on_demand_usd_per_hour=own["on_demand"],
                reason_unpriced=None,
                source=self.source,
                as_of=self.as_of,
                # The catalog's other prices keep where they came from.
                spot_source=offer.origin("spot")[0],
                spot_as_of=offer.origin("spot")[1],
                commitment_source=offer.origin("reserved")[0],
                commitment_as_of=offer.origin("reserved")[1],
            )
        if "spot" in own:
            offer = replace(
                offer,
                spot_usd_per_hour=own["spot"],
                spot_low_usd_per_hour=None,
                spot_high_usd_per_hour=None,
                spot_source=self.source,
                spot_as_of=self.as_of,
            )
        if "reserved" in own:
            offer = replace(
                offer,
                commit_1y_usd_per_hour=own["reserved"],
                commitment_source=self.source,
                commitment_as_of=self.as_of,
            )
        return offer

    def _discounted(self, offer: Offer) -> Iterator[tuple[Market, float]]:
        matches = (
            discount
            for discount in self.discounts
            if discount.provider == offer.provider and fnmatchcase(offer.machine, discount.machines)
        )
        discount = next(matches, None)
        if discount is None:
            return
        per_cent: dict[Market, float] = {
            "on_demand": discount.on_demand,
            "spot": discount.spot,
            "reserved": discount.reserved,
        }
        for market, off in per_cent.items():
            listed = offer.usd_per_hour(market)
            if off and listed is not None:
                yield market, listed * (1 - off / 100)
