"""AWS Database Migration Service: replication instances and storage beyond what is included."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.aws.classes import class_hours, is_burstable
from domain.costing.context import Context, Coster
from domain.costing.values import GIB, number, text, truth
from domain.usage import Usage


def replication_instance(context: Context) -> Iterator[Usage]:
    """The instance, twice where a standby is kept in another zone, and its storage likewise."""
    kind = text(context.get("replicationInstanceClass"))
    copies = 2.0 if truth(context.get("multiAz")) else 1.0
    yield class_hours(context, "migration", kind, count=copies)
    item = "included_storage.burstable" if is_burstable(kind) else "included_storage"
    included = context.price("migration", item)
    gib = number(context.get("allocatedStorage"))
    if gib is not None and included is not None:
        extra = max(gib - included.value, 0.0) * GIB * copies
        yield context.kept("migration", "gp2.storage", extra)


COSTERS: dict[str, Coster] = {
    "aws:dms/replicationInstance:ReplicationInstance": replication_instance
}
