"""Google Kubernetes Engine: cluster fees and pools of nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.gcp.machines import local_ssds, market_of
from domain.costing.gcp.parts import billed_as
from domain.costing.nodes import Nodes, Volume, bill_nodes
from domain.costing.values import block, blocks, integer, is_list, last_part, number, text, truth
from domain.usage import Usage

CLUSTER = "gcp:container/cluster:Cluster"
NODE_POOL = "gcp:container/nodePool:NodePool"

# What a pool takes that names nothing (GKE documentation).
_USUAL_MACHINE = "e2-medium"
_USUAL_DISK = "pd-standard"
_USUAL_GIB = 100.0
_USUAL_NODES = 3
_ZONES_OF_A_REGION = 3
_ZONE = re.compile(r".+-[a-z]$")


def cluster_nodes(context: Context) -> list[Nodes]:
    """The nodes that the cluster brings itself: its default pool, or those written in it."""
    if truth(context.get("enableAutopilot")) or truth(context.get("removeDefaultNodePool")):
        return []
    zones = _zones(context, context)
    pools = blocks(context.resource.inputs.get("nodePools"))
    if pools:
        return [
            _pool(
                context,
                pool,
                len(pool.get("nodeLocations") or ()) or zones,
                block(pool.get("nodeConfig")),
            )
            for pool in pools
        ]
    written = {"nodeCount": context.get("initialNodeCount")}
    return [_pool(context, written, zones, block(context.get("nodeConfig")))]


def pool_nodes(context: Context) -> list[Nodes]:
    """The nodes that a pool starts with, in all its zones."""
    cluster = context.referred("cluster", CLUSTER)
    inputs = context.resource.inputs
    if context.is_waiting("nodeCount"):
        return [Nodes(None, None, gap=f"the size of the pool is {KNOWN_LATER}")]
    return [_pool(context, inputs, _zones(context, cluster), block(context.get("nodeConfig")))]


def _pool(
    context: Context, written: Mapping[str, Any], zones: int, config: Mapping[str, Any]
) -> Nodes:
    scaling = block(written.get("autoscaling"))
    total = integer(scaling.get("totalMinNodeCount"))
    each = integer(written.get("nodeCount"))
    for other in (written.get("initialNodeCount"), scaling.get("minNodeCount")):
        each = integer(other) if each is None else each
    if each is None and total is None:
        each = _USUAL_NODES
        context.note(f"A pool without a size counts {_USUAL_NODES} nodes in each zone.")
    count = total if each is None and total is not None else (each or 0) * zones
    spot = truth(config.get("spot")) or truth(config.get("preemptible"))
    market = "spot" if spot else market_of(context, {})
    machine = text(config.get("machineType")) or _USUAL_MACHINE
    billed = billed_as(context, machine, blocks(config.get("guestAccelerators")), market)
    scratch = integer(config.get("localSsdCount")) or 0
    disk = Volume(
        last_part(config.get("diskType")) or _USUAL_DISK,
        number(config.get("diskSizeGb")) or _USUAL_GIB,
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


def _zones(context: Context, cluster: Context | None) -> int:
    own = context.get("nodeLocations")
    if is_list(own) and own:
        is_pool = context.resource.type == NODE_POOL
        here = text(context.get("location")) or ""
        extra = 0 if is_pool or not _ZONE.match(here) or here in own else 1
        return len(own) + extra
    if cluster is not None and cluster.resource is not context.resource:
        return _zones(cluster, cluster)
    location = text(context.get("location")) or context.region
    return 1 if _ZONE.match(location) else _ZONES_OF_A_REGION


def cluster(context: Context) -> Iterator[Usage]:
    """The management fee, and the nodes that the cluster brings itself.

    Autopilot bills what pods ask for instead of nodes.
    """
    yield context.hours("kubernetes", "cluster_hour")
    if truth(context.get("enableAutopilot")):
        yield context.hours("kubernetes", "autopilot.vcpu", None)
        yield context.kept("kubernetes", "autopilot.memory", None)
        yield context.kept("kubernetes", "autopilot.storage", None)
    yield from bill_nodes(context, cluster_nodes(context))


def node_pool(context: Context) -> Iterator[Usage]:
    """Machines and disks; the management fee is billed with the cluster."""
    yield from bill_nodes(context, pool_nodes(context))


COSTERS: dict[str, Coster] = {CLUSTER: cluster, NODE_POOL: node_pool}
