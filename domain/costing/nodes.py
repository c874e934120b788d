"""Machines that a resource keeps running: an instance, a group, a node pool, a TPU slice.

Read once for each kind of resource, they are billed here, counted behind gateways, and flown
by the simulator.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from domain.costing.context import Context
from domain.costing.values import GIB
from domain.costing.waiting import reason_of
from domain.environment import Market
from domain.errors import CatalogError
from domain.usage import DiskUsage, MachineHours, Unpriceable, Usage

MOST_NODES = 100_000
"""As many as a pool of an environment may have; a larger number is a mistake."""

_SAID_BY_NODES = frozenset(
    (
        "instanceType",
        "instanceTypes",
        "machineType",
        "count",
        "type",
        "spot",
        "preemptible",
        "provisioningModel",
        "scheduling",
        "guestAccelerators",
        "nodeConfig",
        "config",
        "marketType",
        "instanceMarketOptions",
        "tenancy",
        "capacityType",
        "rootBlockDevice",
        "volumeType",
        "volumeSize",
        "iops",
        "throughput",
        "bootDisk",
        "size",
        "diskType",
        "diskSizeGb",
        "initializeParams",
        "desiredCapacity",
        "desiredSize",
        "minSize",
        "scalingConfig",
        "targetSize",
        "nodeCount",
        "initialNodeCount",
        "autoscaling",
        "nodeLocations",
        "computeResources",
        "minVcpus",
        "resizeBy",
        "launchTemplate",
        "mixedInstancesPolicy",
        "versions",
        "instanceTemplate",
        "launchConfiguration",
        "ebsBlockDevices",
        "blockDeviceMappings",
        "ebs",
        "accelerator",
        "tpu",
        "topology",
        "acceleratorType",
        "acceleratorConfig",
        "disks",
        "placement",
        "placementTenancy",
        "spotPrice",
        "numInstances",
        "diskSize",
        "cluster",
        "nodePools",
        "instanceGroupManager",
        "location",
    )
)
"""Inputs that the gap of a machine or of a disk is about, where there is one."""

Tenancy = Literal["shared", "dedicated", "host"]
"""Beside other customers, on hardware of one's own at a price of its own, or on a host that is
billed whole."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A disk of each node. ``product`` is what the provider calls it; sizes in GiB."""

    product: str
    gib: float | None
    iops: float | None = None
    throughput_mb_per_s: float | None = None
    count: int = 1
    gap: str | None = None
    """Why it cannot be priced, if it cannot."""


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
    tenancy: Tenancy = "shared"
    windows: bool = False
    """Whether the licence of its system is billed beside it."""
    surcharges: tuple[tuple[str, str, float | None], ...] = ()
    """Service, item and number of each node, by the hour; a number that is None depends on use."""
    stopped: bool = False
    """Whether it is there but does not run, so that its disks alone are billed."""
    billed_as: str | None = None
    """The machine type whose price it has where that is another; empty: surcharges alone."""


def too_many(count: int) -> str | None:
    """Why so many machines are not billed, if they are not."""
    return f"{count:.6g} machines are more than {MOST_NODES:,}" if count > MOST_NODES else None


def bill_nodes(
    context: Context, every: Iterable[Nodes], seconds: float | None = None
) -> Iterator[Usage]:
    """Machine hours, disks, metrics and addresses; equal disks of all nodes are one line.

    ``seconds`` is how long they run, where that is less than the period that is billed.
    """
    # Nodes say themselves what is not known of them; what else was read is said at the end.
    read = list(context.waiting)
    context.waiting.clear()
    said = False
    for usage in _bill_nodes(context, every, seconds):
        said = said or isinstance(usage, Unpriceable)
        yield usage
    left = [name for name in read if not (said and name.rpartition(".")[2] in _SAID_BY_NODES)]
    if left:
        yield context.unpriceable("machines", reason_of(left))


