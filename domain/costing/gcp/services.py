"""Google Cloud services that are billed by what goes through: logs, messages, artifacts."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.usage import Usage


def logs(context: Context) -> Iterator[Usage]:
    """What is written into a log bucket."""
    yield context.use("logging", "ingest", "bytes", context.quantities.ingested_bytes)


def topic(context: Context) -> Iterator[Usage]:
    """What is published."""
    yield context.use("messaging", "data", "bytes", context.quantities.ingested_bytes)


def subscription(context: Context) -> Iterator[Usage]:
    """What is delivered, and what is kept for later."""
    stated = context.quantities
    yield context.use("messaging", "data", "bytes", stated.processed_bytes)
    yield context.kept("messaging", "storage", stated.stored_bytes)


def artifacts(context: Context) -> Iterator[Usage]:
    """What a repository keeps."""
    yield context.kept("container_registry", "storage", context.quantities.stored_bytes)


COSTERS: dict[str, Coster] = {
    "gcp:logging/billingAccountBucketConfig:BillingAccountBucketConfig": logs,
    "gcp:logging/folderBucketConfig:FolderBucketConfig": logs,
    "gcp:logging/organizationBucketConfig:OrganizationBucketConfig": logs,
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": logs,
    "gcp:pubsub/topic:Topic": topic,
    "gcp:pubsub/subscription:Subscription": subscription,
    "gcp:artifactregistry/repository:Repository": artifacts,
}
