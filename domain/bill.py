"""The bill: what was priced line by line, what could not be, and how old the prices are.

Money is exact: every amount is a ``Decimal`` rounded half-even to the micro-dollar, and the
total is their plain sum, so the lines of a bill always add up to its total.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

MICRO_DOLLAR = Decimal("0.000001")


def to_micro_dollars(amount: Decimal) -> Decimal:
    """An amount rounded half-even to six places."""
    return amount.quantize(MICRO_DOLLAR, ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class LineItem:
    """One priced quantity of one resource; ``note`` says what was assumed."""

    resource: str
    component: str
    quantity: Decimal
    unit: str
    unit_price_usd: Decimal
    amount_usd: Decimal
    source: str
    as_of: date | None
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data; the quantity to nine places, money to the micro-dollar."""
        return {
            "resource": self.resource,
            "component": self.component,
            "quantity": round(float(self.quantity), 9),
            "unit": self.unit,
            "unit_price_usd": float(self.unit_price_usd),
            "amount_usd": float(self.amount_usd),
            "source": self.source,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that costs money but has no known price or quantity: never $0.

    Where it only waits for a quantity, ``awaits_usage`` holds and ``unit_price_usd`` says what
    one ``unit`` costs (in the first tier), if that is known.
    """

    resource: str
    component: str
    reason: str
    unit: str | None = None
    unit_price_usd: Decimal | None = None
    awaits_usage: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "resource": self.resource,
            "component": self.component,
            "reason": self.reason,
            "unit": self.unit,
            "unit_price_usd": None if self.unit_price_usd is None else float(self.unit_price_usd),
            "awaits_usage": self.awaits_usage,
        }


@dataclass(frozen=True, slots=True)
class Bill:
    """Priced lines and named gaps."""

    lines: tuple[LineItem, ...] = ()
    unpriced: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def total_usd(self) -> Decimal:
        """Exact sum of the lines; a lower bound where something is unpriced."""
        return sum((line.amount_usd for line in self.lines), Decimal(0))

    @property
    def price_dates(self) -> tuple[date, date] | None:
        """Oldest and newest day of the prices used, or None where no price has a date."""
        days = [line.as_of for line in self.lines if line.as_of is not None]
        return (min(days), max(days)) if days else None

    @property
    def headline(self) -> str:
        """ "$1,234.50", "≥ $1,234.50, 2 of 9 items unpriced", or "unknown, …"."""
        total = f"${self.total_usd:,.2f}"
        if not self.unpriced:
            return total
        items = len(self.lines) + len(self.unpriced)
        if not self.lines:
            return f"unknown, {items} of {items} items unpriced"
        return f"≥ {total}, {len(self.unpriced)} of {items} items unpriced"

    def to_json(self) -> dict[str, Any]:
        """Plain data; ``total_usd`` is the sum of the lines, null where nothing has a price."""
        dates = self.price_dates
        return {
            "total_usd": None if self.unpriced and not self.lines else float(self.total_usd),
            "lines": [line.to_json() for line in self.lines],
            "unpriced": [gap.to_json() for gap in self.unpriced],
            "price_dates": {
                "oldest": dates[0].isoformat() if dates else None,
                "newest": dates[1].isoformat() if dates else None,
            },
            "notes": list(self.notes),
        }


def average(bills: Sequence[Bill]) -> Bill:
    """The bill of the mean replication: each line's mean quantity and mean amount.

    Lines are the same where resource, component and unit price are; a replication without
    one used nothing of it. Amounts are rounded to the micro-dollar again, so the total is
    the mean of the totals to that precision.
    """
    if len(bills) == 1:
        return bills[0]
    rows: dict[tuple[str, str, Decimal], list[LineItem]] = {}
    for bill in bills:
        for line in bill.lines:
            rows.setdefault((line.resource, line.component, line.unit_price_usd), []).append(line)
    lines = tuple(
        replace(
            same[0],
            quantity=sum((line.quantity for line in same), Decimal(0)) / len(bills),
            amount_usd=to_micro_dollars(
                sum((line.amount_usd for line in same), Decimal(0)) / len(bills)
            ),
        )
        for same in rows.values()
    )
    together = merge(bills)
    return Bill(lines, tuple(dict.fromkeys(together.unpriced)), together.notes)


def merge(bills: Iterable[Bill]) -> Bill:
    """One bill of several, each note once. Graduated prices are not re-graduated."""
    every = tuple(bills)
    return Bill(
        lines=tuple(line for bill in every for line in bill.lines),
        unpriced=tuple(gap for bill in every for gap in bill.unpriced),
        notes=tuple(dict.fromkeys(note for bill in every for note in bill.notes)),
    )
