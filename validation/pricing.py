"""What stacks cost, against an independent oracle's tables of the same resources.

Run with ``python -m validation.pricing``; ``--all`` lists every resource that differs with the
lines of both sides, ``--service aws:rds`` looks at one service. Three figures:

* Fixed cost: resources of which the oracle gives an amount that follows from their inputs, and
  for which its test states no usage. The whole of that amount against ours: *right* within 1 %
  (or half a cent a line), *wrong* more than 5 % off, *unpriced* where we say that we do not
  know a price or a quantity.
* Unit prices: every line that depends on usage, and every line of a resource whose usage the
  oracle's test stated (not copied to us). Known where a line or a gap of ours of the same
  resource has that price in a comparable unit, within 2 %.
* Where our prices come from. *In-sample*: one of the resource's prices was taken from the
  oracle's own seen tables. *Left out*: in-sample resources, where each price that only the
  resource's own case gives counts as absent, so that the resource is unpriced. *Out of
  sample*: priced without any figure of the oracle.

Unit prices are those that a bill shows, of the first tier; "any tier" also counts the other
tiers that the catalog knows.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Sequence
from pathlib import Path

from validation import Check, print_checks, shared_data
from validation.pricing_cases import Costed, costed
from validation.pricing_units import PriceLine

NOT_RIGHT_BAR, WRONG_BAR, UNKNOWN_BAR = 0.20, 0.02, 0.30
"""Musts; the stretches are 8 %, 1 % and 15 %."""
_NOT_RIGHT, _WRONG = "fixed cost not within 1 %", "fixed cost more than 5 % off"
_DEVIATIONS = Path(__file__).parent / "pricing_deviations.csv"

Figure = Callable[[Sequence[Costed]], float]


def not_right(resources: Sequence[Costed]) -> float:
    """The share of fixed costs that are not within 1 %."""
    return sum(not each.is_right for each in resources) / len(resources)


def wrong(resources: Sequence[Costed]) -> float:
    """The share of fixed costs that are priced, and more than 5 % off."""
    return sum(each.is_wrong for each in resources) / len(resources)


def unpriced(resources: Sequence[Costed]) -> float:
    """The share of fixed costs that have no price, or wait for a quantity."""
    return sum(each.monthly_usd is None for each in resources) / len(resources)


def left_out(resources: Sequence[Costed]) -> float:
    """The share not right, were each price that only its own case gives absent."""
    return sum(each.needs_own_case or not each.is_right for each in resources) / len(resources)


def checks(found: Sequence[Costed]) -> list[Check]:
    """The figures by service, by where our prices come from, and in all."""
    fixed = [each for each in found if each.is_fixed]
    services = sorted({each.service for each in fixed})
    rows = [
        _row(f"prices, {service}", some, _NOT_RIGHT, not_right)
        for service in services
        if (some := [each for each in fixed if each.service == service])
    ]
    sampled = [each for each in fixed if each.is_in_sample]
    others = [each for each in fixed if not each.is_in_sample and each.monthly_usd is not None]
    rows += [
        _row("prices, in-sample", sampled, _NOT_RIGHT, not_right),
        _row("prices, in-sample", sampled, _WRONG, wrong),
        _row("prices, in-sample, left out", sampled, _NOT_RIGHT, left_out),
        _row("prices, out of sample", others, _NOT_RIGHT, not_right),
        _row("prices, out of sample", others, _WRONG, wrong),
        _row("prices, all resources", fixed, "fixed cost unpriced", unpriced),
        _row("prices, all resources", fixed, _NOT_RIGHT, not_right, NOT_RIGHT_BAR),
        _row("prices, all resources", fixed, _WRONG, wrong, WRONG_BAR),
    ]
    lines = [(each, line) for each in found for line in each.usage_lines]
    if lines:
        shown = sum(not each.shows(line) for each, line in lines) / len(lines)
        known = sum(not each.knows(line) for each, line in lines) / len(lines)
        name = "prices, usage lines"
        rows += [
            Check(name, len(lines), "unit price not within 2 %, any tier", known, None),
            Check(name, len(lines), "unit price not within 2 %", shown, UNKNOWN_BAR),
        ]
    return [each for each in rows if each.rows]


def _row(
    name: str, some: Sequence[Costed], measure: str, figure: Figure, bar: float | None = None
) -> Check:
    return Check(name, len(some), measure, figure(some) if some else 0.0, bar)


def run() -> list[Check]:
    """What ``make validate`` prints."""
    return checks(costed(shared_data()))


def deviations() -> list[dict[str, str]]:
    """Where we differ by intent: case, type of resource, component, reason."""
    with _DEVIATIONS.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _print_differences(found: Sequence[Costed]) -> None:
    for each in found:
        unknown = [line for line in each.usage_lines if not each.knows(line)]
        differs = each.is_fixed and not each.is_right
        if differs or unknown:
            _print_resource(each, unknown, differs)
    for row in deviations():
        print(f"by intent: {row['case']} {row['type']}, {row['component']}: {row['reason']}")


def _print_resource(each: Costed, unknown: Sequence[PriceLine], differs: bool) -> None:
    ours = "unpriced" if each.monthly_usd is None else f"{each.monthly_usd:,.2f}"
    verdict = f"oracle {each.expected_usd:,.2f}, ours {ours}" if differs else "unit prices"
    if differs and each.is_wrong:
        verdict += "  WRONG"
    print(f"\n{each.case} {each.type} {each.name} ({each.region}): {verdict}")
    for line in each.expected:
        print(f"  {'?' if line in unknown else ' '} oracle  {line}")
    for text in each.our_lines():
        print(f"    ours    {text}")


def main() -> None:
    """The table, and each resource that differs where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="list every resource that differs")
    parser.add_argument("--service", help="only of this service, as aws:rds")
    arguments = parser.parse_args()
    found = [
        each
        for each in costed(shared_data())
        if arguments.service in (None, each.service, each.service.split(":")[0])
    ]
    if arguments.all:
        _print_differences(found)
        print()
    print_checks(checks(found))


if __name__ == "__main__":
    main()
