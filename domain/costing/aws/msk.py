"""Amazon MSK: brokers by class and what they store; serverless clusters and connectors."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.aws.classes import class_hours
from domain.costing.aws.scaling import least_capacity
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import GIB, block, number, text
from domain.usage import Usage

CLUSTER = "aws:msk/cluster:Cluster"


def cluster(context: Context) -> Iterator[Usage]:
    """Brokers, each with its storage, which may grow by itself but never shrinks."""
    brokers = block(context.get("brokerNodeGroupInfo"))
    count = number(context.get("numberOfBrokerNodes"))
    if count is None:
        yield context.unpriceable("kafka", f"the number of its brokers is {KNOWN_LATER}")
        return
    yield class_hours(context, "kafka", text(brokers.get("instanceType")), count=count)
    disk = block(block(brokers.get("storageInfo")).get("ebsStorageInfo"))
    gib = number(disk.get("volumeSize"))
    if gib is None:
        gib = number(brokers.get("ebsVolumeSize"))
    arn = text(context.resource.outputs.get("arn")) or ""
    least = least_capacity(context, "kafka:broker-storage:VolumeSize", arn)
    stated = context.quantities.stored_bytes
    if least is not None and stated is None:
        gib = max(gib or 0.0, least)
        context.note("Storage that grows by itself is billed as it starts; it never shrinks.")
        reason = "how far storage that grows by itself has grown is not known"
        yield context.unpriceable("kafka, growth of storage", reason)
    if stated is not None or gib is None:
        yield context.kept("kafka", "storage", stated)
    else:
        yield context.kept("kafka", "storage", gib * GIB * count)


def serverless(context: Context) -> Iterator[Usage]:
    """The cluster by the hour, its partitions, and what goes through."""
    stated = context.quantities
    yield context.hours("kafka", "serverless.hour")
    yield context.hours("kafka", "serverless.partition", None)
    yield context.use("kafka", "serverless.ingest", "bytes", stated.ingested_bytes)
    yield context.use("kafka", "serverless.retrieval", "bytes", stated.retrieved_bytes)
    yield context.kept("kafka", "serverless.storage", stated.stored_bytes)


def connector(context: Context) -> Iterator[Usage]:
    """Capacity units of its workers: as declared, or at least."""
    capacity = block(context.get("capacity"))
    fixed = block(capacity.get("provisionedCapacity"))
    scaled = block(capacity.get("autoscaling"))
    workers = number(fixed.get("workerCount")) or number(scaled.get("minWorkerCount"))
    each = number((fixed or scaled).get("mcuCount")) or 1.0
    if scaled and not fixed:
        context.note("Capacity that scales by itself is billed at its least.")
    count = None if workers is None else workers * each
    yield context.hours("kafka", "connector.capacity_unit", count)


COSTERS: dict[str, Coster] = {
    CLUSTER: cluster,
    "aws:msk/serverlessCluster:ServerlessCluster": serverless,
    "aws:mskconnect/connector:Connector": connector,
}
