"""What Google Cloud resources cost, one service at a time."""

from __future__ import annotations

from typing import Any

import pytest
from declared import amounts, cost_of, declare, month, plan_of, reasons, waiting

from domain.costing import ResourceCost
from domain.resources import UNKNOWN, Resource

GROUP = "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager"
TEMPLATE = "gcp:compute/instanceTemplate:InstanceTemplate"
INSTANCE = "gcp:compute/instance:Instance"
SLICE = "gcp:tpu/v2Vm:V2Vm"
BOOT = {"boot": True, "diskType": "pd-balanced", "diskSizeGb": 100}
SCRATCH = {"type": "SCRATCH", "diskType": "local-ssd", "diskSizeGb": 375}


def template(**inputs: Any) -> Resource:
    return declare(
        TEMPLATE, "template", {"machineType": "g2-standard-8", "disks": [BOOT], **inputs}
    )


def group(of: Resource, size: Any = 2) -> Resource:
    inputs = {"targetSize": size, "versions": [{"instanceTemplate": UNKNOWN}]}
    return declare(GROUP, "group", inputs, uses={"versions": of})


def machines(cost: ResourceCost) -> dict[str, float]:
    return {name: hours for name, (hours, _) in amounts(cost).items() if "disk" not in name}


def test_a_group_has_the_machines_and_disks_of_its_template() -> None:
    of = template(scheduling={"provisioningModel": "SPOT"})
    cost = cost_of(group(of), of)
    assert machines(cost) == {"g2-standard-8, spot": 1460.0}
    assert amounts(cost)["disk, pd-balanced"] == (200.0, 20.0)


def test_a_group_of_one_zone_is_like_one_of_a_region() -> None:
    of = template()
    zonal = declare(
        "gcp:compute/instanceGroupManager:InstanceGroupManager",
        "zonal",
        {"targetSize": 2, "versions": [{"instanceTemplate": UNKNOWN}]},
        uses={"versions": of},
    )
    assert amounts(cost_of(zonal, of)) == amounts(cost_of(group(of), of))


def test_the_size_of_a_group_may_be_left_to_its_autoscaler() -> None:
    of = template()
    unsized = group(of, None)
    scaler = declare(
        "gcp:compute/regionAutoscaler:RegionAutoscaler",
        "scaler",
        {"target": UNKNOWN, "autoscalingPolicy": {"minReplicas": 3, "maxReplicas": 9}},
        uses={"target": unsized},
    )
    assert machines(cost_of(unsized, of, scaler)) == {"g2-standard-8, on-demand": 2190.0}
    later = group(of, UNKNOWN)
    assert reasons(cost_of(later, of)) == ["the size of the group is known only after deployment"]


@pytest.mark.parametrize(
    ("machine", "gpu", "billed"),
    [
        ("n1-standard-8", {"type": "nvidia-tesla-t4", "count": 1}, "n1-standard-8+t4x1"),
        ("n1-standard-16", {"type": "zones/z/x/nvidia-tesla-v100", "count": 2},
         "n1-standard-16+v100x2"),
        ("a2-highgpu-1g", {"type": "nvidia-tesla-a100", "count": 1}, "a2-highgpu-1g"),
    ],
)  # fmt: skip
def test_gpus_that_are_attached_are_part_of_the_machine(
    machine: str, gpu: dict[str, Any], billed: str
) -> None:
    inputs = {"machineType": machine, "guestAccelerators": [gpu], "bootDisk": {}}
    assert machines(cost_of(declare(INSTANCE, "host", inputs))) == {f"{billed}, on-demand": 730.0}


def test_local_ssds_are_billed_unless_the_machine_brings_them() -> None:
    own = template(machineType="a3-highgpu-8g", disks=[BOOT, *[SCRATCH] * 16])
    assert "disk, local-ssd" not in amounts(cost_of(group(own), own))
    extra = template(machineType="g2-standard-8", disks=[BOOT, SCRATCH])
    included = amounts(cost_of(group(extra), extra)).get("disk, local-ssd")
    attached = template(machineType="n1-standard-8", disks=[BOOT, SCRATCH, SCRATCH])
    assert amounts(cost_of(group(attached), attached))["disk, local-ssd"] == (1500.0, 120.0)
    assert included is None or included[0] == 750.0


