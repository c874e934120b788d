"""Amazon DocumentDB: clusters that keep the documents, and the instances that serve them."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.aws.classes import class_hours, is_burstable
from domain.costing.context import Context, Coster
from domain.costing.values import text
from domain.usage import Usage

CLUSTER = "aws:docdb/cluster:Cluster"


def cluster(context: Context) -> Iterator[Usage]:
    """What it stores, reads, writes and backs up."""
    yield from _data(context)
    yield context.kept("document_database", "backup.storage", None)


def _data(context: Context) -> Iterator[Usage]:
    stated = context.quantities
    yield context.kept("document_database", "storage", stated.stored_bytes)
    yield context.use("document_database", "requests", "requests", stated.requests)


def cluster_instance(context: Context) -> Iterator[Usage]:
    """One instance; with the data of a cluster that another stack declares."""
    kind = text(context.get("instanceClass"))
    yield class_hours(context, "document_database", kind)
    if is_burstable(kind):
        yield context.hours("document_database", "cpu_credit", None)
    if context.referred("clusterIdentifier", CLUSTER) is None:
        yield from _data(context)


def snapshot(context: Context) -> Iterator[Usage]:
    """What a snapshot keeps."""
    yield context.kept("document_database", "backup.storage", context.quantities.stored_bytes)


COSTERS: dict[str, Coster] = {
    CLUSTER: cluster,
    "aws:docdb/clusterInstance:ClusterInstance": cluster_instance,
    "aws:docdb/clusterSnapshot:ClusterSnapshot": snapshot,
}
