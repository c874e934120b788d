"""The catalog: every look-up either answers or says what was asked and what would be right."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase
from functools import cache

from domain.catalog.described import described_accelerator
from domain.catalog.facts import FAMILIES, REFERENCE_REGIONS, Facts, Row, day, number, spelling
from domain.catalog.prices import Prices
from domain.catalog.records import Accelerator, Machine, Offer, ServicePrice, Source, Tier
from domain.described import AcceleratorChoice, DescribedAccelerator
from domain.errors import CatalogError, near_misses

STALE_AFTER_DAYS = 90

# The buckets of the AWS Spot Instance Advisor; the last is open above.
_INTERRUPTION: dict[str, tuple[float, float | None]] = {
    "<5%": (0.0, 0.05),
    "5-10%": (0.05, 0.10),
    "10-15%": (0.10, 0.15),
    "15-20%": (0.15, 0.20),
    ">20%": (0.20, None),
}


@cache
def load_catalog() -> Catalog:
    """The catalog that ships with Windtunnel; tables are read when first needed."""
    return Catalog(Facts())


class Catalog:
    """Facts, a team's prices where it gave any, and accelerators that it described."""

    def __init__(
        self,
        facts: Facts,
        prices: Prices | None = None,
        described: Mapping[str, DescribedAccelerator] | None = None,
    ) -> None:
        self._facts = facts
        self._prices = prices
        self._described = dict(described or {})
        self._own = {name: described_accelerator(each) for name, each in self._described.items()}

    def with_prices(self, prices: Prices) -> Catalog:
        """The same facts at a team's own prices.

        Raises:
            CatalogError: the list prices a machine or a service item that does not exist.
        """
        for index, price in enumerate(prices.machines):
            if price.provider != "custom":
                try:
                    self.machine(price.provider, price.machine)
                except CatalogError as error:
                    raise error.at(f"prices.machines[{index}]") from None
        for index, discount in enumerate(prices.discounts):
            names = [machine.name for machine in self.machines(discount.provider)]
            if not any(fnmatchcase(name, discount.machines) for name in names):
                raise CatalogError(
                    f"no machine of {discount.provider} is called '{discount.machines}'"
                    f"{near_misses(discount.machines, names)}",
                    where=f"prices.discounts[{index}].machines",
                )
        for index, override in enumerate(prices.services):
            items = self.service_items(override.provider, override.service)
            if override.item not in items:
                raise CatalogError(
                    f"{override.provider} bills no '{override.item}' under "
                    f"'{override.service}'{near_misses(override.item, items)}",
                    where=f"prices.services[{index}]",
                )
        return Catalog(self._facts, prices, self._described)

    def with_accelerators(self, described: Iterable[DescribedAccelerator]) -> Catalog:
        """The same facts, and accelerators that somebody described.

        Raises:
            CatalogError: an id that the catalog has already, or that has two descriptions.
        """
        own = dict(self._described)
        for each in described:
            if (each.id, "") in self._facts.aliases or each.id in self._facts.accelerators:
                raise CatalogError(
                    f"'{each.id}' is an accelerator of the catalog; name it without describing it, "
                    "or give yours another id"
                )
            if own.setdefault(each.id, each) != each:
                raise CatalogError(
                    f"accelerator '{each.id}' has two descriptions that differ; "
                    "give one of them another id"
                )
        return Catalog(self._facts, self._prices, own)

    def resolved_accelerator(self, choice: AcceleratorChoice) -> Accelerator:
        """The accelerator that is named or described.

        Raises:
            CatalogError: no such accelerator, or a description of one that there is already.
        """
        if isinstance(choice, str):
            return self.accelerator(choice)
        return self.with_accelerators([choice]).accelerator(choice.id)

    @property
    def as_of(self) -> date:
        """The day of the newest observed price."""
        sources = self._facts.sources.values()
        return max(each.observed for each in sources if each.holds_prices and each.observed)

    @property
    def snapshot(self) -> str:
        """Names these facts, the team's prices and its own accelerators exactly."""
        own = f"+{self._prices.fingerprint}" if self._prices else ""
        if self._described:
            text = repr(sorted((name, each.model_dump()) for name, each in self._described.items()))
            own += f"+{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        return f"{self.as_of}+{self._facts.fingerprint}{own}"

    def staleness(self, today: date) -> str | None:
        """A sentence for the bill once the prices are more than 90 days old."""
        age = (today - self.as_of).days
        if age <= STALE_AFTER_DAYS:
            return None
        return f"the price snapshot of {self.as_of} is more than {STALE_AFTER_DAYS} days old"

    def source(self, key: str) -> Source | None:
        """Where facts with this source key come from; None for a team's own list."""
        return self._facts.sources.get(key)

    def accelerators(self) -> tuple[Accelerator, ...]:
        """Every accelerator."""
        return (*self._facts.accelerators.values(), *self._own.values())

    def accelerator(self, name: str, scope: str = "") -> Accelerator:
        """The accelerator of a canonical id or any known spelling.

        ``scope`` says whose spelling it is (``catalog:p4de.24xlarge``, ``collectives``), for
        the names that mean different chips to different sources.

        Raises:
            CatalogError: no such accelerator; names the nearest ones.
        """
        known, aliases = self._facts.accelerators, self._facts.aliases
        written = spelling(name)
        if written in self._own:
            return self._own[written]
        scoped = aliases.get((written, scope.lower())) if scope else None
        identity = scoped or (written if written in known else aliases.get((written, "")))
        if identity is None:
            spellings = {*known, *self._own, *(alias for alias, where in aliases if not where)}
            raise CatalogError(
                f"no accelerator '{name}' in the catalog{near_misses(written, spellings)}"
            )
        return known[identity]

    def machine(self, provider: str, name: str) -> Machine:
        """The shape of a machine type.

        Raises:
            CatalogError: the provider or the machine is not in the catalog.
        """
        machines = self._machines(provider)
        if name not in machines:
            elsewhere = [
                other for other in FAMILIES if other != provider and name in self._machines(other)
            ]
            hint = f"; {elsewhere[0]} has it" if elsewhere else near_misses(name, machines)
            raise CatalogError(f"no machine '{name}' at {provider}{hint}")
        return machines[name]

    def machines(self, provider: str | None = None) -> tuple[Machine, ...]:
        """Every machine type, of one provider or of all."""
        providers: Iterable[str] = FAMILIES if provider is None else (provider,)
        return tuple(machine for each in providers for machine in self._machines(each).values())

    def _machines(self, provider: str) -> dict[str, Machine]:
        self._known_provider(provider)
        return self._facts.machines(provider)

    def _known_provider(self, provider: str) -> None:
        if provider not in FAMILIES:
            raise CatalogError(
                f"no provider '{provider}' in the catalog, which has {', '.join(FAMILIES)}"
                f"{near_misses(provider, FAMILIES)}"
            )

    def regions(self, provider: str) -> tuple[str, ...]:
        """The regions in which the catalog knows an offer."""
        self._known_provider(provider)
        return tuple(sorted({region for region, _ in self._facts.offers(provider)}))

    def offer(self, provider: str, region: str, machine: str) -> Offer:
        """What a machine type costs in a region, at the team's prices where it has any.

        Raises:
            CatalogError: not offered there as far as is known; says where it is.
        """
        if provider in FAMILIES:
            self.machine(provider, machine)
            row = self._facts.offers(provider).get((region, machine))
            if row is not None:
                offer = self._offer(provider, row)
                return self._prices.applied_to(offer) if self._prices else offer
        known_place = provider == "custom" or region in self.regions(provider)
        if self._prices and (
            self._prices.negotiated(provider, region, machine)
            if known_place
            else self._prices.names(provider, region, machine)
        ):
            return self._prices.applied_to(_unobserved(provider, region, machine))
        if provider == "custom":
            raise CatalogError(
                f"machine '{machine}' of provider custom has no price; "
                "give one as 'price' of the machine, or under 'prices.on_premises'"
            )
        self._known_provider(provider)
        regions = self.regions(provider)
        if region not in regions:
            raise CatalogError(
                f"no region '{region}' at {provider} in the catalog"
                f"{near_misses(region, regions) or '; it has ' + ', '.join(regions)}"
            )
        there = [where for where, name in self._facts.offers(provider) if name == machine]
        raise CatalogError(
            f"{provider} has no {machine} in {region} as far as the catalog of {self.as_of} "
            f"knows; it has in {', '.join(sorted(there)) or 'no region that the catalog knows'}"
        )

    def offers(
        self,
        provider: str | None = None,
        region: str | None = None,
        machine: str | None = None,
        accelerator: str | None = None,
    ) -> tuple[Offer, ...]:
        """Every offer that matches all that is given."""
        wanted = self.accelerator(accelerator).id if accelerator else None
        found = []
        for each in FAMILIES if provider is None else (provider,):
            machines = self._machines(each)
            for (where, name), row in self._facts.offers(each).items():
                if (
                    region in (None, where)
                    and machine in (None, name)
                    and wanted in (None, machines[name].accelerator)
                ):
                    offer = self._offer(each, row)
                    found.append(self._prices.applied_to(offer) if self._prices else offer)
        return tuple(found)

    def _offer(self, provider: str, row: Row) -> Offer:
        on_demand = number(row["on_demand_usd_per_hour"])
        family = self._facts.machines(provider)[row["machine"]].family
        commitment = self._facts.commitments.get((provider, row["region"], family), {})
        one_year = number(commitment.get("percent_off_1y", ""))
        three_years = number(commitment.get("percent_off_3y", ""))
        return Offer(
            provider=provider,
            region=row["region"],
            machine=row["machine"],
            on_demand_usd_per_hour=on_demand,
            spot_usd_per_hour=number(row["spot_usd_per_hour"]),
            spot_low_usd_per_hour=number(row["spot_low_usd_per_hour"]),
            spot_high_usd_per_hour=number(row["spot_high_usd_per_hour"]),
            commit_1y_usd_per_hour=_less(on_demand, one_year),
            commit_3y_usd_per_hour=_less(on_demand, three_years),
            spot_interruption_per_month=_INTERRUPTION.get(row["spot_interruption"]),
            reason_unpriced=row["unpriced_reason"] or None,
            source=row["source"],
            as_of=day(row["as_of"]),
            spot_source=row["spot_source"] or None,
            spot_as_of=day(row["spot_as_of"]),
            commitment_source=commitment.get("source"),
            commitment_as_of=day(commitment.get("as_of", "")),
        )

    def service_items(self, provider: str, service: str) -> tuple[str, ...]:
        """The items that the catalog knows of a service."""
        self._known_provider(provider)
        return self._facts.service_items(provider).get(service, ())

    def services(self, provider: str) -> tuple[ServicePrice, ...]:
        """Every figure of every service, by the regions where it was observed."""
        self._known_provider(provider)
        found = (
            self.service(provider, service, item, region)
            for (service, item), regions in self._facts.services(provider).items()
            for region in regions
        )
        return tuple(price for price in found if price is not None)

    def service(self, provider: str, service: str, item: str, region: str) -> ServicePrice | None:
        """A price, limit or quota of a service, or None where nobody observed one.

        A region without a figure of its own gets the provider-wide one, else that of the
        provider's reference region, else of any region that has one: ``assumed_from`` of
        the answer then says which.
        """
        if provider not in FAMILIES:
            return None
        key = (service, item)
        regions = self._facts.services(provider).get(key)
        if regions is None:
            return None
        asked = (region, "*", REFERENCE_REGIONS[provider])
        where = next((each for each in asked if each in regions), min(regions))
        found = _service_price(provider, key, where, region, *regions[where])
        own = self._prices.service(provider, service, item, region) if self._prices else None
        if own is None or self._prices is None:
            return found
        return replace(
            found,
            region=region,
            tiers=(Tier(0.0, own),),
            source=self._prices.source,
            as_of=self._prices.as_of,
            note=None,
        )

    def product(self, provider: str, service: str, kind: str) -> str:
        """What ``provider`` sells as ``kind`` (``balanced`` disk: gp3, pd-balanced)."""
        return self._facts.product(provider, service, kind)


def _less(usd_per_hour: float | None, per_cent: float | None) -> float | None:
    if usd_per_hour is None or per_cent is None:
        return None
    return usd_per_hour * (1 - per_cent / 100)


def _unobserved(provider: str, region: str, machine: str) -> Offer:
    return Offer(
        provider=provider,
        region=region,
        machine=machine,
        on_demand_usd_per_hour=None,
        spot_usd_per_hour=None,
        spot_low_usd_per_hour=None,
        spot_high_usd_per_hour=None,
        commit_1y_usd_per_hour=None,
        commit_3y_usd_per_hour=None,
        spot_interruption_per_month=None,
        reason_unpriced=None,
        source="",
        as_of=None,
    )


def _service_price(
    provider: str,
    key: tuple[str, str],
    region: str,
    asked_region: str,
    tiers: list[Tier],
    row: Row,
) -> ServicePrice:
    return ServicePrice(
        provider=provider,
        service=key[0],
        item=key[1],
        region=region,
        asked_region=asked_region,
        tiers=tuple(tiers),
        unit=row["unit"],
        source=row["source"],
        as_of=day(row["as_of"]),
        note=row["note"] or None,
    )
