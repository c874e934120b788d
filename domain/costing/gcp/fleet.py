"""Every Google Cloud resource that keeps machines running, and how to read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from domain.costing.context import Context
from domain.costing.gcp import compute, gke, tpu
from domain.costing.nodes import Nodes

NODES: Mapping[str, Callable[[Context], Sequence[Nodes]]] = {
    compute.INSTANCE: compute.instance_nodes,
    **dict.fromkeys(compute.GROUPS, compute.group_nodes),
    tpu.V2_VM: tpu.slice_nodes,
    tpu.NODE: tpu.slice_nodes,
    tpu.V2_QUEUED: tpu.queued_nodes,
    gke.CLUSTER: gke.cluster_nodes,
    gke.NODE_POOL: gke.pool_nodes,
}
