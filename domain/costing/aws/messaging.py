"""AWS messages and events: SNS, SQS, EventBridge."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import text, truth
from domain.usage import Usage

_SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
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
    """What is published; deliveries are counted where a subscription is declared, or here."""
    stated = context.quantities
    if truth(context.get("fifoTopic")):
        yield context.use("notification", "fifo_requests", "requests", stated.requests)
        yield context.use("notification", "fifo_payload", "bytes", stated.ingested_bytes)
    else:
        yield context.use("notification", "requests", "requests", stated.requests)
        if any(context.users(_SUBSCRIPTION)):
            return
        for item in ("http", "email", "firehose", "mobile", "macos", "sms"):
            yield context.use("notification", item, "requests", None)


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


def schedule(context: Context) -> Iterator[Usage]:
    """Invocations."""
    yield context.use("events", "schedules", "requests", context.quantities.requests)


def pipe(context: Context) -> Iterator[Usage]:
    """Events that pass its filter."""
    yield context.use("events", "pipes", "requests", context.quantities.requests)


def destination(context: Context) -> Iterator[Usage]:
    """Calls of an address outside of AWS."""
    yield context.use("events", "api_destinations", "requests", context.quantities.requests)


COSTERS: dict[str, Coster] = {
    "aws:cloudwatch/eventApiDestination:EventApiDestination": destination,
    "aws:scheduler/schedule:Schedule": schedule,
    "aws:pipes/pipe:Pipe": pipe,
    "aws:sns/topic:Topic": topic,
    _SUBSCRIPTION: subscription,
    "aws:sqs/queue:Queue": queue,
    "aws:cloudwatch/eventBus:EventBus": event_bus,
}
