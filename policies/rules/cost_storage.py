"""Storage that is paid for longer, or further away, than it is of use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.costing.values import block, blocks, number, text, truth
from domain.resources import UNKNOWN, Resource
from domain.resources.regions import region_of
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.world import World

_S3 = "aws:s3/bucket:Bucket"
_GCS = "gcp:storage/bucket:Bucket"
_S3_LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
_S3_VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
_FILE_SYSTEMS = (
    "aws:fsx/lustreFileSystem:LustreFileSystem",
    "aws:efs/fileSystem:FileSystem",
    "gcp:lustre/instance:Instance",
    "gcp:filestore/instance:Instance",
)
# Disks and addresses → what takes them into use.
_ATTACHED = {
    "aws:ebs/volume:Volume": ("aws:ec2/volumeAttachment:VolumeAttachment",),
    "gcp:compute/disk:Disk": (
        "gcp:compute/attachedDisk:AttachedDisk",
        "gcp:compute/instance:Instance",
        "gcp:compute/instanceTemplate:InstanceTemplate",
        "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate",
        "gcp:compute/instanceFromTemplate:InstanceFromTemplate",
    ),
    "aws:ec2/eip:Eip": (),
    "gcp:compute/address:Address": (),
    "gcp:compute/globalAddress:GlobalAddress": (),
}
_REGISTRIES = {
    "aws:ecr/repository:Repository": ("aws:ecr/lifecyclePolicy:LifecyclePolicy",),
    "gcp:artifactregistry/repository:Repository": (),
}
_OLD_DISKS = {"gp2": "gp3", "io1": "io2", "standard": "gp3"}


def bucket_lifecycle(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """A bucket says what becomes of objects in time: kept data is paid for every month."""
    for bucket in world.of_type(_S3, _GCS):
        rules = _lifecycle(world, bucket)
        if rules is None:
            yield Undecided("its lifecycle rules are known only after deployment", bucket)
        elif not rules:
            yield Finding(f"'{bucket.name}' has no lifecycle rule: nothing in it ends", bucket)


def abandoned_uploads(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """Uploads that were broken off are cleaned up, in the whole bucket: their parts are billed
    and not seen.

    It is said of the resource that holds the rules, be that the bucket or one beside it.
    """
    strays = (
        each for each in world.of_type(_S3_LIFECYCLE) if not world.referred(each, "bucket", _S3)
    )
    for bucket in (*world.of_type(_S3, _GCS), *strays):
        holder = next(iter(_beside(world, bucket)), bucket)
        rules = _lifecycle(world, bucket)
        if rules is None:
            yield Undecided("its lifecycle rules are known only after deployment", holder)
        elif (rules or holder.type == _S3_LIFECYCLE) and not any(
            _ends_uploads(rule) and _everywhere(rule) for rule in rules
        ):
            yield Finding(f"parts of broken uploads to '{bucket.name}' stay for ever", holder)


def old_versions(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """A bucket that keeps versions ends old ones: each overwritten checkpoint stays billed."""
    for bucket in world.of_type(_S3, _GCS):
        rules = _lifecycle(world, bucket)
        if rules is not None and _is_versioned(world, bucket) and not any(map(_ends_old, rules)):
            yield Finding(f"'{bucket.name}' keeps every version of every object for ever", bucket)


def _lifecycle(world: World, bucket: Resource) -> list[Mapping[str, Any]] | None:
    """The rules of a bucket, its own or beside it; None where they are not known."""
    if bucket.type == _GCS:
        return _known_blocks(bucket.get("lifecycleRules"), bucket.inputs.get("lifecycleRules"))
    found = blocks(bucket.get("lifecycleRules"))
    for beside in _beside(world, bucket):
        rules = _known_blocks(beside.get("rules"), beside.inputs.get("rules"))
        if rules is None:
            return None
        found += rules
    return [
        rule
        for rule in found
        if rule.get("status", "Enabled") == "Enabled" and rule.get("enabled", True)
    ]


def _beside(world: World, bucket: Resource) -> tuple[Resource, ...]:
    """What holds rules for a bucket; itself, where it stands for a bucket of another stack."""
    return (bucket,) if bucket.type == _S3_LIFECYCLE else world.users(bucket, _S3_LIFECYCLE)


def _known_blocks(value: Any, written: Any) -> list[Mapping[str, Any]] | None:
    return None if value is None and written == UNKNOWN else blocks(value)


def _ends_uploads(rule: Mapping[str, Any]) -> bool:
    return bool(
        block(rule.get("action")).get("type") == "AbortIncompleteMultipartUpload"
        or rule.get("abortIncompleteMultipartUpload")
        or rule.get("abortIncompleteMultipartUploadDays")
    )


def _everywhere(rule: Mapping[str, Any]) -> bool:
    """Whether a rule is for every object, whatever its name begins with."""
    narrowed = block(rule.get("filter"))
    prefixes = (
        rule.get("prefix"),
        narrowed.get("prefix"),
        block(narrowed.get("and")).get("prefix"),
        block(rule.get("condition")).get("matchesPrefixes"),
    )
    return not any(prefixes)


def _ends_old(rule: Mapping[str, Any]) -> bool:
    if any(
        rule.get(key) for key in ("noncurrentVersionExpiration", "noncurrentVersionExpirations")
    ):
        return True
    condition = block(rule.get("condition"))
    about_old = condition.get("withState") in ("ARCHIVED", "ANY") or any(
        number(condition.get(key))
        for key in ("numNewerVersions", "daysSinceNoncurrentTime", "noncurrentTimeBefore")
    )
    return block(rule.get("action")).get("type") == "Delete" and about_old


def _is_versioned(world: World, bucket: Resource) -> bool:
    if truth(block(bucket.get("versioning")).get("enabled")):
        return True
    return any(
        block(each.get("versioningConfiguration")).get("status") == "Enabled"
        for each in world.users(bucket, _S3_VERSIONING)
    )


def data_near_compute(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """Data stands in the region of the machines that read it: between regions, each epoch costs
    traffic and time."""
    for cloud, kinds in (("aws", (_S3, *_FILE_SYSTEMS[:2])), ("gcp", (_GCS, *_FILE_SYSTEMS[2:]))):
        places = {each.region for each in world.fleets if each.provider == cloud} - {None}
        if not places:
            continue
        for store in world.of_type(*kinds):
            place = region_of(store, world.graph)
            if place is None:
                if UNKNOWN in (store.inputs.get("region"), store.inputs.get("location")):
                    yield Undecided("its region is known only after deployment", store)
            elif not any(_is_near(place, str(each)) for each in places):
                where = ", ".join(sorted(map(str, places)))
                yield Finding(f"'{store.name}' is in {place}, the machines are in {where}", store)


def _is_near(place: str, region: str) -> bool:
    """Whether data there is read from a region without traffic between regions.

    ``us``, ``eu`` and ``asia`` are multi-regions of Cloud Storage; a name without a number is a
    pair of regions, whose members a name does not tell.
    """
    if place in ("us", "eu", "asia"):
        return region.startswith({"eu": "europe"}.get(place, place) + "-")
    return place == region or not any(letter.isdigit() for letter in place) or "+" in place


def unattached(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """Disks and public addresses are in use: they are billed when they lie about as well."""
    for kind, users in _ATTACHED.items():
        for resource in world.of_type(kind):
            if resource.get("instance") or resource.get("networkInterface"):
                continue
            if resource.get("addressType") == "INTERNAL" or resource.get("purpose"):
                continue  # private addresses are free
            if not world.users(resource, *users):
                yield Finding(f"'{resource.name}' is paid for, and nothing here uses it", resource)


def current_disks(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """Disks are of a current type: gp3 costs a fifth less than gp2 and is faster."""
    for resource in world.graph.resources:
        if not resource.type.startswith("aws:e") or not resource.custom:
            continue
        for key in ("type", "volumeType"):
            for kind in _disk_types(resource, key):
                if kind in _OLD_DISKS:
                    yield Finding(
                        f"'{resource.name}' has a disk of type {kind}; {_OLD_DISKS[kind]} is "
                        "cheaper or lasts longer",
                        resource,
                    )


def _disk_types(resource: Resource, key: str) -> Iterator[str | None]:
    if resource.type == "aws:ebs/volume:Volume" and key == "type":
        yield text(resource.get("type"))
    if key == "volumeType":
        disks = [*blocks(resource.get("rootBlockDevice")), *blocks(resource.get("ebsBlockDevices"))]
        disks += [block(each.get("ebs")) for each in blocks(resource.get("blockDeviceMappings"))]
        yield from dict.fromkeys(text(each.get("volumeType")) for each in disks)


def registry_cleanup(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """A registry forgets old images: images of deep learning are many gigabytes each."""
    for kind, policies in _REGISTRIES.items():
        for registry in world.of_type(kind):
            own = registry.inputs.get("cleanupPolicies")
            if not own and not (policies and world.users(registry, *policies)):
                yield Finding(f"'{registry.name}' keeps every image for ever", registry)


_AWS_COST06 = "AWS Well-Architected, cost optimisation: COST06"

RULES: tuple[Rule, ...] = (
    Rule(
        id="bucket-lifecycle",
        title="Buckets have lifecycle rules",
        category="cost",
        severity="advisory",
        judge=bucket_lifecycle,
        remedy="set 'expire' of the storage, or declare lifecycle rules that delete or move "
        "objects after some time",
        guides=("S3 user guide: managing the lifecycle of objects", "Cloud Storage: lifecycle"),
    ),
    Rule(
        id="abandoned-uploads",
        title="Broken uploads are cleaned up",
        category="cost",
        severity="advisory",
        judge=abandoned_uploads,
        remedy="add a lifecycle rule with abort_incomplete_multipart_upload after a week (GCP: "
        "action AbortIncompleteMultipartUpload)",
        references=("CKV_AWS_300",),
        guides=("S3 user guide: aborting incomplete multipart uploads", "Security Hub S3.10"),
    ),
    Rule(
        id="old-versions-expire",
        title="Versioned buckets end old versions",
        category="cost",
        severity="advisory",
        judge=old_versions,
        remedy="add a lifecycle rule with noncurrent_version_expiration (GCP: a Delete action with "
        "days_since_noncurrent_time)",
        guides=("Security Hub S3.10", "Cloud Storage: object versioning"),
    ),
    Rule(
        id="data-near-compute",
        title="Data stands in the region of the machines",
        category="cost",
        severity="advisory",
        judge=data_near_compute,
        remedy="put the bucket or file system into the region of the pool, or the pool into that "
        "of the data",
        guides=("AWS Well-Architected, cost optimisation: COST08",),
    ),
    Rule(
        id="nothing-unattached",
        title="Disks and addresses are in use",
        category="cost",
        severity="advisory",
        judge=unattached,
        remedy="attach it, or take it out of the program",
        guides=("Security Hub EC2.12", _AWS_COST06),
    ),
    Rule(
        id="current-disk-types",
        title="Disks are of a current type",
        category="cost",
        severity="advisory",
        judge=current_disks,
        remedy="set the volume type to gp3, or to io2 where it must be durable and fast",
        guides=("EBS user guide: volume types", _AWS_COST06),
        scope="resource",
    ),
    Rule(
        id="registry-cleanup",
        title="Registries forget old images",
        category="cost",
        severity="advisory",
        judge=registry_cleanup,
        remedy="declare an aws.ecr.LifecyclePolicy, or cleanup_policies of the Artifact Registry "
        "repository",
        guides=("Security Hub ECR.3", "Artifact Registry: cleanup policies"),
    ),
)
