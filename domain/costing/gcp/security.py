"""Google Cloud keys, alarms and logs."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import blocks
from domain.usage import Usage


def key(context: Context) -> Iterator[Usage]:
    """One active version by the month, and its use."""
    context.note("A key has one active version; each rotation adds another.")
    yield context.hours("key_management", "key")
    yield context.use("key_management", "requests", "requests", context.quantities.requests)


def alarm(context: Context) -> Iterator[Usage]:
    """An alerting policy, by its conditions."""
    conditions = blocks(context.get("conditions"))
    yield context.hours("monitoring", "alarm", float(max(len(conditions), 1)))


COSTERS: dict[str, Coster] = {
    "gcp:kms/cryptoKey:CryptoKey": key,
    "gcp:monitoring/alertPolicy:AlertPolicy": alarm,
}
