"""What a Compute Engine machine is made of, from an instance or an instance template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from domain.blueprint import TAG_MARKET
from domain.catalog import Catalog
from domain.costing.context import KNOWN_LATER, Context
from domain.costing.gcp.licences import windows
from domain.costing.gcp.parts import billed_as
from domain.costing.nodes import Nodes, Volume
from domain.costing.values import block, blocks, last_part, number, text, truth, waits
from domain.costing.waiting import reason_of
from domain.environment import Market
from domain.errors import CatalogError

_LOCAL_SSD_GIB = 375.0
# What a boot disk is that names nothing (Compute Engine documentation).
_USUAL_DISK = "pd-standard"
_USUAL_GIB = 10.0


def template_nodes(context: Context, count: int | None) -> Nodes:
    """Machines of an instance template (or of an instance that is declared like one)."""
    return machine_nodes(context, count, tuple(_template_disks(context)))


def machine_nodes(context: Context, count: int | None, disks: tuple[Volume, ...]) -> Nodes:
    """Machines with these network disks, and the local SSDs that the resource asks for."""
    written = text(context.get("machineType"))
    market = market_of(context, block(context.get("scheduling")))
    if written is None:
        return Nodes(None, count, market, disks, gap=f"the machine type is {KNOWN_LATER}")
    billed = billed_as(context, written, blocks(context.get("guestAccelerators")), market)
    later = unsure(context)
    if later:
        billed = replace(billed, gap=later)
    scratch = local_ssds(context.catalog, billed.machine, market, _scratch_disks(context))
    return Nodes(
        billed.machine,
        count,
        market,
        (*disks, *scratch),
        billed.gap,
        stopped=is_stopped(context),
        public_addresses=_public_addresses(context),
        surcharges=(*billed.surcharges, *windows(images(context), billed.vcpu)),
        billed_as=billed.billed_as,
    )


def unsure(context: Context) -> str | None:
    """Why the price of its machine is not known yet, though its type is: its GPUs, its market."""
    scheduling = block(context.resource.inputs.get("scheduling"))
    inner = (scheduling.get("provisioningModel"), scheduling.get("preemptible"))
    if context.is_waiting("guestAccelerators"):
        return f"its GPUs are {KNOWN_LATER}"
    if context.is_waiting("scheduling") or any(map(waits, inner)):
        return f"the market of the machine is {KNOWN_LATER}"
    if text(scheduling.get("provisioningModel")) == "FLEX_START":
        return "no price of machines that start flexibly is known"
    return None


def is_stopped(context: Context) -> bool:
    """Whether it is there but does not run."""
    wanted = context.resource.inputs.get("desiredStatus")
    status = context.resource.outputs.get("currentStatus") if wanted is None else wanted
    return text(status) in ("TERMINATED", "STOPPED")


def images(context: Context) -> list[Any]:
    """The images that an instance, or a machine of a template, may start from."""
    boot = block(block(context.get("bootDisk")).get("initializeParams"))
    return [boot.get("image"), *(disk.get("sourceImage") for disk in blocks(context.get("disks")))]


def _public_addresses(context: Context) -> int:
    """Those that the cloud picks; one of the program's own is billed as that resource."""
    return sum(
        "natIp" not in access
        for interface in blocks(context.get("networkInterfaces"))
        for access in blocks(interface.get("accessConfigs"))
    )


def local_ssds(catalog: Catalog, machine: str, market: Market, scratch: int) -> Iterator[Volume]:
    """Local SSDs beyond those that the machine's price includes."""
    included = 0
    with suppress(CatalogError):
        included = round(catalog.machine("gcp", machine).local_nvme_bytes / 2**30 / _LOCAL_SSD_GIB)
    if scratch > included:
        product = "local-ssd-spot" if market == "spot" else "local-ssd"
        yield Volume(product, _LOCAL_SSD_GIB, count=scratch - included)


def market_of(context: Context, scheduling: Mapping[str, Any]) -> Market:
    """Spot (or preemptible), reserved where our label says so, else on demand."""
    if context.tags.get(TAG_MARKET) == "reserved":
        return "reserved"
    spot = text(scheduling.get("provisioningModel")) == "SPOT"
    return "spot" if spot or truth(scheduling.get("preemptible")) else "on_demand"


def _template_disks(context: Context) -> Iterator[Volume]:
    for disk in blocks(context.get("disks")):
        kind = last_part(disk.get("diskType")) or _USUAL_DISK
        if disk.get("type") == "SCRATCH" or kind == "local-ssd" or text(disk.get("source")):
            continue
        yield disk_volume(context, disk, "diskType", "diskSizeGb")


def disk_volume(context: Context, written: Mapping[str, Any], kind: str, size: str) -> Volume:
    """A network disk; without a size it has what its image needs.

    Args:
        context: what has the disk.
        written: the disk.
        kind: the input that names its type.
        size: the input that names its size.
    """
    later = [key for key in (kind, size, "provisionedIops") if waits(written.get(key))]
    product = last_part(written.get(kind)) or _USUAL_DISK
    gib, iops = number(written.get(size)), number(written.get("provisionedIops"))
    if later:
        return Volume("" if kind in later else product, gib, iops, gap=reason_of(later))
    if gib is None:
        gib = _USUAL_GIB
        context.note(f"A boot disk without a size is taken to have {_USUAL_GIB:g} GiB.")
    return Volume(product, gib, iops)


def _scratch_disks(context: Context) -> int:
    disks = blocks(context.get("disks"))
    of_template = [disk for disk in disks if disk.get("type") == "SCRATCH"]
    return len(of_template) + len(blocks(context.get("scratchDisks")))
