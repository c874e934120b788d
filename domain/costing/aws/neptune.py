"""Amazon Neptune: clusters that keep the graph, and the instances that serve it."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.aws.classes import class_hours, is_burstable
from domain.costing.context import Context, Coster
from domain.costing.values import text
from domain.usage import Usage

CLUSTER = "aws:neptune/cluster:Cluster"
_IO_OPTIMIZED = "iopt1"


def cluster(context: Context) -> Iterator[Usage]:
    """What it stores, reads, writes and backs up."""
    stated = context.quantities
    if text(context.get("storageType")) == _IO_OPTIMIZED:
        context.note("Storage that is optimised for I/O has no charge for requests.")
        yield context.kept("graph_database", "storage.io_optimized", stated.stored_bytes)
    else:
        yield context.kept("graph_database", "storage", stated.stored_bytes)
        yield context.use("graph_database", "requests", "requests", stated.requests)
    yield context.kept("graph_database", "backup.storage", None)


def cluster_instance(context: Context) -> Iterator[Usage]:
    """One instance, at the price of the cluster's kind of storage."""
    found = context.referred("clusterIdentifier", CLUSTER)
    optimized = found is not None and text(found.get("storageType")) == _IO_OPTIMIZED
    kind = text(context.get("instanceClass"))
    yield class_hours(context, "graph_database", kind, "io_optimized" if optimized else "")
    if is_burstable(kind):
        yield context.hours("graph_database", "cpu_credit", None)


def snapshot(context: Context) -> Iterator[Usage]:
    """What a snapshot keeps."""
    yield context.kept("graph_database", "backup.storage", context.quantities.stored_bytes)


COSTERS: dict[str, Coster] = {
    CLUSTER: cluster,
    "aws:neptune/clusterInstance:ClusterInstance": cluster_instance,
    "aws:neptune/clusterSnapshot:ClusterSnapshot": snapshot,
}
