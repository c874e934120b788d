"""What a total leaves out: what has no price and what waits for usage, the same thing once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from domain.bill import Gap
from domain.costing.plan import ResourceCost
from domain.figures import unit_price

MOST_NAMES = 5
"""Of resources in one line; nobody reads thousands."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One thing that is not in a total, and the resources that have it."""

    what: str
    price: str
    resources: tuple[str, ...]
    awaits_usage: bool


class _Thing(NamedTuple):
    awaits_usage: bool
    component: str
    provider: str
    price: str


def left_out(costs: Iterable[ResourceCost]) -> list[LeftOut]:
    """What has no price, then what waits for usage; each in the order of the alphabet.

    Where two providers sell something of one name, it says whose it is.
    """
    names: dict[_Thing, dict[str, None]] = {}
    for each in costs:
        provider = each.resource.type.partition(":")[0]
        for gap in (*each.unpriced, *each.usage):
            thing = _Thing(gap.awaits_usage, gap.component, provider, _price(gap))
            names.setdefault(thing, {})[each.resource.name] = None
    providers: dict[str, set[str]] = {}
    for thing in names:
        providers.setdefault(thing.component, set()).add(thing.provider)
    return [
        LeftOut(
            f"{thing.component} ({thing.provider})"
            if len(providers[thing.component]) > 1
            else thing.component,
            thing.price,
            tuple(several),
            thing.awaits_usage,
        )
        for thing, several in sorted(names.items(), key=lambda each: each[0])
    ]


def _price(gap: Gap) -> str:
    if not gap.awaits_usage:
        return f"not known: {gap.reason}"
    if gap.unit_price_usd is None:
        return "by usage, price not known"
    return f"{unit_price(gap.unit_price_usd)} per {gap.unit}"


def listed(names: Iterable[str], most: int = MOST_NAMES) -> str:
    """The first few, and how many there are more."""
    every: Sequence[str] = list(names)
    left = len(every) - most
    return f"{', '.join(every[:most])} and {left:,} more" if left > 0 else ", ".join(every)
