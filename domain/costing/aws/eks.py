"""Amazon EKS: control planes and managed groups of nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from domain.costing.aws.launch import NOT_HERE, TEMPLATE, Launch, template_launch
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.nodes import Nodes, Volume, bill_nodes
from domain.costing.values import block, integer, is_list, number, text, truth
from domain.usage import Usage

NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
# What a node group takes that names nothing (EKS API reference, CreateNodegroup).
_USUAL_MACHINE = "t3.medium"
_USUAL_DISK = Volume("gp2", 20.0)


def cluster(context: Context) -> Iterator[Usage]:
    """The control plane by the hour, in a version that is still in standard support."""
    context.note("A cluster's version is taken to be in standard support.")
    if truth(block(context.get("computeConfig")).get("enabled")):
        context.note("Nodes that EKS starts by itself are not counted.")
    yield context.hours("kubernetes", "cluster_hour")


def node_group_nodes(context: Context) -> list[Nodes]:
    """The machines that a node group starts with."""
    scaling = block(context.get("scalingConfig"))
    count = integer(scaling.get("desiredSize"))
    if count is None:
        count = integer(scaling.get("minSize"))
    if count is None:
        return [Nodes(None, None, gap=f"the size of the group is {KNOWN_LATER}")]
    template = context.referred("launchTemplate", TEMPLATE)
    if template is not None:
        launch = template_launch(template)
    else:
        launch = NOT_HERE if block(context.get("launchTemplate")) else Launch()
    types = context.get("instanceTypes")
    named = [text(each) for each in types] if is_list(types) else []
    if named:
        launch = replace(launch, machine=named[0])
        if len(named) > 1:
            context.note("Of several machine types that a group may take, the first is billed.")
    elif launch.machine is None and launch is not NOT_HERE:
        launch = replace(launch, machine=_USUAL_MACHINE)
    if not launch.volumes:
        gib = number(context.get("diskSize")) or _USUAL_DISK.gib
        launch = replace(launch, volumes=(replace(_USUAL_DISK, gib=gib),))
    spot = text(context.get("capacityType")) == "SPOT"
    windows = (text(context.get("amiType")) or "").startswith("WINDOWS")
    launch = replace(launch, windows=windows)
    return [launch.nodes(count, "spot" if spot else None)]


def node_group(context: Context) -> Iterator[Usage]:
    """Machines and disks; the control plane is billed with its cluster."""
    yield from bill_nodes(context, node_group_nodes(context))


def fargate_profile(context: Context) -> Iterator[Usage]:
    """What the pods that it takes ask for."""
    yield context.hours("fargate", "vcpu", None)
    yield context.use("fargate", "memory", "byte_seconds", None)


COSTERS: dict[str, Coster] = {
    "aws:eks/fargateProfile:FargateProfile": fargate_profile,
    "aws:eks/cluster:Cluster": cluster,
    NODE_GROUP: node_group,
}
