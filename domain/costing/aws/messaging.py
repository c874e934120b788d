"""AWS messages and events: SNS, SQS, EventBridge."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import text, truth
from domain.usage import Usage

# What a subscription's messages are billed as, by its protocol; to queues and functions free.
_PROTOCOLS = {
    "http": "http",
    "https": "http",
    "email": "email",
    "email-json": "email",
    "firehose": "firehose",
    "application": "mobile",
}


def topic(context: Context) -> Iterator[Usage]:
    """What is published; deliveries are billed with the subscriptions."""
    stated = context.quantities
    if truth(context.get("fifoTopic")):
        yield context.use("notification", "fifo_requests", "requests", stated.requests)
        yield context.use("notification", "fifo_payload", "bytes", stated.ingested_bytes)
    else:
        yield context.use("notification", "requests", "requests", stated.requests)


def subscription(context: Context) -> Iterator[Usage]:
    """What is delivered, where the protocol bills it. A thousand e-mails a month are free."""
    item = _PROTOCOLS.get(text(context.get("protocol")) or "")
    if item == "email":
        context.note("Notifications by e-mail stay within the thousand a month that are free.")
    elif item:
        yield context.use("notification", item, "requests", context.quantities.requests)


def queue(context: Context) -> Iterator[Usage]:
    """Requests."""
    item = "fifo_requests" if truth(context.get("fifoQueue")) else "requests"
    yield context.use("queue", item, "requests", context.quantities.requests)


def event_bus(context: Context) -> Iterator[Usage]:
    """Events that are published, archived and looked at."""
    stated = context.quantities
    yield context.use("events", "custom", "requests", stated.requests)
    yield context.use("events", "third_party", "requests", None)
    yield context.use("events", "archive_ingest", "bytes", stated.ingested_bytes)
    yield context.kept("events", "archive_storage", stated.stored_bytes)
    yield context.use("events", "schema_discovery", "requests", None)


COSTERS: dict[str, Coster] = {
    "aws:sns/topic:Topic": topic,
    "aws:sns/topicSubscription:TopicSubscription": subscription,
    "aws:sqs/queue:Queue": queue,
    "aws:cloudwatch/eventBus:EventBus": event_bus,
}
