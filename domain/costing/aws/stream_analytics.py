"""Amazon Managed Service for Apache Flink, once Kinesis Data Analytics: processing units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from domain.costing.context import Context, Coster
from domain.costing.values import text
from domain.usage import Usage

_UNIT = "processing_unit"


def sql_application(context: Context) -> Iterator[Usage]:
    """Units, as many as its load needs."""
    yield context.hours("stream_analytics", _UNIT, None)


def application(context: Context) -> Iterator[Usage]:
    """Units; on Flink one more that orchestrates, what runs keep, and backups."""
    yield from sql_application(context)
    if (text(context.get("runtimeEnvironment")) or "").startswith("FLINK"):
        one = context.hours("stream_analytics", _UNIT)
        yield replace(one, name="stream analytics, orchestration unit")
        yield context.kept("stream_analytics", "storage", None)
        yield context.kept("stream_analytics", "backup.storage", None)


def snapshot(context: Context) -> Iterator[Usage]:
    """What a snapshot keeps."""
    yield context.kept("stream_analytics", "backup.storage", context.quantities.stored_bytes)


COSTERS: dict[str, Coster] = {
    "aws:kinesis/analyticsApplication:AnalyticsApplication": sql_application,
    "aws:kinesisanalyticsv2/application:Application": application,
    "aws:kinesisanalyticsv2/applicationSnapshot:ApplicationSnapshot": snapshot,
}
