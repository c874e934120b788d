"""Tags and labels: which there must be, and what they may say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pydantic import Field

from domain.costing.values import block
from domain.frozen import Frozen
from domain.resources import UNKNOWN, Resource
from policies.default_tags import default_tags, read_tags
from policies.demands import undecided
from policies.rule import Finding, Judgement, NoSettings, Rule
from policies.world import World

_TAGS = (
    "aws:autoscaling/group:Group",
    "aws:batch/computeEnvironment:ComputeEnvironment",
    "aws:cloudtrail/trail:Trail",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:dynamodb/table:Table",
    "aws:ebs/volume:Volume",
    "aws:ec2/capacityReservation:CapacityReservation",
    "aws:ec2/eip:Eip",
    "aws:ec2/fleet:Fleet",
    "aws:ec2/instance:Instance",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:ecr/repository:Repository",
    "aws:ecs/cluster:Cluster",
    "aws:efs/fileSystem:FileSystem",
    "aws:eks/cluster:Cluster",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:fsx/lustreFileSystem:LustreFileSystem",
    "aws:iam/role:Role",
    "aws:kms/key:Key",
    "aws:lambda/function:Function",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:rds/cluster:Cluster",
    "aws:rds/instance:Instance",
    "aws:s3/bucket:Bucket",
    "aws:sagemaker/notebookInstance:NotebookInstance",
    "aws:secretsmanager/secret:Secret",
    "aws:sns/topic:Topic",
    "aws:sqs/queue:Queue",
)
_LABELS = (
    "gcp:artifactregistry/repository:Repository",
    "gcp:bigquery/dataset:Dataset",
    "gcp:compute/address:Address",
    "gcp:compute/disk:Disk",
    "gcp:compute/instance:Instance",
    "gcp:compute/instanceTemplate:InstanceTemplate",
    "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate",
    "gcp:dataproc/cluster:Cluster",
    "gcp:filestore/instance:Instance",
    "gcp:kms/cryptoKey:CryptoKey",
    "gcp:lustre/instance:Instance",
    "gcp:parallelstore/instance:Instance",
    "gcp:pubsub/topic:Topic",
    "gcp:redis/instance:Instance",
    "gcp:secretmanager/secret:Secret",
    "gcp:storage/bucket:Bucket",
    "gcp:tpu/v2Vm:V2Vm",
    "gcp:workbench/instance:Instance",
)
_PLACES = (
    dict.fromkeys(_TAGS, "tags")
    | dict.fromkeys(_LABELS, "labels")
    | {
        "gcp:container/cluster:Cluster": "resourceLabels",
        "gcp:monitoring/alertPolicy:AlertPolicy": "userLabels",
        "gcp:sql/databaseInstance:DatabaseInstance": "settings.userLabels",
    }
)
"""Type of resource → where its tags or labels stand."""

_ANSWERED = ("tagsAll", "effectiveLabels")


class RequiredTags(Frozen):
    """The tags or labels that everything that can have some has."""

    keys: tuple[str, ...] = ()


class TagValues(Frozen):
    """What tags may say: ``{environment: [dev, staging, prod]}``. The cases are told apart."""

    values: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)


class EnvironmentTag(Frozen):
    """The tag that names the environment."""

    key: str = "environment"


def required(world: World, settings: RequiredTags) -> Iterator[Judgement]:
    """Everything that can say whose it is does: who pays, whom to ask before it is deleted."""
    for resource, tags in _tagged(world):
        missing = [key for key in settings.keys if not (tags or {}).get(key)]
        if missing and tags is None:
            yield undecided(resource, "every tag")
        elif missing:
            yield Finding(
                f"'{resource.name}' has no tag '{missing[0]}'"
                + (f" (nor {', '.join(missing[1:])})" if missing[1:] else ""),
                resource,
            )


def untagged(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Nothing that can have tags or labels is without any."""
    for resource, tags in _tagged(world):
        if tags is None:
            yield undecided(resource, "every tag")
        elif not tags:
            yield Finding(f"'{resource.name}' does not say whose it is", resource)


def allowed_values(world: World, settings: TagValues) -> Iterator[Judgement]:
    """Tags say one of the agreed words, so that sums by tag do not fall apart."""
    for resource, tags in _tagged(world):
        for key, words in settings.values.items():
            said = (tags or {}).get(key)
            if said and said != UNKNOWN and said not in words:
                yield Finding(
                    f"'{resource.name}' says {key}={said}",
                    resource,
                    f"say one of {', '.join(words)}",
                )


