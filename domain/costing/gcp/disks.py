"""Compute Engine disks, and the snapshots and images that are made of them."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.nodes import Volume, bill_volumes
from domain.costing.values import GIB, last_part, number
from domain.usage import Usage

DISKS = ("gcp:compute/disk:Disk", "gcp:compute/regionDisk:RegionDisk")
SNAPSHOT = "gcp:compute/snapshot:Snapshot"
IMAGE = "gcp:compute/image:Image"
# A disk that names neither size nor source (Compute Engine documentation, "Disk types").
_USUAL_GIB = {"pd-standard": 500.0, "pd-balanced": 100.0, "pd-ssd": 100.0, "pd-extreme": 1000.0}
_SOURCES = {
    "image": (IMAGE,),
    "sourceImage": (IMAGE,),
    "snapshot": (SNAPSHOT,),
    "sourceSnapshot": (SNAPSHOT,),
    "sourceDisk": DISKS,
}
_DEEPEST = 8


def size_gib(context: Context, deep: int = 0) -> float | None:
    """The size of a disk, or of what a disk, a snapshot or an image is made from."""
    for key in ("size", "diskSizeGb"):
        gib = number(context.get(key))
        if gib is not None:
            return gib
    for key, types in _SOURCES.items():
        source = context.referred(key, *types)
        if source is not None and deep < _DEEPEST:
            return size_gib(source, deep + 1)
    if context.resource.type in DISKS and not _SOURCES.keys() & context.resource.inputs.keys():
        return _USUAL_GIB.get(_kind(context))
    return None


def disk(context: Context) -> Iterator[Usage]:
    """A disk of its own."""
    if context.resource.type == DISKS[1]:
        yield context.unpriceable("disk", "no price of regional disks is known")
        return
    gib = size_gib(context)
    if gib is None:
        yield context.unpriceable(f"disk, {_kind(context)}", f"its size is {KNOWN_LATER}")
        return
    yield from bill_volumes(
        context,
        [
            Volume(
                _kind(context),
                gib,
                number(context.get("provisionedIops")),
                number(context.get("provisionedThroughput")),
            )
        ],
    )


def snapshot(context: Context) -> Iterator[Usage]:
    """As large as its disk; less where blocks did not change."""
    yield _copy(context, "snapshot.storage")


def image(context: Context) -> Iterator[Usage]:
    """As large as what it was made from; packed images are smaller."""
    yield _copy(context, "image.storage")


def machine_image(context: Context) -> Iterator[Usage]:
    """What is kept of a whole machine."""
    yield context.kept("block_storage", "machine_image.storage", context.quantities.stored_bytes)


def _copy(context: Context, item: str) -> Usage:
    stored = context.quantities.stored_bytes
    gib = size_gib(context)
    if stored is None and gib is not None:
        context.note("A snapshot or an image is taken to be as large as its disk.")
        stored = gib * GIB
    return context.kept("block_storage", item, stored)


def _kind(context: Context) -> str:
    return last_part(context.get("type")) or "pd-standard"


COSTERS: dict[str, Coster] = {
    **dict.fromkeys(DISKS, disk),
    SNAPSHOT: snapshot,
    IMAGE: image,
    "gcp:compute/machineImage:MachineImage": machine_image,
}
