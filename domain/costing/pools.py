"""Pools as the resources of any stack declare them: groups, instances, TPU slices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from domain.blueprint import TAG_POOL
from domain.catalog.facts import REFERENCE_REGIONS
from domain.costing.aws import fleet as aws_fleet
from domain.costing.context import Context, Survey
from domain.costing.gcp import fleet as gcp_fleet
from domain.costing.nodes import MOST_NODES, Nodes, Volume, too_many
from domain.costing.quantities import owner_of
from domain.costing.values import block, integer
from domain.environment import Market
from domain.errors import CatalogError

_READERS = {**aws_fleet.NODES, **gcp_fleet.NODES}
_SCALERS = (
    "aws:autoscaling/policy:Policy",
    "gcp:compute/autoscaler:Autoscaler",
    "gcp:compute/regionAutoscaler:RegionAutoscaler",
)
_KINDS = {
    "gp2": "balanced",
    "gp3": "balanced",
    "pd-balanced": "balanced",
    "hyperdisk-balanced": "balanced",
    "io1": "ssd",
    "io2": "ssd",
    "pd-ssd": "ssd",
    "pd-extreme": "ssd",
    "hyperdisk-extreme": "ssd",
    "st1": "standard",
    "sc1": "standard",
    "magnetic": "standard",
    "pd-standard": "standard",
}


@dataclass(frozen=True, slots=True)
class FoundPool:
    """Nodes of one machine type on one market in one region, by the name of their pool."""

    provider: str
    name: str
    region: str
    machine: str
    market: Market
    count: int
    disk: Volume | None
    bounds: tuple[int, int] | None
    """Least and most nodes, where something scales them."""
    accelerators: int

    def as_config(self, home: str) -> dict[str, Any]:
        """The pool as an environment writes it."""
        written: dict[str, Any] = {"machine": self.machine, "market": self.market}
        if self.bounds is None:
            written["count"] = self.count
        else:
            least, most = self.bounds
            written |= {"min": least, "max": most, "initial": min(max(self.count, least), most)}
        if self.region != home:
            written["region"] = self.region
        disk = self.disk
        if disk is not None and disk.gib and disk.product in _KINDS:
            written["disk"] = {"kind": _KINDS[disk.product], "size": f"{disk.gib:.12g} GiB"}
            if disk.iops:
                written["disk"]["iops"] = int(disk.iops)
        return written


def found_pools(survey: Survey, left_out: list[str]) -> list[FoundPool]:
    """Every pool of a graph; what cannot be one is said in ``left_out``."""
    pools: dict[str, FoundPool] = {}
    for resource in survey.graph.resources:
        reader = _READERS.get(resource.type)
        if reader is None or resource.external:
            continue
        context = survey.context(resource)
        for found in _pools_of(context, list(reader(context)), left_out):
            same = pools.get(found.name)
            if same is not None and _alike(same, found) and same.count + found.count <= MOST_NODES:
                pools[found.name] = replace(same, count=same.count + found.count)
            else:
                name = found.name if same is None else _unused(f"{resource.name}", pools)
                pools[name] = replace(found, name=name)
    return list(pools.values())


def _pools_of(context: Context, every: list[Nodes], left_out: list[str]) -> Iterator[FoundPool]:
    owner = owner_of(context.resource, context.graph)
    name = context.tags.get(TAG_POOL) or owner or context.resource.name
    for nodes in every:
        bounds = _bounds(context) if len(every) == 1 else None
        reason = _reason_against(context, nodes, bounds)
        if reason:
            left_out.append(f"'{name}' is left out: {reason}")
            continue
        # What a mixed group buys on demand beside its spot machines is a pool of its own.
        apart = len(every) > 1 and nodes is not every[-1]
        machine = str(nodes.machine)
        yield FoundPool(
            provider=context.provider,
            name=f"{name}-{nodes.market}".replace("_", "-") if apart else name,
            region=context.region or _assumed_region(context, name, left_out),
            machine=machine,
            market=nodes.market,
            count=nodes.count or 0,
            disk=next(iter(nodes.volumes), None),
            bounds=bounds,
            accelerators=context.catalog.machine(context.provider, machine).accelerator_count,
        )


def _reason_against(context: Context, nodes: Nodes, bounds: tuple[int, int] | None) -> str | None:
    if nodes.count is None or nodes.machine is None:
        return nodes.gap or "its machines are not known"
    if too_many(nodes.count):
        return too_many(nodes.count)
    if not nodes.count and bounds is None:
        return "it has no nodes"
    try:
        context.catalog.machine(context.provider, nodes.machine)
    except CatalogError as error:
        return str(error)
    return None


def _assumed_region(context: Context, name: str, left_out: list[str]) -> str:
    region = REFERENCE_REGIONS[context.provider]
    left_out.append(f"the region of '{name}' is not known; it is taken to be {region}")
    return region


def _bounds(context: Context) -> tuple[int, int] | None:
    """How few and how many nodes a group may have, if something changes their number."""
    for scaler in context.users(*_SCALERS):
        policy = block(scaler.get("autoscalingPolicy"))
        least = integer(policy.get("minReplicas"))
        most = integer(policy.get("maxReplicas"))
        if least is None or most is None:
            least, most = integer(context.get("minSize")), integer(context.get("maxSize"))
        if least is not None and most is not None and 0 < most >= least:
            return least, most
    return None


def _alike(one: FoundPool, other: FoundPool) -> bool:
    mark = (one.machine, one.market, one.region, one.bounds)
    return mark == (other.machine, other.market, other.region, other.bounds)


def _unused(name: str, taken: dict[str, FoundPool]) -> str:
    names = [name, *(f"{name}-{number}" for number in range(2, len(taken) + 3))]
    return next(each for each in names if each not in taken)
