"""Every AWS resource that keeps machines running, and how to read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from domain.costing.aws import batch, ec2, eks, groups, reservations
from domain.costing.context import Context
from domain.costing.nodes import Nodes

NODES: Mapping[str, Callable[[Context], Sequence[Nodes]]] = {
    reservations.INSTANCE: ec2.instance_nodes,
    ec2.SPOT_REQUEST: ec2.instance_nodes,
    groups.GROUP: groups.group_nodes,
    batch.ENVIRONMENT: batch.environment_nodes,
    eks.NODE_GROUP: eks.node_group_nodes,
}
