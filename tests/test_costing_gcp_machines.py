"""What Compute Engine machines are billed as: types, parts, GPUs, sustained use, licences."""

from __future__ import annotations

from typing import Any

import pytest
from declared import amounts, cost_of, declare, month, reasons, waiting

from domain.catalog import load_catalog
from domain.catalog.prices import Prices
from domain.environment import Market
from domain.pricing import MachineHours, price

INSTANCE = "gcp:compute/instance:Instance"
POOL = "gcp:container/nodePool:NodePool"
BOOT = 0.4
"""Ten GiB of pd-standard."""


def instance(machine: str, **inputs: Any) -> Any:
    return declare(INSTANCE, "vm", {"machineType": machine, "bootDisk": {}, **inputs})


@pytest.mark.parametrize(
    ("machine", "list_price", "per_cent_off"),
    [
        ("f1-micro", 0.0076, 30),
        ("g1-small", 0.0257, 30),
        ("n1-standard-16", 0.759996, 30),
        ("m1-ultramem-80", 12.6053, 30),
        ("n2-standard-8", 0.388472, 20),
        ("n2d-standard-8", 0.337968, 20),
        ("c2-standard-4", 0.208808, 20),
        ("e2-standard-4", 0.134023, 0),
        ("c3-standard-4", 0.201608, 0),
        ("g2-standard-4", 0.706832, 0),
    ],
)
def test_a_month_of_use_costs_less_where_the_family_has_the_discount(
    machine: str, list_price: float, per_cent_off: float
) -> None:
    cost = cost_of(instance(machine))
    assert month(cost) == pytest.approx(730 * list_price * (1 - per_cent_off / 100) + BOOT)
    assert ("sustained use" in (cost.lines[0].note or "")) == bool(per_cent_off)


@pytest.mark.parametrize(
    ("hours", "market", "expected"),
    [
        (12, "on_demand", 12 * 0.0475),
        (729, "on_demand", 729 * 0.0475),
        (730, "on_demand", 730 * 0.0475 * 0.7),
        (800, "on_demand", 730 * 0.0475 * 0.7 + 70 * 0.0475),
    ],
)
def test_only_whole_months_count_as_sustained(
    hours: float, market: Market, expected: float
) -> None:
    usage = MachineHours("vm", "gcp", "us-central1", "n1-standard-1", market, [hours * 3600])
    assert float(price([usage], load_catalog()).total_usd) == pytest.approx(expected)


def test_spot_and_a_price_of_ones_own_have_no_discount() -> None:
    spot = cost_of(instance("f1-micro", scheduling={"preemptible": True}))
    assert month(spot) == pytest.approx(730 * 0.000685 + BOOT)
    own = {"machines": [{"provider": "gcp", "machine": "n1-standard-1", "price": "$0.04/h"}]}
    catalog = load_catalog().with_prices(Prices.model_validate(own))
    usage = MachineHours("vm", "gcp", "us-central1", "n1-standard-1", "on_demand", [730 * 3600])
    assert float(price([usage], catalog).total_usd) == pytest.approx(730 * 0.04)


@pytest.mark.parametrize(
    ("machine", "ratio"),
    [
        # vCPUs and GiB at the prices of N1 and E2 in us-central1
        ("n1-highmem-4", 0.7 * (4 * 0.031611 + 26 * 0.004237)),
        ("n1-highcpu-8", 0.7 * (8 * 0.031611 + 7.2 * 0.004237)),
        ("n2-highcpu-4", 0.8 * (4 * 0.031611 + 4 * 0.004237)),
        ("n2d-highmem-8", 0.8 * (8 * 0.027502 + 64 * 0.003686)),
        ("e2-highmem-4", 4 * 0.02181159 + 32 * 0.00292353),
        ("e2-highcpu-16", 16 * 0.02181159 + 16 * 0.00292353),
    ],
)
def test_every_shape_of_a_family_costs_what_its_parts_do(machine: str, ratio: float) -> None:
    assert month(cost_of(instance(machine))) == pytest.approx(730 * ratio + BOOT, rel=1e-4)


