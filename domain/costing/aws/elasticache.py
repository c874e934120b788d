"""Amazon ElastiCache: nodes by class, alone or in shards with replicas."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.aws.classes import class_hours
from domain.costing.aws.scaling import least_capacity
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import integer, number, text
from domain.usage import Usage

CLUSTER = "aws:elasticache/cluster:Cluster"
GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"


def cluster(context: Context) -> Iterator[Usage]:
    """Its nodes; one that joins a group is of the group's class."""
    group = context.referred("replicationGroupId", GROUP)
    kind = text(context.get("nodeType"))
    engine = text(context.get("engine"))
    if group is not None:
        kind, engine = kind or text(group.get("nodeType")), engine or text(group.get("engine"))
    if context.is_waiting("numCacheNodes"):
        yield context.unpriceable("cache", f"the number of its nodes is {KNOWN_LATER}")
        return
    count = integer(context.get("numCacheNodes"))
    yield class_hours(context, "cache", kind, _variant(engine), 1 if count is None else count)
    yield from _backups(context)


def replication_group(context: Context) -> Iterator[Usage]:
    """Shards, each with a primary and its replicas; or so many nodes of one shard."""
    name = text(context.get("replicationGroupId"))
    scaled = f"replication-group/{name}"
    shards = least_capacity(context, "elasticache:replication-group:NodeGroups", scaled)
    replicas = least_capacity(context, "elasticache:replication-group:Replicas", scaled)
    if shards is not None or replicas is not None:
        context.note("Capacity that scales by itself is billed at its least.")
    if shards is None:
        shards = number(context.get("numNodeGroups"))
    if replicas is None:
        replicas = number(context.get("replicasPerNodeGroup"))
    if any(map(context.is_waiting, ("numNodeGroups", "replicasPerNodeGroup", "numCacheClusters"))):
        yield context.unpriceable("cache", f"the number of its nodes is {KNOWN_LATER}")
        return
    together = number(context.get("numCacheClusters"))
    if shards is None and replicas is None:
        count = 1.0 if together is None else together
    else:
        count = (1.0 if shards is None else shards) * (1.0 + (replicas or 0.0))
    engine = text(context.get("engine"))
    yield class_hours(context, "cache", text(context.get("nodeType")), _variant(engine), count)
    yield from _backups(context)


def _variant(engine: str | None) -> str:
    """Redis and Memcached cost the same, Valkey less."""
    return "valkey" if engine == "valkey" else ""


def _backups(context: Context) -> Iterator[Usage]:
    if number(context.get("snapshotRetentionLimit")):
        yield context.kept("cache", "backup.storage", context.quantities.stored_bytes)


def serverless(context: Context) -> Iterator[Usage]:
    """What it holds by the hour, and processing units."""
    kind = "serverless.valkey" if text(context.get("engine")) == "valkey" else "serverless"
    stated = context.quantities
    yield context.kept("cache", f"{kind}.storage", stated.stored_bytes)
    yield context.use("cache", f"{kind}.requests", "requests", stated.requests)


def dax(context: Context) -> Iterator[Usage]:
    """Nodes of a cache in front of DynamoDB."""
    count = integer(context.get("replicationFactor"))
    if count is None:
        yield context.unpriceable("cache", f"the number of its nodes is {KNOWN_LATER}")
        return
    kind = text(context.get("nodeType"))
    yield class_hours(context, "key_value_cache", kind, count=count, what="DynamoDB cache")


def memory_db(context: Context) -> Iterator[Usage]:
    """Nodes of MemoryDB: shards, each with its replicas."""
    shards, replicas = number(context.get("numShards")), number(context.get("numReplicasPerShard"))
    count = (1.0 if shards is None else shards) * (1.0 + (1.0 if replicas is None else replicas))
    kind = text(context.get("nodeType"))
    yield class_hours(context, "memory_database", kind, count=count)


COSTERS: dict[str, Coster] = {
    CLUSTER: cluster,
    GROUP: replication_group,
    "aws:elasticache/serverlessCache:ServerlessCache": serverless,
    "aws:dax/cluster:Cluster": dax,
    "aws:memorydb/cluster:Cluster": memory_db,
}
