"""What databases, caches and brokers cost on AWS, one service at a time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from declared import amounts, cost_of, declare, graph_of, month, plan_of, reasons, waiting

from domain.catalog import load_catalog
from domain.costing import Quantities, ResourceCost, cost_graph
from domain.costing.aws.classes import family_of, is_burstable, vcpus_of
from domain.resources import UNKNOWN, Resource

RDS = "aws:rds/instance:Instance"
AURORA = "aws:rds/cluster:Cluster"
AURORA_INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
REPLICATION_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
TABLE = "aws:dynamodb/table:Table"
TARGET = "aws:appautoscaling/target:Target"
MSK = "aws:msk/cluster:Cluster"


def cost(kind: str, inputs: dict[str, Any], *around: Resource) -> ResourceCost:
    return cost_of(declare(kind, "it", inputs), *around)


def rds(**inputs: Any) -> ResourceCost:
    return cost(RDS, {"engine": "mysql", "instanceClass": "db.t3.large", **inputs})


@pytest.mark.parametrize(
    ("inputs", "usd_a_month"),
    [
        # 730 h at 0.136, and 20 GB of gp2 at 0.115.
        ({}, 99.28 + 2.3),
        ({"engine": "mariadb", "allocatedStorage": 100}, 99.28 + 11.5),
        ({"engine": "postgres"}, 0.145 * 730 + 2.3),
        ({"engine": "postgres", "instanceClass": "db.r6g.2xlarge"}, 4 * 0.225 * 730 + 2.3),
        ({"instanceClass": "db.t4g.micro"}, 0.016 * 730 + 2.3),
        # Two zones: two instances, and storage at twice the price.
        ({"multiAz": True, "allocatedStorage": 30}, 2 * 99.28 + 30 * 0.23),
        ({"multiAz": "true", "storageType": "io1", "iops": 2000}, 2 * 99.28 + 20 * 0.25 + 400.0),
        ({"storageType": "standard", "allocatedStorage": 40}, 99.28 + 4.0),
        # Provisioned IOPS at 0.10, at least a thousand of them.
        ({"storageType": "io1", "allocatedStorage": 50, "iops": 1200}, 99.28 + 6.25 + 120.0),
        ({"storageType": "io1", "allocatedStorage": 50, "iops": 500}, 99.28 + 6.25 + 100.0),
        ({"allocatedStorage": 50, "iops": 1200}, 99.28 + 6.25 + 120.0),
        # gp3 includes 3000 IOPS and 125 MB/s; from 400 GB on 12000 and 500.
        ({"storageType": "gp3", "iops": 4000, "storageThroughput": 225}, 101.58 + 20.0 + 8.0),
        ({"storageType": "gp3", "allocatedStorage": 400, "iops": 12000}, 99.28 + 46.0),
        # io2 is cheaper above 32,000 IOPS: 32,000 at 0.10 and 8,000 at 0.07.
        ({"storageType": "io2", "iops": 40000}, 99.28 + 20 * 0.125 + 3200.0 + 560.0),
        # Licences.
        ({"engine": "oracle-se1"}, 0.28 * 730 + 2.3),
        ({"engine": "oracle-se1", "licenseModel": "bring-your-own-license"}, 99.28 + 2.3),
        ({"engine": "oracle-ee"}, 99.28 + 2.3),
        ({"engine": "oracle-se2-cdb"}, 0.30 * 730 + 2.3),
        ({"engine": "sqlserver-ex"}, 0.162 * 730 + 2.3),
        ({"engine": "sqlserver-se", "instanceClass": "db.m5.xlarge"}, 1.224 * 730 + 2.3),
        # Insights kept for two years, by the vCPU.
        (
            {
                "instanceClass": "db.m5.large",
                "performanceInsightsEnabled": True,
                "performanceInsightsRetentionPeriod": 731,
            },
            0.171 * 730 + 2.3 + 2 * 3.815,
        ),
        ({"performanceInsightsEnabled": True}, 99.28 + 2.3),
    ],
)
def test_a_database_is_billed_by_engine_class_and_storage(
    inputs: dict[str, Any], usd_a_month: float
) -> None:
    assert month(rds(**inputs)) == pytest.approx(usd_a_month, abs=1e-4)


def test_backups_and_credits_wait_for_usage() -> None:
    assert waiting(rds()) == {
        "database, backup storage": 0.095,
        "database, cpu credit": 0.075,
    }
    assert "database, magnetic requests" in waiting(rds(storageType="standard"))


def test_a_replica_is_like_its_source() -> None:
    source = declare(
        RDS, "source", {"engine": "postgres", "allocatedStorage": 50}, id="db-1", outputs={}
    )
    inputs = {"instanceClass": "db.t3.large", "replicateSourceDb": "db-1"}
    assert month(cost(RDS, inputs, source)) == pytest.approx(0.145 * 730 + 50 * 0.115)


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        (
            {"instanceClass": "db.z9.large"},
            "no price of database, db.z9.large mysql is known for us-east-1",
        ),
        ({"instanceClass": UNKNOWN}, "its class is known only after deployment"),
        ({"engine": UNKNOWN}, "its engine is known only after deployment"),
        ({"allocatedStorage": UNKNOWN}, "its size is known only after deployment"),
        (
            {"performanceInsightsEnabled": True, "performanceInsightsRetentionPeriod": 93},
            "no price of keeping insights for 93 days is known",
        ),
    ],
)
def test_what_is_not_known_of_a_database_is_a_gap(inputs: dict[str, Any], reason: str) -> None:
    found = rds(**inputs)
    assert reasons(found) == [reason]
    assert found.monthly_usd is None


@pytest.mark.parametrize(
    ("region", "is_priced"), [("us-east-2", True), ("us-west-2", True), ("eu-central-1", False)]
)
def test_a_class_has_a_price_only_where_it_is_known(region: str, is_priced: bool) -> None:
    resource = declare(RDS, "it", {"engine": "mysql", "instanceClass": "db.t3.large"})
    plan = cost_graph(graph_of(resource, region=region), load_catalog())
    assert (plan.resources[0].monthly_usd is not None) == is_priced


def test_a_proxy_is_billed_by_the_processors_behind_it() -> None:
    database = declare(RDS, "db", {"engine": "mysql", "instanceClass": "db.m5.xlarge"}, id="db-1")
    proxy = declare("aws:rds/proxy:Proxy", "proxy", {"name": "proxy"}, id="proxy-1")
    target = declare(
        "aws:rds/proxyTarget:ProxyTarget",
        "target",
        uses={"dbProxyName": proxy, "dbInstanceIdentifier": database},
    )
    assert month(cost_of(proxy, target, database)) == pytest.approx(4 * 0.015 * 730)
    assert cost_of(proxy).basis == "usage"


def test_an_aurora_cluster_waits_for_what_it_keeps() -> None:
    found = cost(AURORA, {"engine": "aurora-mysql"})
    assert waiting(found) == {
        "aurora, storage": 0.10,
        "aurora, requests": 0.0002,
        "aurora, backup storage": 0.021,
        "aurora, backtrack": 0.000012,
        "aurora, snapshot export": 0.01,
    }
    optimized = cost(
        AURORA,
        {"engine": "aurora-postgresql", "engineMode": "serverless", "storageType": "aurora-iopt1"},
    )
    assert waiting(optimized) == {
        "aurora, serverless v1 capacity unit": 0.06,
        "aurora, storage io optimized": 0.225,
        "aurora, backup storage": 0.021,
        "aurora, snapshot export": 0.01,
    }


@pytest.mark.parametrize(("storage", "usd_an_hour"), [("", 0.52), ("aurora-iopt1", 0.6747)])
def test_an_instance_costs_more_where_its_cluster_is_optimised_for_io(
    storage: str, usd_an_hour: float
) -> None:
    cluster = declare(
        AURORA, "cluster", {"engine": "aurora-mysql", "storageType": storage}, id="cluster-1"
    )
    inputs = {"clusterIdentifier": "cluster-1", "instanceClass": "db.r6g.xlarge"}
    found = month(cost(AURORA_INSTANCE, inputs, cluster))
    assert found == pytest.approx(usd_an_hour * 730, rel=3e-3)


def test_a_serverless_instance_waits_for_its_load() -> None:
    inputs = {"engine": "aurora-mysql", "instanceClass": "db.serverless"}
    found = cost(AURORA_INSTANCE, inputs)
    assert waiting(found) == {"aurora, serverless v2 capacity unit": 0.12}


def test_an_aurora_instance_of_its_own_is_billed_without_storage() -> None:
    found = rds(engine="aurora-postgresql")
    assert amounts(found) == {"aurora, db.t3.large": (730.0, pytest.approx(0.164 * 730))}


def test_a_cluster_of_three_instances_has_no_price() -> None:
    found = cost(AURORA, {"engine": "postgres", "dbClusterInstanceClass": "db.m6gd.large"})
    assert reasons(found) == [
        "no price of a cluster of three postgres instances of db.m6gd.large is known"
    ]


@pytest.mark.parametrize(
    ("kind", "inputs", "usd_a_month"),
    [
        (
            "aws:elasticache/cluster:Cluster",
            {"engine": "memcached", "nodeType": "cache.m4.large", "numCacheNodes": 2},
            2 * 0.156 * 730,
        ),
        (
            "aws:elasticache/cluster:Cluster",
            {"engine": "redis", "nodeType": "cache.t3.micro"},
            0.017 * 730,
        ),
        (
            REPLICATION_GROUP,
            {"nodeType": "cache.m4.large", "numNodeGroups": 4, "replicasPerNodeGroup": 3},
            16 * 0.156 * 730,
        ),
        (
            REPLICATION_GROUP,
            {"nodeType": "cache.r5.4xlarge", "numCacheClusters": 3},
            3 * 1.724 * 730,
        ),
        (
            REPLICATION_GROUP,
            {"nodeType": "cache.t4g.small", "engine": "valkey", "numCacheClusters": 2},
            2 * 0.8 * 0.032 * 730,
        ),
        (
            "aws:dax/cluster:Cluster",
            {"nodeType": "dax.t3.small", "replicationFactor": 3},
            3 * 0.04 * 730,
        ),
        (
            "aws:redshift/cluster:Cluster",
            {"nodeType": "ra3.4xlarge", "numberOfNodes": 6},
            6 * 3.26 * 730,
        ),
        ("aws:redshift/cluster:Cluster", {"nodeType": "dc2.large"}, 0.25 * 730),
        (
            "aws:neptune/clusterInstance:ClusterInstance",
            {"instanceClass": "db.r5.xlarge"},
            2 * 0.348 * 730,
        ),
        (
            "aws:docdb/clusterInstance:ClusterInstance",
            {"instanceClass": "db.r5.4xlarge"},
            2.216 * 730,
        ),
        ("aws:elasticsearch/domain:Domain", {"domainName": "logs"}, 0.151 * 730),
        (
            "aws:opensearch/domain:Domain",
            {
                "clusterConfig": {
                    "instanceType": "r6g.large.search",
                    "instanceCount": 2,
                    "dedicatedMasterEnabled": True,
                    "dedicatedMasterType": "m6g.large.search",
                    "warmEnabled": True,
                    "warmType": "ultrawarm1.medium.search",
                    "warmCount": 2,
                },
                "ebsOptions": {"ebsEnabled": True, "volumeType": "gp3", "volumeSize": 100},
            },
            (2 * 0.167 + 3 * 0.128 + 2 * 0.238) * 730 + 200 * 0.122,
        ),
        (
            MSK,
            {
                "numberOfBrokerNodes": 3,
                "brokerNodeGroupInfo": {
                    "instanceType": "kafka.m5.large",
                    "storageInfo": {"ebsStorageInfo": {"volumeSize": 500}},
                },
            },
            3 * 0.21 * 730 + 1500 * 0.10,
        ),
        ("aws:msk/serverlessCluster:ServerlessCluster", {}, 0.75 * 730),
        (
            "aws:mskconnect/connector:Connector",
            {"capacity": {"autoscaling": {"minWorkerCount": 2, "mcuCount": 1}}},
            2 * 0.11 * 730,
        ),
        (
            "aws:mq/broker:Broker",
            {
                "engineType": "RabbitMQ",
                "hostInstanceType": "mq.m5.large",
                "deploymentMode": "CLUSTER_MULTI_AZ",
            },
            3 * 0.288 * 730,
        ),
        (
            "aws:dms/replicationInstance:ReplicationInstance",
            {"replicationInstanceClass": "dms.t2.micro", "allocatedStorage": 20},
            0.018 * 730,
        ),
        (
            "aws:dms/replicationInstance:ReplicationInstance",
            {"replicationInstanceClass": "dms.t2.micro", "allocatedStorage": 70, "multiAz": True},
            2 * 0.018 * 730 + 2 * 20 * 0.115,
        ),
        ("aws:mwaa/environment:Environment", {"environmentClass": "mw1.medIUM"}, 0.74 * 730),
        ("aws:mwaa/environment:Environment", {}, 0.49 * 730),
    ],
)
def test_nodes_are_billed_by_class_and_number(
    kind: str, inputs: dict[str, Any], usd_a_month: float
) -> None:
    assert month(cost(kind, inputs)) == pytest.approx(usd_a_month, abs=1e-3)


def test_a_node_that_joins_a_group_is_of_its_class() -> None:
    group = declare(
        REPLICATION_GROUP, "group", {"nodeType": "cache.m4.large", "engine": "redis"}, id="group-1"
    )
    found = cost("aws:elasticache/cluster:Cluster", {"replicationGroupId": "group-1"}, group)
    assert month(found) == pytest.approx(0.156 * 730)


def test_snapshots_of_a_cache_wait_for_their_size() -> None:
    inputs = {"nodeType": "cache.t3.micro", "snapshotRetentionLimit": 2}
    assert waiting(cost(REPLICATION_GROUP, inputs)) == {"cache, backup storage": 0.085}


def test_a_warehouse_also_bills_bursts_queries_and_snapshots() -> None:
    found = cost("aws:redshift/cluster:Cluster", {"nodeType": "ra3.xlplus"})
    assert waiting(found) == {
        "warehouse, managed storage": 0.024,
        "warehouse, concurrency scaling, ra3.xlplus": 1.086,
        "warehouse, spectrum": pytest.approx(5 / 1024),
        "warehouse, backup storage": 0.023,
    }


@pytest.mark.parametrize(
    ("kind", "inputs", "prices"),
    [
        (
            "aws:docdb/cluster:Cluster",
            {},
            {
                "document database, storage": 0.10,
                "document database, requests": 0.0002,
                "document database, backup storage": 0.021,
            },
        ),
        (
            "aws:docdb/clusterSnapshot:ClusterSnapshot",
            {},
            {"document database, backup storage": 0.021},
        ),
        (
            "aws:neptune/cluster:Cluster",
            {},
            {
                "graph database, storage": 0.10,
                "graph database, requests": 0.0002,
                "graph database, backup storage": 0.021,
            },
        ),
        (
            "aws:neptune/clusterSnapshot:ClusterSnapshot",
            {},
            {"graph database, backup storage": 0.021},
        ),
        ("aws:rds/snapshot:Snapshot", {}, {"database, backup storage": 0.095}),
        ("aws:rds/snapshotCopy:SnapshotCopy", {}, {"database, backup storage": 0.095}),
        (
            "aws:redshift/clusterSnapshot:ClusterSnapshot",
            {},
            {"warehouse, backup storage": 0.023},
        ),
        ("aws:dynamodb/tableExport:TableExport", {}, {"dynamodb, exported": 0.1}),
        (
            "aws:dynamodb/tableReplica:TableReplica",
            {},
            {"dynamodb, replicated write requests": 0.000625, "dynamodb, storage": 0.25},
        ),
        ("aws:rds/clusterSnapshot:ClusterSnapshot", {}, {"aurora, backup storage": 0.021}),
        ("aws:rds/globalCluster:GlobalCluster", {}, {"aurora, global writes": 0.0002}),
        (
            "aws:elasticache/serverlessCache:ServerlessCache",
            {"engine": "redis"},
            {"cache, serverless storage": 0.125, "cache, serverless requests": 0.0000034},
        ),
        (
            "aws:redshiftserverless/workgroup:Workgroup",
            {},
            {"warehouse, serverless processing unit": 0.375},
        ),
        ("aws:redshiftserverless/namespace:Namespace", {}, {"warehouse, managed storage": 0.024}),
        (
            "aws:opensearch/serverlessCollection:ServerlessCollection",
            {},
            {"search, serverless compute unit": 0.24, "search, serverless storage": 0.024},
        ),
    ],
)
def test_what_follows_use_waits_with_its_price(
    kind: str, inputs: dict[str, Any], prices: dict[str, float]
) -> None:
    found = cost(kind, inputs)
    assert (found.basis, waiting(found)) == ("usage", prices)


def test_an_instance_bears_the_data_of_a_cluster_that_is_elsewhere() -> None:
    cluster = declare("aws:docdb/cluster:Cluster", "cluster", {}, id="docs")
    kind, inputs = "aws:docdb/clusterInstance:ClusterInstance", {"instanceClass": "db.t3.medium"}
    here = cost(kind, {**inputs, "clusterIdentifier": "docs"}, cluster)
    elsewhere = cost(kind, {**inputs, "clusterIdentifier": "theirs"})
    assert set(waiting(here)) == {"document database, cpu credit"}
    assert "document database, storage" in waiting(elsewhere)


def test_capacity_that_scales_is_billed_at_its_least() -> None:
    inputs = {"name": "games", "readCapacity": 30, "writeCapacity": 20}
    scaled = declare(
        TARGET,
        "reads",
        {
            "minCapacity": 5,
            "resourceId": "table/games",
            "scalableDimension": "dynamodb:table:ReadCapacityUnits",
        },
    )
    # A write unit is 0.4745 a month, a read unit 0.0949.
    assert month(cost(TABLE, inputs)) == pytest.approx(20 * 0.4745 + 30 * 0.0949)
    assert month(cost(TABLE, inputs, scaled)) == pytest.approx(20 * 0.4745 + 5 * 0.0949)
    twin = declare(TABLE, "twin", inputs)  # whose name tells nothing then
    assert month(cost(TABLE, inputs, scaled, twin)) == pytest.approx(20 * 0.4745 + 30 * 0.0949)


def test_shards_and_replicas_that_scale_are_billed_at_their_least() -> None:
    def target(dimension: str, least: int) -> Resource:
        name = f"elasticache:replication-group:{dimension}"
        inputs = {
            "resourceId": "replication-group/sessions",
            "scalableDimension": name,
            "minCapacity": least,
        }
        return declare(TARGET, dimension, inputs)

    inputs = {
        "replicationGroupId": "sessions",
        "nodeType": "cache.m4.large",
        "numNodeGroups": 4,
        "replicasPerNodeGroup": 3,
    }
    found = cost(REPLICATION_GROUP, inputs, target("NodeGroups", 8), target("Replicas", 5))
    assert month(found) == pytest.approx(8 * 6 * 0.156 * 730)


def test_storage_of_brokers_grows_but_never_shrinks() -> None:
    inputs = {
        "numberOfBrokerNodes": 2,
        "brokerNodeGroupInfo": {
            "instanceType": "kafka.t3.small",
            "storageInfo": {"ebsStorageInfo": {"volumeSize": 1000}},
        },
    }
    cluster = declare(MSK, "kafka", inputs, id="kafka-1")
    target = declare(
        TARGET,
        "storage",
        {
            "minCapacity": 123,
            "resourceId": "kafka-1",
            "scalableDimension": "kafka:broker-storage:VolumeSize",
        },
    )
    found = cost_of(cluster, target)
    assert amounts(found)["kafka, storage"] == (2000.0, 200.0)
    assert reasons(found) == ["how far storage that grows by itself has grown is not known"]
    stated = Quantities(source="a guess", stored_bytes=3000 * 2.0**30)
    plan = plan_of(cluster, target, quantities={cluster.urn: stated})
    assert plan.monthly_usd == pytest.approx(Decimal("66.576") + 300)


def test_replicas_of_a_table_pay_for_its_writes_in_their_regions() -> None:
    inputs = {"writeCapacity": 20, "readCapacity": 0, "replicas": [{"regionName": "us-west-1"}]}
    assert amounts(cost(TABLE, inputs)) == {
        "dynamodb, write capacity": (20.0, 9.49),
        "dynamodb, replicated write capacity": (20.0, 10.59),
    }
    on_demand = {"billingMode": "PAY_PER_REQUEST", "replicas": [{"regionName": "us-west-1"}]}
    found = waiting(cost(TABLE, on_demand))
    assert found["dynamodb, replicated write requests"] == 0.000697


def test_a_table_that_is_seldom_read_stores_cheaper() -> None:
    inputs = {
        "tableClass": "STANDARD_INFREQUENT_ACCESS",
        "writeCapacity": 10,
        "readCapacity": 10,
    }
    found = cost(TABLE, inputs)
    assert month(found) == pytest.approx(10 * (0.00081 + 0.00016) * 730)
    assert waiting(found)["dynamodb, infrequent access storage"] == 0.10


@pytest.mark.parametrize(
    ("kind", "vcpus"),
    [
        ("db.t3.large", 2),
        ("db.t2.micro", 1),
        ("db.r5.xlarge", 4),
        ("cache.r6g.12xlarge", 48),
        ("db.serverless", None),
    ],
)
def test_a_class_tells_its_processors(kind: str, vcpus: float | None) -> None:
    assert vcpus_of(kind) == vcpus


@pytest.mark.parametrize(
    ("kind", "inputs", "reason"),
    [
        (
            "aws:memorydb/cluster:Cluster",
            {"nodeType": "db.r6g.large"},
            "no price of memory database, db.r6g.large is known for us-east-1",
        ),
        (
            "aws:rds/reservedInstance:ReservedInstance",
            {},
            "the price of its offering is not told by the resource",
        ),
    ],
)
def test_what_has_no_price_is_said(kind: str, inputs: dict[str, Any], reason: str) -> None:
    assert reasons(cost(kind, inputs)) == [reason]


def test_a_class_tells_its_family() -> None:
    assert family_of("db.t4g.medium") == "t4g"
    assert is_burstable("dms.t2.micro")
    assert not is_burstable("db.r5.large")
    assert not is_burstable(None)
