"""What AWS resources cost, one service at a time."""

from __future__ import annotations

from typing import Any

import pytest
from declared import amounts, cost_of, declare, graph_of, month, plan_of, reasons, waiting

from domain.costing import Quantities, ResourceCost
from domain.resources import UNKNOWN, Resource

GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INSTANCE = "aws:ec2/instance:Instance"
DISK = {"deviceName": "/dev/sda1", "ebs": {"volumeType": "gp3", "volumeSize": 100}}


def template(**inputs: Any) -> Resource:
    written = {"instanceType": "g5.xlarge", "blockDeviceMappings": [DISK], **inputs}
    return declare(TEMPLATE, "template", written, id="lt-1")


def group(of: Resource, **inputs: Any) -> ResourceCost:
    written = {"desiredCapacity": 2, "minSize": 0, "launchTemplate": {"id": "lt-1"}, **inputs}
    return cost_of(declare(GROUP, "group", written), of)


def test_a_group_has_the_machines_and_disks_of_its_template() -> None:
    assert amounts(group(template())) == {
        "g5.xlarge, on-demand": (1460.0, 1468.76),
        "disk, gp3": (200.0, 16.0),
    }


def test_a_template_is_found_by_what_a_preview_records_of_it() -> None:
    of = declare(TEMPLATE, "template", {"instanceType": "g5.xlarge"})
    by_dependency = declare(
        GROUP,
        "group",
        {"desiredCapacity": 1, "launchTemplate": {"id": UNKNOWN}},
        uses={"launchTemplate": of},
    )
    cost = cost_of(by_dependency, of)
    assert amounts(cost) == {"g5.xlarge, on-demand": (730.0, 734.38)}
    assert any("the image tells its size" in note for note in cost.notes)
    lost = declare(GROUP, "lost", {"desiredCapacity": 1, "launchTemplate": {"id": "lt-9"}})
    assert reasons(cost_of(lost, of)) == ["its launch template is not in this stack"]


@pytest.mark.parametrize(
    ("sizes", "hours"),
    [
        ({"desiredCapacity": 3}, 2190.0),
        ({"desiredCapacity": 0}, None),
        ({"desiredCapacity": None, "minSize": 2}, 1460.0),
        ({"desiredCapacity": None, "minSize": 0}, 730.0),
    ],
)
def test_a_group_counts_what_it_starts_with(sizes: dict[str, Any], hours: float | None) -> None:
    cost = group(template(), **sizes)
    found = amounts(cost).get("g5.xlarge, on-demand")
    assert (found and found[0]) == hours
    assert cost.basis == "priced"


def test_spot_is_told_by_the_template() -> None:
    cost = group(template(instanceMarketOptions={"marketType": "spot"}))
    assert "g5.xlarge, spot" in amounts(cost)


def test_a_commitment_is_told_by_our_tag() -> None:
    tag = {"key": "windtunnel-market", "value": "reserved", "propagateAtLaunch": True}
    assert next(iter(amounts(group(template(), tags=[tag])))) == "g5.xlarge, reserved"


def test_a_mixed_group_is_split_between_its_markets() -> None:
    mixed = {
        "instancesDistribution": {
            "onDemandBaseCapacity": 1,
            "onDemandPercentageAboveBaseCapacity": 50,
        },
        "launchTemplate": {
            "launchTemplateSpecification": {"launchTemplateId": "lt-1"},
            "overrides": [{"instanceType": "g5.2xlarge"}, {"instanceType": "g5.xlarge"}],
        },
    }
    cost = group(template(), desiredCapacity=5, mixedInstancesPolicy=mixed, launchTemplate=None)
    hours = {component: quantity for component, (quantity, _) in amounts(cost).items()}
    assert hours == {
        "g5.2xlarge, on-demand": 3 * 730,
        "g5.2xlarge, spot": 2 * 730,
        "disk, gp3": 500,
    }
    assert any("the first is billed" in note for note in cost.notes)


def test_a_machine_that_is_chosen_at_launch_has_no_price() -> None:
    cost = group(template(instanceType=None, instanceRequirements={"vcpuCount": {"min": 4}}))
    assert reasons(cost) == ["the machine is chosen at launch, by what it must have"]
    assert cost.monthly_usd is None


