"""Machines that a resource keeps running: an instance, a group, a node pool, a TPU slice.

Read once for each kind of resource, they are billed here, counted behind gateways, and flown
by the simulator.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from domain.costing.context import Context
from domain.costing.values import GIB
from domain.environment import Market
from domain.usage import DiskUsage, MachineHours, Usage

MOST_NODES = 100_000
"""As many as a pool of an environment may have; a larger number is a mistake."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A disk of each node. ``product`` is what the provider calls it; sizes in GiB."""

    product: str
    gib: float | None
    iops: float | None = None
    throughput_mb_per_s: float | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Nodes:
    """``count`` machines of one type on one market, each with its disks.

    What is None is not known, or has no single answer: ``gap`` says why.
    """

    machine: str | None
    count: int | None
    market: Market = "on_demand"
    volumes: tuple[Volume, ...] = ()
    gap: str | None = None
    detailed_metrics: int = 0
    """CloudWatch metrics of each node that are billed one by one."""
    public_addresses: int = 0
    """Of each node, beside those that are declared as resources."""


def too_many(count: int) -> str | None:
    """Why so many machines are not billed, if they are not."""
    return f"{count:.6g} machines are more than {MOST_NODES:,}" if count > MOST_NODES else None


def bill_nodes(context: Context, every: Iterable[Nodes]) -> Iterator[Usage]:
    """Machine hours, disks, metrics and addresses; equal disks of all nodes are one line."""
    disks: Counter[Volume] = Counter()
    metrics = 0
    for nodes in every:
        if nodes.count is None:
            reason = nodes.gap or "how many nodes there are is not known"
            yield context.unpriceable("machines", reason)
            continue
        excess = too_many(nodes.count)
        if excess:
            yield context.unpriceable("machines", excess)
            continue
        yield _machines(context, nodes, nodes.count)
        for volume in nodes.volumes:
            disks[replace(volume, count=1)] += volume.count * nodes.count
        metrics += nodes.detailed_metrics * nodes.count
        if nodes.public_addresses:
            cheaper = context.provider == "gcp" and nodes.market == "spot"
            item = "in_use_on_spot.hour" if cheaper else "in_use.hour"
            yield context.hours("public_address", item, nodes.public_addresses * nodes.count)
    yield from bill_volumes(context, (replace(disk, count=disks[disk]) for disk in disks))
    if metrics:
        yield context.hours("monitoring", "metric", metrics)


def _machines(context: Context, nodes: Nodes, count: int) -> Usage:
    if not context.region:
        return context.unpriceable("machines", "its region is not known")
    if nodes.machine is None or nodes.gap:
        return context.unpriceable("machines", nodes.gap or "the machine type is not known")
    return MachineHours(
        resource=context.resource.urn,
        provider=context.provider,
        region=context.region,
        machine=nodes.machine,
        market=nodes.market,
        node_seconds=[context.seconds] * count,
    )


def bill_volumes(context: Context, volumes: Iterable[Volume]) -> Iterator[Usage]:
    """Disks, each so many times."""
    for volume in volumes:
        if volume.gib is None:
            yield context.unpriceable(f"disk, {volume.product}", "its size is not known")
            continue
        throughput = volume.throughput_mb_per_s
        yield DiskUsage(
            resource=context.resource.urn,
            provider=context.provider,
            region=context.region,
            kind=volume.product,
            size_bytes=volume.gib * GIB,
            seconds=context.seconds,
            count=volume.count,
            iops=volume.iops,
            throughput_bytes_per_second=None if throughput is None else throughput * 1e6,
        )
