"""Amazon DynamoDB: capacity that is provisioned, or requests, and what tables hold."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import block, blocks, number, text, truth
from domain.usage import ServiceUse, Usage


def table(context: Context) -> Iterator[Usage]:
    """The table with its indexes, and each replica's writes at the price of its region."""
    stated = context.quantities
    replicas = [text(each.get("regionName")) or "" for each in blocks(context.get("replicas"))]
    if text(context.get("billingMode")) == "PAY_PER_REQUEST":
        yield context.use("dynamodb", "write_requests", "requests", stated.write_requests)
        yield context.use("dynamodb", "read_requests", "requests", stated.read_requests)
    else:
        writes, reads = _capacity(context, "writeCapacity"), _capacity(context, "readCapacity")
        yield context.hours("dynamodb", "write_capacity", writes)
        yield context.hours("dynamodb", "read_capacity", reads)
        for region in replicas:
            yield ServiceUse(
                resource=context.resource.urn,
                provider=context.provider,
                region=region,
                service="dynamodb",
                item="replicated_write_capacity",
                measure="seconds",
                amount=writes * context.seconds,
                period_seconds=context.seconds,
            )
    yield context.kept("dynamodb", "storage", stated.stored_bytes)
    if truth(block(context.get("pointInTimeRecovery")).get("enabled")):
        yield context.kept("dynamodb", "recovery_storage", None)
    yield context.kept("dynamodb", "backup_storage", None)
    yield context.use("dynamodb", "restored", "bytes", None)
    if truth(context.get("streamEnabled")):
        yield context.use("dynamodb", "stream_requests", "requests", None)


def _capacity(context: Context, key: str) -> float:
    indexes = blocks(context.get("globalSecondaryIndexes"))
    every = [context.get(key), *(index.get(key) for index in indexes)]
    return sum(number(each) or 0.0 for each in every)


COSTERS: dict[str, Coster] = {"aws:dynamodb/table:Table": table}