def test_an_instance_pays_for_every_disk_and_metric() -> None:
    cost = cost_of(
        declare(
            INSTANCE,
            "host",
            {
                "instanceType": "m5.large",
                "monitoring": True,
                "rootBlockDevice": {"volumeSize": 20},
                "ebsBlockDevices": [{"volumeType": "io2", "volumeSize": 50, "iops": 1000}],
            },
        )
    )
    assert amounts(cost) == {
        "m5.large, on-demand": (730.0, 70.08),
        "disk, gp2": (20.0, 2.0),
        "disk, io2": (50.0, 6.25),
        "disk, io2 iops": (1000.0, 65.0),
        "monitoring, metric": (7.0, 2.1),
    }


def test_tenancy_changes_who_bills_the_machine() -> None:
    dedicated = {"instanceType": "t3.medium", "tenancy": "dedicated"}
    assert amounts(cost_of(declare(INSTANCE, "one", dedicated))) == {
        "dedicated tenancy, t3 medium": (730.0, 32.193),
        "disk, gp2": (8.0, 0.8),
    }
    unknown = declare(INSTANCE, "two", {**dedicated, "instanceType": "c6g.large"})
    reason = "no price of dedicated tenancy is known for c6g.large there"
    assert reasons(cost_of(unknown)) == [reason]
    far = declare(INSTANCE, "far", {**dedicated, "region": "eu-west-1"})
    assert len(reasons(cost_of(far))) == 1
    hosted = declare(INSTANCE, "three", {"instanceType": "m5.large", "hostId": "h-1"})
    assert list(amounts(cost_of(hosted))) == ["disk, gp2"]
    on_hosts = template(placement={"tenancy": "host"})
    assert list(amounts(group(on_hosts))) == ["disk, gp3"]


@pytest.mark.parametrize(
    ("inputs", "prices"),
    [
        ({"instanceType": "t3.large"}, {"cpu credits, t3": 0.05}),
        ({"instanceType": "t4g.large"}, {"cpu credits, t4g": 0.04}),
        ({"instanceType": "t2.large"}, {}),
        (
            {"instanceType": "t2.large", "creditSpecification": {"cpuCredits": "unlimited"}},
            {"cpu credits, t2": 0.05},
        ),
        ({"instanceType": "t3.large", "creditSpecification": {"cpuCredits": "standard"}}, {}),
        ({"instanceType": "m5.large", "creditSpecification": {"cpuCredits": "unlimited"}}, {}),
        (
            {"instanceType": "m5.large", "ebsBlockDevices": [{"volumeType": "standard"}]},
            {"block storage, magnetic requests": 0.00005},
        ),
    ],
)
def test_what_an_instance_may_be_billed_for_beside(
    inputs: dict[str, Any], prices: dict[str, float]
) -> None:
    assert waiting(cost_of(declare(INSTANCE, "it", inputs))) == prices


def test_old_types_sell_their_throughput_to_disks_apart() -> None:
    def extra(machine: str) -> tuple[float, float] | None:
        written = {"instanceType": machine, "ebsOptimized": True}
        cost = cost_of(declare(INSTANCE, "it", written))
        name = f"ebs optimized, {machine.replace('.', ' ')}"
        return amounts(cost).get(name)

    assert extra("r3.xlarge") == (730.0, 14.6)
    assert extra("m5.large") is None


@pytest.mark.parametrize(
    ("machine", "dollars"), [("m5.xlarge", 4 * 0.046 * 730), ("t3.medium", 0.0184 * 730)]
)
def test_windows_is_billed_where_the_resource_tells(machine: str, dollars: float) -> None:
    nodes = {"scalingConfig": {"desiredSize": 1}, "instanceTypes": [machine]}
    kind = "aws:eks/nodeGroup:NodeGroup"
    linux = month(cost_of(declare(kind, "linux", nodes)))
    windows = {**nodes, "amiType": "WINDOWS_CORE_2022_x86_64"}
    cost = month(cost_of(declare(kind, "windows", windows)))
    assert linux is not None
    assert cost == pytest.approx(linux + dollars)
    told = {"instanceType": machine, "getPasswordData": True}
    plain = month(cost_of(declare(INSTANCE, "plain", {"instanceType": machine})))
    assert plain is not None
    assert month(cost_of(declare(INSTANCE, "it", told))) == pytest.approx(plain + dollars)


