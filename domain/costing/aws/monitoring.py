"""AWS monitoring and audit: alarms, logs, trails, dashboards."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import blocks, number
from domain.usage import Usage

_HIGH_RESOLUTION_BELOW_SECONDS = 60


def alarm(context: Context) -> Iterator[Usage]:
    """An alarm by the month, by how finely it looks at each of its metrics."""
    queries = blocks(context.get("metricQueries"))
    periods = [number(context.get("period"))]
    metrics = [block for query in queries for block in blocks(query.get("metric"))]
    periods += [number(metric.get("period")) for metric in metrics]
    fine = any(period is not None and period < _HIGH_RESOLUTION_BELOW_SECONDS for period in periods)
    item = "high_resolution_alarm" if fine else "alarm"
    yield context.hours("monitoring", item, float(max(len(metrics), 1)))


def composite_alarm(context: Context) -> Iterator[Usage]:
    """An alarm over other alarms."""
    yield context.hours("monitoring", "composite_alarm")


def log_group(context: Context) -> Iterator[Usage]:
    """What is written, kept and searched."""
    stated = context.quantities
    yield context.use("logging", "ingest", "bytes", stated.ingested_bytes)
    yield context.kept("logging", "storage", stated.stored_bytes)
    yield context.use("logging", "scan", "bytes", stated.scanned_bytes)


def log_metric(context: Context) -> Iterator[Usage]:
    """A metric that is drawn from logs, for the hours in which it has values."""
    yield context.hours("monitoring", "metric", None)


def dashboard(context: Context) -> Iterator[Usage]:
    """A dashboard by the month."""
    yield context.hours("monitoring", "dashboard")


def trail(context: Context) -> Iterator[Usage]:
    """The first trail's management events are free; events on data are counted."""
    selects = [
        *blocks(context.get("eventSelectors")),
        *blocks(context.get("advancedEventSelectors")),
    ]
    on_data = any(blocks(each.get("dataResources")) or "fieldSelectors" in each for each in selects)
    if on_data:
        yield context.use("audit_trail", "data_events", "requests", context.quantities.requests)
    if blocks(context.get("insightSelectors")):
        yield context.use("audit_trail", "insight_events", "requests", None)
    context.note("The first audit trail of an account is taken to be the one: its events are free.")


COSTERS: dict[str, Coster] = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": alarm,
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": composite_alarm,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": log_metric,
    "aws:cloudwatch/dashboard:Dashboard": dashboard,
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    "aws:cloudtrail/trail:Trail": trail,
}
