"""Rules on cost and reliability: for each a stack that breaks it and one that does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from declared import declare, graph_of

from domain.resources import UNKNOWN, Resource
from policies.registry import rule_of
from policies.rule import Finding, Undecided
from policies.rules import (
    cost_machines,
    cost_spend,
    cost_storage,
    cost_traffic,
    reliability_capacity,
    reliability_recovery,
)
from policies.world import World

Stack = tuple[Resource, ...]

ADDRESS = "aws:ec2/eip:Eip"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
AUTOSCALER = "gcp:compute/autoscaler:Autoscaler"
BACKEND = "gcp:compute/backendService:BackendService"
BUCKET = "gcp:storage/bucket:Bucket"
BUDGET = "aws:budgets/budget:Budget"
CLUSTER = "aws:eks/cluster:Cluster"
DISK = "gcp:compute/disk:Disk"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
GATEWAY = "aws:ec2/natGateway:NatGateway"
GROUP = "aws:autoscaling/group:Group"
INSTANCE = "aws:ec2/instance:Instance"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
LUSTRE = "aws:fsx/lustreFileSystem:LustreFileSystem"
MACHINE = "gcp:compute/instance:Instance"
MANAGED = "gcp:compute/instanceGroupManager:InstanceGroupManager"
NODES = "aws:eks/nodeGroup:NodeGroup"
PLACEMENT = "aws:ec2/placementGroup:PlacementGroup"
REGISTRY = "aws:ecr/repository:Repository"
RESERVATION = "aws:ec2/capacityReservation:CapacityReservation"
ROUTE = "aws:ec2/route:Route"
S3 = "aws:s3/bucket:Bucket"
SUBNET = "aws:ec2/subnet:Subnet"
TABLE = "aws:ec2/routeTable:RouteTable"
TARGETS = "aws:lb/targetGroup:TargetGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
TPU = "gcp:tpu/v2Vm:V2Vm"
VOLUME = "aws:ebs/volume:Volume"
VPC = "aws:ec2/vpc:Vpc"


def gpus(machine: str = "p4d.24xlarge", count: int = 2, **more: Any) -> Stack:
    """A group of machines with its template, in one zone."""
    template = declare(TEMPLATE, "template", {"instanceType": machine, **more.pop("template", {})})
    inputs = {"desiredCapacity": count, "minSize": count, "maxSize": count, **more}
    return (template, declare(GROUP, "gpus", inputs, uses={"launchTemplate": template}))


def spot_gpus() -> Stack:
    market = {"instanceMarketOptions": {"marketType": "spot"}}
    return gpus("g5.xlarge", 1, template=market)


def watched(machine: str, metric: str, operator: str = "LessThanThreshold") -> Stack:
    template, group = gpus(machine)
    alarm = {"metricName": metric, "comparisonOperator": operator, "alarmActions": ["arn:sns"]}
    return template, group, declare(ALARM, "alarm", alarm, uses={"dimensions": group})


def bucket(rules: list[dict[str, Any]], **more: Any) -> Stack:
    return (declare(BUCKET, "data", {"location": "us-central1", "lifecycleRules": rules, **more}),)


def s3(*rules: dict[str, Any]) -> Stack:
    store = declare(S3, "data")
    return store, declare(LIFECYCLE, "data", {"rules": list(rules)}, uses={"bucket": store})


def network(endpoint: Any) -> Stack:
    vpc = declare(VPC, "vpc")
    subnet = declare(SUBNET, "public", uses={"vpcId": vpc})
    gateway = declare(GATEWAY, "nat", uses={"subnetId": subnet})
    service = declare(ENDPOINT, "endpoint", {"serviceName": endpoint}, uses={"vpcId": vpc})
    return vpc, subnet, gateway, service


def routed(private_zone: str) -> Stack:
    public = declare(SUBNET, "public", {"availabilityZone": "us-east-1a"})
    private = declare(SUBNET, "private", {"availabilityZone": private_zone})
    gateway = declare(GATEWAY, "nat", uses={"subnetId": public})
    table = declare(TABLE, "table")
    uses = {"natGatewayId": gateway, "routeTableId": table}
    route = declare(ROUTE, "out", {"natGatewayId": UNKNOWN}, uses=uses)
    joined = {"subnetId": private, "routeTableId": table}
    return public, private, gateway, table, route, declare(ASSOCIATION, "in", uses=joined)


def zoned(machine: str, zones: list[str], count: int = 2, **template: Any) -> Stack:
    return gpus(machine, count, availabilityZones=zones, template=template)


def placed(zones: list[str]) -> Stack:
    together = declare(PLACEMENT, "together", {"strategy": "cluster"})
    template = declare(
        TEMPLATE, "template", {"instanceType": "p4d.24xlarge"}, uses={"placement": together}
    )
    inputs = {"desiredCapacity": 2, "availabilityZones": zones}
    return together, template, declare(GROUP, "gpus", inputs, uses={"launchTemplate": template})


def mixed(*machines: str) -> Stack:
    template = declare(TEMPLATE, "template", {"instanceType": machines[0]})
    policy = {
        "instancesDistribution": {"onDemandPercentageAboveBaseCapacity": 0},
        "launchTemplate": {"overrides": [{"instanceType": each} for each in machines]},
    }
    inputs = {"desiredCapacity": 1, "mixedInstancesPolicy": policy}
    return template, declare(GROUP, "gpus", inputs, uses={"mixedInstancesPolicy": template})


def reserved(count: int) -> Stack:
    held = {"instanceType": "p4d.24xlarge", "instanceCount": count}
    return (*gpus(), declare(RESERVATION, "held", held))


def node_groups(*capacities: str) -> Stack:
    cluster = declare(CLUSTER, "cluster")
    return cluster, *(
        declare(NODES, f"pool-{number}", {"capacityType": each}, uses={"clusterName": cluster})
        for number, each in enumerate(capacities)
    )


def with_lifecycle(registry: Resource) -> Stack:
    policy = declare(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy", "old", uses={"repository": registry}
    )
    return registry, policy


def alert(channels: list[str]) -> Stack:
    return (declare(ALERT, "failed", {"notificationChannels": channels}),)


def tpu(spot: bool) -> Stack:
    inputs = {
        "acceleratorType": "v5litepod-8",
        "zone": "us-central1-a",
        "schedulingConfig": {"spot": spot},
    }
    return (declare(TPU, "slice", inputs),)


def machine(restart: bool) -> Stack:
    inputs = {"machineType": "a2-highgpu-8g", "scheduling": {"automaticRestart": restart}}
    return (declare(MACHINE, "gpu", {**inputs, "zone": "us-central1-a"}),)


def managed(**inputs: Any) -> Stack:
    return (declare(MANAGED, "group", {"targetSize": 1, **inputs}),)


TEAM = {"tags": [{"key": "team", "value": "research"}]}
DELETE_OLD = {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 7}}
DELETE = {"action": {"type": "Delete"}, "condition": {"age": 30}}
ABORT = {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}}
VERSIONED = {"versioning": {"enabled": True}}
TOLD = {"notifications": [{"threshold": 80}]}
QUOTA = {"quotas": [{"machines": "p4d.*", "unit": "vcpu", "limit": 200}]}
NODE = declare(INSTANCE, "web", {"instanceType": "t3.micro"})
IMAGES = declare(REGISTRY, "images")
IN_USE = declare(ADDRESS, "address")
LOOSE = declare(VOLUME, "disk", {"size": 9})

# Rule, its settings, a stack that breaks it, one that does not.
CASES: tuple[tuple[str, Mapping[str, Any], Stack, Stack], ...] = (
    ("hourly-cost-cap", {"max_usd_per_hour": "$40/h"}, gpus(count=4), gpus(count=1)),
    ("monthly-budget", {"max_usd_per_month": "$20000"}, gpus(count=4), (NODE,)),
    ("team-budgets", {"max_usd_per_month": {"research": "$100"}}, gpus(**TEAM), gpus()),
    ("costs-attributable", {}, gpus(), gpus(**TEAM)),
    ("no-unpriced-resources", {}, (declare("aws:braket/x:X", "odd"),), gpus()),
    ("budget-alarm", {}, gpus(), (*gpus(), declare(BUDGET, "spend", TOLD))),
    ("budget-alarm", {}, (declare(BUDGET, "spend"),), (declare(BUDGET, "spend", TOLD),)),
    ("spot-share", {"max_share": 0}, spot_gpus(), gpus()),
    ("spot-share", {"min_share": 0.5}, gpus(), spot_gpus()),
    ("machine-types-allowed", {"allowed": ["g5.*"]}, gpus(), gpus("g5.xlarge")),
    ("idle-accelerators", {}, gpus(), watched("p4d.24xlarge", "gpu_utilization")),
    ("idle-accelerators", {}, gpus(), gpus(minSize=0)),
    ("idle-accelerators", {}, tpu(spot=False), (NODE,)),
    ("commitments-used", {}, gpus("g5.48xlarge", 4), spot_gpus()),
    ("reservations-used", {}, reserved(3), reserved(2)),
    ("current-machine-generation", {}, gpus("p3.2xlarge"), gpus()),
    ("bucket-lifecycle", {}, bucket([]), bucket([DELETE])),
    ("bucket-lifecycle", {}, (declare(S3, "data"),), s3({"expiration": {"days": 9}})),
    ("abandoned-uploads", {}, bucket([DELETE]), bucket([ABORT])),
    (
        "abandoned-uploads",
        {},
        s3({"expiration": {"days": 9}}),
        s3({"abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}}),
    ),
    ("old-versions-expire", {}, bucket([DELETE], **VERSIONED), bucket([DELETE_OLD], **VERSIONED)),
    (
        "data-near-compute",
        {},
        (*tpu(spot=False), declare(BUCKET, "data", {"location": "EUROPE-WEST4"})),
        (*tpu(spot=False), declare(BUCKET, "data", {"location": "US"})),
    ),
    (
        "nothing-unattached",
        {},
        (LOOSE,),
        (LOOSE, declare(ATTACHMENT, "attached", uses={"volumeId": LOOSE})),
    ),
    (
        "nothing-unattached",
        {},
        (IN_USE,),
        (IN_USE, declare(GATEWAY, "nat", uses={"allocationId": IN_USE})),
    ),
    (
        "current-disk-types",
        {},
        (declare(VOLUME, "disk", {"type": "gp2"}),),
        (declare(VOLUME, "disk", {"type": "gp3"}),),
    ),
    ("registry-cleanup", {}, (IMAGES,), with_lifecycle(IMAGES)),
    ("object-store-endpoint", {}, network("com.x.ssm"), network("com.amazonaws.us-east-1.s3")),
    ("nat-in-own-zone", {}, routed("us-east-1b"), routed("us-east-1a")),
    (
        "training-in-one-zone",
        {},
        zoned("p4d.24xlarge", ["us-east-1a", "us-east-1b"]),
        zoned("p4d.24xlarge", ["us-east-1a"]),
    ),
    (
        "several-zones",
        {},
        zoned("m7i.large", ["us-east-1a"]),
        zoned("m7i.large", ["us-east-1a", "us-east-1b"]),
    ),
    ("autoscaling-limits", {"max_nodes": 8}, gpus(maxSize=9), gpus(maxSize=8)),
    ("quota-headroom", QUOTA, gpus(count=2), gpus(count=1)),
    ("scarce-capacity-reserved", {}, gpus(), reserved(2)),
    ("machines-offered-here", {}, gpus("p4d.24xlarge"), gpus("p4d.24xlarge")),
    ("cluster-placement-one-zone", {}, placed(["a", "b"]), placed(["a"])),
    ("spot-has-alternatives", {}, mixed("g5.xlarge"), mixed("g5.xlarge", "g6.xlarge")),
    ("no-spot-tpus", {}, tpu(spot=True), tpu(spot=False)),
    ("spot-checkpoints", {}, spot_gpus(), (*spot_gpus(), declare(S3, "checkpoints"))),
    (
        "group-health-checks",
        {},
        gpus(targetGroupArns=["arn"]),
        gpus(targetGroupArns=["arn"], healthCheckType="ELB"),
    ),
    (
        "group-health-checks",
        {},
        managed(),
        managed(autoHealingPolicies={"healthCheck": UNKNOWN}),
    ),
    (
        "load-balancer-health-checks",
        {},
        (declare(TARGETS, "web", {"healthCheck": {"enabled": False}}),),
        (declare(TARGETS, "web", {"healthCheck": {"path": "/up"}}),),
    ),
    (
        "load-balancer-health-checks",
        {},
        (declare(BACKEND, "web"),),
        (declare(BACKEND, "web", {"healthChecks": UNKNOWN}),),
    ),
    ("failure-alarms", {}, gpus(), watched("p4d.24xlarge", "StatusCheckFailed")),
    ("alarms-heard", {}, (declare(ALARM, "idle"),), watched("g5.xlarge", "x")),
    ("alarms-heard", {}, alert([]), alert(["channel"])),
    (
        "buckets-not-emptied",
        {},
        (declare(S3, "data", {"forceDestroy": True}),),
        (declare(S3, "data", {"forceDestroy": False}),),
    ),
    (
        "lasting-file-systems",
        {},
        (declare(LUSTRE, "fast", {"deploymentType": "SCRATCH_2"}),),
        (declare(LUSTRE, "fast", {"deploymentType": "PERSISTENT_2"}),),
    ),
    ("restart-after-failure", {}, machine(False), machine(True)),
    (
        "rolling-updates",
        {},
        managed(updatePolicy={"type": "PROACTIVE", "maxUnavailablePercent": 100}),
        managed(updatePolicy={"type": "OPPORTUNISTIC"}),
    ),
    ("cluster-not-all-spot", {}, node_groups("SPOT"), node_groups("SPOT", "ON_DEMAND")),
)


def judged(rule_id: str, settings: Mapping[str, Any], stack: Stack, region: str = "") -> list[Any]:
    rule = rule_of(rule_id)
    world = World(graph_of(*stack, region=region or None))
    return list(rule.judge(world, rule.settings.model_validate(settings)))


@pytest.mark.parametrize(
    ("rule_id", "settings", "broken", "fine"),
    CASES,
    ids=[f"{case[0]}-{number}" for number, case in enumerate(CASES)],
)
def test_a_rule_tells_what_breaks_it_from_what_does_not(
    rule_id: str, settings: Mapping[str, Any], broken: Stack, fine: Stack
) -> None:
    region = "eu-north-1" if rule_id == "machines-offered-here" else ""
    found = [
        each for each in judged(rule_id, settings, broken, region) if isinstance(each, Finding)
    ]
    assert found, "it is broken"
    assert all(each.message and not each.message.endswith(".") for each in found)
    assert judged(rule_id, settings, fine) == []


def test_every_rule_on_cost_and_reliability_has_a_case() -> None:
    modules = (cost_machines, cost_spend, cost_storage, cost_traffic)
    modules += (reliability_capacity, reliability_recovery)
    ours = {rule.id for module in modules for rule in module.RULES}
    assert ours == {rule_id for rule_id, *_ in CASES}


@pytest.mark.parametrize(
    ("rule_id", "settings", "stack"),
    [
        ("object-store-endpoint", {}, network(UNKNOWN)),
        ("group-health-checks", {}, managed(autoHealingPolicies=UNKNOWN)),
        ("spot-share", {"max_share": 0}, gpus(desiredCapacity=UNKNOWN)),
        ("machine-types-allowed", {"allowed": ["g5.*"]}, gpus(UNKNOWN)),
        ("lasting-file-systems", {}, (declare(LUSTRE, "fast", {"deploymentType": UNKNOWN}),)),
        ("bucket-lifecycle", {}, (declare(BUCKET, "data", {"lifecycleRules": UNKNOWN}),)),
        (
            "monthly-budget",
            {"max_usd_per_month": "$100"},
            (declare("aws:braket/x:X", "odd"), NODE),
        ),
    ],
)
def test_what_is_not_known_is_neither_broken_nor_passed_over(
    rule_id: str, settings: Mapping[str, Any], stack: Stack
) -> None:
    found = judged(rule_id, settings, stack)
    assert found
    assert all(isinstance(each, Undecided) for each in found)


def test_an_alert_on_google_cloud_watches_the_pool_that_it_is_labelled_with() -> None:
    low = {"conditionThreshold": {"filter": "duty_cycle", "comparison": "COMPARISON_LT"}}
    (slice_,) = tpu(spot=False)
    labelled: Callable[[str], Resource] = lambda pool: declare(  # noqa: E731
        ALERT, "idle", {"conditions": [low], "userLabels": {"windtunnel-pool": pool}}
    )
    mine = declare(TPU, "slice", {**slice_.inputs, "labels": {"windtunnel-pool": "slice"}})
    assert judged("idle-accelerators", {}, (mine, labelled("slice"))) == []
    assert judged("idle-accelerators", {}, (mine, labelled("other"))) != []


def test_a_fleet_that_never_has_a_node_loses_nothing() -> None:
    none = gpus("g5.xlarge", 0, template={"instanceMarketOptions": {"marketType": "spot"}})
    template, group = none
    growing = (template, replace(group, inputs={**group.inputs, "maxSize": 4}))
    for rule in ("spot-checkpoints", "failure-alarms"):
        assert judged(rule, {}, none) == []
        assert len(judged(rule, {}, growing)) == 1


def test_tags_of_the_provider_and_of_the_configuration_attribute_costs() -> None:
    tags = {"defaultTags": {"tags": {"team": "a"}}}
    own = declare("pulumi:providers:aws", "own", tags)
    machine = declare(INSTANCE, "one", {"instanceType": "g5.xlarge"})
    assert len(judged("costs-attributable", {}, (machine,))) == 1
    mine = replace(machine, provider=f"{own.urn}::id")
    assert judged("costs-attributable", {}, (own, mine)) == []
    rule = rule_of("costs-attributable")
    graph = graph_of(machine)
    config = {**graph.config, "aws:defaultTags": '{"tags": {"team": "a"}}'}
    world = World(replace(graph, config=config))
    assert list(rule.judge(world, rule.settings())) == []