def _bill_nodes(context: Context, every: Iterable[Nodes], seconds: float | None) -> Iterator[Usage]:
    if seconds is not None and seconds < context.seconds:
        context = replace(context, survey=replace(context.survey, period_seconds=seconds))
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
        yield from _machines(context, nodes, nodes.count)
        for volume in nodes.volumes:
            disks[replace(volume, count=1)] += volume.count * nodes.count
        if nodes.stopped:
            continue
        metrics += nodes.detailed_metrics * nodes.count
        if nodes.public_addresses:
            cheaper = context.provider == "gcp" and nodes.market == "spot"
            item = "in_use_on_spot.hour" if cheaper else "in_use.hour"
            yield context.hours("public_address", item, nodes.public_addresses * nodes.count)
    yield from bill_volumes(context, (replace(disk, count=disks[disk]) for disk in disks))
    if metrics:
        yield context.hours("monitoring", "metric", metrics)


def _machines(context: Context, nodes: Nodes, count: int) -> Iterator[Usage]:
    if nodes.stopped:
        context.note("A machine that is stopped is billed for its disks alone.")
        return
    if nodes.tenancy == "host":
        context.note("A machine on a dedicated host is billed with the host.")
    elif not context.region:
        reason = "its region is not known; set it in the stack's configuration"
        yield context.unpriceable("machines", reason)
    elif nodes.machine is None or nodes.gap:
        yield context.unpriceable("machines", nodes.gap or "the machine type is not known")
    elif nodes.tenancy == "dedicated":
        yield _dedicated(context, nodes, nodes.machine, count)
    elif nodes.billed_as != "":
        yield _shared(context, nodes, nodes.billed_as or nodes.machine, count)
    if nodes.windows and nodes.tenancy != "host":
        yield _licence(context, nodes.machine or "", count)
    for service, item, each in nodes.surcharges:
        if context.price(service, item):
            yield context.hours(service, item, None if each is None else each * count)


def _licence(context: Context, machine: str, count: int) -> Usage:
    """Of Windows: by the processor, or for small types at a price of their own."""
    family, service = machine.partition(".")[0], "windows_licence"
    if context.price(service, machine):
        return context.hours(service, machine, count)
    if context.price(service, f"{family}.vcpu"):
        try:
            processors = context.catalog.machine(context.provider, machine).vcpu
        except CatalogError:
            processors = None
        if processors is not None:
            return context.hours(service, f"{family}.vcpu", processors * count)
    return context.unpriceable("licence", f"no price of Windows on {machine} is known")


def _dedicated(context: Context, nodes: Nodes, machine: str, count: int) -> Usage:
    """On hardware of one's own: a price of its own, that no other region's stands in for."""
    service = "dedicated_tenancy"
    price = context.price(service, machine)
    if price is None or price.assumed_from or nodes.market != "on_demand":
        market = "" if nodes.market == "on_demand" else f"{nodes.market} "
        reason = f"no price of dedicated tenancy is known for {market}{machine} there"
        return context.unpriceable("machines", reason)
    context.note("The fee of a region in which anything has dedicated tenancy is not counted.")
    return context.hours(service, machine, count)


def _shared(context: Context, nodes: Nodes, machine: str, count: int) -> Usage:
    return MachineHours(
        resource=context.resource.urn,
        provider=context.provider,
        region=context.region,
        machine=machine,
        market=nodes.market,
        node_seconds=[context.seconds] * count,
    )


def bill_volumes(context: Context, volumes: Iterable[Volume]) -> Iterator[Usage]:
    """Disks, each so many times; the oldest kind also bills its requests."""
    asked: set[str] = set()
    for volume in volumes:
        if volume.gap or volume.gib is None:
            component = f"disk, {volume.product}".rstrip(", ")
            yield context.unpriceable(component, volume.gap or "its size is not known")
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
        item = f"{volume.product}.requests"
        known = context.price("block_storage", item)
        if known and item not in asked:
            asked.add(item)
            requests = context.quantities.requests
            yield context.use("block_storage", item, "requests", requests)
