"""The oracle's resources, each costed by us beside the lines that the oracle gives."""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.catalog import Catalog, load_catalog
from domain.costing.context import Survey
from domain.costing.kinds import usual_type
from domain.costing.plan import ResourceCost, cost_graph
from domain.costing.registry import costers
from domain.errors import CatalogError
from domain.pricing import BILLING_UNITS
from domain.resources.state import read_state
from domain.usage import MachineHours
from validation.pricing_units import Comparable, PriceLine, ours_comparable

_IN_SAMPLE = "infracost-tests"

Key = tuple[str, ...]
"""Which row of the catalog: provider, service, item, region; or provider, region, machine."""


@dataclass(frozen=True, slots=True)
class PricesUsed:
    """The catalog rows behind one resource.

    ``sources`` are those of its fixed cost; ``keys`` and ``comparable`` are of all, also of
    what waits for a quantity.
    """

    sources: Mapping[Key, str]
    keys: frozenset[Key]
    comparable: Comparable


@dataclass(slots=True)
class Costed:
    """One resource of the oracle with both sides' lines."""

    case: str
    type: str
    region: str
    usage_given: bool
    expected: tuple[PriceLine, ...]
    cost: ResourceCost
    used: PricesUsed
    own_keys: frozenset[Key] = field(default=frozenset())
    """Rows of the catalog that only this case of the oracle gives."""

    @property
    def name(self) -> str:
        """What the program calls it."""
        return self.cost.resource.name

    @property
    def service(self) -> str:
        """``aws:rds``: the first two parts of its type."""
        return ":".join(self.type.split("/")[0].split(":")[:2])

    @property
    def is_fixed(self) -> bool:
        """Whether an amount follows from the inputs, and no usage was given."""
        return not self.usage_given and any(line.monthly_usd for line in self.expected)

    @property
    def expected_usd(self) -> float:
        """The oracle's amount of a month, without what depends on usage."""
        return sum(line.monthly_usd or 0.0 for line in self.expected)

    @property
    def monthly_usd(self) -> float | None:
        """Ours; None where something has no price, or all of it waits for a quantity."""
        amount = self.cost.monthly_usd
        waits = self.cost.usage and not self.cost.lines
        return None if amount is None or waits else float(amount)

    @property
    def is_right(self) -> bool:
        """Within 1 %, or half a cent for each line that the oracle rounded."""
        if self.monthly_usd is None:
            return False
        lines = sum(line.monthly_usd is not None for line in self.expected)
        allowed = max(0.01 * self.expected_usd, 0.005 * lines)
        return abs(self.monthly_usd - self.expected_usd) <= allowed + 1e-6

    @property
    def is_wrong(self) -> bool:
        """Priced, more than 5 % off, and by more than the rounding."""
        if self.monthly_usd is None or self.is_right:
            return False
        return abs(self.monthly_usd - self.expected_usd) > 0.05 * self.expected_usd

    @property
    def usage_lines(self) -> tuple[PriceLine, ...]:
        """Lines whose unit price alone can be compared."""
        return tuple(
            line
            for line in self.expected
            if line.unit_price_usd and (line.monthly_usd is None or self.usage_given)
        )

    @property
    def is_in_sample(self) -> bool:
        """Whether a price of its fixed cost was taken from the oracle's seen tables."""
        return any(_IN_SAMPLE in source.split("|") for source in self.used.sources.values())

    @property
    def needs_own_case(self) -> bool:
        """Whether a price would be absent had the resource's own case not been seen."""
        return bool(self.own_keys & self.used.sources.keys())

    def shows(self, line: PriceLine) -> bool:
        """Whether a line or a gap of our bill has the unit price of a line of the oracle."""
        shown = (
            *((entry.unit, entry.unit_price_usd) for entry in self.cost.lines),
            *((entry.unit, entry.unit_price_usd) for entry in self.cost.usage),
        )
        return any(
            unit and price is not None and line.matches(ours_comparable(unit, float(price)))
            for unit, price in shown
        )

    def knows(self, line: PriceLine) -> bool:
        """The same, counting every tier of a graduated price."""
        return self.shows(line) or line.matches(self.used.comparable)

    def our_lines(self) -> Iterator[str]:
        """Our side as people read it."""
        for line in self.cost.lines:
            yield (
                f"{line.component}: {line.quantity:.8g} {line.unit} at {line.unit_price_usd:.6g}"
                f" = {line.amount_usd:.4f} [{line.source}]"
            )
        for gap in (*self.cost.usage, *self.cost.unpriced):
            kind = "waits" if gap.awaits_usage else "UNPRICED"
            price = f"${gap.unit_price_usd:g} per {gap.unit}" if gap.unit_price_usd else gap.reason
            yield f"{gap.component} ({kind}): {price}"
        yield from (f"note: {note}" for note in self.cost.notes)


