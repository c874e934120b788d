"""Accelerators are billed once, by whatever resource keeps them, and never left out."""

from __future__ import annotations

from typing import Any

import pytest
from declared import amounts, cost_of, declare, month, plan_of, reasons

BATCH = "aws:batch/computeEnvironment:ComputeEnvironment"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:autoscaling/group:Group"
INSTANCE = "aws:ec2/instance:Instance"
RESERVATION = "aws:ec2/capacityReservation:CapacityReservation"
BLOCK = "aws:ec2/capacityBlockReservation:CapacityBlockReservation"
MANAGER = "gcp:compute/instanceGroupManager:InstanceGroupManager"
RESIZE = "gcp:compute/resizeRequest:ResizeRequest"
REGION_RESIZE = "gcp:compute/regionResizeRequest:RegionResizeRequest"
POOL = "gcp:container/nodePool:NodePool"
RUN = "gcp:cloudrunv2/service:Service"
P4D_HOUR = 21.957642
G5_HOUR = 1.006
PAID_AHEAD = "a capacity block is paid ahead, at the price of its offer"


def environment(**resources: Any) -> Any:
    return declare(BATCH, "jobs", {"computeResources": {"type": "EC2", **resources}})


def test_batch_keeps_as_many_machines_as_its_least_number_of_processors_takes() -> None:
    # A p4d.24xlarge has 96 vCPUs.
    assert month(cost_of(environment(instanceTypes=["p4d.24xlarge"], minVcpus=96))) == (
        pytest.approx(P4D_HOUR * 730)
    )
    assert month(cost_of(environment(instanceTypes=["p4d.24xlarge"], minVcpus=97))) == (
        pytest.approx(2 * P4D_HOUR * 730)
    )
    assert month(cost_of(environment(instanceTypes=["p4d.24xlarge"], minVcpus=0))) == 0
    assert month(cost_of(environment(type="FARGATE", minVcpus=4))) == 0


def test_batch_that_keeps_machines_of_no_type_is_unpriced() -> None:
    cost = cost_of(environment(instanceTypes=["optimal"], minVcpus=4))
    assert reasons(cost) == ["of which type the machines are that it keeps is not told"]


@pytest.mark.parametrize("kind", [RESIZE, REGION_RESIZE])
def test_machines_that_a_group_is_asked_to_add_are_billed(kind: str) -> None:
    template = declare(
        "gcp:compute/instanceTemplate:InstanceTemplate", "t", {"machineType": "a3-highgpu-8g"}
    )
    group = declare(MANAGER, "g", {"targetSize": 0}, uses={"versions": template})
    uses = {"instanceGroupManager": group}
    forever = declare(kind, "r", {"resizeBy": 2}, uses=uses)
    day = declare(
        kind, "r", {"resizeBy": 2, "requestedRunDuration": {"seconds": "86400"}}, uses=uses
    )
    one = month(cost_of(declare("gcp:compute/instance:Instance", "i", {
        "machineType": "a3-highgpu-8g", "bootDisk": {"source": "here"},
    })))  # fmt: skip
    assert one is not None
    assert one > 10_000
    assert month(cost_of(forever, group, template)) == pytest.approx(2 * one)
    assert month(cost_of(day, group, template)) == pytest.approx(2 * one * 24 / 730)
    assert reasons(cost_of(declare(kind, "r", {"resizeBy": 2}))) == [
        "the instance template of its group is not in this stack"
    ]


def test_machines_in_a_capacity_block_are_paid_with_the_block() -> None:
    template = declare(
        TEMPLATE,
        "t",
        {"instanceType": "p4d.24xlarge", "instanceMarketOptions": {"marketType": "capacity-block"}},
    )
    group = declare(GROUP, "g", {"desiredCapacity": 2}, uses={"launchTemplate": template})
    cost = cost_of(group, template, declare(BLOCK, "b"))
    assert month(cost) == 0
    assert reasons(cost_of(group, template)) == [PAID_AHEAD]


def test_a_node_group_in_a_capacity_block_is_not_on_demand() -> None:
    inputs = {
        "instanceTypes": ["p5.48xlarge"],
        "scalingConfig": {"desiredSize": 2},
        "capacityType": "CAPACITY_BLOCK",
    }
    cost = cost_of(declare("aws:eks/nodeGroup:NodeGroup", "n", inputs))
    assert reasons(cost) == [PAID_AHEAD]
    assert list(amounts(cost)) == ["disk, gp2"]