def test_a_reservation_costs_only_what_no_group_uses() -> None:
    reservation = declare(
        "gcp:compute/reservation:Reservation",
        "reserved",
        {
            "specificReservation": {
                "count": 3,
                "instanceProperties": {"machineType": "g2-standard-8"},
            }
        },
    )
    assert machines(cost_of(reservation)) == {"g2-standard-8, on-demand": 2190.0}
    of = declare(
        TEMPLATE,
        "template",
        {"machineType": "g2-standard-8", "reservationAffinity": {"type": "SPECIFIC_RESERVATION"}},
        uses={"reservationAffinity": reservation},
    )
    assert machines(cost_of(reservation, of, group(of))) == {"g2-standard-8, on-demand": 730.0}


@pytest.mark.parametrize(
    ("written", "billed"),
    [
        ({"acceleratorType": "v4-8"}, "tpu-v4-8"),
        ({"acceleratorConfig": {"type": "V5LITE_POD", "topology": "2x4"}}, "tpu-v5litepod-8"),
        ({"acceleratorConfig": {"type": "V4", "topology": "2x2x2"}}, "tpu-v4-16"),
        ({"acceleratorConfig": {"type": "V6E", "topology": "4x4"}}, "tpu-v6e-16"),
    ],
)
def test_a_slice_is_named_by_its_type_or_its_topology(written: dict[str, Any], billed: str) -> None:
    inputs = {**written, "zone": "us-central2-b" if "v4" in billed else "us-central1-a"}
    cost = cost_of(declare(SLICE, "slice", inputs))
    assert list(amounts(cost)) == [f"{billed}, on-demand"]
    assert cost.lines[0].unit == "chip-hour"


def test_a_slice_may_be_spot_reserved_or_unknown() -> None:
    spot = {"acceleratorType": "v5litepod-8", "schedulingConfig": {"spot": True}}
    assert list(amounts(cost_of(declare(SLICE, "one", spot)))) == ["tpu-v5litepod-8, spot"]
    committed = {"acceleratorType": "v5litepod-8", "schedulingConfig": {"reserved": True}}
    assert "one-year commitment" in reasons(cost_of(declare(SLICE, "two", committed)))[0]
    later = declare(SLICE, "three", {"acceleratorType": UNKNOWN})
    assert reasons(cost_of(later)) == ["the accelerator type is known only after deployment"]


def test_a_slice_of_the_first_interface_costs_the_same() -> None:
    inputs = {"acceleratorType": "v2-8", "zone": "us-central1-b"}
    # Four chips at 1.125.
    node = cost_of(declare("gcp:tpu/node:Node", "node", inputs))
    assert amounts(node) == {"tpu-v2-8, on-demand": (4 * 730.0, 4 * 730 * 1.125)}


def test_a_queued_slice_counts_as_one_that_runs() -> None:
    node = {"node": {"acceleratorType": "v5litepod-8"}}
    queued = declare(
        "gcp:tpu/v2QueuedResource:V2QueuedResource", "queued", {"tpu": {"nodeSpecs": [node]}}
    )
    assert list(amounts(cost_of(queued))) == ["tpu-v5litepod-8, on-demand"]


def test_cloud_nat_is_billed_by_the_machines_behind_it() -> None:
    nat = declare("gcp:compute/routerNat:RouterNat", "nat")
    of = template()
    multi_host = declare(
        SLICE, "slice", {"acceleratorType": "v5litepod-16", "zone": "us-central1-a"}
    )
    elsewhere = declare(SLICE, "far", {"acceleratorType": "v5litepod-8", "zone": "us-west4-a"})
    cost = cost_of(nat, of, group(of), multi_host, elsewhere)
    hosts = amounts(cost)["NAT, machines behind it"][0] / 730
    assert hosts == 2 + 4, "two nodes and the four hosts of the slice"
    assert "NAT, machines behind it" in waiting(cost_of(nat)), "nobody says how many there are"


def test_addresses_cost_more_while_nothing_uses_them() -> None:
    kind = "gcp:compute/address:Address"
    idle = declare(kind, "idle")
    assert month(cost_of(idle)) == pytest.approx(7.3)
    nat = declare("gcp:compute/routerNat:RouterNat", "nat", {"natIps": [UNKNOWN]},
                  uses={"natIps": idle})  # fmt: skip
    assert month(cost_of(idle, nat)) == pytest.approx(3.65)
    assert cost_of(declare(kind, "private", {"addressType": "INTERNAL"})).basis == "free"


