"""What managed services of Google Cloud cost: databases, serverless, data, networks."""

from __future__ import annotations

from typing import Any

import pytest
from declared import amounts, cost_of, declare, month, plan_of, reasons, waiting

from domain.resources import UNKNOWN

SQL = "gcp:sql/databaseInstance:DatabaseInstance"


def sql(version: str = "MYSQL_8_0", **settings: Any) -> Any:
    return declare(SQL, "db", {"databaseVersion": version, "settings": settings})


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"tier": "db-standard-1"}, 730 * (0.0413 + 3.75 * 0.007) + 1.7),
        ({"tier": "db-n1-highmem-4"}, 730 * (4 * 0.0413 + 26 * 0.007) + 1.7),
        ({"tier": "db-custom-2-7680", "diskSize": 100}, 730 * (2 * 0.0413 + 7.5 * 0.007) + 17),
        (
            {"tier": "db-custom-2-7680", "availabilityType": "REGIONAL", "diskSize": 100},
            730 * (2 * 0.0826 + 7.5 * 0.014) + 34,
        ),
        ({"tier": "db-f1-micro", "diskType": "PD_HDD"}, 730 * 0.0105 + 0.9),
        ({"tier": "db-g1-small", "availabilityType": "REGIONAL"}, 730 * 0.07 + 3.4),
        ({"tier": "db-perf-optimized-N-2"}, 730 * (2 * 0.05369 + 16 * 0.0091) + 1.7),
        (
            {"tier": "db-custom-4-16384", "edition": "ENTERPRISE_PLUS"},
            730 * (4 * 0.05369 + 16 * 0.0091) + 1.7,
        ),
        ({"tier": "db-standard-1", "activationPolicy": "NEVER"}, 1.7),
    ],
)
def test_databases_by_tier(settings: dict[str, Any], expected: float) -> None:
    cost = cost_of(sql(**settings))
    assert month(cost) == pytest.approx(expected, abs=1e-3)
    assert waiting(cost) == {"sql, backups": 0.08}


def test_sql_server_has_a_licence_for_at_least_four_cores() -> None:
    cost = cost_of(sql("SQLSERVER_2019_STANDARD", tier="db-custom-2-7680"))
    assert amounts(cost)["sql, licence standard"] == pytest.approx((2920.0, 379.6))
    express = cost_of(sql("SQLSERVER_2019_EXPRESS", tier="db-custom-2-7680"))
    assert "sql, licence express" not in amounts(express)
    both = sql("SQLSERVER_2019_WEB", tier="db-custom-2-7680", availabilityType="REGIONAL")
    assert "licence" in reasons(cost_of(both))[0]


