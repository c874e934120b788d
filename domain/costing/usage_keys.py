"""The keys under which a usage file may state what a resource is used for.

Nobody lists them: they are found by asking the resource's coster. A quantity that many
services share (``stored``, ``requests``) is a key where supposing it changes a line. Every
other line that waits for a quantity has a key from the item of its price: ``fan_out`` for
``on_demand.fan_out``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain.costing.context import Context
from domain.costing.kinds import usual_type
from domain.costing.quantities import COMMON_KEYS, UNKNOWN_QUANTITIES, CommonKey, Quantities
from domain.costing.registry import costers
from domain.errors import CatalogError
from domain.figures import unit_price
from domain.pricing import BILLING_UNITS
from domain.usage import Charge, MachineHours, Measure, Usage

LineId = tuple[str, str, str]
"""Component, item and region: what tells the charges of one resource apart."""

# So large that no tier, allowance or tag of a resource gives the same amount.
_SUPPOSED = 1.234567e15
_ALL = frozenset(key.field for key in COMMON_KEYS.values())
# Last words of items that mean nothing alone.
_SAY_LITTLE = ("storage", "data", "requests", "standard", "enterprise", "running")
# Sizes and families of machines, whose use is stated, not their name.
_MACHINE = re.compile(r"\d*x?large|medium|small|micro|nano|metal|[a-z]{1,2}\d[a-z]*")


@dataclass(frozen=True, slots=True)
class UsageKey:
    """One key of a resource: what it decides, and how its amount is measured."""

    name: str
    measure: Measure
    charges: tuple[Charge, ...]
    """The lines that it decides, as they are while nothing is stated."""
    common: CommonKey | None = None

    @property
    def waits(self) -> bool:
        """Whether a line has no amount without it; otherwise it replaces an assumption."""
        return any(charge.amount is None for charge in self.charges)

    @property
    def lines(self) -> frozenset[LineId]:
        """What it decides."""
        return frozenset(map(line_id, self.charges))

    @property
    def aliases(self) -> Iterator[str]:
        """Other names for it: those of the components and items that it decides."""
        for charge in self.charges:
            yield _slug(charge.component)
            yield _slug(charge.item)


def line_id(charge: Charge) -> LineId:
    """What tells a charge apart from the others of its resource."""
    return charge.component, charge.item, charge.region


def usage_keys(context: Context) -> tuple[UsageKey, ...]:
    """Every key of a resource: the common ones first, then those of its other lines."""
    what = f"usage keys of {context.resource.urn}"
    return context.survey.once(what, lambda: tuple(_find_keys(context)))


def _find_keys(context: Context) -> Iterator[UsageKey]:
    coster = costers().get(usual_type(context.resource.type))
    if coster is None or context.resource.external or not context.resource.custom:
        return

    def supposing(*fields: str) -> dict[LineId, Charge]:
        looked = Context(context.resource, context.survey, supposed=_with(fields))
        every = broken_down(coster(looked), context)
        return {line_id(each): each for each in every if isinstance(each, Charge)}

    nothing, everything = supposing(), supposing(*_ALL)
    decided: set[LineId] = set()
    names: set[str] = set()
    for key in COMMON_KEYS.values() if nothing != everything else ():
        # Alone it may not be enough; without it the others may not be.
        alone, without = supposing(key.field), supposing(*(_ALL - {key.field}))
        changed = {*_changed(nothing, alone), *_changed(without, everything)}
        lines = {**without, **alone, **everything, **nothing}
        if changed:
            decided |= changed
            names.add(key.name)
            charges = tuple(lines[line] for line in lines if line in changed)
            yield UsageKey(key.name, key.measure, charges, key)
    waiting = [
        charge
        for line, charge in nothing.items()
        if charge.amount is None and charge.gap is None and line not in decided
    ]
    yield from _own_keys(waiting, names)


def _with(fields: Iterable[str]) -> Quantities:
    supposed: dict[str, Any] = dict.fromkeys(fields, _SUPPOSED)
    return replace(UNKNOWN_QUANTITIES, **supposed)


def broken_down(usages: Iterable[Usage], context: Context) -> Iterator[Usage]:
    """The same usage as charges, where the catalog can break it down."""
    for usage in usages:
        if isinstance(usage, MachineHours):
            yield usage
            continue
        try:
            yield from tuple(usage.charges(context.catalog))
        except CatalogError:
            yield usage


def price_of(charge: Charge, context: Context) -> tuple[str, str] | None:
    """The price of the first tier, and the unit that it buys, where one is known."""
    found = context.catalog.service(charge.provider, charge.service, charge.item, charge.region)
    unit = None if found is None else BILLING_UNITS.get(found.unit)
    if found is None or unit is None:
        return None
    first = next((tier.value for tier in found.tiers if tier.value), 0.0)
    free_at_first = "$0, then " if first and not found.value else ""
    return f"{free_at_first}{unit_price(first)}", unit.label


def unit_of(key: UsageKey, context: Context) -> str | None:
    """What the unit of a key's price is called, where the price is of what the key measures."""
    measured = [charge for charge in key.charges if charge.measure == key.measure]
    prices = (price_of(charge, context) for charge in measured)
    return next((price[1] for price in prices if price is not None), None)


def _changed(before: Mapping[LineId, Charge], after: Mapping[LineId, Charge]) -> Iterator[LineId]:
    for line in {*before, *after}:
        old, new = before.get(line), after.get(line)
        # A line that only goes is replaced by another, which is the one that depends.
        if new is not None and new.amount is not None and (old is None or old != new):
            yield line


def _own_keys(waiting: Sequence[Charge], taken: set[str]) -> Iterator[UsageKey]:
    """Keys from items, the shortest that tell them apart."""
    by_item: dict[tuple[str, str], list[Charge]] = {}
    for charge in waiting:
        by_item.setdefault((charge.service, charge.item), []).append(charge)
    every = [(_names(charges[0]), charges) for charges in by_item.values()]
    shortest = [names[0] for names, _ in every]
    for names, charges in every:
        free = [name for name in names if name not in taken and shortest.count(name) < 2]
        name = free[0] if free else names[-1]
        taken.add(name)
        yield UsageKey(name, charges[0].measure, tuple(charges))


def _names(charge: Charge) -> list[str]:
    """From the shortest to the full: ``fan_out``, ``on_demand_fan_out``, ``streams_…``."""
    parts = re.sub(r"[._](hour|month)$", "", charge.item).split(".")
    while parts and _MACHINE.fullmatch(parts[-1]):
        parts.pop()
    if not parts:
        # The item is a machine: what it is for stands in the middle of the component.
        words = charge.component.split(", ")
        parts = words[1:-1] or words[:1]
    shortest = 2 if parts[-1] in _SAY_LITTLE else 1
    names = [" ".join(parts[-count:]) for count in range(shortest, len(parts) + 1)]
    return list(map(_slug, [*names, charge.item, f"{charge.service} {charge.item}"]))


def _slug(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
