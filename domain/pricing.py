"""Prices usage into a bill.

Machines are billed by the second with the provider's minimum for each node; a started
second counts whole. Storage is prorated over a month of 730 hours, requests are counted,
graduated prices are filled by the usage of all resources together and start anew every
month. Reserved machines are billed at the committed rate for the time they were used: what
a commitment costs while nothing runs is not in here. Free tiers are not applied, and discounts
for sustained use only to whole months that a node ran, so that a bill is never too low for
their sake.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Context, Decimal, localcontext
from math import ceil, isfinite

from domain.bill import Bill, Gap, LineItem, merge, to_micro_dollars
from domain.catalog import Catalog, ServicePrice, Tier
from domain.catalog.units import BILLING_UNITS
from domain.errors import CatalogError
from domain.usage import (
    Charge,
    DiskUsage,
    Egress,
    FileSystem,
    InterfaceEndpoint,
    LoadBalancer,
    MachineHours,
    NatGateway,
    ObjectStorage,
    ServiceUse,
    Usage,
)

__all__ = [
    "BILLING_UNITS",
    "Bill",
    "DiskUsage",
    "Egress",
    "FileSystem",
    "Gap",
    "InterfaceEndpoint",
    "LineItem",
    "LoadBalancer",
    "MachineHours",
    "NatGateway",
    "ObjectStorage",
    "ServiceUse",
    "Usage",
    "merge",
    "price",
]

_HOUR = Decimal(3600)
_MONTH = 730 * _HOUR
# Sums of floats as decimals stay exact, so that the order of usage cannot show in a cent.
_EXACT = Context(prec=60)
_SHOWN = Context(prec=28)
# A line beyond this is a slip of the keyboard; it would drown every other.
_MOST_USD = 1e15


def price(usages: Sequence[Usage], catalog: Catalog, *, today: date | None = None) -> Bill:
    """The bill of ``usages`` at the catalog's prices.

    What has no price or no known quantity becomes a gap with its reason; nothing raises.

    Args:
        usages: what was used, in any order; the total does not depend on it.
        catalog: prices, a team's own where it gave any.
        today: the day to judge the age of the prices by, if they are to be judged.
    """
    with localcontext(_EXACT):
        lines: list[LineItem] = []
        gaps: list[Gap] = []
        charges: list[Charge] = []
        for usage in usages:
            if isinstance(usage, MachineHours):
                entry = _machine_line(usage, catalog)
                if isinstance(entry, LineItem):
                    lines.append(entry)
                elif entry is not None:
                    gaps.append(entry)
            else:
                try:
                    charges += usage.charges(catalog)
                except CatalogError as error:
                    gaps.append(Gap(usage.resource, type(usage).__name__, str(error)))
        for found in _price_charges(charges, catalog):
            if isinstance(found, LineItem):
                lines.append(found)
            else:
                gaps.append(found)
    bill = Bill(tuple(lines), tuple(gaps))
    stale = catalog.staleness(today) if today and bill.price_dates else None
    return replace(bill, notes=(stale,)) if stale else bill


def billed_seconds(lifetime_seconds: float, minimum_seconds: float) -> int:
    """Whole seconds that a node is billed for: none if it never ran, else at least the minimum."""
    if lifetime_seconds <= 0:
        return 0
    # A microsecond of rounding error in the simulated clock does not start a new second.
    return max(ceil(lifetime_seconds - 1e-6), ceil(minimum_seconds))


def _machine_line(usage: MachineHours, catalog: Catalog) -> LineItem | Gap | None:
    minimum = catalog.service(usage.provider, "billing", "minimum", usage.region)
    shortest = minimum.value if minimum else 0.0
    seconds = Decimal(sum(billed_seconds(each, shortest) for each in usage.node_seconds))
    if not seconds:
        return None
    component = f"{usage.machine}, {usage.market.replace('_', '-')}"
    source, as_of, chips = "scenario", None, 0
    off = Decimal(0)
    rate = usage.usd_per_hour
    if rate is None:
        try:
            offer = catalog.offer(usage.provider, usage.region, usage.machine)
        except CatalogError as error:
            return Gap(usage.resource, component, str(error))
        rate = offer.usd_per_hour(usage.market)
        if rate is None:
            return Gap(usage.resource, component, offer.why_unpriced(usage.market))
        source, as_of = offer.origin(usage.market)
        if usage.provider != "custom":
            machine = catalog.machine(usage.provider, usage.machine)
            chips = machine.accelerator_count if machine.is_tpu else 0
        if catalog.source(source.split("|")[0]) is not None:
            off = _sustained(usage, catalog, shortest) / seconds
    hourly = Decimal(str(rate)) * (1 - off)
    hours = seconds / _HOUR
    return LineItem(
        resource=usage.resource,
        component=component,
        quantity=hours * (chips or 1),
        unit="chip-hour" if chips else "hour",
        unit_price_usd=hourly / (chips or 1),
        amount_usd=to_micro_dollars(seconds * hourly / _HOUR),
        source=source,
        as_of=as_of,
        note=f"Less {float(100 * off):.3g} % for months of sustained use." if off else None,
    )


def _sustained(usage: MachineHours, catalog: Catalog, shortest: float) -> Decimal:
    """The seconds that nobody pays for: a share of each whole month that a node ran."""
    family = usage.machine.split("-")[0]
    share = catalog.service(usage.provider, "sustained_use", family, usage.region)
    if share is None or usage.market != "on_demand":
        return Decimal(0)
    months = sum(int(billed_seconds(each, shortest) // _MONTH) for each in usage.node_seconds)
    return months * _MONTH * Decimal(str(share.value)) / 100


def _price_charges(charges: Iterable[Charge], catalog: Catalog) -> Iterator[LineItem | Gap]:
    together: dict[tuple[str, ...], list[tuple[Charge, ServicePrice]]] = defaultdict(list)
    for charge in charges:
        if charge.amount == 0 and charge.gap is None:
            continue
        found = catalog.service(charge.provider, charge.service, charge.item, charge.region)
        if charge.gap or found is None or charge.amount is None:
            yield _gap(charge, found)
            continue
        if not _is_payable(charge.amount, found):
            reason = "its amount is beyond all bounds, like a slip of the keyboard"
            yield Gap(charge.resource, charge.component, reason)
            continue
        key = (charge.provider, found.region, charge.service, charge.item)
        together[key].append((charge, found))
    for group in together.values():
        yield from _price_together(group)


def _is_payable(amount: float, found: ServicePrice) -> bool:
    usd = amount / float(BILLING_UNITS[found.unit].size) * found.value
    return isfinite(amount) and usd <= _MOST_USD


def _gap(charge: Charge, found: ServicePrice | None) -> Gap:
    awaits_usage = charge.gap is None and charge.amount is None
    priced = found if awaits_usage else None
    return Gap(
        charge.resource,
        charge.component,
        _why(charge, found),
        unit=BILLING_UNITS[priced.unit].label if priced else None,
        unit_price_usd=Decimal(str(priced.value)) if priced else None,
        awaits_usage=awaits_usage,
    )


def _why(charge: Charge, found: ServicePrice | None) -> str:
    if charge.gap:
        return charge.gap
    if found is None:
        what = f"{charge.service.replace('_', ' ')} '{charge.item}'"
        return f"no price of {what} at {charge.provider} is known"
    per = BILLING_UNITS[found.unit].label
    return f"the quantity is not known; it costs ${found.value:g} per {per}"


def _price_together(group: Sequence[tuple[Charge, ServicePrice]]) -> Iterator[LineItem]:
    """Fills the tiers with the whole group, and gives each charge its share of every tier."""
    tiers, unit = group[0][1].tiers, BILLING_UNITS[group[0][1].unit]
    amounts = []
    for charge, _ in group:
        if charge.measure != unit.measure:
            raise TypeError(f"{charge.item} is billed in {unit.measure}, not {charge.measure}")
        amounts.append(Decimal(str(charge.amount)) / unit.size)
    whole = sum(amounts, Decimal(0))
    months = max(Decimal(1), *(Decimal(str(charge.period_seconds)) / _MONTH for charge, _ in group))
    for (charge, found), amount in zip(group, amounts, strict=True):
        for tier, filled in _fill(tiers, whole, months):
            quantity = amount * filled / whole
            rate = Decimal(str(tier.value))
            yield LineItem(
                resource=charge.resource,
                component=charge.component,
                quantity=_SHOWN.plus(quantity),
                unit=unit.label,
                unit_price_usd=rate,
                amount_usd=to_micro_dollars(quantity * rate),
                source=found.source,
                as_of=found.as_of,
                note=_note(found),
            )


def _fill(tiers: Sequence[Tier], whole: Decimal, months: Decimal) -> Iterator[tuple[Tier, Decimal]]:
    starts = [Decimal(str(tier.above)) * months for tier in tiers]
    for tier, start, end in zip(tiers, starts, [*starts[1:], whole], strict=True):
        filled = min(whole, max(end, start)) - start
        if filled > 0:
            yield tier, filled


def _note(found: ServicePrice) -> str | None:
    notes = [found.note] if found.note else []
    if found.assumed_from:
        notes.append(f"Assumed: the price of {found.assumed_from}.")
    return " ".join(notes) or None