def test_a_forwarding_rule_passes_on_or_leads_to_a_proxy() -> None:
    kind = "gcp:compute/forwardingRule:ForwardingRule"
    passing = cost_of(declare(kind, "tcp", {"loadBalancingScheme": "INTERNAL"}))
    assert month(passing) == pytest.approx(7.3)
    proxy = declare("gcp:compute/regionTargetHttpsProxy:RegionTargetHttpsProxy", "proxy")
    leading = declare(kind, "https", {"target": UNKNOWN}, uses={"target": proxy})
    assert list(amounts(cost_of(leading, proxy))) == ["load balancer, proxy"]


@pytest.mark.parametrize(
    ("storage_class", "component"),
    [("STANDARD", "standard"), ("NEARLINE", "nearline"), ("ARCHIVE", "archive")],
)
def test_buckets_by_class(storage_class: str, component: str) -> None:
    inputs = {"storageClass": storage_class, "location": "US-CENTRAL1"}
    cost = cost_of(declare("gcp:storage/bucket:Bucket", "data", inputs))
    assert cost.basis == "usage"
    assert f"object storage, {component}" in waiting(cost)
    assert all(price is not None for price in waiting(cost).values())


def test_file_systems() -> None:
    lustre = declare(
        "gcp:lustre/instance:Instance",
        "fast",
        {"capacityGib": "9000", "perUnitStorageThroughput": "1000", "location": "us-central1-a"},
    )
    assert cost_of(lustre).monthly_usd == 5400
    nfs = declare(
        "gcp:filestore/instance:Instance",
        "nfs",
        {"tier": "ZONAL", "fileShares": {"capacityGb": 1024}},
    )
    assert "filestore.zonal" in reasons(cost_of(nfs))[0]


def test_copies_are_as_large_as_what_they_are_of() -> None:
    disk = declare("gcp:compute/disk:Disk", "disk", {"size": 50, "type": "pd-ssd"})
    assert month(cost_of(disk)) == pytest.approx(8.5)
    twice = declare("gcp:compute/regionDisk:RegionDisk", "twice", {"size": 50})
    assert reasons(cost_of(twice)) == ["no price of regional disks is known"]
    image = declare(
        "gcp:compute/image:Image", "image", {"sourceDisk": UNKNOWN}, uses={"sourceDisk": disk}
    )
    assert month(cost_of(image, disk)) == pytest.approx(2.5)


def test_a_pool_of_a_cluster_has_its_nodes_in_every_zone() -> None:
    cluster = declare("gcp:container/cluster:Cluster", "main", {"removeDefaultNodePool": True})
    pool = declare(
        "gcp:container/nodePool:NodePool",
        "gpu",
        {
            "cluster": UNKNOWN,
            "nodeCount": 2,
            "nodeLocations": ["us-central1-a", "us-central1-b"],
            "nodeConfig": {"machineType": "g2-standard-8", "spot": True, "diskSizeGb": 100},
        },
        uses={"cluster": cluster},
    )
    plan = plan_of(cluster, pool)
    assert plan.resources[0].monthly_usd == 73
    assert machines(plan.resources[1]) == {"g2-standard-8, spot": 4 * 730.0}


def test_autopilot_waits_for_what_pods_ask_for() -> None:
    cluster = declare("gcp:container/cluster:Cluster", "main", {"enableAutopilot": True})
    cost = cost_of(cluster)
    assert month(cost) == pytest.approx(73)
    assert waiting(cost)["kubernetes, autopilot vcpu"] == 32.49


def test_larger_caches_cost_less_a_gibibyte() -> None:
    kind = "gcp:redis/instance:Instance"
    assert month(cost_of(declare(kind, "small", {"memorySizeGb": 5}))) == pytest.approx(98.55)
    large = {"memorySizeGb": 45, "tier": "STANDARD_HA"}
    assert month(cost_of(declare(kind, "large", large))) == pytest.approx(1149.75)


def test_keys_alarms_and_secrets() -> None:
    key = cost_of(declare("gcp:kms/cryptoKey:CryptoKey", "key"))
    assert month(key) == pytest.approx(0.06)
    alarm = declare("gcp:monitoring/alertPolicy:AlertPolicy", "idle", {"conditions": [{}]})
    assert month(cost_of(alarm)) == pytest.approx(0.1)
    secret = declare("gcp:secretmanager/secret:Secret", "secret")
    version = declare(
        "gcp:secretmanager/secretVersion:SecretVersion",
        "one",
        {"secret": UNKNOWN},
        uses={"secret": secret},
    )
    plan = plan_of(secret, version)
    assert float(plan.bill.total_usd) == pytest.approx(0.06)
