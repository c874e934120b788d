"""Names, and what keeps a stack such that others can run it tomorrow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator

from domain.costing.values import text
from domain.frozen import Frozen
from policies.rule import Finding, Judgement, NoSettings, Rule
from policies.rules.allowed import managed
from policies.rules.secrets import leaves
from policies.world import World


def _pattern(written: str) -> str:
    try:
        re.compile(written)
    except re.error as error:
        raise ValueError(f"'{written}' is no regular expression: {error}") from None
    return written


Pattern = Annotated[str, AfterValidator(_pattern)]


class Naming(Frozen):
    """How resources are called in programs."""

    pattern: Pattern = "[a-z][a-z0-9]*(-[a-z0-9]+)*"


def naming(world: World, settings: Naming) -> Iterator[Judgement]:
    """Resources are called alike, so that people find them and tools can rely on it."""
    wanted = re.compile(settings.pattern)
    for resource in managed(world):
        # A reference to another stack is called as that stack is.
        if not resource.type.startswith("pulumi:") and not wanted.fullmatch(resource.name):
            yield Finding(
                f"'{resource.name}' is not called as agreed",
                resource,
                f"call it by {settings.pattern}, and keep the old name in "
                "ResourceOptions(aliases=…)",
            )


_LABEL = r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
_BUCKET = r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"
_LEGAL = {
    "aws:s3/bucket:Bucket": ("bucket", r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
    "aws:iam/role:Role": ("name", r"[\w+=,.@-]{1,64}"),
    "aws:lb/loadBalancer:LoadBalancer": ("name", r"(?!internal-)[A-Za-z0-9](-?[A-Za-z0-9]){0,31}"),
    "gcp:storage/bucket:Bucket": ("name", _BUCKET),
    "gcp:serviceaccount/account:Account": ("accountId", r"[a-z][a-z0-9-]{4,28}[a-z0-9]"),
    "gcp:compute/instance:Instance": ("name", _LABEL),
    "gcp:compute/instanceTemplate:InstanceTemplate": ("name", _LABEL),
    "gcp:compute/instanceGroupManager:InstanceGroupManager": ("name", _LABEL),
    "gcp:compute/network:Network": ("name", _LABEL),
    "gcp:compute/subnetwork:Subnetwork": ("name", _LABEL),
    "gcp:compute/firewall:Firewall": ("name", _LABEL),
    "gcp:compute/disk:Disk": ("name", _LABEL),
    "gcp:container/cluster:Cluster": ("name", r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?"),
}
"""Type of resource → where its name stands, and what the cloud takes for one."""


def legal_names(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Names are such as the cloud takes: it would refuse others halfway through a deployment."""
    for kind, (key, wanted) in _LEGAL.items():
        for resource in world.of_type(kind):
            name = text(resource.get(key))
            if name and not re.fullmatch(wanted, name):
                yield Finding(
                    f"'{resource.name}' is called {name}, which its cloud refuses", resource
                )


_SUCCESSORS = {
    "aws:ec2/launchConfiguration:LaunchConfiguration": "aws.ec2.LaunchTemplate",
    "aws:ec2/spotInstanceRequest:SpotInstanceRequest": "aws.ec2.Fleet",
    "aws:elasticsearch/domain:Domain": "aws.opensearch.Domain",
    "aws:elb/loadBalancer:LoadBalancer": "aws.lb.LoadBalancer",
    "aws:iam/policyAttachment:PolicyAttachment": "aws.iam.RolePolicyAttachment",
    "aws:qldb/ledger:Ledger": "aws.rds.Cluster",
    "aws:s3/bucketObject:BucketObject": "aws.s3.BucketObjectv2",
    "aws:waf/webAcl:WebAcl": "aws.wafv2.WebAcl",
    "aws:wafregional/webAcl:WebAcl": "aws.wafv2.WebAcl",
    "gcp:cloudfunctions/function:Function": "gcp.cloudfunctionsv2.Function",
    "gcp:container/registry:Registry": "gcp.artifactregistry.Repository",
    "gcp:notebooks/instance:Instance": "gcp.workbench.Instance",
    "gcp:tpu/node:Node": "gcp.tpu.V2Vm",
}
"""Type of resource that its cloud is retiring → what stands in its place."""