def test_a_tier_that_nobody_knows_is_no_zero() -> None:
    assert reasons(cost_of(sql(tier="db-strange"))) == ["no price of tier db-strange is known"]
    assert cost_of(sql(tier=UNKNOWN)).monthly_usd is None


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        ("gcp:dns/managedZone:ManagedZone", {}, 0.2),
        ("gcp:cloudscheduler/job:Job", {}, 0.1),
        ("gcp:compute/securityPolicy:SecurityPolicy", {"rules": [{}, {}, {}]}, 8),
        ("gcp:compute/regionSecurityPolicy:RegionSecurityPolicy", {"rules": [{}]}, 6),
        ("gcp:compute/vPNTunnel:VPNTunnel", {}, 730 * 0.05),
        ("gcp:compute/globalAddress:GlobalAddress", {}, 730 * 0.01),
        ("gcp:compute/globalForwardingRule:GlobalForwardingRule", {}, 730 * 0.01),
        ("gcp:secretmanager/regionalSecretVersion:RegionalSecretVersion", {}, 0.06),
        ("gcp:parallelstore/instance:Instance", {"capacityGib": 12000}, 12000 * 0.14),
        (
            "gcp:redis/cluster:Cluster",
            {
                "shardCount": 1,
                "replicaCount": 2,
                "nodeType": "REDIS_STANDARD_SMALL",
                "persistenceConfig": {"mode": "AOF"},
            },
            3 * 730 * 0.1425 + 6.5 * 730 * 0.000547945,
        ),
        (
            "gcp:spanner/instance:Instance",
            {"config": "regional-us-central1", "processingUnits": 500},
            0.5 * 730 * 0.9,
        ),
        (
            "gcp:spanner/instance:Instance",
            {"config": "regional-us-central1", "numNodes": 2, "edition": "ENTERPRISE"},
            2 * 730 * 1.23,
        ),
        (
            "gcp:bigtable/instance:Instance",
            {"clusters": [{"zone": "us-central1-b", "numNodes": 3}]},
            3 * 730 * 0.65,
        ),
        ("gcp:vpcaccess/connector:Connector", {"machineType": "e2-micro"}, 2 * 730 * 0.00837643),
        (
            "gcp:kms/cryptoKey:CryptoKey",
            {"versionTemplate": {"protectionLevel": "HSM", "algorithm": "EC_SIGN_P256_SHA256"}},
            2.5,
        ),
        ("gcp:kms/cryptoKey:CryptoKey", {"versionTemplate": {"protectionLevel": "HSM"}}, 1),
        ("gcp:kms/cryptoKey:CryptoKey", {"versionTemplate": {"protectionLevel": "EXTERNAL"}}, 3),
        (
            "gcp:dataproc/cluster:Cluster",
            {
                "clusterConfig": {
                    key: {
                        "machineType": "e2-standard-4",
                        "numInstances": count,
                        "diskConfig": {"bootDiskSizeGb": 100},
                    }
                    for key, count in (("masterConfig", 1), ("workerConfig", 2))
                }
            },
            3 * 730 * (0.134023 + 4 * 0.01) + 12,
        ),
    ],
)
def test_services_that_run_all_month(kind: str, inputs: dict[str, Any], expected: float) -> None:
    assert month(cost_of(declare(kind, "one", inputs))) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        ("gcp:bigquery/dataset:Dataset", {}, {"warehouse, queries": 6.25}),
        (
            "gcp:bigquery/table:Table",
            {},
            {
                "warehouse, storage active": 0.023,
                "warehouse, storage long term": 0.016,
                "warehouse, streaming inserts": 0.00005,
                "warehouse, write api": 0.025,
                "warehouse, read api": 1.1,
            },
        ),
        (
            "gcp:cloudfunctions/function:Function",
            {},
            {
                "serverless, functions cpu": 0.00001,
                "serverless, functions memory": 0.0000025,
                "serverless, functions invocations": 0.0004,
                "data transfer, internet": 0.12,
            },
        ),
        (
            "gcp:cloudrunv2/job:Job",
            {"location": "europe-west3"},
            {
                "serverless, run tier2 always vcpu": 0.0000216,
                "serverless, run tier2 always memory": 0.0000024,
            },
        ),
        ("gcp:dns/recordSet:RecordSet", {}, {"dns, queries": 0.0004}),
        ("gcp:cloudtasks/queue:Queue", {}, {"task queue, operations": 0.0004}),
        (
            "gcp:workflows/workflow:Workflow",
            {},
            {"workflows, steps": 0.01, "workflows, external steps": 0.025},
        ),
        (
            "gcp:monitoring/metricDescriptor:MetricDescriptor",
            {},
            {"monitoring, metric data": 0.258, "monitoring, api calls": 0.01},
        ),
        (
            "gcp:dataflow/job:Job",
            {},
            {
                "dataflow, batch vcpu": 0.056,
                "dataflow, memory": 0.003557,
                "dataflow, disk": 0.000054,
            },
        ),
        (
            "gcp:dataflow/flexTemplateJob:FlexTemplateJob",
            {"enableStreamingEngine": True},
            {
                "dataflow, streaming vcpu": 0.069,
                "dataflow, memory": 0.003557,
                "dataflow, disk": 0.000054,
            },
        ),
        ("gcp:compute/snapshot:Snapshot", {}, {"block storage, snapshot storage": 0.026}),
        (
            "gcp:compute/machineImage:MachineImage",
            {},
            {"block storage, machine image storage": 0.05},
        ),
        ("gcp:logging/projectBucketConfig:ProjectBucketConfig", {}, {"logging, ingest": 0.5}),
        ("gcp:logging/folderBucketConfig:FolderBucketConfig", {}, {"logging, ingest": 0.5}),
        (
            "gcp:logging/organizationBucketConfig:OrganizationBucketConfig",
            {},
            {"logging, ingest": 0.5},
        ),
        (
            "gcp:logging/billingAccountBucketConfig:BillingAccountBucketConfig",
            {},
            {"logging, ingest": 0.5},
        ),
        # 40 dollars a TiB.
        ("gcp:pubsub/topic:Topic", {}, {"messaging, data": 40 / 1024}),
        (
            "gcp:pubsub/subscription:Subscription",
            {},
            {"messaging, data": 40 / 1024, "messaging, storage": 0.27},
        ),
        (
            "gcp:secretmanager/regionalSecret:RegionalSecret",
            {},
            {"secrets, version": 0.06, "secrets, requests": 0.003, "secrets, rotations": 50.0},
        ),
        (
            "gcp:cloudfunctionsv2/function:Function",
            {"location": "us-central1"},
            {
                "serverless, run tier1 vcpu": 0.000024,
                "serverless, run tier1 memory": 0.0000025,
                "serverless, run requests": 0.0004,
            },
        ),
        (
            "gcp:compute/regionTargetHttpProxy:RegionTargetHttpProxy",
            {},
            {"load balancer, proxy hour": 0.025, "load balancer, proxy data": 0.008},
        ),
        (
            "gcp:artifactregistry/repository:Repository",
            {"location": "asia-east1"},
            {
                "container registry, storage": 0.1,
                "container registry, egress asia": 0.05,
                "container registry, egress between continents": 0.08,
                "container registry, egress oceania": 0.15,
            },
        ),
        (
            "gcp:firestore/database:Database",
            {"locationId": "nam5"},
            {
                "firestore, reads": 0.0006,
                "firestore, writes": 0.0018,
                "firestore, deletes": 0.0002,
                "firestore, storage": 0.18,
            },
        ),
    ],
)  # fmt: skip
def test_services_that_wait_for_use(
    kind: str, inputs: dict[str, Any], expected: dict[str, float]
) -> None:
    cost = cost_of(declare(kind, "one", inputs))
    assert cost.basis == "usage"
    assert waiting(cost) == expected


