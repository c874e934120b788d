"""A team's own prices win over the catalog's, and a misspelt one is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from domain.catalog import Catalog, Prices, load_catalog
from domain.errors import CatalogError
from domain.pricing import MachineHours, ObjectStorage, price

HOUR, MONTH = 3600.0, 730 * 3600.0


def own(**prices: Any) -> Catalog:
    return load_catalog().with_prices(Prices.model_validate({"name": "2026 deal"} | prices))


def test_a_negotiated_price_wins_where_its_region_matches() -> None:
    catalog = own(
        as_of="2026-10-01",
        machines=[
            {"provider": "aws", "region": "us-*", "machine": "p5.48xlarge", "price": "$40/h"},
            {"provider": "aws", "machine": "p5.48xlarge", "market": "spot", "price": "$9/h"},
        ],
    )
    offer = catalog.offer("aws", "us-west-2", "p5.48xlarge")
    assert (offer.usd_per_hour("on_demand"), offer.usd_per_hour("spot")) == (40.0, 9.0)
    assert offer.origin("on_demand") == ("prices: 2026 deal", date(2026, 10, 1))
    abroad = catalog.offer("aws", "eu-north-1", "p5.48xlarge")
    assert (abroad.usd_per_hour("on_demand"), abroad.usd_per_hour("spot")) == (58.8928, 9.0)
    assert abroad.origin("on_demand")[0] == "skypilot-aws"


def test_the_other_markets_keep_the_catalogs_price_and_source() -> None:
    catalog = own(machines=[{"provider": "gcp", "machine": "a2-highgpu-8g", "price": "$20/h"}])
    offer = catalog.offer("gcp", "us-central1", "a2-highgpu-8g")
    assert offer.usd_per_hour("spot") == 15.42416
    assert offer.origin("spot")[0] == "karpenter-gcp"


def test_a_discount_is_per_cent_off_what_matches() -> None:
    catalog = own(discounts=[{"provider": "aws", "machines": "p4d*", "on_demand": 20, "spot": 5}])
    offer = catalog.offer("aws", "us-east-1", "p4d.24xlarge")
    assert offer.usd_per_hour("on_demand") == pytest.approx(21.957642 * 0.8)
    assert offer.usd_per_hour("spot") == pytest.approx(12.4991 * 0.95)
    assert offer.usd_per_hour("reserved") is None, "a discount off an unknown price is unknown"
    untouched = catalog.offer("aws", "us-east-1", "p5.48xlarge")
    assert untouched == load_catalog().offer("aws", "us-east-1", "p5.48xlarge")


def test_a_team_can_price_what_the_catalog_does_not() -> None:
    catalog = own(
        machines=[
            {"provider": "aws", "region": "ap-east-1", "machine": "p5.48xlarge", "price": "$60/h"}
        ],
        on_premises={"dgx": {"price": "$3/h"}},
    )
    usages = [
        MachineHours("a", "aws", "ap-east-1", "p5.48xlarge", "on_demand", [HOUR]),
        MachineHours("b", "custom", "", "dgx", "on_demand", [HOUR]),
    ]
    bill = price(usages, catalog)
    assert (bill.total_usd, bill.unpriced) == (Decimal(63), ())
    assert {line.source for line in bill.lines} == {"prices: 2026 deal"}


def test_a_service_price_replaces_every_tier() -> None:
    catalog = own(
        services=[
            {
                "provider": "aws",
                "service": "object_storage",
                "item": "standard.storage",
                "price": "$0.01",
            }
        ]
    )
    bucket = ObjectStorage("data", "aws", "eu-west-3", 100 * 2.0**30, MONTH)
    (line,) = price([bucket], catalog).lines
    assert (line.amount_usd, line.note) == (Decimal(1), None)


def test_a_misspelt_machine_or_item_is_refused_with_its_place() -> None:
    with pytest.raises(CatalogError, match=r"prices.machines\[0\]: no machine 'p5.48xlrge'"):
        own(machines=[{"provider": "aws", "machine": "p5.48xlrge", "price": "$1/h"}])
    with pytest.raises(CatalogError, match=r"prices.services\[0\]: aws bills no 'std.storage'"):
        own(
            services=[
                {
                    "provider": "aws",
                    "service": "object_storage",
                    "item": "std.storage",
                    "price": "$1",
                }
            ]
        )


@pytest.mark.parametrize(
    "wrong",
    [
        {"discount": []},
        {"discounts": [{"provider": "aws", "on_demand": 120}]},
        {"machines": [{"provider": "aws", "machine": "p5.48xlarge", "price": 40}]},
    ],
)
def test_a_price_list_is_read_strictly(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Prices.model_validate(wrong)


def test_the_snapshot_tells_price_lists_apart() -> None:
    plain = load_catalog().snapshot
    deal = own(on_premises={"dgx": {"price": "$3/h"}}).snapshot
    other = own(on_premises={"dgx": {"price": "$4/h"}}).snapshot
    assert len({plain, deal, other}) == 3
    assert deal.startswith(plain)
