"""Amazon Kinesis data streams: by the shard, or by what goes through."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import block, number, text
from domain.usage import Usage

_INCLUDED_HOURS = 24
"""For which a stream keeps what is written, unless it is told to keep it longer."""
STREAM = "aws:kinesis/stream:Stream"


def stream(context: Context) -> Iterator[Usage]:
    """Hours of the stream or of its shards, and what is written, read and kept."""
    stated = context.quantities
    if _is_on_demand(context):
        yield context.hours("streams", "on_demand.hour")
        yield context.use("streams", "on_demand.ingest", "bytes", stated.ingested_bytes)
        yield context.use("streams", "on_demand.retrieval", "bytes", stated.retrieved_bytes)
        yield context.use("streams", "on_demand.fan_out", "bytes", None)
        yield context.kept("streams", "on_demand.retention", None)
        yield context.kept("streams", "long_retention", None)
        return
    shards = number(context.get("shardCount"))
    if shards is None:
        yield context.unpriceable("shards", f"their number is {KNOWN_LATER}")
        return
    yield context.hours("streams", "shard.hour", shards)
    yield context.use("streams", "shard.put_units", "requests", stated.requests)
    hours = number(context.get("retentionPeriod"))
    if hours is None:
        yield context.kept("streams", "shard.retention", None)
    elif hours > _INCLUDED_HOURS:
        yield context.hours("streams", "shard.retention_hour", shards)
    yield context.kept("streams", "long_retention", None)
    yield context.use("streams", "shard.long_retrieval", "bytes", None)
    yield context.use("streams", "shard.fan_out", "bytes", None)
    yield context.hours("streams", "shard.fan_out_consumer", None)


def consumer(context: Context) -> Iterator[Usage]:
    """Its own lane on every shard of the stream, and what goes through it."""
    source = context.referred("streamArn", STREAM)
    if source is not None and _is_on_demand(source):
        yield context.use("streams", "on_demand.fan_out", "bytes", None)
        return
    shards = None if source is None else number(source.get("shardCount"))
    yield context.hours("streams", "shard.fan_out_consumer", shards)
    yield context.use("streams", "shard.fan_out", "bytes", context.quantities.retrieved_bytes)


def _is_on_demand(context: Context) -> bool:
    return text(block(context.get("streamModeDetails")).get("streamMode")) == "ON_DEMAND"


COSTERS: dict[str, Coster] = {
    STREAM: stream,
    "aws:kinesis/streamConsumer:StreamConsumer": consumer,
}
