"""AWS between networks: Transfer Family, DataSync, Network Firewall."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import is_list
from domain.usage import Usage


def server(context: Context) -> Iterator[Usage]:
    """Each protocol by the hour, and what is moved."""
    protocols = context.get("protocols")
    count = float(len(protocols)) if is_list(protocols) and protocols else 1.0
    yield context.hours("file_transfer", "protocol_hour", count)
    yield context.use("file_transfer", "uploaded", "bytes", context.quantities.ingested_bytes)
    yield context.use("file_transfer", "downloaded", "bytes", context.quantities.retrieved_bytes)


def firewall(context: Context) -> Iterator[Usage]:
    """Each endpoint by the hour, and what goes through."""
    subnets = context.get("subnetMappings")
    count = float(len(subnets)) if is_list(subnets) and subnets else 1.0
    yield context.hours("network_firewall", "endpoint_hour", count)
    yield context.use("network_firewall", "data", "bytes", context.quantities.processed_bytes)


def copy_task(context: Context) -> Iterator[Usage]:
    """What a task of DataSync moves."""
    yield context.use("data_sync", "data", "bytes", context.quantities.processed_bytes)


COSTERS: dict[str, Coster] = {
    "aws:transfer/server:Server": server,
    "aws:datasync/task:Task": copy_task,
    "aws:networkfirewall/firewall:Firewall": firewall,
}
