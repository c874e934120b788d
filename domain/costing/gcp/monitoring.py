"""Google Cloud monitoring and logs."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import blocks
from domain.usage import Usage


def alarm(context: Context) -> Iterator[Usage]:
    """An alerting policy, by its conditions."""
    conditions = blocks(context.get("conditions"))
    yield context.hours("monitoring", "alarm", float(max(len(conditions), 1)))


def logs(context: Context) -> Iterator[Usage]:
    """What is written into a log bucket."""
    yield context.use("logging", "ingest", "bytes", context.quantities.ingested_bytes)


def metric(context: Context) -> Iterator[Usage]:
    """What is written into a metric of one's own, and what is read."""
    yield context.use("monitoring", "metric_data", "bytes", context.quantities.ingested_bytes)
    yield context.use("monitoring", "api_calls", "requests", context.quantities.requests)


COSTERS: dict[str, Coster] = {
    "gcp:monitoring/metricDescriptor:MetricDescriptor": metric,
    "gcp:monitoring/alertPolicy:AlertPolicy": alarm,
    "gcp:logging/billingAccountBucketConfig:BillingAccountBucketConfig": logs,
    "gcp:logging/folderBucketConfig:FolderBucketConfig": logs,
    "gcp:logging/organizationBucketConfig:OrganizationBucketConfig": logs,
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": logs,
}