def own_environment(world: World, settings: EnvironmentTag) -> Iterator[Judgement]:
    """What stands in one environment does not say that it belongs to another."""
    here = world.environment.lower()
    for resource, tags in _tagged(world) if here else ():
        said = ((tags or {}).get(settings.key) or "").lower()
        if said and said != UNKNOWN and not (said.startswith(here) or here.startswith(said)):
            yield Finding(f"'{resource.name}' says {settings.key}={said} in {here}", resource)


_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_MOST_TAGS, _MOST_LABELS = 50, 64


def well_formed(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Tags and labels are such as the cloud takes: it would refuse others halfway through."""
    for resource, tags in _tagged(world):
        known = {key: value for key, value in (tags or {}).items() if value != UNKNOWN}
        labels = resource.type.startswith("gcp:")
        most = _MOST_LABELS if labels else _MOST_TAGS
        check = _wrong_label if labels else _wrong_tag
        wrong = next((why for item in known.items() if (why := check(*item))), None)
        if len(known) > most:
            wrong = f"{len(known)} of them, {most} are allowed"
        if wrong:
            yield Finding(f"'{resource.name}' has tags that its cloud refuses: {wrong}", resource)


def _wrong_label(key: str, value: str) -> str | None:
    # Letters of other scripts are allowed; capitals are not.
    folded = re.sub(r"[^\W\d_a-zA-Z]", "a", f"{key}={value}".replace("=", "\0", 1)).split("\0")
    if _LABEL_KEY.fullmatch(folded[0]) and _LABEL_VALUE.fullmatch(folded[1]):
        return None
    return f"{key}={value} is more than 63 lower-case letters, digits, hyphens and underscores"


def _wrong_tag(key: str, value: str) -> str | None:
    if key.lower().startswith("aws:"):
        return f"{key} begins as those of AWS itself do"
    if not 1 <= len(key) <= 128 or len(value) > 256:
        return f"{key[:40]} is longer than 128 characters, or its value than 256"
    return None


def _tagged(world: World) -> Iterator[tuple[Resource, Mapping[str, str] | None]]:
    """What can have tags, and those it has, also from its provider; None if not known yet."""
    for kind, path in _PLACES.items():
        for resource in world.of_type(kind):
            yield resource, _tags(world, resource, path)


def _tags(world: World, resource: Resource, path: str) -> Mapping[str, str] | None:
    found = default_tags(world, resource)
    for key in _ANSWERED:
        found |= read_tags(resource.outputs.get(key))
    first, *rest = path.split(".")
    value = resource.inputs.get(first)
    for key in rest:
        value = value if value == UNKNOWN else block(value).get(key)
    return None if value == UNKNOWN else found | read_tags(value)


RULES: tuple[Rule, ...] = (
    Rule(
        id="required-tags",
        title="Everything has the agreed tags",
        category="hygiene",
        judge=required,
        remedy="set it in governance.tags, in tags or labels, or in default tags of the provider",
        settings=RequiredTags,
        guides=("AWS: best practices for tagging", "Google Cloud: labels overview"),
        scope="resource",
    ),
    Rule(
        id="no-untagged-resources",
        title="Nothing is without tags",
        category="hygiene",
        severity="advisory",
        judge=untagged,
        remedy="set governance.tags, tags or labels, or default tags of the provider",
        guides=("AWS: best practices for tagging", "Google Cloud: labels overview"),
        scope="resource",
    ),
    Rule(
        id="tag-values",
        title="Tags say agreed words",
        category="hygiene",
        judge=allowed_values,
        remedy="say one of the agreed words",
        settings=TagValues,
        scope="resource",
    ),
    Rule(
        id="environment-tag",
        title="Tags name the environment that a resource stands in",
        category="hygiene",
        judge=own_environment,
        remedy="say the environment that it is deployed to",
        settings=EnvironmentTag,
        scope="resource",
    ),
    Rule(
        id="tags-well-formed",
        title="Tags are such as the cloud takes",
        category="hygiene",
        judge=well_formed,
        remedy="use lower-case letters, digits, hyphens and underscores",
        guides=("AWS: tag naming limits", "Google Cloud: requirements for labels"),
        scope="resource",
    ),
)
