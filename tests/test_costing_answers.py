"""What the cloud answered, what is public, what stands still, and what is old."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from declared import amounts, cost_of, declare, graph_of, month, plan_of, reasons, waiting

from domain.catalog import load_catalog
from domain.costing import Quantities, cost_graph
from domain.costing.free import why_free

INSTANCE = "aws:ec2/instance:Instance"
MACHINE = "gcp:compute/instance:Instance"
SQL = "gcp:sql/databaseInstance:DatabaseInstance"
STREAM = "aws:kinesis/stream:Stream"
CLUSTER = "aws:eks/cluster:Cluster"
DATABASE = "aws:rds/instance:Instance"
RULE = "gcp:compute/globalForwardingRule:GlobalForwardingRule"
ADDRESS = "gcp:compute/address:Address"
SERVICE = "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
SMALL = {"instanceType": "t3.micro"}
PUBLIC = 3.65  # $0.005 an hour


def test_an_export_tells_the_disk_that_an_instance_starts_from() -> None:
    answered = {"rootBlockDevice": {"volumeType": "gp3", "volumeSize": 500, "iops": 3000}}
    cost = cost_of(declare(INSTANCE, "it", SMALL, outputs=answered))
    assert amounts(cost)["disk, gp3"] == (500.0, 40.0)
    larger = {**SMALL, "rootBlockDevice": {"volumeSize": 600}}
    cost = cost_of(declare(INSTANCE, "it", larger, outputs=answered))
    assert amounts(cost)["disk, gp3"] == (600.0, 48.0)


def test_an_export_tells_a_public_address_unless_it_is_one_of_its_own() -> None:
    public = declare(INSTANCE, "it", SMALL, outputs={"publicIp": "1.2.3.4"})
    assert amounts(cost_of(public))["public address, in use hour"][1] == PUBLIC
    own = declare("aws:ec2/eip:Eip", "ip", {}, outputs={"publicIp": "1.2.3.4"})
    assert "public address, in use hour" not in amounts(cost_of(public, own))


def test_an_address_of_its_own_takes_the_place_of_the_one_that_the_cloud_gives() -> None:
    host = declare(INSTANCE, "it", {**SMALL, "associatePublicIpAddress": True})
    own = declare("aws:ec2/eip:Eip", "ip", {}, uses={"instance": host})
    plan = plan_of(host, own)
    addresses = [line for line in plan.bill.lines if "public address" in line.component]
    assert [line.amount_usd for line in addresses] == [Decimal("3.65")]


def test_a_subnet_may_give_addresses() -> None:
    subnet = declare("aws:ec2/subnet:Subnet", "s", {"mapPublicIpOnLaunch": True})
    host = declare(INSTANCE, "it", SMALL, uses={"subnetId": subnet})
    assert amounts(cost_of(host, subnet))["public address, in use hour"][1] == PUBLIC


@pytest.mark.parametrize(
    ("kind", "inputs", "outputs", "dollars"),
    [
        (
            INSTANCE,
            {**SMALL, "rootBlockDevice": {"volumeSize": 10}},
            {"instanceState": "stopped"},
            1.0,
        ),
        (
            MACHINE,
            {
                "machineType": "n1-standard-4",
                "zone": "us-central1-a",
                "desiredStatus": "TERMINATED",
                "bootDisk": {"initializeParams": {"size": 10, "type": "pd-standard"}},
            },
            {},
            0.4,
        ),
    ],
)
def test_a_machine_that_is_stopped_costs_its_disks(
    kind: str, inputs: dict[str, Any], outputs: dict[str, Any], dollars: float
) -> None:
    cost = cost_of(declare(kind, "it", inputs, outputs=outputs))
    assert month(cost) == pytest.approx(dollars)
    assert "A machine that is stopped is billed for its disks alone." in cost.notes


def test_a_replica_has_the_disk_of_its_master() -> None:
    answered = {"settings": [{"diskSize": 500}]}
    master = declare(SQL, "m", {"name": "m", "settings": {"tier": "db-f1-micro"}}, outputs=answered)
    replica = declare(SQL, "r", {"masterInstanceName": "m", "settings": {"tier": "db-f1-micro"}})
    for each in (cost_of(master), cost_of(replica, master)):
        assert amounts(each)["sql, storage ssd"] == (500.0, 85.0)


@pytest.mark.parametrize(("hours", "dollars"), [(24, 0.0), (168, 29.2), (8760, 29.2)])
def test_a_stream_that_keeps_longer_costs_more_a_shard(hours: int, dollars: float) -> None:
    cost = cost_of(declare(STREAM, "s", {"shardCount": 2, "retentionPeriod": hours}))
    assert month(cost) == pytest.approx(2 * 0.015 * 730 + dollars)
    assert "streams, shard retention" not in waiting(cost)


@pytest.mark.parametrize(
    ("inputs", "hourly"),
    [
        ({}, 0.1),
        ({"version": "1.34"}, 0.1),
        ({"version": "1.24"}, 0.6),
        ({"version": "1.31"}, 0.6),
        ({"version": "1.31", "upgradePolicy": {"supportType": "STANDARD"}}, 0.1),
    ],
)
def test_an_old_version_of_kubernetes_costs_more(inputs: dict[str, Any], hourly: float) -> None:
    assert month(cost_of(declare(CLUSTER, "c", inputs))) == pytest.approx(hourly * 730)


@pytest.mark.parametrize(
    ("engine", "version", "is_old"),
    [
        ("mysql", "5.7.44", True),
        ("mysql", "8.4.3", False),
        ("postgres", "11", True),
        ("postgres", "16.2", False),
        ("aurora-mysql", "5.7.mysql_aurora.2.11.1", True),
    ],
)
def test_an_old_version_of_a_database_says_that_it_costs_more(
    engine: str, version: str, is_old: bool
) -> None:
    inputs = {"engine": engine, "engineVersion": version, "instanceClass": "db.r5.large"}
    cost = cost_of(declare(DATABASE, "d", inputs))
    assert any("extended support" in reason for reason in reasons(cost)) is is_old
    refused = {**inputs, "engineLifecycleSupport": "open-source-rds-extended-support-disabled"}
    assert not any(
        "extended support" in reason for reason in reasons(cost_of(declare(DATABASE, "d", refused)))
    )


def test_up_to_five_rules_of_proxies_cost_together_what_one_does() -> None:
    proxies = [
        declare(f"gcp:compute/targetHttp{kind}:TargetHttp{kind}", kind)
        for kind in ("Proxy", "sProxy")
    ]
    rules = [
        declare(RULE, each.name, {"loadBalancingScheme": "EXTERNAL"}, uses={"target": each})
        for each in proxies
    ]
    plan = plan_of(*rules, *proxies)
    assert plan.bill.total_usd == Decimal("18.25")
    six = [declare(RULE, f"r{n}", {"loadBalancingScheme": "EXTERNAL_MANAGED"}) for n in range(6)]
    assert plan_of(*six).bill.total_usd == Decimal("18.25") + Decimal("7.3")


def test_an_address_of_a_forwarding_rule_is_billed_with_it() -> None:
    address = declare(ADDRESS, "a", outputs={"address": "34.1.2.3"})
    rule = declare(RULE, "r", uses={"ipAddress": address})
    assert month(cost_of(address, rule)) == 0
    by_number = declare(RULE, "r", {"ipAddress": "34.1.2.3"})
    assert month(cost_of(address, by_number)) == 0
    assert month(cost_of(address)) == pytest.approx(7.3)
    access = {"networkInterfaces": [{"accessConfigs": [{"natIp": "34.1.2.3"}]}]}
    assert month(cost_of(address, declare(MACHINE, "i", access))) == pytest.approx(PUBLIC)


def test_tasks_may_have_public_addresses() -> None:
    task = declare(TASK, "t", {"cpu": "256", "memory": "512", "family": "f"})
    inputs = {
        "launchType": "FARGATE",
        "desiredCount": 2,
        "taskDefinition": "arn:aws:ecs:us-east-1:1:task-definition/f:7",
        "networkConfiguration": {"assignPublicIp": True},
    }
    cost = cost_of(declare(SERVICE, "s", inputs), task)
    assert amounts(cost)["public address, in use hour"] == (1460.0, 7.3)
    assert amounts(cost)["fargate, vcpu"][0] == 365.0


def test_machines_with_an_address_or_at_rest_are_not_behind_a_gateway() -> None:
    of = {"machineType": "n1-standard-4", "zone": "us-central1-a", "bootDisk": {"source": "d"}}
    public = {**of, "networkInterfaces": [{"accessConfigs": [{}]}]}
    stopped = {**of, "desiredStatus": "TERMINATED"}
    gateway = declare("gcp:compute/routerNat:RouterNat", "nat", {"region": "us-central1"})
    machines = [declare(MACHINE, f"m{n}", each) for n, each in enumerate((of, public, stopped))]
    assert amounts(cost_of(gateway, *machines))["NAT, machines behind it"][0] == 730.0


def test_a_table_finds_its_dataset_by_name() -> None:
    dataset = declare("gcp:bigquery/dataset:Dataset", "d", {"datasetId": "sales", "location": "EU"})
    table = declare("gcp:bigquery/table:Table", "t", {"datasetId": "sales"})
    of_europe = cost_of(table, dataset).usage
    there = cost_of(declare("gcp:bigquery/table:Table", "t"), dataset).usage
    assert of_europe[0].unit_price_usd is not None
    assert len(of_europe) == len(there)


def test_storage_of_a_bucket_is_cheaper_the_more_there_is() -> None:
    bucket = declare("aws:s3/bucket:Bucket", "data")
    stated = Quantities(source="usage.yaml", stored_bytes=600 * 2.0**40)
    plan = plan_of(bucket, quantities={bucket.urn: stated})
    assert plan.bill.total_usd == Decimal("13465.6")


def test_writes_to_several_regions_cost_twice() -> None:
    for location, price in (("US", 0.01), ("us-central1", 0.005)):
        cost = cost_of(declare("gcp:storage/bucket:Bucket", "b", {"location": location}))
        assert waiting(cost)["object storage, standard, write requests"] == price


def test_what_a_dynamic_resource_makes_is_not_known() -> None:
    assert why_free("pulumi-nodejs:dynamic:Resource") is None
    assert why_free("pulumi-python:dynamic:Resource") is None
    assert cost_of(declare("pulumi-nodejs:dynamic:Resource", "it")).basis == "unpriced"


def test_what_a_bucket_sends_to_the_internet_is_a_line_by_use() -> None:
    cost = cost_of(declare("aws:s3/bucket:Bucket", "data"))
    assert waiting(cost)["data transfer to internet"] == 0.09


def test_sustained_use_is_said() -> None:
    inputs = {"machineType": "n1-standard-4", "zone": "us-central1-a", "bootDisk": {"source": "d"}}
    cost = cost_of(declare(MACHINE, "it", inputs))
    assert "Machines that run all month are billed less for their sustained use." in cost.notes


def test_a_region_that_is_none_is_said() -> None:
    address = declare("aws:ec2/eip:Eip", "a")
    plan = cost_graph(graph_of(address, region="eu-cental-1"), load_catalog())
    assert any(note.startswith("No region 'eu-cental-1' of aws is known") for note in plan.notes)
    assert any("eu-central-1" in note for note in plan.notes)
    assert not any("No region" in note for note in plan_of(address).notes)
