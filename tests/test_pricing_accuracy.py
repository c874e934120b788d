"""How close the costs of stacks come to an independent oracle's, and how that is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from validation import pricing
from validation.pricing_cases import Costed, costed
from validation.pricing_units import PriceLine, ours_comparable, theirs_comparable


@pytest.fixture(scope="module")
def resources(shared_data: Path) -> list[Costed]:
    return costed(shared_data)


def test_fixed_costs_are_right_and_hardly_ever_wrong(resources: list[Costed]) -> None:
    fixed = [each for each in resources if each.is_fixed]
    assert len(fixed) > 100
    assert pricing.not_right(fixed) <= pricing.NOT_RIGHT_BAR
    assert pricing.wrong(fixed) <= pricing.WRONG_BAR


def test_unit_prices_are_known(resources: list[Costed]) -> None:
    unknown = [not each.shows(line) for each in resources for line in each.usage_lines]
    assert len(unknown) > 500
    assert sum(unknown) / len(unknown) <= pricing.UNKNOWN_BAR


def test_every_deviation_names_a_case_and_a_reason(resources: list[Costed]) -> None:
    known = {(each.case, each.type) for each in resources}
    for row in pricing.deviations():
        assert (row["case"], row["type"]) in known
        assert row["component"]
        assert row["reason"].endswith(".")


@pytest.mark.parametrize(
    ("unit", "price", "label", "ours"),
    [
        ("1M requests", 0.2, "1,000 requests", 0.0002),
        ("10k operations", 0.05, "1,000 requests", 0.005),
        ("GB", 0.023, "GiB-month", 0.023),
        ("TiB", 40.0, "GiB", 0.0390625),
        ("months", 400.0, "month", 400.0),
        ("hours", 0.1, "month", 73.0),
        ("GB-hours", 0.1, "GiB-month", 73.0),
        ("vCPU-seconds", 0.001, "hour", 3.6),
        ("IOPS", 0.065, "IOPS-month", 0.065),
        ("MBps", 0.04, "MB/s-month", 0.04),
    ],
)
def test_units_of_two_tables_are_one_price(
    unit: str, price: float, label: str, ours: float
) -> None:
    line = PriceLine("a line", unit, price, None, None)
    assert line.matches(ours_comparable(label, ours))
    assert not line.matches(ours_comparable(label, 1.05 * ours))


def test_units_that_say_different_things_never_match() -> None:
    assert {kind for kind, _ in theirs_comparable("GB", 1.0)} == {"bytes"}
    assert not PriceLine("a line", "GB", 0.1, None, None).matches(ours_comparable("hour", 0.1))
