"""Amazon Aurora: clusters that keep the data, and the instances that serve it."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.aws.classes import class_hours
from domain.costing.aws.rds import billed_as, extras
from domain.costing.aws.rds_support import extended_support
from domain.costing.context import Context, Coster
from domain.costing.values import text
from domain.usage import Usage

CLUSTER = "aws:rds/cluster:Cluster"
_IO_OPTIMIZED = "aurora-iopt1"


def cluster(context: Context) -> Iterator[Usage]:
    """What it stores, reads and writes; capacity units where it has no instances."""
    engine = text(context.get("engine")) or "aurora"
    if not engine.startswith("aurora"):
        kind = text(context.get("dbClusterInstanceClass")) or "its class"
        reason = f"no price of a cluster of three {engine} instances of {kind} is known"
        yield context.unpriceable("database", reason)
        return
    stated = context.quantities
    serverless = text(context.get("engineMode")) == "serverless"
    if serverless:
        yield context.hours("aurora", "serverless_v1.capacity_unit", None)
    if is_io_optimized(context):
        context.note("Storage that is optimised for I/O has no charge for requests.")
        yield context.kept("aurora", "storage.io_optimized", stated.stored_bytes)
    else:
        yield context.kept("aurora", "storage", stated.stored_bytes)
        yield context.use("aurora", "requests", "requests", stated.requests)
    yield context.kept("aurora", "backup.storage", None)
    if "postgresql" not in engine and not serverless:
        yield context.use("aurora", "backtrack", "requests", None)
    yield context.use("aurora", "snapshot_export", "bytes", None)


def is_io_optimized(context: Context) -> bool:
    """Whether a cluster pays more for storage and instances, and nothing for I/O."""
    return text(context.get("storageType")) == _IO_OPTIMIZED


def cluster_instance(context: Context) -> Iterator[Usage]:
    """One instance of a cluster, at the price of the cluster's kind of storage."""
    found = context.referred("clusterIdentifier", CLUSTER)
    engine = text(context.get("engine"))
    if engine is None and found is not None:
        engine = text(found.get("engine"))
    kind = text(context.get("instanceClass"))
    variant = "io_optimized" if found is not None and is_io_optimized(found) else ""
    if engine is not None and not engine.startswith("aurora"):
        yield class_hours(context, "database", kind, billed_as(context, engine))
    elif kind == "db.serverless":
        item = "serverless_v2.capacity_unit" + (f".{variant}" if variant else "")
        context.note("Capacity units of a serverless instance follow its load.")
        yield context.hours("aurora", item, None)
    else:
        yield class_hours(context, "aurora", kind, variant)
        yield from extended_support(context, engine or "", found)
        yield from extras(context, "aurora", kind)


def snapshot(context: Context) -> Iterator[Usage]:
    """What a snapshot of a cluster keeps."""
    yield context.kept("aurora", "backup.storage", context.quantities.stored_bytes)


def global_cluster(context: Context) -> Iterator[Usage]:
    """Writes that are replicated to other regions."""
    yield context.use("aurora", "global_writes", "requests", context.quantities.write_requests)


def reserved(context: Context) -> Iterator[Usage]:
    """Bought ahead, at the price of an offering."""
    reason = "the price of its offering is not told by the resource"
    yield context.unpriceable("reserved database", reason)


COSTERS: dict[str, Coster] = {
    CLUSTER: cluster,
    "aws:rds/clusterInstance:ClusterInstance": cluster_instance,
    "aws:rds/clusterSnapshot:ClusterSnapshot": snapshot,
    "aws:rds/globalCluster:GlobalCluster": global_cluster,
    "aws:rds/reservedInstance:ReservedInstance": reserved,
}