def superseded(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Nothing is built on what its cloud is retiring."""
    for kind, successor in _SUCCESSORS.items():
        for resource in world.of_type(kind):
            what = kind.split("/")[-1].split(":")[-1]
            yield Finding(
                f"'{resource.name}' is a {what}, which is being retired",
                resource,
                f"declare a {successor} instead",
            )


_IMAGES = frozenset({"image", "imageUri", "containerImage"})
_REPOSITORY = re.compile(r"(?:[\w.-]+(?::\d+)?/)*[\w.-]+(?::[\w.-]+)?")
_CONTAINERS = (
    "aws:batch/jobDefinition:JobDefinition",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:lambda/function:Function",
    "aws:sagemaker/model:Model",
    "gcp:cloudrun/service:Service",
    "gcp:cloudrunv2/job:Job",
    "gcp:cloudrunv2/service:Service",
    "kubernetes:apps/v1:Deployment",
    "kubernetes:batch/v1:Job",
    "kubernetes:core/v1:Pod",
)


def images(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Containers name the version of their image, so that tomorrow's run is today's."""
    for resource in world.of_type(*_CONTAINERS):
        for path, value in leaves(resource.inputs):
            if path and path[-1] in _IMAGES and _REPOSITORY.fullmatch(value):
                tag = value.rsplit("/", 1)[-1].partition(":")[2]
                if tag in ("", "latest"):
                    yield Finding(f"'{resource.name}' runs whatever {value} is that day", resource)
                    break


_KEEPS_DATA = (
    "aws:s3/bucket:Bucket",
    "aws:fsx/lustreFileSystem:LustreFileSystem",
    "aws:efs/fileSystem:FileSystem",
    "aws:rds/instance:Instance",
    "aws:rds/cluster:Cluster",
    "aws:dynamodb/table:Table",
    "aws:kms/key:Key",
    "gcp:storage/bucket:Bucket",
    "gcp:filestore/instance:Instance",
    "gcp:lustre/instance:Instance",
    "gcp:sql/databaseInstance:DatabaseInstance",
    "gcp:bigquery/dataset:Dataset",
    "gcp:kms/cryptoKey:CryptoKey",
)


def protected(world: World, _: NoSettings) -> Iterator[Judgement]:
    """What keeps data, and the keys to it, is protected from ``pulumi destroy``."""
    for resource in world.of_type(*_KEEPS_DATA):
        if not resource.protect:
            yield Finding(f"'{resource.name}' goes with all it holds when a stack goes", resource)


def settled(world: World, _: NoSettings) -> Iterator[Judgement]:
    """No resource ignores every change: the program would no longer say what there is."""
    for resource in managed(world):
        if "*" in resource.ignore_changes:
            yield Finding(f"'{resource.name}' ignores every change of its program", resource)


RULES: tuple[Rule, ...] = (
    Rule(
        "resource-names",
        "Resources are called alike",
        "hygiene",
        naming,
        "call it as agreed",
        settings=Naming,
        severity="advisory",
        scope="resource",
    ),
    Rule(
        "legal-names",
        "Names are such as the cloud takes",
        "hygiene",
        legal_names,
        "leave the name out, so that Pulumi makes one, or write it in lower-case letters, digits "
        "and hyphens",
        guides=("Amazon S3: bucket naming rules", "Compute Engine: naming resources"),
        scope="resource",
    ),
    Rule(
        "no-superseded-types",
        "Nothing is built on what is being retired",
        "hygiene",
        superseded,
        "declare its successor",
        severity="advisory",
        scope="resource",
    ),
    Rule(
        "images-pinned",
        "Containers name the version of their image",
        "hygiene",
        images,
        "name a version or a digest: …:2.20.0, …@sha256:…",
        severity="advisory",
        scope="resource",
    ),
    Rule(
        "stores-protected",
        "What keeps data outlives a slip",
        "hygiene",
        protected,
        "set opts=ResourceOptions(protect=True) (governance.deletion_protection: true)",
        severity="advisory",
        scope="resource",
    ),
    Rule(
        "changes-not-ignored",
        "No resource ignores every change",
        "hygiene",
        settled,
        "name the properties in ignore_changes",
        severity="advisory",
        scope="resource",
    ),
)