def test_what_a_vpn_carries_is_billed_by_where_it_goes() -> None:
    inside = waiting(cost_of(declare("gcp:compute/haVpnGateway:HaVpnGateway", "ours")))
    assert len(inside) == 7
    assert inside["vpn, traffic south america"] == 0.14
    assert waiting(cost_of(declare("gcp:compute/vPNGateway:VPNGateway", "classic"))) == inside
    kind = "gcp:compute/externalVpnGateway:ExternalVpnGateway"
    assert waiting(cost_of(declare(kind, "theirs")))["data transfer, internet:china"] == 0.23


def test_a_registry_is_a_bucket_of_its_continent() -> None:
    cost = cost_of(declare("gcp:container/registry:Registry", "images", {"location": "EU"}))
    assert waiting(cost)["object storage, standard"] == 0.026
    assert waiting(cost)["data transfer, internet:australia"] == 0.19


def test_a_service_that_keeps_its_vcpu_counts_its_least_instances() -> None:
    limits = {"cpuIdle": False, "limits": {"cpu": "1", "memory": "512Mi"}}
    template = {"containers": [{"resources": limits}], "scaling": {"minInstanceCount": 2}}
    inputs = {"location": "europe-west3", "template": template}
    cost = cost_of(declare("gcp:cloudrunv2/service:Service", "api", inputs))
    seconds = 2 * 730 * 3600
    assert month(cost) == pytest.approx(seconds * (0.0000216 + 0.5 * 0.0000024))


@pytest.mark.parametrize(
    ("limits", "vcpu_seconds"), [({"cpu": "500m"}, 1314000), ({"cpu": 2}, 5256000), ({}, 2628000)]
)
def test_vcpus_of_a_container_as_people_write_them(
    limits: dict[str, Any], vcpu_seconds: float
) -> None:
    template = {
        "metadata": {"annotations": {"autoscaling.knative.dev/minScale": "1"}},
        "spec": {"containers": [{"resources": {"limits": limits}}]},
    }
    metadata = {"annotations": {"run.googleapis.com/cpu-throttling": "false"}}
    kind = "gcp:cloudrun/service:Service"
    cost = cost_of(declare(kind, "api", {"template": template, "metadata": metadata}))
    assert amounts(cost)["serverless, run tier1 always vcpu"][0] == vcpu_seconds


def test_a_table_stands_where_its_dataset_does() -> None:
    dataset = declare("gcp:bigquery/dataset:Dataset", "set", {"location": "US"})
    kind = "gcp:bigquery/table:Table"
    table = declare(kind, "one", {"datasetId": UNKNOWN}, uses={"datasetId": dataset})
    assert waiting(cost_of(table, dataset))["warehouse, storage active"] == 0.02


def test_databases_elsewhere_have_no_price_rather_than_a_wrong_one() -> None:
    spanner = declare("gcp:spanner/instance:Instance", "one", {"config": "nam3"})
    assert "no price of configuration 'nam3'" in reasons(cost_of(spanner))[0]
    cluster = {"clusters": [{"zone": "asia-east1-a", "numNodes": 1}]}
    bigtable = declare("gcp:bigtable/instance:Instance", "two", cluster)
    assert "no price of its nodes" in reasons(cost_of(bigtable))[0]


def test_permissions_and_settings_are_free() -> None:
    kinds = [
        "gcp:projects/iAMMember:IAMMember",
        "gcp:dataplex/lakeIamBinding:LakeIamBinding",
        "gcp:workbench/instanceIamPolicy:InstanceIamPolicy",
        "gcp:eventarc/trigger:Trigger",
        "gcp:vertex/aiEndpoint:AiEndpoint",
        "gcp:dns/policy:Policy",
    ]
    plan = plan_of(*(declare(kind, f"r{index}") for index, kind in enumerate(kinds)))
    assert [each.basis for each in plan.resources] == ["free"] * len(kinds)
