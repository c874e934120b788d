"""Google Kubernetes Engine: cluster fees and pools of nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.gcp.machines import local_ssds, market_of
from domain.costing.gcp.parts import billed_as
from domain.costing.nodes import Nodes, Volume, bill_nodes
from domain.costing.values import (
    block,
    blocks,
    integer,
    is_list,
    last_part,
    number,
    text,
    truth,
    waits,
)
from domain.costing.waiting import has_unknown, reason_of
from domain.resources import UNKNOWN
from domain.usage import Usage

CLUSTER = "gcp:container/cluster:Cluster"
NODE_POOL = "gcp:container/nodePool:NodePool"

# What a pool takes that names nothing (GKE documentation).
_USUAL_MACHINE = "e2-medium"
_USUAL_DISK = "pd-standard"
_USUAL_GIB = 100.0
_USUAL_NODES = 3
_DECIDE_PRICE = ("machineType", "guestAccelerators", "spot", "preemptible")
_SCRATCH = ("ephemeralStorageLocalSsdConfig", "ephemeralStorageConfig", "localNvmeSsdBlockConfig")
_ZONES_OF_A_REGION = 3
_ZONE = re.compile(r".+-[a-z]$")


def cluster_nodes(context: Context) -> list[Nodes]:
    """The nodes that the cluster brings itself: its default pool, or those written in it."""
    if truth(context.get("enableAutopilot")) or truth(context.get("removeDefaultNodePool")):
        return []
    zones = _zones(context, context)
    pools = blocks(context.written("nodePools"))
    if context.is_waiting("nodePools"):
        return [Nodes(None, None, gap=f"what pools the cluster has is {KNOWN_LATER}")]
    if pools:
        return [
            _pool(
                context,
                pool,
                None
                if waits(pool.get("nodeLocations"))
                else len(pool.get("nodeLocations") or ()) or zones,
                pool.get("nodeConfig"),
            )
            for pool in pools
        ]
    written = {"nodeCount": _raw(context, "initialNodeCount")}
    return [_pool(context, written, zones, _raw(context, "nodeConfig"))]


def pool_nodes(context: Context) -> list[Nodes]:
    """The nodes that a pool starts with, in all its zones."""
    cluster = context.referred("cluster", CLUSTER)
    written = {
        key: _raw(context, key) if key == "autoscaling" else context.resource.inputs.get(key)
        for key in ("autoscaling", "nodeCount", "initialNodeCount")
    }
    return [_pool(context, written, _zones(context, cluster), _raw(context, "nodeConfig"))]


def _raw(context: Context, name: str) -> Any:
    """What ``get`` reads, but told apart where it is not known yet."""
    return UNKNOWN if context.is_waiting(name) else context.get(name)


def _size(context: Context, written: Mapping[str, Any], zones: int | None) -> int | None:
    """How many nodes a pool starts with, in all its zones; None where nobody knows yet."""
    scaling = block(written.get("autoscaling"))
    per_zone = (
        written.get("nodeCount"),
        written.get("initialNodeCount"),
        UNKNOWN if waits(written.get("autoscaling")) else scaling.get("minNodeCount"),
    )
    total = scaling.get("totalMinNodeCount")
    # The first that is written decides, also where its value is not known yet.
    first = next((each for each in per_zone if each is not None), None)
    each = integer(first)
    if waits(first) or (first is None and waits(total)):
        return None
    if each is None and integer(total) is not None:
        return integer(total)
    if each is None:
        each = _USUAL_NODES
        context.note(f"A pool without a size counts {_USUAL_NODES} nodes in each zone.")
    return None if zones is None else each * zones


def _pool(context: Context, written: Mapping[str, Any], zones: int | None, nodes: Any) -> Nodes:
    count = _size(context, written, zones)
    if count is None:
        return Nodes(None, None, gap=f"the size of the pool is {KNOWN_LATER}")
    config = block(nodes)
    spot = truth(config.get("spot")) or truth(config.get("preemptible"))
    market = "spot" if spot else market_of(context, {})
    machine = text(config.get("machineType")) or _USUAL_MACHINE
    billed = billed_as(context, machine, blocks(config.get("guestAccelerators")), market)
    later = [key for key in _DECIDE_PRICE if waits(config.get(key))]
    if waits(nodes) or later:
        billed = replace(billed, gap=reason_of(later or ["nodeConfig"]))
    asked = (config, *_scratch(config))
    scratch = sum(integer(each.get("localSsdCount")) or 0 for each in asked)
    later = [key for key in ("diskType", "diskSizeGb") if waits(config.get(key))]
    disk = Volume(
        last_part(config.get("diskType")) or _USUAL_DISK,
        number(config.get("diskSizeGb")) or _USUAL_GIB,
        gap=reason_of(later or ["nodeConfig"]) if later or waits(nodes) else None,
    )
    return Nodes(
        billed.machine,
        count,
        market,
        (disk, *local_ssds(context.catalog, billed.machine, market, scratch)),
        billed.gap,
        surcharges=billed.surcharges,
        billed_as=billed.billed_as,
    )


def _scratch(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The other places where a pool may ask for local SSDs."""
    return [block(config.get(key)) for key in _SCRATCH]


def _zones(context: Context, cluster: Context | None) -> int | None:
    if context.is_waiting("nodeLocations"):
        return None
    own = context.get("nodeLocations")
    if is_list(own) and own:
        is_pool = context.resource.type == NODE_POOL
        here = text(context.get("location")) or ""
        extra = 0 if is_pool or not _ZONE.match(here) or here in own else 1
        return len(own) + extra
    if cluster is not None and cluster.resource is not context.resource:
        return _zones(cluster, cluster)
    if cluster is None and has_unknown(context.resource.inputs.get("cluster")):
        return None if not text(context.get("location")) else _zones_in(context)
    return _zones_in(context)


def _zones_in(context: Context) -> int | None:
    if context.is_waiting("location"):
        return None
    location = text(context.get("location")) or context.region
    return 1 if _ZONE.match(location) else _ZONES_OF_A_REGION


def _note_addresses(context: Context, cluster: Context | None) -> None:
    """Nodes have public addresses unless they are told to be private."""
    of_cluster = block(None if cluster is None else cluster.resource.get("privateClusterConfig"))
    of_pool = block(context.resource.get("networkConfig"))
    asked = (of_pool.get("enablePrivateNodes"), of_cluster.get("enablePrivateNodes"))
    if not any(map(truth, asked)):
        context.note("Public addresses of nodes are not counted, which some clusters give them.")


def cluster(context: Context) -> Iterator[Usage]:
    """The management fee, and the nodes that the cluster brings itself.

    Autopilot bills what pods ask for instead of nodes.
    """
    yield context.hours("kubernetes", "cluster_hour")
    if truth(context.get("enableAutopilot")):
        yield context.hours("kubernetes", "autopilot.vcpu", None)
        yield context.kept("kubernetes", "autopilot.memory", None)
        yield context.kept("kubernetes", "autopilot.storage", None)
    nodes = cluster_nodes(context)
    if nodes:
        _note_addresses(context, context)
    yield from bill_nodes(context, nodes)


def node_pool(context: Context) -> Iterator[Usage]:
    """Machines and disks; the management fee is billed with the cluster."""
    _note_addresses(context, context.referred("cluster", CLUSTER))
    yield from bill_nodes(context, pool_nodes(context))


COSTERS: dict[str, Coster] = {CLUSTER: cluster, NODE_POOL: node_pool}
