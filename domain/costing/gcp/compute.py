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
from domain.costing.values import block, blocks, integer, number, text, waits
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
RESIZE_REQUESTS = (
    "gcp:compute/resizeRequest:ResizeRequest",
    "gcp:compute/regionResizeRequest:RegionResizeRequest",
)
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
        later = context.is_waiting("bootDisk") or waits(
            block(context.get("bootDisk")).get("initializeParams")
        )
        gap = f"what disk it starts from is {KNOWN_LATER}"
        disks = (
            Volume("", None, gap=gap) if later else disk_volume(context, boot, "type", "size"),
        )
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


def requested_nodes(context: Context) -> list[Nodes]:
    """The machines that a request adds to its group, once it is granted."""
    count = integer(context.get("resizeBy"))
    if count is None:
        return [Nodes(None, None, gap=f"by how many machines it resizes is {KNOWN_LATER}")]
    group_of = context.referred("instanceGroupManager", *GROUPS)
    template = None if group_of is None else _template(group_of)
    if template is None:
        return [Nodes(None, count, gap="the instance template of its group is not in this stack")]
    return [template_nodes(template, count)]


def resize_request(context: Context) -> Iterator[Usage]:
    """Machines and disks, for as long as they are asked for, at most the whole month."""
    context.note("A request to resize a group counts as one that is granted.")
    wanted = block(context.get("requestedRunDuration"))
    seconds = number(wanted.get("seconds"))
    if wanted and seconds is None:
        yield context.unpriceable("machines", f"for how long they run is {KNOWN_LATER}")
        return
    if seconds is not None:
        context.note("Machines of a request run as long as it asks, once in the month.")
    yield from bill_nodes(context, requested_nodes(context), seconds)


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
            nodes = group_nodes(context.survey.context(group_resource))
            count += sum(each.count or 0 for each in nodes)
    return count


COSTERS: dict[str, Coster] = {
    INSTANCE: instance,
    **dict.fromkeys(GROUPS, group),
    RESERVATION: reservation,
    **dict.fromkeys(RESIZE_REQUESTS, resize_request),
}
