"""AWS monitoring and audit: alarms, logs, trails, dashboards."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import blocks, number, text, truth
from domain.usage import Usage

_HIGH_RESOLUTION_BELOW_SECONDS = 60
TRAIL = "aws:cloudtrail/trail:Trail"
_BAND = "ANOMALY_DETECTION_BAND"


def alarm(context: Context) -> Iterator[Usage]:
    """An alarm by the month, by how finely it looks at each of its metrics."""
    queries = blocks(context.get("metricQueries"))
    expressions = [text(query.get("expression")) or "" for query in queries]
    periods = [number(context.get("period"))]
    metrics = [block for query in queries for block in blocks(query.get("metric"))]
    periods += [number(metric.get("period")) for metric in metrics]
    fine = any(period is not None and period < _HIGH_RESOLUTION_BELOW_SECONDS for period in periods)
    item = "high_resolution_alarm" if fine else "alarm"
    count = max(len(metrics), 1)
    if any(_BAND in expression for expression in expressions):
        # The metric itself and both bounds of what is usual (CloudWatch pricing, "Alarms").
        count += 2
    yield context.hours("monitoring", item, float(count))


def composite_alarm(context: Context) -> Iterator[Usage]:
    """An alarm over other alarms."""
    yield context.hours("monitoring", "composite_alarm")


def log_group(context: Context) -> Iterator[Usage]:
    """What is written, kept and searched."""
    stated = context.quantities
    rarely = text(context.get("logGroupClass")) == "INFREQUENT_ACCESS"
    item = "infrequent_ingest" if rarely else "ingest"
    yield context.use("logging", item, "bytes", stated.ingested_bytes)
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
    included = context.written("includeGlobalServiceEvents")
    others = sum(1 for _ in context.survey.of_type(TRAIL)) - 1
    if others and (included is None or truth(included)):
        yield context.use("audit_trail", "extra_management_events", "requests", None)
    if on_data:
        yield context.use("audit_trail", "data_events", "requests", context.quantities.requests)
    if blocks(context.get("insightSelectors")):
        yield context.use("audit_trail", "insight_events", "requests", None)
    context.note("The first copy of management events that an account's trails keep is free.")


def event_store(context: Context) -> Iterator[Usage]:
    """What a lake of events takes in and is searched for."""
    stated = context.quantities
    kept = text(context.get("billingMode")) == "FIXED_RETENTION_PRICING"
    item = "lake_ingest_seven_years" if kept else "lake_ingest"
    yield context.use("audit_trail", item, "bytes", stated.ingested_bytes)
    yield context.use("audit_trail", "lake_scan", "bytes", stated.scanned_bytes)


def metric_stream(context: Context) -> Iterator[Usage]:
    """Metrics that are sent on."""
    requests = context.quantities.requests
    yield context.use("monitoring", "streamed_metrics", "requests", requests)


def canary(context: Context) -> Iterator[Usage]:
    """Runs of a canary."""
    yield context.use("monitoring", "canary_runs", "requests", context.quantities.requests)


def insight_rule(context: Context) -> Iterator[Usage]:
    """A rule that finds who contributes most, and the events that it matches."""
    yield context.hours("monitoring", "insight_rule")
    yield context.use("monitoring", "matched_events", "requests", context.quantities.requests)


COSTERS: dict[str, Coster] = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": alarm,
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": composite_alarm,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": log_metric,
    "aws:cloudwatch/dashboard:Dashboard": dashboard,
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    "aws:cloudwatch/metricStream:MetricStream": metric_stream,
    "aws:cloudwatch/contributorInsightRule:ContributorInsightRule": insight_rule,
    "aws:synthetics/canary:Canary": canary,
    TRAIL: trail,
    "aws:cloudtrail/eventDataStore:EventDataStore": event_store,
}
