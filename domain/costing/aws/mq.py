"""Amazon MQ: brokers of ActiveMQ and RabbitMQ, and what they store."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.aws.classes import class_hours
from domain.costing.context import Context, Coster
from domain.costing.values import text
from domain.usage import Usage

_INSTANCES = {"SINGLE_INSTANCE": 1, "ACTIVE_STANDBY_MULTI_AZ": 2, "CLUSTER_MULTI_AZ": 3}


def broker(context: Context) -> Iterator[Usage]:
    """Its instances, as many as its deployment has, and the storage that they share or not."""
    engine = (text(context.get("engineType")) or "activemq").lower()
    count = _INSTANCES.get(text(context.get("deploymentMode")) or "SINGLE_INSTANCE", 1)
    kind = text(context.get("hostInstanceType"))
    yield class_hours(context, "broker", kind, engine, count)
    on_disk = engine == "rabbitmq" or text(context.get("storageType")) == "ebs"
    item = "ebs.storage" if on_disk else "efs.storage"
    yield context.kept("broker", item, context.quantities.stored_bytes)


COSTERS: dict[str, Coster] = {"aws:mq/broker:Broker": broker}