def costed(data: Path) -> list[Costed]:
    """Every resource of the oracle that has lines, in the order of the cases."""
    folder = data / "pricing"
    rows: dict[str, dict[str, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    with (folder / "expected_dev.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            rows[row["case"]][row["urn"]].append(row)
    found: list[Costed] = []
    for case, state in _states(folder / "stacks.jsonl.gz", rows):
        found += _case(case, state, rows[case])
    givers: dict[Key, set[str]] = defaultdict(set)
    for each in found:
        for key in each.used.keys:
            givers[key].add(each.case)
    for each in found:
        each.own_keys = frozenset(
            key
            for key, source in each.used.sources.items()
            if source == _IN_SAMPLE and len(givers[key]) == 1
        )
    return found


def _states(path: Path, wanted: Mapping[str, object]) -> Iterator[tuple[str, dict[str, Any]]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            case = json.loads(line)
            if case["case"] in wanted:
                yield case["case"], case["state"]


def _case(
    case: str, state: dict[str, Any], rows: Mapping[str, list[dict[str, str]]]
) -> Iterator[Costed]:
    catalog = load_catalog()
    graph = read_state(state, case)
    survey = Survey(graph, catalog)
    costs = {each.resource.urn: each for each in cost_graph(graph, catalog).resources}
    for urn, lines in rows.items():
        cost = costs[urn]
        yield Costed(
            case=case,
            type=lines[0]["type"],
            region=lines[0]["region"],
            usage_given=any(line["usage_given"] == "1" for line in lines),
            expected=tuple(map(_line, lines)),
            cost=cost,
            used=_used(survey, cost, catalog),
        )


def _line(row: Mapping[str, str]) -> PriceLine:
    price = row["usage_price_usd"] or row["unit_price_usd"]
    return PriceLine(
        component=row["line"],
        unit=row["per"] or row["unit"],
        unit_price_usd=float(price) if price else None,
        quantity=float(row["quantity"]) if row["quantity"] else None,
        monthly_usd=float(row["monthly_usd"]) if row["monthly_usd"] else None,
    )


def _used(survey: Survey, cost: ResourceCost, catalog: Catalog) -> PricesUsed:
    """The rows of the catalog that the resource's charges are priced by."""
    sources: dict[Key, str] = {}
    waiting: set[Key] = set()
    prices: set[tuple[str, float]] = set()
    coster = costers().get(usual_type(cost.resource.type))
    for usage in coster(survey.context(cost.resource)) if coster else ():
        if isinstance(usage, MachineHours):
            try:
                offer = catalog.offer(usage.provider, usage.region, usage.machine)
            except CatalogError:
                continue
            sources[(usage.provider, usage.region, usage.machine)] = offer.origin(usage.market)[0]
            continue
        try:
            charges = list(usage.charges(catalog))
        except CatalogError:
            continue
        for charge in charges:
            row = catalog.service(charge.provider, charge.service, charge.item, charge.region)
            if charge.gap or charge.amount == 0 or row is None:
                continue
            key = (row.provider, row.service, row.item, row.region)
            waiting.add(key)
            if charge.amount is not None:
                sources[key] = row.source
            label = _label(row.unit)
            for tier in row.tiers:
                prices |= ours_comparable(label, tier.value)
    return PricesUsed(sources, frozenset(waiting | sources.keys()), frozenset(prices))


def _label(unit: str) -> str:
    return BILLING_UNITS[unit].label if unit in BILLING_UNITS else unit