def test_an_instance_adds_to_what_its_template_says() -> None:
    disk = {"deviceName": "xvdc", "ebs": {"volumeType": "io1", "volumeSize": 10, "iops": 100}}
    of = template(instanceType="t3.large", blockDeviceMappings=[disk], monitoring={"enabled": True})
    written = {"launchTemplate": {"id": "lt-1"}, "monitoring": False}
    assert amounts(cost_of(declare(INSTANCE, "it", written), of)) == {
        "t3.large, on-demand": (730.0, 60.736),
        "disk, gp2": (8.0, 0.8),  # that the image starts from
        "disk, io1": (10.0, 1.25),
        "disk, io1 iops": (100.0, 6.5),
    }


def test_a_reservation_costs_only_what_no_group_uses() -> None:
    reservation = declare(
        "aws:ec2/capacityReservation:CapacityReservation",
        "reserved",
        {"instanceType": "g5.xlarge", "instanceCount": 3},
        id="cr-1",
    )
    assert amounts(cost_of(reservation)) == {"g5.xlarge, on-demand": (2190.0, 2203.14)}
    target = {"capacityReservationTarget": {"capacityReservationId": "cr-1"}}
    of = template(capacityReservationSpecification=target)
    user = declare(GROUP, "group", {"desiredCapacity": 2, "launchTemplate": {"id": "lt-1"}})
    assert amounts(cost_of(reservation, of, user)) == {"g5.xlarge, on-demand": (730.0, 734.38)}


def test_a_capacity_block_is_paid_ahead() -> None:
    cost = cost_of(declare("aws:ec2/capacityBlockReservation:CapacityBlockReservation", "block"))
    assert reasons(cost) == ["a capacity block is paid ahead, at the price of its offer"]


def test_networks() -> None:
    gateway = cost_of(declare("aws:ec2/natGateway:NatGateway", "nat"))
    assert amounts(gateway) == {"NAT gateway": (730.0, 32.85)}
    assert waiting(gateway) == {"NAT, data": 0.045, "data transfer to internet": 0.09}
    assert month(cost_of(declare("aws:ec2/eip:Eip", "address"))) == pytest.approx(3.65)
    kind = "aws:ec2/vpcEndpoint:VpcEndpoint"
    private = {"vpcEndpointType": "Interface", "subnetIds": ["a", "b"]}
    assert amounts(cost_of(declare(kind, "ssm", private))) == {"endpoint": (1460.0, 14.6)}
    gateway_endpoint = cost_of(declare(kind, "s3", {"vpcEndpointType": "Gateway"}))
    assert gateway_endpoint.basis == "free"


def test_load_balancers() -> None:
    kind = "aws:lb/loadBalancer:LoadBalancer"
    cost = cost_of(declare(kind, "front", {"loadBalancerType": "network"}))
    assert amounts(cost) == {"load balancer, network": (730.0, 16.425)}
    assert waiting(cost) == {
        "load balancer, network, capacity units": 0.006,
        "data transfer to internet": 0.09,
    }
    inside = cost_of(declare(kind, "back", {"loadBalancerType": "network", "internal": True}))
    assert waiting(inside) == {"load balancer, network, capacity units": 0.006}


@pytest.mark.parametrize(
    ("deployment", "throughput", "dollars"),
    [("PERSISTENT_2", 250, 252.0), ("PERSISTENT_2", 1000, 720.0), ("SCRATCH_2", None, 168.0)],
)
def test_lustre_by_its_tier(deployment: str, throughput: int | None, dollars: float) -> None:
    inputs = {
        "deploymentType": deployment,
        "storageCapacity": 1200,
        "perUnitStorageThroughput": throughput,
    }
    cost = cost_of(declare("aws:fsx/lustreFileSystem:LustreFileSystem", "scratch", inputs))
    assert month(cost) == pytest.approx(dollars)


