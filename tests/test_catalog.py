"""The catalog answers, or says what was asked and what would be right."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from domain.catalog import Catalog, load_catalog
from domain.catalog.facts import FOLDER, Facts
from domain.errors import CatalogError, InputError


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def test_one_accelerator_has_many_spellings(catalog: Catalog) -> None:
    spellings = ["a100-80gb", "A100-SXM4-80GB", "A100 SXM4 80GB", "nvidia_a100_80gb"]
    assert {catalog.accelerator(name).id for name in spellings} == {"a100-sxm4-80gb"}


def test_a_scope_settles_a_spelling_that_is_ambiguous(catalog: Catalog) -> None:
    assert catalog.accelerator("A100").id == "a100-sxm4-40gb"
    assert catalog.accelerator("A100", "catalog:p4de.24xlarge").id == "a100-sxm4-80gb"
    assert catalog.accelerator("P100", "catalog:gcp").id == "p100-pcie-16gb"
    assert catalog.accelerator("T4", "catalog:gcp").id == "t4", "an unscoped spelling holds in all"


def test_an_unknown_accelerator_names_the_nearest(catalog: Catalog) -> None:
    with pytest.raises(CatalogError, match=r"no accelerator 'a100-sxm4-81gb'.*'a100-sxm4-80gb'"):
        catalog.accelerator("a100-sxm4-81gb")


@pytest.mark.parametrize("name", ["trainium1", "trainium2", "inferentia2"])
def test_tensorflow_is_refused_where_it_is_archived(catalog: Catalog, name: str) -> None:
    reason = catalog.accelerator(name).supports("tensorflow")
    assert reason is not None
    assert reason.startswith("TensorFlow is archived on AWS Neuron")
    assert catalog.accelerator(name).supports("PyTorch") is None


def test_tensorflow_runs_on_gpus_and_cloud_tpus(catalog: Catalog) -> None:
    for name in ("t4", "h100-sxm5-80gb", "tpu-v5e", "mi300x"):
        assert catalog.accelerator(name).supports("tensorflow") is None
    assert catalog.accelerator("t4").supports("mindspore") == (
        "mindspore does not run on t4; t4 runs tensorflow and jax and pytorch"
    )


def test_peaks_are_dense_and_unknown_ones_are_absent(catalog: Catalog) -> None:
    a100 = catalog.accelerator("a100-80gb")
    assert a100.peak_flops["bf16"] == 312e12
    assert a100.memory_bytes == 80 * 2**30
    assert a100.link_bytes_per_second == 300e9
    assert "fp8" not in a100.peak_flops
    assert "bf16" not in catalog.accelerator("v100").peak_flops
    assert catalog.accelerator("ipu-gc200").memory_bytes is None


def test_a_machine_has_its_shape_in_si_units(catalog: Catalog) -> None:
    machine = catalog.machine("aws", "p4d.24xlarge")
    assert (machine.vcpu, machine.memory_bytes) == (96, 1152 * 2**30)
    assert (machine.accelerator, machine.accelerator_count) == ("a100-sxm4-40gb", 8)
    assert machine.network_bytes_per_second == 50e9
    assert machine.local_nvme_bytes == pytest.approx(8000e9, rel=1e-5)
    assert not machine.is_tpu


def test_up_to_a_rate_is_burst_and_the_baseline_may_be_unknown(catalog: Catalog) -> None:
    known, unknown = catalog.machine("aws", "g5.2xlarge"), catalog.machine("aws", "g5.4xlarge")
    assert (known.network_bytes_per_second, known.network_baseline_bytes_per_second) == (
        1.25e9,
        0.625e9,
    )
    assert unknown.network_baseline_bytes_per_second is None


def test_a_tpu_slice_is_one_machine_of_many_hosts(catalog: Catalog) -> None:
    v5e, v3 = catalog.machine("gcp", "tpu-v5litepod-16"), catalog.machine("gcp", "tpu-v3-32")
    assert (v5e.is_tpu, v5e.vm_count, v5e.accelerator_count) == (True, 4, 16)
    assert (v3.vm_count, v3.accelerator_count) == (4, 16), "v2 to v5p count two cores a chip"


@pytest.mark.parametrize(
    ("generation", "largest"),
    [
        ("tpu-v2", "512"),
        ("tpu-v3", "512"),
        ("tpu-v4", "512"),
        ("tpu-v5litepod", "256"),
        ("tpu-v5p", "512"),
        ("tpu-v6e", "256"),
    ],
)
def test_tpu_slices_go_up_to_256_chips(catalog: Catalog, generation: str, largest: str) -> None:
    assert catalog.machine("gcp", f"{generation}-{largest}").accelerator_count == 256


def test_a_missing_machine_names_the_nearest_or_the_other_provider(catalog: Catalog) -> None:
    with pytest.raises(CatalogError, match=r"no machine 'p4d.24xlage' at aws; did.*'p4d.24xlarge'"):
        catalog.machine("aws", "p4d.24xlage")
    with pytest.raises(CatalogError, match=r"no machine 'a2-highgpu-8g' at aws; gcp has it"):
        catalog.machine("aws", "a2-highgpu-8g")
    with pytest.raises(CatalogError, match=r"no provider 'azure' in the catalog, which has aws"):
        catalog.machine("azure", "nc24")


@pytest.mark.parametrize(
    ("provider", "region", "machine", "on_demand", "spot"),
    [
        ("aws", "us-east-1", "p4d.24xlarge", 21.957642, 12.4991),
        ("aws", "us-east-1", "p5.48xlarge", 55.04, 31.037),
        ("aws", "us-east-1", "g5.12xlarge", 5.672, None),
        ("gcp", "us-central1", "a2-highgpu-8g", 29.38708, 15.42416),
        ("gcp", "us-central1", "a3-highgpu-8g", 88.49, 50.609541),
        ("gcp", "us-central1", "n1-standard-8+v100x1", 2.86, 1.27982),
        ("gcp", "us-central2", "tpu-v4-32", 51.52, 14.744),
        ("gcp", "europe-west4", "tpu-v3-32", 32.0, 10.56),
        ("gcp", "us-central1", "tpu-v6e-16", 43.2, 9.1656),
        ("gcp", "us-west4", "tpu-v5litepod-16", 19.2, 7.68),
    ],
)
def test_prices_that_headlines_depend_on(
    catalog: Catalog, provider: str, region: str, machine: str, on_demand: float, spot: float | None
) -> None:
    offer = catalog.offer(provider, region, machine)
    assert offer.usd_per_hour("on_demand") == pytest.approx(on_demand, rel=1e-5)
    if spot is not None:
        assert offer.usd_per_hour("spot") == pytest.approx(spot, rel=1e-4)


def test_spot_comes_with_its_range_and_how_often_it_is_taken_back(catalog: Catalog) -> None:
    offer = catalog.offer("aws", "us-east-1", "p4d.24xlarge")
    assert (offer.spot_low_usd_per_hour, offer.spot_high_usd_per_hour) == (6.289, 14.1051)
    assert offer.spot_interruption_per_month == (0.10, 0.15)
    assert catalog.offer("aws", "us-east-1", "p3.2xlarge").spot_interruption_per_month == (
        0.2,
        None,
    )


def test_reserved_is_a_commitment_of_one_year_where_one_is_known(catalog: Catalog) -> None:
    offer = catalog.offer("gcp", "us-central1", "a2-highgpu-8g")
    assert offer.usd_per_hour("reserved") == pytest.approx(29.38708 * 0.63)
    assert offer.commit_3y_usd_per_hour == pytest.approx(29.38708 * 0.35)
    assert catalog.offer("aws", "us-east-1", "p4d.24xlarge").usd_per_hour("reserved") is None


def test_an_unpriced_offer_says_why(catalog: Catalog) -> None:
    blocks = catalog.offer("aws", "us-east-2", "p5e.48xlarge")
    assert blocks.usd_per_hour("on_demand") is None
    assert "capacity block" in blocks.why_unpriced("on_demand")
    sentinel = catalog.offer("gcp", "asia-east1", "tpu-v6e-1")
    assert sentinel.usd_per_hour("on_demand") is None
    assert sentinel.usd_per_hour("spot") is None


def test_a_machine_that_a_region_lacks_names_those_that_have_it(catalog: Catalog) -> None:
    with pytest.raises(CatalogError, match=r"aws has no p4d.24xlarge in eu-west-2.*us-west-2"):
        catalog.offer("aws", "eu-west-2", "p4d.24xlarge")
    with pytest.raises(CatalogError, match=r"no region 'us-esat-1' at aws.*'us-east-1'"):
        catalog.offer("aws", "us-esat-1", "p4d.24xlarge")


def test_offers_can_be_asked_by_accelerator(catalog: Catalog) -> None:
    offers = catalog.offers(accelerator="A100-40GB")
    machines = {offer.machine for offer in offers}
    assert {"p4d.24xlarge", "a2-highgpu-8g", "a2-megagpu-16g"} <= machines
    assert "p4de.24xlarge" not in machines


def test_a_service_price_says_when_it_stands_in_from_another_region(catalog: Catalog) -> None:
    own = catalog.service("aws", "object_storage", "standard.storage", "eu-west-2")
    assumed = catalog.service("aws", "object_storage", "standard.storage", "eu-west-3")
    assert own is not None
    assert assumed is not None
    assert (own.value, own.assumed_from) == (0.024, None)
    assert (assumed.value, assumed.assumed_from) == (0.023, "us-east-1")
    everywhere = catalog.service("gcp", "data_transfer", "internet", "us-west4")
    assert everywhere is not None
    assert everywhere.assumed_from is None
    assert [tier.value for tier in everywhere.tiers] == [0.12, 0.11, 0.08]
    assert catalog.service("aws", "object_storage", "no_such.storage", "us-east-1") is None


def test_prices_grow_stale(catalog: Catalog) -> None:
    assert catalog.as_of == date(2026, 8, 3)
    assert catalog.staleness(date(2026, 11, 1)) is None
    stale = catalog.staleness(date(2026, 11, 23))
    assert stale == "the price snapshot of 2026-08-03 is more than 90 days old"


def test_the_snapshot_names_the_facts(catalog: Catalog) -> None:
    assert catalog.snapshot.startswith("2026-08-03+")
    assert len(catalog.snapshot) == len("2026-08-03+") + 8
    assert catalog is load_catalog()


TIERS = ("dns,queries,*,,0.4,", "dns,queries,*,1000000,0.2,")


@pytest.mark.parametrize(
    ("rows", "line", "says"),
    [
        (TIERS[::-1], 2, "'dns,queries,*': its first tier is above 1000000, so what is below has"),
        ((*TIERS, TIERS[1]), 4, "the tier above 1000000 stands below that above 1000000; tiers of"),
        ((*TIERS, "dns,queries,*,500,0.3,"), 4, "the tier above 500 stands below that above 1000"),
        (("dns,zone,*,,free,",), 2, "'dns,zone,*': value is 'free', which is no number"),
        (("dns,zone,*,,,",), 2, "'dns,zone,*': value is '', which is no number"),
        (("dns,zone,*,,1,2,",), 2, "has 10 cells, the first line has 9; a cell with a comma"),
    ],
)
def test_a_table_of_prices_out_of_order_is_refused_with_its_line(
    tmp_path: Path, rows: tuple[str, ...], line: int, says: str
) -> None:
    written = [f"{row}usd_per_1000_requests,aws-pricing-recalled,," for row in rows]
    assert says in refused(tmp_path, written, line)


@pytest.mark.parametrize(
    ("unit", "says"),
    [
        ("usd_per_huor", "'usd_per_huor' is no unit that is known; did you mean 'usd_per_hour'"),
        ("euros", "'euros' is no unit that is known; units are usd_per_second, "),
        ("", "'' is no unit that is known"),
    ],
)
def test_a_price_in_no_known_unit_is_refused_with_its_line(
    tmp_path: Path, unit: str, says: str
) -> None:
    assert says in refused(tmp_path, [f"broker,small,us-east-1,,0.3,{unit},x,,"], 2)
    rows = ["a,b,*,,1,usd_per_gib,x,,", "a,b,*,5,1,usd_per_tib,x,,"]
    told = refused(tmp_path, rows, 3)
    assert "'a,b,*': its first tier is in usd_per_gib, this one in usd_per_tib" in told


def refused(folder: Path, rows: list[str], line: int) -> str:
    """What is said of a table of services with these rows, at a line of it."""
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    path = folder / "services_aws.csv"
    header, *_ = path.read_text().splitlines()
    path.write_text("\n".join([header, *rows]) + "\n")
    with pytest.raises(InputError) as raised:
        Catalog(Facts(folder)).service("aws", "dns", "zone", "us-east-1")
    assert raised.value.where == f"{path}:{line}"
    return raised.value.message
