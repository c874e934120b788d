"""Amazon EC2: instances, hosts, and capacity that is reserved or bought ahead."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.aws.groups import GROUP, group_nodes
from domain.costing.aws.launch import CAPACITY_BLOCK, PAID_AHEAD, TEMPLATE, instance_launch
from domain.costing.aws.reservations import INSTANCE, RESERVATION, fill_open_reservations
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.nodes import Nodes, bill_nodes, too_many
from domain.costing.values import integer, text
from domain.environment import Market
from domain.usage import MachineHours, Usage

SPOT_REQUEST = "aws:ec2/spotInstanceRequest:SpotInstanceRequest"


def instance_nodes(context: Context) -> list[Nodes]:
    """One machine."""
    market: Market | None = "spot" if context.resource.type == SPOT_REQUEST else None
    return [instance_launch(context).nodes(1, market)]


def instance(context: Context) -> Iterator[Usage]:
    """The machine and its disks; on a dedicated host only the disks."""
    yield from bill_nodes(context, instance_nodes(context))


def reservation(context: Context) -> Iterator[Usage]:
    """Reserved machines at the price of machines that run, less those that a group here runs.

    Instances that use a reservation are billed in its stead, so what a group targets costs
    nothing more.
    """
    machine = text(context.get("instanceType"))
    count = integer(context.get("instanceCount"))
    if machine is None or count is None:
        yield context.unpriceable("reserved capacity", f"its machine or count is {KNOWN_LATER}")
        return
    excess = too_many(count)
    if excess:
        yield context.unpriceable("reserved capacity", excess)
        return
    used = sum(
        nodes.count or 0
        for template in context.users(TEMPLATE)
        for group in context.beside(template).users(GROUP)
        for nodes in group_nodes(context.survey.context(group))
    ) + sum(1 for _ in context.users(INSTANCE))
    used += fill_open_reservations(context.survey).get(context.resource.urn, 0)
    if used:
        context.note("Machines that run in a capacity reservation are billed, not the reservation.")
    yield MachineHours(
        resource=context.resource.urn,
        provider=context.provider,
        region=context.region,
        machine=machine,
        market="on_demand",
        node_seconds=[context.seconds] * max(count - used, 0),
    )


def capacity_block(context: Context) -> Iterator[Usage]:
    """Bought ahead, at a price that its offer had on that day."""
    yield context.unpriceable("capacity block", PAID_AHEAD)


def host(context: Context) -> Iterator[Usage]:
    """A whole computer, whatever runs on it."""
    family = text(context.get("instanceFamily"))
    machine = text(context.get("instanceType"))
    if family is None and machine is not None:
        family = machine.partition(".")[0]
    if family is None:
        yield context.unpriceable("host", f"its family is {KNOWN_LATER}")
        return
    yield context.hours("dedicated_host", family)


COSTERS: dict[str, Coster] = {
    INSTANCE: instance,
    SPOT_REQUEST: instance,
    RESERVATION: reservation,
    CAPACITY_BLOCK: capacity_block,
    "aws:ec2/dedicatedHost:DedicatedHost": host,
}
