"""The hardware of any stack as an environment that can be flown."""

from __future__ import annotations

from pathlib import Path

import pytest
from declared import declare, graph_of

from domain.catalog import load_catalog
from domain.costing.hardware import environment_of, environments_of
from domain.environment import Environment
from domain.errors import InputError
from domain.resources import UNKNOWN
from domain.resources.reading import read_resources

GROUP = "aws:autoscaling/group:Group"
SLICE = "gcp:tpu/v2Vm:V2Vm"


def test_pools_are_named_by_our_tag_or_by_the_program() -> None:
    ours = declare("aws:ec2/instance:Instance", "i-1",
                   {"instanceType": "g5.xlarge", "tags": {"windtunnel-pool": "train"}})  # fmt: skip
    theirs = declare("aws:ec2/instance:Instance", "web", {"instanceType": "m5.large"})
    environment, left_out = environment_of(graph_of(ours, theirs))
    assert set(environment.pools) == {"train", "web"}
    assert left_out == ()


def test_slices_of_one_pool_are_nodes_of_it() -> None:
    labels = {"windtunnel-pool": "slices"}
    slices = [
        declare(SLICE, f"slice-{index}", {"acceleratorType": "v5litepod-16", "labels": labels,
                                          "zone": "us-west4-a"})
        for index in range(3)
    ]  # fmt: skip
    environment, _ = environment_of(graph_of(*slices))
    assert environment.region == "us-west4"
    assert environment.pools["slices"].count == 3
    assert environment.pools["slices"].machine == "tpu-v5litepod-16"


def test_a_group_is_elastic_where_something_scales_it() -> None:
    template = declare(
        "aws:ec2/launchTemplate:LaunchTemplate", "template", {"instanceType": "g5.xlarge"}
    )
    group = declare(
        GROUP,
        "train",
        {"minSize": 0, "maxSize": 8, "desiredCapacity": 2, "launchTemplate": {"id": UNKNOWN}},
        uses={"launchTemplate": template},
    )
    fixed, _ = environment_of(graph_of(template, group))
    assert fixed.pools["train"].count == 2
    policy = declare(
        "aws:autoscaling/policy:Policy",
        "scale",
        {"autoscalingGroupName": UNKNOWN},
        uses={"autoscalingGroupName": group},
    )
    elastic, _ = environment_of(graph_of(template, group, policy))
    pool = elastic.pools["train"]
    assert (pool.min, pool.max, pool.initial, pool.count) == (0, 8, 2, None)


def test_storage_and_network_come_along() -> None:
    gateway = declare("aws:ec2/natGateway:NatGateway", "nat")
    subnet = declare("aws:ec2/subnet:Subnet", "subnet")
    host = declare("aws:ec2/instance:Instance", "host", {"instanceType": "g5.xlarge"})
    data = declare(
        "aws:s3/bucket:Bucket",
        "data-1",
        {"tags": {"windtunnel-storage": "dataset", "windtunnel-size-bytes": "150000000000"}},
    )
    scratch = declare(
        "aws:fsx/lustreFileSystem:LustreFileSystem",
        "scratch",
        {"storageCapacity": 2400, "perUnitStorageThroughput": 500},
    )
    environment, _ = environment_of(graph_of(gateway, subnet, host, data, scratch))
    assert environment.network.nat == "single"
    assert environment.network.endpoints == (), "no way to S3 but through the gateway"
    dataset, shared = environment.storage["dataset"], environment.storage["scratch"]
    assert dataset.kind == "object_store"
    assert dataset.size == 150e9
    assert shared.kind == "file_system"
    assert shared.throughput_per_tib == 500e6


def test_what_cannot_fly_is_said() -> None:
    unknown = declare("aws:ec2/instance:Instance", "later", {"instanceType": UNKNOWN})
    odd = declare("aws:ec2/instance:Instance", "odd", {"instanceType": "z9.huge"})
    host = declare("aws:ec2/instance:Instance", "host", {"instanceType": "g5.xlarge"})
    environment, left_out = environment_of(graph_of(unknown, odd, host))
    assert list(environment.pools) == ["host"]
    assert left_out[0] == "'later' is left out: the machine type is known only after deployment"
    assert "no machine 'z9.huge' at aws" in left_out[1]


def test_a_stack_without_machines_is_refused() -> None:
    with pytest.raises(InputError, match="there is nothing to fly on"):
        environment_of(graph_of(declare("aws:s3/bucket:Bucket", "data")))


def test_each_provider_has_an_environment_of_its_own(shared_data: Path) -> None:
    graph = read_resources(shared_data / "pulumi" / "cli_stack_export.json")
    found, notes = environments_of(graph)
    assert set(found) == {"aws", "gcp"}
    train = found["aws"].pools["asg-train"]
    assert (train.machine, train.count, train.market) == ("p4d.24xlarge", 2, "on_demand")
    assert found["aws"].pools["asg-mixed"].market == "spot"
    assert found["gcp"].pools["tpu"].region == "us-central2"
    assert any("a3-zmig" in note for note in notes)
    first, others = environment_of(graph)
    assert any("one flight is on one provider" in note for note in others)
    chosen, _ = environment_of(graph, provider="gcp")
    assert (first.provider, chosen.provider) == ("aws", "gcp")
    for environment in found.values():
        for pool in environment.pools.values():
            load_catalog().machine(environment.provider, str(pool.machine))
        assert Environment.model_validate(environment.model_dump(mode="json")) == environment
