"""Compute Engine: instances, groups of them, and capacity that is reserved."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.gcp import licences
from domain.costing.gcp.machines import (
    disk_volume,
    images,
    local_ssds,
    machine_nodes,
    template_nodes,
)
from domain.costing.gcp.parts import billed_as
from domain.costing.nodes import Nodes, Volume, bill_nodes, too_many
from domain.costing.values import block, blocks, integer, last_part, number, text
from domain.usage import Usage

INSTANCE = "gcp:compute/instance:Instance"
GROUPS = (
    "gcp:compute/instanceGroupManager:InstanceGroupManager",
    "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager",
)
TEMPLATES = (
    "gcp:compute/instanceTemplate:InstanceTemplate",
    "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate",
)
RESERVATION = "gcp:compute/reservation:Reservation"
_AUTOSCALERS = (
    "gcp:compute/autoscaler:Autoscaler",
    "gcp:compute/regionAutoscaler:RegionAutoscaler",
)


def instance_nodes(context: Context) -> list[Nodes]:
    """One machine with its boot disk; disks that are attached are billed on their own."""
    boot = block(block(context.get("bootDisk")).get("initializeParams"))
    attached = text(block(context.get("bootDisk")).get("source"))
    disks: tuple[Volume, ...] = ()
    if not attached:
        kind = last_part(boot.get("type")) or "pd-standard"
        disks = (disk_volume(context, kind, number(boot.get("size"))),)
    return [machine_nodes(context, 1, disks)]


def group_nodes(context: Context) -> list[Nodes]:
    """The machines that a managed group starts with, by the template of each version."""
    size = integer(context.get("targetSize"))
    if size is None:
        if context.is_waiting("targetSize"):
            return [Nodes(None, None, gap=f"the size of the group is {KNOWN_LATER}")]
        size = _least_of_autoscaler(context)
    template = _template(context)
    if template is None:
        return [Nodes(None, size, gap="its instance template is not in this stack")]
    if len(blocks(context.get("versions"))) > 1:
        context.note("Of several versions of a group, all machines are billed as the first.")
    return [template_nodes(template, size)]


def _least_of_autoscaler(context: Context) -> int:
    for user in context.users(*_AUTOSCALERS):
        least = integer(block(user.get("autoscalingPolicy")).get("minReplicas"))
        if least is not None:
            context.note("A group that scales counts its least.")
            return least
    context.note("A group without a size counts one machine.")
    return 1


def instance(context: Context) -> Iterator[Usage]:
    """The machine and its disks."""
    yield from bill_nodes(context, instance_nodes(context))
    yield from licences.unpriced(context, images(context))


def group(context: Context) -> Iterator[Usage]:
    """Machines and disks of a group."""
    yield from bill_nodes(context, group_nodes(context))
    template = _template(context)
    if template is not None:
        yield from licences.unpriced(context, images(template))


def _template(context: Context) -> Context | None:
    return context.referred("versions", *TEMPLATES) or context.referred(
        "instanceTemplate", *TEMPLATES
    )


def reservation(context: Context) -> Iterator[Usage]:
    """Reserved machines at the price of machines that run, less those that run in them."""
    specific = block(context.get("specificReservation"))
    properties = block(specific.get("instanceProperties"))
    written = text(properties.get("machineType"))
    count = integer(specific.get("count"))
    if written is None or count is None:
        yield context.unpriceable("reserved capacity", f"its machine or count is {KNOWN_LATER}")
        return
    excess = too_many(count)
    if excess:
        yield context.unpriceable("reserved capacity", excess)
        return
    gpus = blocks(properties.get("guestAccelerators"))
    billed = billed_as(context, written, gpus, "on_demand")
    idle = max(count - _used(context), 0)
    if idle < count:
        context.note("Machines that run in a reservation are billed, not the reservation.")
    scratch = len(blocks(properties.get("localSsds")))
    nodes = Nodes(
        billed.machine,
        idle,
        volumes=tuple(local_ssds(context.catalog, billed.machine, "on_demand", scratch)),
        gap=billed.gap,
        surcharges=billed.surcharges,
        billed_as=billed.billed_as,
    )
    yield from bill_nodes(context, [nodes])


def _used(context: Context) -> int:
    count = sum(1 for _ in context.users(INSTANCE))
    for template in context.users(*TEMPLATES):
        for group_resource in context.beside(template).users(*GROUPS):
            nodes = group_nodes(context.beside(group_resource))
            count += sum(each.count or 0 for each in nodes)
    return count


COSTERS: dict[str, Coster] = {
    INSTANCE: instance,
    **dict.fromkeys(GROUPS, group),
    RESERVATION: reservation,
}