@pytest.mark.parametrize(
    ("zone", "criteria", "machines"),
    [
        ("us-east-1a", None, 1),
        ("us-east-1a", "open", 1),
        ("us-east-1b", None, 2),
        ("us-east-1a", "targeted", 2),
    ],
)
def test_an_open_reservation_is_filled_by_machines_of_its_zone(
    zone: str, criteria: str | None, machines: int
) -> None:
    reserved = {
        "instanceType": "g5.xlarge",
        "instanceCount": 1,
        "availabilityZone": "us-east-1a",
        "instanceMatchCriteria": criteria,
    }
    host = {"instanceType": "g5.xlarge", "availabilityZone": zone}
    plan = plan_of(declare(RESERVATION, "r", reserved), declare(INSTANCE, "i", host))
    hours = sum(
        float(line.amount_usd) for line in plan.bill.lines if line.component.startswith("g5")
    )
    assert hours == pytest.approx(machines * G5_HOUR * 730)


def test_a_machine_fills_one_open_reservation_only() -> None:
    reserved = {
        "instanceType": "g5.xlarge", "instanceCount": 1, "availabilityZone": "us-east-1a",
    }  # fmt: skip
    host = {"instanceType": "g5.xlarge", "availabilityZone": "us-east-1a"}
    subnet = declare("aws:ec2/subnet:Subnet", "s", {"availabilityZone": "us-east-1a"})
    template = declare(TEMPLATE, "t", {"instanceType": "g5.xlarge"})
    group = declare(
        GROUP,
        "g",
        {"desiredCapacity": 1},
        uses={"launchTemplate": template, "vpcZoneIdentifiers": subnet},
    )
    both = (declare(RESERVATION, "r1", reserved), declare(RESERVATION, "r2", reserved))
    one = plan_of(*both, declare(INSTANCE, "i", host)).resources
    assert [month(each) for each in one[:2]] == [0, pytest.approx(G5_HOUR * 730)]
    two = plan_of(*both, declare(INSTANCE, "i", host), group, template, subnet).resources
    assert [month(each) for each in two[:2]] == [0, 0]


def service(**template: Any) -> Any:
    container = {"resources": {"limits": {"nvidia.com/gpu": "1", "cpu": "4", "memory": "16Gi"}}}
    inputs = {"template": {"containers": [container], **template}, "location": "us-central1"}
    return declare(RUN, "s", inputs)


def test_a_gpu_of_cloud_run_is_billed() -> None:
    held = {"scaling": {"minInstanceCount": 1}, "nodeSelector": {"accelerator": "nvidia-l4"}}
    cost = cost_of(service(gpuZonalRedundancyDisabled=True, **held))
    seconds = 730 * 3600
    # A service with a GPU has its vCPUs all the time.
    assert month(cost) == pytest.approx(
        seconds * (0.0001867 + 4 * 0.000018 + 16 * 0.000002), abs=1e-3
    )
    assert reasons(cost_of(service(**held))) == ["no price of gpu.l4.redundant is known"]


def test_instances_of_cloud_run_that_are_held_ready_are_billed() -> None:
    limits = {"cpu": "1", "memory": "512Mi"}
    template = {
        "containers": [{"resources": {"limits": limits}}],
        "scaling": {"minInstanceCount": 1},
    }
    cost = cost_of(declare(RUN, "s", {"template": template, "location": "us-central1"}))
    assert month(cost) == pytest.approx(730 * 3600 * 1.5 * 0.0000025, abs=1e-3)


@pytest.mark.parametrize(
    "config",
    [
        {"localSsdCount": 2},
        {"ephemeralStorageLocalSsdConfig": {"localSsdCount": 2}},
        {"localNvmeSsdBlockConfig": [{"localSsdCount": 2}]},
    ],
)
def test_local_disks_of_a_pool_are_billed_wherever_they_are_written(config: dict[str, Any]) -> None:
    inputs = {"nodeCount": 1, "location": "us-central1-a"}
    written = {"machineType": "n1-standard-4", **config}
    cost = cost_of(declare(POOL, "p", {**inputs, "nodeConfig": written}))
    # 375 GiB each, at $0.08 a month.
    assert amounts(cost)["disk, local-ssd"] == (750.0, pytest.approx(60.0))