@pytest.mark.parametrize(
    ("kind", "inputs", "dollars"),
    [
        # GiB of solid-state storage, and MB/s, in two zones and in one.
        (
            "aws:fsx/windowsFileSystem:WindowsFileSystem",
            {"storageCapacity": 300, "throughputCapacity": 32, "deploymentType": "MULTI_AZ_1"},
            300 * 0.23 + 32 * 4.5,
        ),
        (
            "aws:fsx/ontapFileSystem:OntapFileSystem",
            {"storageCapacity": 1024, "throughputCapacity": 128, "deploymentType": "SINGLE_AZ_1"},
            1024 * 0.125 + 128 * 0.72,
        ),
        # Above 32,000 and above 64,000 IOPS of one volume each costs less.
        (
            "aws:ebs/volume:Volume",
            {"type": "io2", "size": 100, "iops": 70_000},
            100 * 0.125 + 32_000 * 0.065 + 32_000 * 0.0455 + 6_000 * 0.03185,
        ),
    ],
)
def test_storage_by_what_is_provisioned(kind: str, inputs: dict[str, Any], dollars: float) -> None:
    assert month(cost_of(declare(kind, "it", inputs))) == pytest.approx(dollars)


def test_volumes_do_not_make_each_other_cheaper() -> None:
    volumes = [
        declare("aws:ebs/volume:Volume", name, {"type": "io2", "size": 100, "iops": 32_000})
        for name in ("one", "two")
    ]
    rates = {float(line.unit_price_usd) for line in plan_of(*volumes).bill.lines}
    assert rates == {0.125, 0.065}


def test_a_spot_request_is_an_instance_on_spot() -> None:
    request = declare(
        "aws:ec2/spotInstanceRequest:SpotInstanceRequest", "it", {"instanceType": "g5.xlarge"}
    )
    # 8 GiB of gp2 at 0.10.
    assert amounts(cost_of(request))["disk, gp2"] == (8.0, 0.8)
    assert amounts(cost_of(request))["g5.xlarge, spot"][0] == 730.0


def test_a_bucket_is_billed_as_the_class_of_its_tag() -> None:
    tags = {"windtunnel-storage-class": "infrequent", "windtunnel-size-bytes": f"{2**40}"}
    cost = cost_of(declare("aws:s3/bucket:Bucket", "old", {"tags": tags}))
    assert amounts(cost) == {"object storage, standard_ia": (1024.0, 12.8)}
    assert "object storage, standard_ia, retrieval" in waiting(cost)


def test_a_snapshot_is_as_large_as_its_disk() -> None:
    disk = declare("aws:ebs/volume:Volume", "disk", {"size": 40, "type": "st1"}, id="vol-1")
    cost = cost_of(declare("aws:ebs/snapshot:Snapshot", "copy", {"volumeId": "vol-1"}), disk)
    assert amounts(cost) == {"block storage, snapshot storage": (40.0, 2.0)}
    first = declare("aws:ebs/snapshot:Snapshot", "first", {"volumeId": "vol-1"}, id="snap-1")
    again = declare("aws:ebs/snapshotCopy:SnapshotCopy", "again", {"sourceSnapshotId": "snap-1"})
    assert month(cost_of(again, first, disk)) == 2
    loaded = declare("aws:ebs/snapshotImport:SnapshotImport", "loaded")
    assert waiting(cost_of(loaded))["block storage, snapshot storage"] == 0.05


def test_a_cluster_and_its_nodes() -> None:
    cluster = cost_of(declare("aws:eks/cluster:Cluster", "cluster"))
    assert cluster.monthly_usd == 73
    nodes = declare(
        "aws:eks/nodeGroup:NodeGroup",
        "nodes",
        {
            "scalingConfig": {"desiredSize": 2, "minSize": 1, "maxSize": 4},
            "instanceTypes": ["g5.xlarge"],
            "capacityType": "SPOT",
            "diskSize": 100,
        },
    )
    assert amounts(cost_of(nodes))["disk, gp2"] == (200.0, 20.0)
    assert "g5.xlarge, spot" in amounts(cost_of(nodes))


def test_keys_alarms_and_logs() -> None:
    key = cost_of(declare("aws:kms/key:Key", "key"))
    assert key.monthly_usd == 1
    assert waiting(key) == {"key management, requests": 0.003}
    alarm = "aws:cloudwatch/metricAlarm:MetricAlarm"
    assert month(cost_of(declare(alarm, "idle", {"period": 300}))) == pytest.approx(0.1)
    assert month(cost_of(declare(alarm, "fast", {"period": 10}))) == pytest.approx(0.3)
    log = cost_of(declare("aws:cloudwatch/logGroup:LogGroup", "flow"))
    assert (log.basis, log.monthly_usd) == ("usage", 0)
    trail = "aws:cloudtrail/trail:Trail"
    assert cost_of(declare(trail, "audit")).basis == "free"
    on_data = {"eventSelectors": [{"dataResources": [{"type": "AWS::S3::Object"}]}]}
    assert waiting(cost_of(declare(trail, "data", on_data))) == {"audit trail, data events": 0.001}


