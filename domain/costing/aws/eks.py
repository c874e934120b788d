"""Amazon EKS: control planes and managed groups of nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from domain.costing.aws.launch import NOT_HERE, TEMPLATE, Launch, block_of, template_launch, unsure
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.nodes import Nodes, Volume, bill_nodes
from domain.costing.values import block, integer, is_list, number, text, truth
from domain.costing.waiting import reason_of
from domain.usage import Usage

NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
# Standard support of 1.31 ended on 2025-11-26 (EKS release calendar).
_LAST_EXTENDED = 31
_VERSION = re.compile(r"1\.(\d{1,3})")
# What a node group takes that names nothing (EKS API reference, CreateNodegroup).
_USUAL_MACHINE = "t3.medium"
_USUAL_DISK = Volume("gp2", 20.0)


def cluster(context: Context) -> Iterator[Usage]:
    """The control plane by the hour, dearer in a version that standard support has ended for."""
    if truth(block(context.get("computeConfig")).get("enabled")):
        context.note("Nodes that EKS starts by itself are not counted.")
    version = _VERSION.fullmatch(text(context.get("version")) or "")
    if version is None or int(version[1]) > _LAST_EXTENDED:
        context.note("A cluster's version is taken to be in standard support.")
        yield context.hours("kubernetes", "cluster_hour")
    elif text(block(context.get("upgradePolicy")).get("supportType")) == "STANDARD":
        context.note("A cluster that wants no extended support is upgraded when it would begin.")
        yield context.hours("kubernetes", "cluster_hour")
    else:
        context.note(f"Version 1.{version[1]} of Kubernetes is in extended support.")
        yield context.hours("kubernetes", "extended_support.cluster_hour")


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
    if named and named[0]:
        launch = replace(launch, machine=named[0])
        if len(named) > 1:
            context.note("Of several machine types that a group may take, the first is billed.")
    elif launch.machine is None and launch is not NOT_HERE:
        launch = replace(launch, machine=_USUAL_MACHINE)
    if not launch.volumes:
        gib = number(context.get("diskSize")) or _USUAL_DISK.gib
        launch = replace(launch, volumes=(replace(_USUAL_DISK, gib=gib),))
    if context.is_waiting("instanceTypes") or (is_list(types) and types and not named[0]):
        launch = replace(launch, machine=None, missing=f"the machine type is {KNOWN_LATER}")
    if context.is_waiting("diskSize"):
        launch = replace(launch, volumes=(replace(_USUAL_DISK, gap=reason_of(["diskSize"])),))
    launch = replace(launch, unsure=unsure(context, "capacityType") or launch.unsure)
    spot = text(context.get("capacityType")) == "SPOT"
    block_here = block_of(context, context.get("capacityType"))
    if block_here:
        launch = replace(launch, block=block_here)
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
