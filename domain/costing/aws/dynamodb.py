"""Amazon DynamoDB: capacity that is provisioned, or requests, and what tables hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from domain.costing.aws.scaling import least_capacity
from domain.costing.context import Context, Coster
from domain.costing.values import block, blocks, number, text, truth
from domain.usage import Usage

TABLE = "aws:dynamodb/table:Table"
_REPLICA = "aws:dynamodb/tableReplica:TableReplica"
_DIMENSIONS = {
    "writeCapacity": "dynamodb:table:WriteCapacityUnits",
    "readCapacity": "dynamodb:table:ReadCapacityUnits",
}


def table(context: Context) -> Iterator[Usage]:
    """The table with its indexes, and each replica's writes at the price of its region."""
    stated = context.quantities
    regions = [text(each.get("regionName")) or "" for each in blocks(context.get("replicas"))]
    kind = _kind(context)
    if _is_on_demand(context):
        yield context.use("dynamodb", f"{kind}write_requests", "requests", stated.write_requests)
        yield context.use("dynamodb", f"{kind}read_requests", "requests", stated.read_requests)
    else:
        writes, reads = _capacity(context, "writeCapacity"), _capacity(context, "readCapacity")
        yield context.hours("dynamodb", f"{kind}write_capacity", writes)
        yield context.hours("dynamodb", f"{kind}read_capacity", reads)
    yield from _replicated(context, regions)
    yield context.kept("dynamodb", f"{kind}storage", stated.stored_bytes)
    if truth(block(context.get("pointInTimeRecovery")).get("enabled")):
        yield context.kept("dynamodb", "recovery_storage", None)
    yield context.kept("dynamodb", "backup_storage", None)
    yield context.use("dynamodb", "restored", "bytes", None)
    yield context.use("dynamodb", "stream_requests", "requests", None)


def replica(context: Context) -> Iterator[Usage]:
    """A copy in another region: its writes, and what it holds."""
    source = context.referred("globalTableArn", TABLE)
    if source is None:
        yield context.use("dynamodb", "replicated_write_requests", "requests", None)
    else:
        yield from _replicated(source, [context.region], context)
    yield context.kept("dynamodb", "storage", context.quantities.stored_bytes)


def export(context: Context) -> Iterator[Usage]:
    """What is written to a bucket."""
    yield context.use("dynamodb", "exported", "bytes", context.quantities.processed_bytes)


def _replicated(
    context: Context, regions: Iterable[str], payer: Context | None = None
) -> Iterator[Usage]:
    kind = _kind(context)
    for region in regions:
        if _is_on_demand(context):
            item, writes = "replicated_write_requests", context.quantities.write_requests
            use = (payer or context).use("dynamodb", f"{kind}{item}", "requests", writes)
        else:
            item, capacity = "replicated_write_capacity", _capacity(context, "writeCapacity")
            use = (payer or context).hours("dynamodb", f"{kind}{item}", capacity)
        yield replace(use, region=region)


def _is_on_demand(context: Context) -> bool:
    return text(context.get("billingMode")) == "PAY_PER_REQUEST"


def _kind(context: Context) -> str:
    """The beginning of the items of its class of table."""
    rare = text(context.get("tableClass")) == "STANDARD_INFREQUENT_ACCESS"
    return "infrequent_access." if rare else ""


def _capacity(context: Context, key: str) -> float:
    """Of the table, at least what scaling keeps, and of its indexes."""
    names = [f"table/{name}" for name in _own_names(context)]
    own = least_capacity(context, _DIMENSIONS[key], *names)
    if own is None:
        own = number(context.get(key)) or 0.0
    else:
        context.note("Capacity that scales by itself is billed at its least.")
    indexes = blocks(context.get("globalSecondaryIndexes"))
    return own + sum(number(index.get(key)) or 0.0 for index in indexes)


def _own_names(context: Context) -> set[str]:
    """What it is called, unless another table of the stack is called the same."""
    names: dict[str, int] = context.survey.once("names of tables", lambda: _names(context))
    found = {text(context.resource.get("name")), context.resource.name}
    return {name for name in found if name and names.get(name, 0) <= 1}


def _names(context: Context) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in context.survey.of_type(TABLE):
        name = text(each.resource.get("name"))
        if name:
            found[name] = found.get(name, 0) + 1
    return found


COSTERS: dict[str, Coster] = {
    TABLE: table,
    _REPLICA: replica,
    "aws:dynamodb/tableExport:TableExport": export,
}