def test_tables_streams_and_functions() -> None:
    table = declare(
        "aws:dynamodb/table:Table",
        "table",
        {"writeCapacity": 20, "readCapacity": 30, "region": "us-east-2"},
    )
    assert month(cost_of(table)) == pytest.approx(20 * 0.4745 + 30 * 0.095)
    asked = declare("aws:dynamodb/table:Table", "asked", {"billingMode": "PAY_PER_REQUEST"})
    assert cost_of(asked).basis == "usage"
    stream = declare("aws:kinesis/stream:Stream", "stream", {"shardCount": 3})
    assert month(cost_of(stream)) == pytest.approx(3 * 10.95)
    function = cost_of(declare("aws:lambda/function:Function", "function"))
    assert waiting(function) == {
        "functions, requests": 0.0002,
        "functions, memory": 0.06000012,
    }
    check = declare("aws:route53/healthCheck:HealthCheck", "check", {"type": "HTTPS_STR_MATCH"})
    assert month(cost_of(check)) == pytest.approx(2.5)


def test_tasks_on_fargate_are_billed_and_others_run_on_instances() -> None:
    task = declare(
        "aws:ecs/taskDefinition:TaskDefinition", "task", {"cpu": "512", "memory": "1 GB"}
    )
    service = {"desiredCount": 4, "launchType": "FARGATE", "taskDefinition": UNKNOWN}
    kind = "aws:ecs/service:Service"
    cost = cost_of(declare(kind, "web", service, uses={"taskDefinition": task}), task)
    assert amounts(cost) == {
        "fargate, vcpu": (1460.0, 59.1008),
        "fargate, memory": (2920.0, 12.9794),
    }
    by_family = {**service, "taskDefinition": "web:7", "desiredCount": 1}
    of = {"family": "web", "cpu": "1 vCPU", "memory": "2 GB"}
    arm = {"runtimePlatform": {"cpuArchitecture": "ARM64"}, "ephemeralStorage": {"sizeInGib": 30}}
    definition = declare("aws:ecs/taskDefinition:TaskDefinition", "arm", {**of, **arm})
    assert month(cost_of(declare(kind, "arm", by_family), definition)) == pytest.approx(
        730 * (0.03238 + 2 * 0.00356 + 10 * 0.000111)
    )
    other = declare("aws:ecs/taskDefinition:TaskDefinition", "twin", {**of, "cpu": "2 vCPU"})
    assert cost_of(declare(kind, "either", by_family), definition, other).monthly_usd is None
    system = {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}
    windows = declare("aws:ecs/taskDefinition:TaskDefinition", "windows", {**of, **system})
    assert month(cost_of(declare(kind, "windows", by_family), windows)) == pytest.approx(
        730 * (0.046552 + 0.046 + 2 * 0.00511175), abs=1e-5
    )
    hosted = declare(kind, "hosted", {**service, "launchType": "EC2"})
    assert cost_of(hosted).basis == "free"


def test_a_public_address_of_a_node_is_billed() -> None:
    cost = group(template(networkInterfaces=[{"associatePublicIpAddress": "true"}]))
    assert amounts(cost)["public address, in use hour"] == (1460.0, 7.3)


def test_prices_of_another_region_are_said_to_be_assumed() -> None:
    gateway = declare("aws:ec2/natGateway:NatGateway", "nat", {"region": "eu-west-3"})
    (line,) = cost_of(gateway).lines
    assert line.note == "Assumed: the price of us-east-1."


def test_data_through_a_gateway_may_be_stated() -> None:
    gateway = declare("aws:ec2/natGateway:NatGateway", "nat")
    stated = {gateway.urn: Quantities(source="stated", processed_bytes=1000 * 2.0**30)}
    plan = plan_of(gateway, quantities=stated)
    assert float(plan.bill.total_usd) == pytest.approx(32.85 + 45)
    assert plan.graph.resources == graph_of(gateway).resources
