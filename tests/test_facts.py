"""Every fact has a source, and unknown never reads as zero."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from domain.catalog import Catalog, load_catalog
from domain.catalog.facts import FAMILIES, FOLDER
from domain.environment import Market
from domain.pricing import BILLING_UNITS

# What published tables call a model is a spelling, not a figure.
TABLES = sorted(path for path in FOLDER.glob("*.csv") if path.name != "model_names.csv")
MARKETS: tuple[Market, ...] = ("on_demand", "spot", "reserved")
# Figures of services that are not prices.
PLAIN_UNITS = {
    "bytes_per_second",
    "bytes_per_second_per_tib",
    "count",
    "gib",
    "per_second",
    "percent",
    "seconds",
    "vcpu",
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


@pytest.mark.parametrize(
    "table", [path for path in TABLES if path.name != "sources.csv"], ids=lambda path: path.name
)
def test_every_row_has_a_known_source_and_a_date_or_none(catalog: Catalog, table: Path) -> None:
    with table.open(newline="") as file:
        for row in csv.DictReader(file):
            keys = [*row["source"].split("|"), *(row.get("spot_source") or "").split("|")]
            assert all(catalog.source(key) for key in keys if key), row
            assert row["source"], row
            for column in ("as_of", "spot_as_of"):
                if row.get(column):
                    date.fromisoformat(row[column])
            assert "as_of" in row


def test_there_is_enough_to_choose_from(catalog: Catalog) -> None:
    assert len(catalog.accelerators()) >= 25
    assert len(catalog.machines()) >= 110
    for provider in FAMILIES:
        assert len(catalog.regions(provider)) >= 4


def test_every_offer_is_of_a_machine_and_every_machine_is_offered(catalog: Catalog) -> None:
    offers = catalog.offers()
    machines = {(machine.provider, machine.name) for machine in catalog.machines()}
    assert {(offer.provider, offer.machine) for offer in offers} <= machines
    unoffered = machines - {(offer.provider, offer.machine) for offer in offers}
    assert unoffered == set()


def test_no_price_is_zero_and_what_is_unpriced_says_why(catalog: Catalog) -> None:
    for offer in catalog.offers():
        for market in MARKETS:
            rate = offer.usd_per_hour(market)
            assert rate is None or 0 < rate < 20_000, offer
            assert rate != 700.0, offer
        assert (offer.on_demand_usd_per_hour is None) == (offer.reason_unpriced is not None), offer


def test_spot_and_commitments_cost_less_than_on_demand(catalog: Catalog) -> None:
    for offer in catalog.offers():
        listed = offer.on_demand_usd_per_hour
        if listed is None:
            continue
        assert offer.spot_usd_per_hour is None or offer.spot_usd_per_hour < listed, offer
        assert offer.commit_1y_usd_per_hour is None or offer.commit_1y_usd_per_hour < listed, offer


def test_no_price_is_newer_than_the_catalog_says(catalog: Catalog) -> None:
    days = [offer.as_of for offer in catalog.offers() if offer.as_of]
    assert max(days) == catalog.as_of


def test_every_service_figure_has_a_unit_that_is_understood(catalog: Catalog) -> None:
    for provider in FAMILIES:
        for figure in catalog.services(provider):
            assert figure.unit in BILLING_UNITS or figure.unit in PLAIN_UNITS, figure
            if figure.unit in BILLING_UNITS:
                assert all(tier.value > 0 for tier in figure.tiers), figure
            above = [tier.above for tier in figure.tiers]
            assert above == sorted(set(above)), figure
            assert above[0] == 0, figure


def test_shared_observations_agree(catalog: Catalog, shared_data: Path) -> None:
    compared = 0
    with (shared_data / "catalog" / "catalog_draft.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            machine = catalog.machine(row["provider"], row["instance_type"])
            assert (machine.accelerator or "") == row["accelerator_id"]
            assert machine.accelerator_count == int(row["accelerator_count"])
            if row["price_status"] == "priced":
                offer = catalog.offer(row["provider"], row["region"], row["instance_type"])
                listed = float(row["on_demand_usd_per_hour"])
                assert offer.on_demand_usd_per_hour == pytest.approx(listed, rel=1e-3)
                compared += 1
    assert compared == 344
