"""Memorystore for Redis: capacity, cheaper by the GiB in larger instances; clusters by node."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import GIB, block, integer, number, text
from domain.usage import Usage

# The largest size in GiB of each band of prices (Memorystore for Redis pricing).
_BANDS = {"m1": 4.0, "m2": 10.0, "m3": 35.0, "m4": 100.0, "m5": float("inf")}


def instance(context: Context) -> Iterator[Usage]:
    """Capacity of one node, or of two that stand in for each other."""
    gib = number(context.get("memorySizeGb"))
    if gib is None:
        yield context.unpriceable("memory", f"its size is {KNOWN_LATER}")
        return
    if (integer(context.get("replicaCount")) or 0) > 1:
        yield context.unpriceable("memory", "no price of several read replicas is known")
        return
    tier = "standard" if text(context.get("tier")) == "STANDARD_HA" else "basic"
    band = next(name for name, most in _BANDS.items() if gib <= most)
    yield context.kept("cache", f"redis.{tier}.{band}", gib * GIB)


# GiB of a node (Memorystore for Redis Cluster documentation, "Node types").
_NODE_GIB = {
    "shared_core_nano": 1.4,
    "standard_small": 6.5,
    "highmem_medium": 13.0,
    "highmem_xlarge": 58.0,
}


def cluster(context: Context) -> Iterator[Usage]:
    """Nodes of each shard and its replicas; a file of what is appended, and backups."""
    kind = (text(context.get("nodeType")) or "REDIS_HIGHMEM_MEDIUM").lower()
    kind = kind.removeprefix("redis_")
    shards = number(context.get("shardCount"))
    if shards is None:
        yield context.unpriceable("nodes", f"the number of its shards is {KNOWN_LATER}")
        return
    replicas = number(context.get("replicaCount")) or 0.0
    yield context.hours("cache", f"redis_cluster.{kind}", shards * (1 + replicas))
    gib = _NODE_GIB.get(kind)
    if text(block(context.get("persistenceConfig")).get("mode")) == "AOF":
        size = None if gib is None else shards * gib * GIB
        yield context.kept("cache", "redis_cluster.aof", size)
    if block(context.get("automatedBackupConfig")):
        yield context.kept("cache", "redis_cluster.backups", context.quantities.stored_bytes)


COSTERS: dict[str, Coster] = {
    "gcp:redis/instance:Instance": instance,
    "gcp:redis/cluster:Cluster": cluster,
}
