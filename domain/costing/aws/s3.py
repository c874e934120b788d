"""Amazon S3: what a bucket holds in each class, how it is asked, and reports about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.costing.aws.egress import egress
from domain.costing.buckets import planned_bytes
from domain.costing.context import Context, Coster
from domain.costing.quantities import owner_of
from domain.costing.values import blocks, text
from domain.usage import ObjectStorage, Usage

TAG_STORAGE_CLASS = "windtunnel-storage-class"
_LIFECYCLES = (
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
)
# What S3 calls a class → what the catalog does.
_CLASSES = {
    "STANDARD_IA": "standard_ia",
    "ONEZONE_IA": "one_zone_ia",
    "INTELLIGENT_TIERING": "intelligent_tiering",
    "GLACIER_IR": "glacier_instant",
    "GLACIER": "glacier_flexible",
    "DEEP_ARCHIVE": "glacier_deep_archive",
}
# Classes that give nothing out before it is asked for → the other ways to ask than the usual.
_THAWED = {"glacier_flexible": "expedited", "glacier_deep_archive": "bulk"}
_SELECTABLE = ("standard", "standard_ia", "one_zone_ia", "intelligent_tiering", "glacier_flexible")


def bucket(context: Context) -> Iterator[Usage]:
    """Capacity and requests: in the class that its tag names, else standard, and in those that
    its lifecycle moves objects to."""
    stated = context.quantities
    first = context.tags.get(TAG_STORAGE_CLASS, "standard")
    yield ObjectStorage(
        resource=context.resource.urn,
        provider=context.provider,
        region=context.region,
        size_bytes=planned_bytes(context),
        seconds=context.seconds,
        read_requests=stated.read_requests,
        write_requests=stated.write_requests,
        retrieved_bytes=stated.retrieved_bytes,
        storage_class=first,
    )
    yield from egress(context)
    # Jobs that read buckets of our own ask for whole objects.
    queried = owner_of(context.resource, context.graph) is None
    if queried:
        yield from _select(context, first)
    for moved_to in _later_classes(context):
        if moved_to != first:
            yield from _class(context, moved_to)
            if queried:
                yield from _select(context, moved_to)


def _class(context: Context, kind: str) -> Iterator[Usage]:
    """A class that nobody states anything about."""
    yield ObjectStorage(
        resource=context.resource.urn,
        provider=context.provider,
        region=context.region,
        size_bytes=None,
        seconds=context.seconds,
        read_requests=None,
        write_requests=None,
        retrieved_bytes=None,
        storage_class=kind,
    )
    yield context.use("object_storage", f"{kind}.transitions", "requests", None)
    if kind == "intelligent_tiering":
        yield context.kept("object_storage", f"{kind}.infrequent_storage", None)
        yield context.use("object_storage", f"{kind}.monitoring", "object_seconds", None)
    if kind in _THAWED:
        way = _THAWED[kind]
        yield context.use("object_storage", f"{kind}.retrieval_requests", "requests", None)
        yield context.use("object_storage", f"{kind}.{way}_retrieval", "bytes", None)
        yield context.use("object_storage", f"{kind}.{way}_retrieval_requests", "requests", None)


def _select(context: Context, kind: str) -> Iterator[Usage]:
    """Queries by S3 Select, which those who had it may still use."""
    if kind in _SELECTABLE:
        yield context.use("object_storage", f"{kind}.select_scanned", "bytes", None)
        yield context.use("object_storage", f"{kind}.select_returned", "bytes", None)


def _later_classes(context: Context) -> list[str]:
    """Where the bucket's rules, or those of a resource of their own, move what it holds."""
    rules = blocks(context.get("lifecycleRules"))
    for configuration in context.users(*_LIFECYCLES):
        rules += blocks(configuration.get("rules"))
    found = (name for rule in rules for name in _transitions(rule))
    return list(dict.fromkeys(_CLASSES[name] for name in found if name in _CLASSES))


def _transitions(rule: Mapping[str, Any]) -> Iterator[str]:
    for key in ("transitions", "noncurrentVersionTransitions"):
        for move in blocks(rule.get(key)):
            yield text(move.get("storageClass")) or ""


def directory_bucket(context: Context) -> Iterator[Usage]:
    """A bucket of one zone: capacity, requests, and what goes in and out."""
    stated = context.quantities
    kept = planned_bytes(context)
    yield context.kept("object_storage", "express_one_zone.storage", kept)
    reads, writes = stated.read_requests, stated.write_requests
    yield context.use("object_storage", "express_one_zone.read_requests", "requests", reads)
    yield context.use("object_storage", "express_one_zone.write_requests", "requests", writes)
    yield context.use("object_storage", "express_one_zone.uploaded", "bytes", None)
    yield context.use(
        "object_storage", "express_one_zone.retrieval", "bytes", stated.retrieved_bytes
    )


def vault(context: Context) -> Iterator[Usage]:
    """An archive of the old interface, at the prices of the class that came of it."""
    yield from _class(context, "glacier_flexible")


def many_regions(context: Context) -> Iterator[Usage]:
    """What is routed to the nearest of several buckets."""
    moved = context.quantities.processed_bytes
    yield context.use("object_storage", "multi_region.routed", "bytes", moved)


def inventory(context: Context) -> Iterator[Usage]:
    """Objects that are listed, each time."""
    yield context.use("object_storage", "inventory.listed_objects", "requests", None)


def analytics(context: Context) -> Iterator[Usage]:
    """Objects whose access is watched."""
    yield context.use("object_storage", "analytics.watched_objects", "object_seconds", None)


def request_metrics(context: Context) -> Iterator[Usage]:
    """Metrics of requests, which CloudWatch bills one by one."""
    yield context.hours("monitoring", "metric", None)


COSTERS: dict[str, Coster] = {
    "aws:s3/bucket:Bucket": bucket,
    "aws:s3/directoryBucket:DirectoryBucket": directory_bucket,
    "aws:s3/inventory:Inventory": inventory,
    "aws:s3/analyticsConfiguration:AnalyticsConfiguration": analytics,
    "aws:s3/bucketMetric:BucketMetric": request_metrics,
    "aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint": many_regions,
    "aws:glacier/vault:Vault": vault,
}
