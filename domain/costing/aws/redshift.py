"""Amazon Redshift: nodes by class, and what queries, snapshots and bursts add."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from domain.costing.aws.classes import class_hours
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import number, text
from domain.usage import ServiceUse, Usage


def cluster(context: Context) -> Iterator[Usage]:
    """Its nodes; storage apart where the class keeps it outside of them."""
    kind = text(context.get("nodeType"))
    count = number(context.get("numberOfNodes"))
    if context.is_waiting("numberOfNodes"):
        yield context.unpriceable("warehouse", f"the number of its nodes is {KNOWN_LATER}")
        return
    nodes = class_hours(context, "warehouse", kind, count=1 if count is None else count)
    yield nodes
    stated = context.quantities
    if kind and kind.startswith("ra3."):
        yield context.kept("warehouse", "managed.storage", stated.stored_bytes)
    if isinstance(nodes, ServiceUse):
        yield replace(nodes, amount=None, name=f"warehouse, concurrency scaling, {kind}")
    yield context.use("warehouse", "spectrum", "bytes", stated.scanned_bytes)
    yield context.kept("warehouse", "backup.storage", None)


def workgroup(context: Context) -> Iterator[Usage]:
    """Processing units of a serverless one, while queries run."""
    yield context.hours("warehouse", "serverless.processing_unit", None)


def namespace(context: Context) -> Iterator[Usage]:
    """What a serverless one stores."""
    yield context.kept("warehouse", "managed.storage", context.quantities.stored_bytes)


def snapshot(context: Context) -> Iterator[Usage]:
    """What a snapshot that was asked for keeps."""
    yield context.kept("warehouse", "backup.storage", context.quantities.stored_bytes)


COSTERS: dict[str, Coster] = {
    "aws:redshift/cluster:Cluster": cluster,
    "aws:redshift/clusterSnapshot:ClusterSnapshot": snapshot,
    "aws:redshiftserverless/workgroup:Workgroup": workgroup,
    "aws:redshiftserverless/namespace:Namespace": namespace,
}
