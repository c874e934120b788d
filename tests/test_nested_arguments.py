"""Everything that the Pulumi program declares fits the types of the providers' SDKs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typed_inputs import problems
from wide_environments import PLAIN, WIDE

from domain.resources import SECRET, UNKNOWN, Resource, ResourceGraph
from stacks.synthesis import synthesise

ROOT = Path(__file__).resolve().parent.parent


def declared(type_: str, **inputs: Any) -> Resource:
    return Resource(urn=f"urn:pulumi:dev::w::{type_}::it", type=type_, inputs=inputs)


TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
VM = "gcp:tpu/v2Vm:V2Vm"


def disk(**ebs: Any) -> Resource:
    return declared(TEMPLATE, blockDeviceMappings=[{"deviceName": "/dev/sda1", "ebs": ebs}])


def test_right_arguments_pass() -> None:
    assert problems(disk(volumeSize=500.0, encrypted="true", kmsKeyId=UNKNOWN)) == []
    assert problems(declared(TEMPLATE, userData=SECRET, tags={"a": "b"})) == []


@pytest.mark.parametrize(
    ("resource", "sentence"),
    [
        (
            disk(volumeSizes=500),
            "it.blockDeviceMappings[0].ebs.volumeSizes: "
            "LaunchTemplateBlockDeviceMappingEbsArgs has no such property",
        ),
        (
            disk(volume_size=500),
            "it.blockDeviceMappings[0].ebs.volume_size: "
            "LaunchTemplateBlockDeviceMappingEbsArgs has no such property",
        ),
        (disk(volumeSize="500"), "it.blockDeviceMappings[0].ebs.volumeSize: '500' is no int"),
        (disk(volumeSize=0.5), "it.blockDeviceMappings[0].ebs.volumeSize: 0.5 is no int"),
        (disk(encrypted=True), "it.blockDeviceMappings[0].ebs.encrypted: True is no str"),
        (declared(TEMPLATE, tags={"nodes": 4}), "it.tags.nodes: 4 is no str"),
        (declared(TEMPLATE, tags=["a"]), "it.tags: ['a'] is no map"),
        (
            declared(TEMPLATE, vpcSecurityGroupIds="sg-1"),
            "it.vpcSecurityGroupIds: 'sg-1' is no list",
        ),
        (
            declared(VM, runtimeVersion="v2", schedulingConfig="spot"),
            "it.schedulingConfig: 'spot' is no V2VmSchedulingConfigArgs",
        ),
        (declared(VM, zone="us-west4-a"), "it.runtimeVersion: missing, and V2VmArgs needs it"),
        (
            declared(
                "aws:s3/bucketVersioning:BucketVersioning", bucket="b", versioningConfiguration={}
            ),
            "it.versioningConfiguration.status: missing, and "
            "BucketVersioningVersioningConfigurationArgs needs it",
        ),
        (
            declared("pulumi:providers:aws", regoin="us-east-1"),
            "it.regoin: ProviderArgs has no such property",
        ),
    ],
)
def test_a_wrong_nested_argument_is_named(resource: Resource, sentence: str) -> None:
    assert problems(resource) == [sentence]


def assert_fits(graph: ResourceGraph) -> None:
    found = [sentence for resource in graph.resources for sentence in problems(resource)]
    assert found == []


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_our_stacks_fit(stack: str) -> None:
    assert_fits(synthesise(ROOT, stack, mode="resolved", cache=None))


@pytest.mark.parametrize("provider", ["aws", "gcp"])
@pytest.mark.parametrize("environments", [WIDE, PLAIN], ids=["wide", "plain"])
def test_an_environment_with_everything_fits(
    provider: str, environments: dict[str, Any], tmp_path: Path
) -> None:
    for name in ("Pulumi.yaml", "domain", "stacks"):
        (tmp_path / name).symlink_to(ROOT / name)
    config = {"gcp:project": "example-project", "windtunnel:environment": environments[provider]}
    (tmp_path / "Pulumi.wide.yaml").write_text(yaml.safe_dump({"config": config}))
    graph = synthesise(tmp_path, "wide", mode="resolved", cache=None)
    assert len(graph.resources) > 60
    assert_fits(graph)
