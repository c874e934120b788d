"""A bill adds up, never drops what it does not know, and follows the providers' rules."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from domain.catalog import Catalog, load_catalog
from domain.environment import Market
from domain.pricing import (
    Bill,
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
    merge,
    price,
)

HOUR = 3600.0
MONTH = 730 * HOUR
GIB = 2.0**30


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def machines(machine: str = "p4d.24xlarge", *seconds: float, **changes: object) -> MachineHours:
    region = "us-east-1" if "." in machine else "us-central1"
    provider = "aws" if "." in machine else "gcp"
    market: Market = "on_demand"
    usage = MachineHours("pool train", provider, region, machine, market, seconds)
    return MachineHours(**({field: getattr(usage, field) for field in usage.__slots__} | changes))


def total(catalog: Catalog, *usages: Usage) -> Decimal:
    bill = price(usages, catalog)
    assert bill.unpriced == ()
    return bill.total_usd


def test_machines_are_billed_by_the_second(catalog: Catalog) -> None:
    bill = price([machines("p4d.24xlarge", HOUR, HOUR / 2)], catalog)
    (line,) = bill.lines
    assert (line.quantity, line.unit) == (Decimal("1.5"), "hour")
    assert line.amount_usd == Decimal("32.936463"), "1.5 × 21.957642"
    assert (line.source, line.as_of) == ("karpenter-aws", date(2026, 7, 20))


@pytest.mark.parametrize("machine", ["g5.xlarge", "g2-standard-4"])
def test_each_node_is_billed_for_a_minute_at_least(catalog: Catalog, machine: str) -> None:
    assert total(catalog, machines(machine, 1.0)) == total(catalog, machines(machine, 60.0))
    assert total(catalog, machines(machine, 60.2)) == total(catalog, machines(machine, 61.0))
    assert price([machines(machine, 0.0)], catalog).lines == ()


def test_a_tpu_slice_is_shown_in_chip_hours(catalog: Catalog) -> None:
    (line,) = price([machines("tpu-v5litepod-16", HOUR)], catalog).lines
    assert (line.quantity, line.unit) == (16, "chip-hour")
    assert (line.unit_price_usd, line.amount_usd) == (Decimal("1.2"), Decimal("19.2"))


def test_each_market_has_its_own_price(catalog: Catalog) -> None:
    of = {
        market: total(catalog, machines("a2-highgpu-8g", HOUR, market=market))
        for market in ("on_demand", "spot", "reserved")
    }
    assert of["spot"] == Decimal("15.42416")
    assert of["spot"] < of["reserved"] < of["on_demand"]


def test_a_missing_price_is_a_gap_and_not_zero(catalog: Catalog) -> None:
    usages = [
        machines("p4d.24xlarge", HOUR),
        machines("p4d.24xlarge", HOUR, market="reserved"),
        machines("p5e.48xlarge", HOUR, region="us-east-2"),
        machines("own", HOUR, provider="custom"),
        machines("p4d.24xlarge", HOUR, region="mars-1"),
    ]
    bill = price(usages, catalog)
    assert bill.headline == "≥ $21.96, 4 of 5 items unpriced"
    reasons = [gap.reason for gap in bill.unpriced]
    assert reasons[0] == "no one-year commitment price of p4d.24xlarge is known for us-east-1"
    assert "capacity block" in reasons[1]
    assert "provider custom has no price" in reasons[2]
    assert "no region 'mars-1' at aws" in reasons[3]


def test_a_machine_of_ones_own_costs_what_the_scenario_says(catalog: Catalog) -> None:
    (line,) = price([machines("node", HOUR, provider="custom", usd_per_hour=3.0)], catalog).lines
    assert (line.amount_usd, line.source) == (Decimal("3.000000"), "scenario")


def test_disks_are_prorated_over_a_month_of_730_hours(catalog: Catalog) -> None:
    disk = DiskUsage("disk", "aws", "us-east-1", "gp3", 100 * GIB, MONTH)
    assert total(catalog, disk) == Decimal("8")
    day = DiskUsage("disk", "aws", "us-east-1", "gp3", 100 * GIB, 24 * HOUR)
    assert total(catalog, day) == Decimal("0.263014")


def test_a_kind_of_disk_is_the_product_that_the_provider_sells(catalog: Catalog) -> None:
    for provider, region, product in (
        ("aws", "us-east-1", "gp3"),
        ("gcp", "us-central1", "pd-balanced"),
    ):
        kind, named = (
            total(catalog, DiskUsage("disk", provider, region, name, 100 * GIB, MONTH))
            for name in ("balanced", product)
        )
        assert kind == named


def test_only_performance_beyond_the_included_is_billed(catalog: Catalog) -> None:
    def gp3(iops: float, throughput: float) -> Decimal:
        return total(
            catalog,
            DiskUsage("disk", "aws", "us-east-1", "gp3", 100 * GIB, MONTH, 1, iops, throughput),
        )

    assert gp3(3000, 125e6) == Decimal("8")
    assert gp3(4000, 225e6) == Decimal("8") + 5 + 4


def test_provisioned_performance_that_nobody_gave_is_a_gap(catalog: Catalog) -> None:
    bill = price([DiskUsage("disk", "aws", "us-east-1", "io2", 100 * GIB, MONTH)], catalog)
    assert bill.headline == "≥ $12.50, 1 of 2 items unpriced"
    assert bill.unpriced[0].reason == "io2 bills its iops, which are not given"


def test_a_bucket_bills_storage_requests_and_retrieval(catalog: Catalog) -> None:
    bucket = ObjectStorage(
        "dataset", "aws", "us-east-1", 1000 * GIB, MONTH, 10_000, 2_000, 50 * GIB, "infrequent"
    )
    amounts = {line.component: line.amount_usd for line in price([bucket], catalog).lines}
    assert amounts == {
        "object storage, standard_ia": Decimal("12.5"),
        "object storage, standard_ia, read requests": Decimal("0.01"),
        "object storage, standard_ia, write requests": Decimal("0.02"),
        "object storage, standard_ia, retrieval": Decimal("0.5"),
    }


def test_an_unknown_quantity_is_a_gap_that_tells_its_price(catalog: Catalog) -> None:
    bucket = ObjectStorage("dataset", "gcp", "us-central1", 100 * GIB, MONTH, read_requests=None)
    bill = price([bucket], catalog)
    assert bill.total_usd == Decimal("2")
    assert bill.unpriced[0].reason == (
        "the quantity is not known; it costs $0.0004 per 1,000 requests"
    )


def test_a_price_of_another_region_is_said_to_be_assumed(catalog: Catalog) -> None:
    bucket = ObjectStorage("dataset", "gcp", "us-west4", 100 * GIB, MONTH)
    (line,) = price([bucket], catalog).lines
    assert line.note == "Assumed: the price of us-central1."


def test_a_file_system_takes_the_smallest_tier_that_is_fast_enough(catalog: Catalog) -> None:
    def lustre(region: str, speed: float) -> Bill:
        return price(
            [FileSystem("fs", "aws", region, 1200 * GIB, MONTH, "parallel", speed)], catalog
        )

    assert lustre("us-east-1", 125e6).total_usd == Decimal("174")
    assert lustre("ap-northeast-1", 200e6).total_usd == Decimal("327.6"), "the 250 MB/s tier"
    assert "us-east-1" in (lustre("eu-west-1", 200e6).lines[0].note or ""), "assumed from there"
    assert "reaches 1000 MB/s per TiB" in lustre("us-east-1", 5e9).unpriced[0].reason


def test_a_file_system_without_a_published_price_is_a_gap(catalog: Catalog) -> None:
    zonal = FileSystem("fs", "gcp", "us-central1", 1024 * GIB, MONTH, "filestore.zonal")
    bill = price([zonal], catalog)
    assert bill.lines == ()
    assert bill.unpriced[0].reason == (
        "no price of file storage 'filestore.zonal.storage' at gcp is known"
    )


def test_egress_is_graduated_over_all_resources_together(catalog: Catalog) -> None:
    def out(name: str, tib: float) -> Egress:
        return Egress(name, "aws", "us-east-1", tib * 1024 * GIB)

    expected = Decimal("10240") * Decimal("0.09") + Decimal("2048") * Decimal("0.085")
    assert total(catalog, out("one", 12)) == expected
    assert total(catalog, out("one", 6), out("two", 6)) == expected


def test_tiers_start_anew_every_month(catalog: Catalog) -> None:
    two_months = Egress("out", "aws", "us-east-1", 20 * 1024 * GIB, "internet", 2 * MONTH)
    assert total(catalog, two_months) == Decimal("20480") * Decimal("0.09")


@pytest.mark.parametrize(
    ("provider", "region", "to", "usd_per_gib"),
    [
        ("aws", "us-east-1", "us-east-1", "0"),
        ("aws", "us-east-1", "zone", "0.02"),
        ("aws", "us-east-1", "us-east-2", "0.01"),
        ("aws", "us-east-1", "eu-west-1", "0.02"),
        ("aws", "sa-east-1", "us-east-1", "0.138"),
        ("gcp", "us-central1", "us-west1", "0.02"),
        ("gcp", "us-central1", "northamerica-northeast1", "0.02"),
        ("gcp", "us-central1", "europe-west4", "0.08"),
    ],
)
def test_where_bytes_go_decides_what_they_cost(
    catalog: Catalog, provider: str, region: str, to: str, usd_per_gib: str
) -> None:
    assert total(catalog, Egress("out", provider, region, 100 * GIB, to)) == 100 * Decimal(
        usd_per_gib
    )


def test_each_provider_bills_nat_its_own_way(catalog: Catalog) -> None:
    aws = NatGateway("nat", "aws", "us-east-1", 10 * HOUR, 100 * GIB, machines=64)
    gcp = NatGateway("nat", "gcp", "us-central1", 10 * HOUR, 100 * GIB, machines=64)
    assert total(catalog, aws) == Decimal("0.45") + Decimal("4.5")
    assert total(catalog, gcp) == Decimal("0.0014") * 32 * 10 + Decimal("4.5"), "32 at most"


def test_load_balancers_and_endpoints(catalog: Catalog) -> None:
    alb = LoadBalancer("lb", "aws", "us-east-1", "application", 10 * HOUR, None, 20 * HOUR)
    glb = LoadBalancer("lb", "gcp", "us-central1", "application", 10 * HOUR, 100 * GIB)
    endpoint = InterfaceEndpoint("ep", "aws", "us-east-1", 10 * HOUR, 100 * GIB, zones=3)
    assert total(catalog, alb) == Decimal("0.225") + Decimal("0.16")
    assert total(catalog, glb) == Decimal("0.25") + Decimal("0.8")
    assert total(catalog, endpoint) == Decimal("0.3") + Decimal("1")


def test_anything_in_the_catalog_can_be_billed(catalog: Catalog) -> None:
    key = ServiceUse("key", "aws", "us-east-1", "key_management", "key", "seconds", 2 * MONTH)
    assert total(catalog, key) == Decimal("2")
    with pytest.raises(TypeError, match="key is billed in seconds, not bytes"):
        price([ServiceUse("key", "aws", "us-east-1", "key_management", "key", "bytes", 1)], catalog)


def test_a_bill_says_how_old_its_prices_are(catalog: Catalog) -> None:
    usages = [machines("p4d.24xlarge", HOUR), machines("a2-highgpu-8g", HOUR)]
    assert price(usages, catalog, today=date(2026, 8, 10)).notes == ()
    bill = price(usages, catalog, today=date(2026, 11, 23))
    assert bill.notes == ("the price snapshot of 2026-08-03 is more than 90 days old",)
    assert bill.price_dates == (date(2026, 7, 20), date(2026, 8, 3))


def test_the_json_of_a_bill_adds_up(catalog: Catalog) -> None:
    usages = [
        machines("p4d.24xlarge", HOUR, 1234.5),
        Egress("out", "aws", "us-east-1", 3.7 * GIB),
        machines("own", HOUR, provider="custom"),
    ]
    written = json.loads(json.dumps(price(usages, catalog).to_json()))
    assert round(sum(line["amount_usd"] for line in written["lines"]), 6) == written["total_usd"]
    assert set(written) == {"total_usd", "lines", "unpriced", "price_dates", "notes"}
    assert written["price_dates"] == {"oldest": "2024-09-25", "newest": "2026-07-20"}
    assert [gap["resource"] for gap in written["unpriced"]] == ["pool train"]


def test_bills_merge(catalog: Catalog) -> None:
    one = price([machines("p4d.24xlarge", HOUR)], catalog, today=date(2026, 11, 23))
    both = merge([one, one])
    assert both.total_usd == 2 * one.total_usd
    assert both.notes == one.notes
