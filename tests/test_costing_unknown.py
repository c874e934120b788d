"""What only a deployment will tell never becomes a default in silence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from declared import cost_of, declare, month, reasons
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.costing.registry import costers
from domain.costing.waiting import KNOWN_LATER, Watched, has_unknown
from domain.resources import UNKNOWN

COSTING = Path(__file__).resolve().parent.parent / "domain" / "costing"
TYPES = sorted(costers())
MACHINE = {"machineType": "n1-standard-4", "bootDisk": {"source": "d"}, "zone": "us-central1-a"}
DOMAIN = {"clusterConfig": {"instanceType": "m5.large.search", "instanceCount": 3}}
TASK = {"cpu": "256", "memory": "512", "family": "f"}


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("aws:ecs/service:Service", {"launchType": UNKNOWN, "desiredCount": 2}),
        ("aws:dynamodb/table:Table", {"readCapacity": UNKNOWN, "writeCapacity": 5}),
        ("aws:dynamodb/table:Table", {"billingMode": UNKNOWN}),
        ("aws:apigateway/stage:Stage", {"cacheClusterEnabled": UNKNOWN}),
        ("aws:efs/fileSystem:FileSystem", {"provisionedThroughputInMibps": UNKNOWN}),
        ("aws:wafv2/webAcl:WebAcl", {"rules": UNKNOWN}),
        ("gcp:compute/instance:Instance", {**MACHINE, "guestAccelerators": UNKNOWN}),
        (
            "gcp:compute/instance:Instance",
            {**MACHINE, "guestAccelerators": [{"type": "nvidia-tesla-t4", "count": UNKNOWN}]},
        ),
        ("gcp:container/nodePool:NodePool", {"nodeCount": 1, "nodeConfig": UNKNOWN}),
        (
            "gcp:container/nodePool:NodePool",
            {"nodeCount": 1, "nodeConfig": {"machineType": UNKNOWN}},
        ),
        ("gcp:container/nodePool:NodePool", {"initialNodeCount": UNKNOWN}),
        (
            "gcp:spanner/instance:Instance",
            {"config": "regional-us-central1", "numNodes": UNKNOWN},
        ),
        (
            "gcp:bigtable/instance:Instance",
            {"clusters": [{"zone": "us-central1-a", "numNodes": UNKNOWN}]},
        ),
        ("aws:opensearch/domain:Domain", {"clusterConfig": UNKNOWN}),
        (
            "aws:opensearch/domain:Domain",
            {"clusterConfig": {**DOMAIN["clusterConfig"], "instanceCount": UNKNOWN}},
        ),
        ("gcp:compute/disk:Disk", {"size": UNKNOWN, "type": "pd-ssd"}),
        (
            "aws:rds/instance:Instance",
            {
                "engine": "postgres",
                "instanceClass": "db.t3.large",
                "allocatedStorage": 20,
                "multiAz": UNKNOWN,
            },
        ),
        (
            "gcp:sql/databaseInstance:DatabaseInstance",
            {"settings": {"tier": "db-custom-2-8192", "availabilityType": UNKNOWN}},
        ),
        (
            "aws:mq/broker:Broker",
            {
                "engineType": "ActiveMQ",
                "hostInstanceType": "mq.m5.large",
                "deploymentMode": UNKNOWN,
            },
        ),
        ("aws:ebs/volume:Volume", {"size": 100, "type": UNKNOWN}),
        ("aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": UNKNOWN}),
        (
            "aws:eks/nodeGroup:NodeGroup",
            {"scalingConfig": {"desiredSize": 1}, "capacityType": UNKNOWN},
        ),
        (
            "aws:ec2/instance:Instance",
            {"instanceType": "t3.micro", "rootBlockDevice": UNKNOWN},
        ),
        ("aws:batch/computeEnvironment:ComputeEnvironment", {"computeResources": UNKNOWN}),
    ],
)
def test_a_default_does_not_stand_in_for_what_is_not_known_yet(
    kind: str, inputs: dict[str, Any]
) -> None:
    cost = cost_of(declare(kind, "it", inputs))
    assert cost.basis == "unpriced"
    assert any(KNOWN_LATER in reason for reason in reasons(cost))


def test_what_does_not_hang_on_it_keeps_its_price() -> None:
    disk = {"rootBlockDevice": {"volumeSize": UNKNOWN}, "instanceType": "g5.xlarge"}
    cost = cost_of(declare("aws:ec2/instance:Instance", "it", disk))
    assert [line.component for line in cost.lines] == ["g5.xlarge, on-demand"]
    assert reasons(cost) == ["'volumeSize' is known only after deployment"]


def test_a_gap_names_the_input() -> None:
    kind = "aws:lb/loadBalancer:LoadBalancer"
    (gap,) = cost_of(declare(kind, "it", {"loadBalancerType": UNKNOWN})).unpriced
    assert gap.component == "load balancer"
    assert gap.reason == "'loadBalancerType' is known only after deployment"


@pytest.mark.parametrize(
    ("kind", "inputs", "reason"),
    [
        ("aws:ebs/volume:Volume", {}, "its size is not told in a usable way"),
        ("aws:ebs/volume:Volume", {"size": -1}, "its size is not told in a usable way"),
        ("aws:ebs/volume:Volume", {"size": "NaN"}, "its size is not told in a usable way"),
        (
            "aws:ecs/service:Service",
            {"launchType": "FARGATE", "desiredCount": 1, "taskDefinition": "f:1"},
            "their definition is not in this stack",
        ),
    ],
)
def test_what_a_deployment_will_not_tell_either_is_not_said_to_be_known_then(
    kind: str, inputs: dict[str, Any], reason: str
) -> None:
    assert reasons(cost_of(declare(kind, "it", inputs))) == [reason]


def test_a_service_without_tasks_costs_nothing() -> None:
    inputs = {"launchType": "FARGATE", "desiredCount": 0, "taskDefinition": "gone:1"}
    cost = cost_of(declare("aws:ecs/service:Service", "it", inputs))
    assert (month(cost), cost.unpriced) == (0, ())


def names_that_costers_read() -> list[str]:
    read = re.compile(r"""(?:get|referred|written|is_waiting)\(\s*"([A-Za-z0-9]+)\"""")
    texts = [path.read_text() for path in COSTING.rglob("*.py")]
    return sorted({name for text in texts for name in read.findall(text)})


