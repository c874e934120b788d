"""Pub/Sub: topics and subscriptions."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.usage import Usage


def topic(context: Context) -> Iterator[Usage]:
    """What is published."""
    yield context.use("messaging", "data", "bytes", context.quantities.ingested_bytes)


def subscription(context: Context) -> Iterator[Usage]:
    """What is delivered, and what is kept for later."""
    stated = context.quantities
    yield context.use("messaging", "data", "bytes", stated.processed_bytes)
    yield context.kept("messaging", "storage", stated.stored_bytes)


COSTERS: dict[str, Coster] = {
    "gcp:pubsub/topic:Topic": topic,
    "gcp:pubsub/subscription:Subscription": subscription,
}
