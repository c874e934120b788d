"""Amazon EMR: machines of a cluster, and what EMR adds to the price of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from domain.costing.aws.classes import class_hours
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.nodes import Nodes, Volume, bill_nodes
from domain.costing.values import block, blocks, integer, number, text
from domain.environment import Market
from domain.usage import ServiceUse, Usage

_GROUPS = ("masterInstanceGroup", "coreInstanceGroup")


def cluster(context: Context) -> Iterator[Usage]:
    """Its groups of machines with the disks that they declare."""
    groups = [block(context.get(name)) for name in _GROUPS if block(context.get(name))]
    if not groups:
        yield context.unpriceable("machines", "machines of instance fleets are chosen as it starts")
    yield from _machines(context, groups)


def group(context: Context) -> Iterator[Usage]:
    """A further group of a cluster."""
    inputs = {key: context.get(key) for key in ("instanceType", "instanceCount", "bidPrice")}
    yield from _machines(context, [{**inputs, "ebsConfigs": context.get("ebsConfigs")}])


def _machines(context: Context, groups: list[Mapping[str, Any]]) -> Iterator[Usage]:
    for each in groups:
        kind = text(each.get("instanceType"))
        count = integer(each.get("instanceCount"))
        if kind is None:
            yield context.unpriceable("machines", f"their type is {KNOWN_LATER}")
            continue
        count = 1 if count is None else count
        volumes = tuple(
            Volume(text(disk.get("type")) or "gp2", number(disk.get("size")))
            for disk in blocks(each.get("ebsConfigs"))
            for _ in range(integer(disk.get("volumesPerInstance")) or 1)
        )
        market: Market = "spot" if text(each.get("bidPrice")) else "on_demand"
        yield from bill_nodes(context, [Nodes(kind, count, market, volumes)])
        added = class_hours(context, "map_reduce", kind, count=count)
        if isinstance(added, ServiceUse):
            added = replace(added, name=f"map reduce, on {kind}")
        yield added


def serverless(context: Context) -> Iterator[Usage]:
    """Processors and memory of the workers, while they run."""
    yield context.hours("map_reduce", "serverless.vcpu", None)
    yield context.use("map_reduce", "serverless.memory", "byte_seconds", None)


COSTERS: dict[str, Coster] = {
    "aws:emr/cluster:Cluster": cluster,
    "aws:emr/instanceGroup:InstanceGroup": group,
    "aws:emrserverless/application:Application": serverless,
}