@pytest.mark.parametrize(
    ("machine", "spot", "parts"),
    [
        ("custom-6-20480", False, 6 * 0.0232344 + 20 * 0.0031121),
        ("n1-custom-6-20480", True, 6 * 0.0101394 + 20 * 0.0013589),
        ("custom-2-15360-ext", False, 2 * 0.0232344 + 13 * 0.0031121 + 2 * 0.00668493),
        ("n2-custom-6-20480", False, 0.8 * (6 * 0.0331916 + 20 * 0.00444885)),
        ("n2d-custom-4-20480", True, 4 * 0.00691096 + 20 * 0.000926028),
        ("e2-custom-2-15360", False, 2 * 0.02289 + 15 * 0.003067),
    ],
)
def test_custom_machines_are_billed_by_the_vcpu_and_the_gibibyte(
    machine: str, spot: bool, parts: float
) -> None:
    cost = cost_of(instance(machine, scheduling={"preemptible": spot}))
    assert month(cost) == pytest.approx(730 * parts + BOOT, rel=1e-4)


def test_a_custom_machine_has_the_price_of_its_region_or_none() -> None:
    there = cost_of(instance("n1-custom-4-8192", zone="europe-west1-b"))
    assert month(there) == pytest.approx(
        730 * 1.1 * (4 * 0.0232344 + 8 * 0.0031121) + BOOT, rel=1e-3
    )
    spot = instance("n1-custom-4-8192", zone="europe-west1-b", scheduling={"preemptible": True})
    assert "no price of custom machines is known there" in reasons(cost_of(spot))[0]
    odd = cost_of(instance("z9-custom-4-8192"))
    assert odd.monthly_usd is None


def test_a_pool_may_have_custom_machines() -> None:
    config = {"machineType": "n1-custom-6-20480", "diskSizeGb": 100}
    inputs = {"nodeCount": 3, "location": "us-central1-a", "nodeConfig": config}
    cost = cost_of(declare(POOL, "pool", inputs))
    assert month(cost) == pytest.approx(2190 * (6 * 0.0232344 + 20 * 0.0031121) + 12, rel=1e-5)


def test_gpus_are_a_line_where_no_price_of_the_whole_is_known() -> None:
    gpus = [{"type": "nvidia-tesla-k80", "count": 4}]
    cost = cost_of(instance("n1-standard-16", guestAccelerators=gpus))
    assert amounts(cost)["gpu, k80"] == pytest.approx((2920.0, 919.8))
    assert amounts(cost)["n1-standard-16, on-demand"][0] == 730
    spot = cost_of(
        instance("n1-standard-16", guestAccelerators=gpus, scheduling={"preemptible": True})
    )
    assert amounts(spot)["gpu, k80 spot"] == pytest.approx((2920.0, 501.951), abs=1e-3)


def test_a_gpu_whose_price_is_not_known_there_is_a_gap() -> None:
    gpus = [{"type": "nvidia-tesla-k80", "count": 1}]
    cost = cost_of(instance("n1-standard-4", guestAccelerators=gpus, zone="asia-east1-a"))
    assert reasons(cost) == ["no price of n1-standard-4 with k80 is known there"]


def test_a_machine_that_brings_its_gpu_is_not_billed_for_it_twice() -> None:
    gpus = [{"type": "nvidia-l4", "count": 1}]
    cost = cost_of(instance("g2-standard-4", guestAccelerators=gpus))
    assert month(cost) == pytest.approx(730 * 0.706832 + BOOT)


def test_licences_of_images() -> None:
    def boot(image: str) -> dict[str, Any]:
        return {"bootDisk": {"initializeParams": {"image": image}}}

    windows = cost_of(instance("e2-standard-4", **boot("windows-cloud/windows-2022")))
    assert amounts(windows)["licence, windows vcpu"] == pytest.approx((2920.0, 134.32))
    shared = cost_of(instance("e2-micro", **boot("windows-cloud/windows-2022")))
    assert waiting(shared)["licence, windows vcpu"] == 0.046
    red_hat = cost_of(instance("e2-standard-4", **boot("rhel-cloud/rhel-9")))
    assert "no price of the image rhel-cloud/rhel-9" in reasons(red_hat)[0]
    assert cost_of(instance("e2-standard-4", **boot("debian-cloud/debian-12"))).basis == "priced"


def test_reserved_gpus_are_billed_while_nothing_uses_them() -> None:
    properties = {
        "machineType": "n1-standard-16",
        "guestAccelerators": [{"type": "nvidia-tesla-k80", "count": 1}],
    }
    inputs = {"specificReservation": {"count": 2, "instanceProperties": properties}}
    cost = cost_of(declare("gcp:compute/reservation:Reservation", "kept", inputs))
    assert amounts(cost)["gpu, k80"][0] == 1460
    assert amounts(cost)["n1-standard-16, on-demand"][0] == 1460
