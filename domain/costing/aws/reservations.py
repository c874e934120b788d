"""Capacity that is reserved on demand, and which machines of the stack fill it by themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from domain.costing.aws.groups import GROUP, group_nodes
from domain.costing.aws.launch import TEMPLATE, instance_launch
from domain.costing.context import Context, Survey
from domain.costing.values import block, integer, is_list, text

INSTANCE = "aws:ec2/instance:Instance"
RESERVATION = "aws:ec2/capacityReservation:CapacityReservation"
_SUBNET = "aws:ec2/subnet:Subnet"

_Place = tuple[str, str]
"""Machine type and zone."""


def fill_open_reservations(survey: Survey) -> Mapping[str, int]:
    """URN of an open reservation → the machines of its type and zone that run in it.

    A machine that asks for nothing else runs in an open reservation where there is one, and is
    billed in its stead (EC2 user guide, "On-Demand Capacity Reservations").
    """

    def fill() -> Mapping[str, int]:
        running: Counter[_Place] = Counter()
        found: dict[str, int] = {}
        for context in survey.of_type(RESERVATION):
            place = (text(context.get("instanceType")), text(context.get("availabilityZone")))
            if text(context.get("instanceMatchCriteria")) == "targeted" or None in place:
                continue
            running = running or Counter(_running(survey))
            here = (place[0] or "", place[1] or "")
            filled = min(integer(context.get("instanceCount")) or 0, running[here])
            running[here] -= filled
            found[context.resource.urn] = filled
        return found

    return survey.once("machines in open reservations", fill)


def _running(survey: Survey) -> Iterator[_Place]:
    """The machines on demand whose zone is known, and that target no reservation."""
    for context in survey.of_type(INSTANCE):
        launch = instance_launch(context)
        zone = text(context.get("availabilityZone")) or _zone_of(context, "subnetId")
        is_shared = launch.tenancy in (None, "default")
        is_billed = launch.market == "on_demand" and not launch.block and not launch.stopped
        if launch.machine and zone and is_shared and is_billed and _is_open(context):
            yield launch.machine, zone
    for context in survey.of_type(GROUP):
        zones = context.get("availabilityZones")
        listed = is_list(zones) and len(zones) == 1
        zone = text(zones[0]) if listed else _zone_of(context, "vpcZoneIdentifiers")
        template = context.referred("launchTemplate", TEMPLATE)
        if zone is None or (template is not None and not _is_open(template)):
            continue
        for nodes in group_nodes(context):
            if nodes.market == "on_demand" and nodes.machine and nodes.billed_as != "":
                for _ in range(min(nodes.count or 0, 100_000)):
                    yield nodes.machine, zone


def _is_open(context: Context) -> bool:
    wanted = block(context.get("capacityReservationSpecification"))
    preference = text(wanted.get("capacityReservationPreference"))
    return preference != "none" and not block(wanted.get("capacityReservationTarget"))


def _zone_of(context: Context, name: str) -> str | None:
    """The one zone of the subnets that an input names."""
    urns = context.resource.property_dependencies.get(name, ())
    subnets = [context.graph.by_urn[urn] for urn in urns if urn in context.graph.by_urn]
    if not subnets:
        found = context.referred(name, _SUBNET)
        subnets = [found.resource] if found else []
    zones = {text(each.get("availabilityZone")) for each in subnets if each.type == _SUBNET}
    return zones.pop() if len(zones) == 1 else None