NAMES = names_that_costers_read()
# What makes each kind cost something, so that there is something to lose.
ENOUGH: dict[str, Any] = {
    "instanceType": "g5.xlarge", "machineType": "n1-standard-4", "desiredCapacity": 2,
    "targetSize": 2, "nodeCount": 1, "desiredCount": 1, "engine": "postgres",
    "instanceClass": "db.t3.large", "allocatedStorage": 100, "multiAz": True, "size": 100,
    "storageCapacity": 1200, "throughputCapacity": 64, "shardCount": 3, "readCapacity": 5,
    "writeCapacity": 5, "numCacheNodes": 2, "nodeType": "cache.m5.large", "numberOfNodes": 2,
    "cacheClusterEnabled": True, "cacheClusterSize": "0.5", "instanceCount": 2,
    "loadBalancerType": "network", "hostInstanceType": "mq.m5.large",
    "engineType": "ActiveMQ", "deploymentMode": "ACTIVE_STANDBY_MULTI_AZ", "numNodes": 3,
    "config": "regional-us-central1", "memorySizeGb": 5, "tier": "STANDARD_HA",
    "provisionedThroughputInMibps": 100, "launchType": "FARGATE", "capacityGib": 18000,
    "desiredNumberOfDomainControllers": 3, "bandwidth": "1Gbps", "monitoring": True,
    "associatePublicIpAddress": True, "initialNodeCount": 2, "numberOfBrokerNodes": 3,
    "zone": "us-central1-a",
    "settings": {"tier": "db-custom-2-8192", "availabilityType": "REGIONAL", "diskSize": 100},
    "clusterConfig": {"instanceType": "m5.large.search", "instanceCount": 3},
    "scalingConfig": {"desiredSize": 2, "minSize": 1},
    "nodeConfig": {"machineType": "n1-standard-4", "localSsdCount": 2},
    "brokerNodeGroupInfo": {"instanceType": "kafka.m5.large"},
}  # fmt: skip


def without(inputs: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """The same inputs, one of them not known yet."""
    first, *rest = path
    inner = without(inputs[first], tuple(rest)) if rest else UNKNOWN
    return {**inputs, first: inner}


PATHS = [(name,) for name in ENOUGH] + [
    (name, inner) for name, value in ENOUGH.items() if isinstance(value, dict) for inner in value
]


@pytest.mark.parametrize("kind", TYPES)
def test_no_input_lowers_the_cost_in_silence_once_it_is_unknown(kind: str) -> None:
    known = cost_of(declare(kind, "it", ENOUGH))
    before = month(known)
    if before is None:
        return
    for path in PATHS:
        later = cost_of(declare(kind, "it", without(ENOUGH, path)))
        is_said = later.unpriced or set(later.notes) - set(known.notes)
        assert is_said or month(later) == before, path


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(TYPES),
    st.dictionaries(
        st.sampled_from(NAMES),
        st.sampled_from([True, 1, 5, "1", "g5.xlarge", "db.t3.large", "postgres", {"count": 2}]),
        min_size=1,
        max_size=6,
    ),
    st.data(),
)
def test_whatever_is_declared_one_unknown_input_is_equal_or_said(
    kind: str, inputs: dict[str, Any], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(inputs)))
    known = cost_of(declare(kind, "it", inputs))
    later = cost_of(declare(kind, "it", {**inputs, name: UNKNOWN}))
    before, after = month(known), month(later)
    is_said = later.unpriced or set(later.notes) - set(known.notes)
    assert before is None or is_said or (after is not None and after >= before)


def test_nested_values_tell_where_they_are() -> None:
    told: list[str] = []
    watched = Watched({"a": [{"b": UNKNOWN, "c": 1}], "d": UNKNOWN}, "top", told.append)
    assert watched["a"][0].get("c") == 1
    assert told == []
    assert watched["a"][0]["b"] == UNKNOWN
    assert watched.get("d") == UNKNOWN
    assert told == ["top.a.b", "top.d"]
    assert has_unknown([{"x": UNKNOWN}])
    assert not has_unknown({"x": [1, "y"]})
