"""Unit prices of two price tables made comparable: per GiB, hour, or thing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from domain.pricing import BILLING_UNITS

_MONTH_HOURS = 730.0
_MULTIPLES = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}
_SIZED = re.compile(r"^(?P<number>[\d.,]+)\s*(?P<multiple>[kKmMbB]?)\s+(?P<what>.+)$")
_IN_GIB = {
    "mb": (1 / 1024, 1 / 1000),
    "gb": (1.0,),
    "gib": (1.0,),
    "tb": (1024.0, 1000.0),
    "tib": (1024.0,),
}
_IN_HOURS = {"second": 1 / 3600, "minute": 1 / 60, "hour": 1.0}

Comparable = frozenset[tuple[str, float]]
"""Kind of unit (bytes, hours, byte-hours, things) and price of one, as many as it may mean."""


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One line of the oracle: an amount of a month, or the price of what depends on usage."""

    component: str
    unit: str
    unit_price_usd: float | None
    quantity: float | None
    monthly_usd: float | None

    def __str__(self) -> str:
        """As people read it."""
        price = "?" if self.unit_price_usd is None else f"{self.unit_price_usd:.6g}"
        if self.monthly_usd is None:
            return f"{self.component}: ${price} per {self.unit}"
        return f"{self.component}: {self.quantity:.8g} {self.unit} at {price} = {self.monthly_usd}"

    def matches(self, ours: Comparable) -> bool:
        """Whether a price of ours is this one, within 2 % or the rounding of its amount."""
        if self.unit_price_usd is None:
            return False
        return any(
            kind == other and (_near(price, theirs) or self._rounds_to(price / theirs))
            for kind, theirs in theirs_comparable(self.unit, self.unit_price_usd)
            for other, price in ours
        )

    def _rounds_to(self, ratio: float) -> bool:
        if not self.monthly_usd:
            return False
        return abs(self.monthly_usd * ratio - self.monthly_usd) <= 0.005


def _near(price: float, other: float) -> bool:
    return abs(price - other) <= 0.02 * other + 1e-15


def theirs_comparable(unit: str, price: float) -> Comparable:
    """A price of the oracle, whose units leave the month out: GB may be a GB-month."""
    divisor = 1.0
    sized = _SIZED.match(unit)
    if sized:
        divisor = float(sized["number"].replace(",", "")) * _MULTIPLES[sized["multiple"].lower()]
        unit = sized["what"]
    unit = re.sub(r"\s*\(.*\)$", "", unit).lower()
    whole = price / divisor
    if unit in _IN_GIB:
        return frozenset(("bytes", whole / size) for size in _IN_GIB[unit])
    words = re.split(r"[\s-]+", unit)
    hours = _IN_HOURS.get(words[-1].removesuffix("s"))
    if hours is not None:
        kind = "byte-hours" if words[0] in _IN_GIB and len(words) > 1 else "hours"
        return frozenset({(kind, whole / hours)})
    return frozenset({("things", whole)})


def ours_comparable(label: str, price: float) -> Comparable:
    """A price of ours by the label of its unit; what runs for a month is one thing."""
    found = next((unit for unit in BILLING_UNITS.values() if unit.label == label), None)
    measure, size = (found.measure, float(found.size)) if found else ("seconds", 3600.0)
    one = price / size
    month = _MONTH_HOURS * 3600
    if measure == "bytes":
        return frozenset({("bytes", one * 2**30)})
    if measure == "byte_seconds":
        held = one * 2**30
        return frozenset({("bytes", held * month), ("byte-hours", held * 3600)})
    if measure == "seconds":
        return frozenset({("hours", one * 3600), ("things", one * month)})
    if measure == "rate_seconds":
        return frozenset({("things", one * 1e6 * month)})
    if measure.endswith("_seconds"):
        return frozenset({("things", one * month), ("hours", one * 3600)})
    return frozenset({("things", one)})
