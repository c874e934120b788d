"""EC2 auto scaling: groups of instances from a template, also of mixed types and markets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import ceil
from typing import Any

from domain.blueprint import TAG_MARKET
from domain.costing.aws.launch import (
    CONFIGURATION,
    NOT_HERE,
    TEMPLATE,
    Launch,
    configuration_launch,
    template_launch,
)
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.nodes import Nodes, bill_nodes
from domain.costing.values import block, blocks, integer, number, text
from domain.usage import Usage

GROUP = "aws:autoscaling/group:Group"


def group_nodes(context: Context) -> list[Nodes]:
    """The machines that the group starts with."""
    count = _count(context)
    if count is None:
        return [Nodes(None, None, gap=f"the size of the group is {KNOWN_LATER}")]
    mixed = block(context.get("mixedInstancesPolicy"))
    if context.is_waiting("mixedInstancesPolicy"):
        return [Nodes(None, None, gap=f"what machines the group takes is {KNOWN_LATER}")]
    if mixed:
        return _mixed_nodes(context, mixed, count)
    template = context.referred("launchTemplate", TEMPLATE)
    if template is not None:
        launch = _of_template(context, template)
    else:
        configuration = context.referred("launchConfiguration", CONFIGURATION)
        launch = NOT_HERE if configuration is None else configuration_launch(configuration)
    return [_committed(context, launch).nodes(count)]


def group(context: Context) -> Iterator[Usage]:
    """Machines and disks of a group."""
    yield from bill_nodes(context, group_nodes(context))


def _count(context: Context) -> int | None:
    if context.is_waiting("desiredCapacity"):
        return None
    desired = integer(context.written("desiredCapacity"))
    if desired is not None:
        return desired
    least = integer(context.get("minSize"))
    if least is None:
        return None
    context.note("A group without a desired size counts its least, at least one machine.")
    return max(least, 1)


def _mixed_nodes(context: Context, mixed: Mapping[str, Any], count: int) -> list[Nodes]:
    template = context.referred("mixedInstancesPolicy", TEMPLATE)
    launch = NOT_HERE if template is None else _of_template(context, template)
    overrides = blocks(block(mixed.get("launchTemplate")).get("overrides"))
    if overrides:
        first = overrides[0]
        machine = text(first.get("instanceType"))
        if machine:
            launch = replace(launch, machine=machine)
            if len(overrides) > 1:
                context.note("Of several machine types that a group may take, the first is billed.")
        elif block(first.get("instanceRequirements")):
            chosen = "the machine is chosen at launch, by what it must have"
            launch = replace(launch, machine=None, missing=chosen)
        count = ceil(count / (number(first.get("weightedCapacity")) or 1))
    launch = _committed(context, launch)
    if launch.market == "reserved":
        return [launch.nodes(count)]
    spread = block(mixed.get("instancesDistribution"))
    base = min(integer(spread.get("onDemandBaseCapacity")) or 0, count)
    share = number(spread.get("onDemandPercentageAboveBaseCapacity"))
    if share is None and spread.get("onDemandPercentageAboveBaseCapacity") is not None:
        context.note(f"A share of spot machines that is {KNOWN_LATER} is taken to be none.")
    on_demand = base + ceil((count - base) * (100 if share is None else share) / 100)
    split = [launch.nodes(on_demand, "on_demand"), launch.nodes(count - on_demand, "spot")]
    return [nodes for nodes in split if nodes.count] or [launch.nodes(0)]


def _of_template(context: Context, template: Context) -> Launch:
    launch = template_launch(template)
    if launch.machine is not None and not launch.has_root:
        context.note(
            "The disk that a group's image brings is not counted, since only the image tells its "
            "size."
        )
    return launch


def _committed(context: Context, launch: Launch) -> Launch:
    if context.tags.get(TAG_MARKET) == "reserved":
        return replace(launch, market="reserved", block=None)
    return launch


COSTERS: dict[str, Coster] = {GROUP: group}
