"""Amazon EBS: volumes and snapshots of their own."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.aws.launch import volume as volume_of
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.nodes import bill_volumes
from domain.costing.values import GIB, number
from domain.resources import UNKNOWN
from domain.usage import Usage

VOLUME = "aws:ebs/volume:Volume"
SNAPSHOTS = (
    "aws:ebs/snapshot:Snapshot",
    "aws:ebs/snapshotCopy:SnapshotCopy",
    "aws:ebs/snapshotImport:SnapshotImport",
)
_DEEPEST = 8


def volume(context: Context) -> Iterator[Usage]:
    """Capacity and what is provisioned beyond it."""
    gib = volume_gib(context)
    if gib is None:
        yield context.unpriceable("disk", f"its size is {KNOWN_LATER}")
        return
    disk = volume_of(
        {
            "volumeType": UNKNOWN if context.is_waiting("type") else context.get("type"),
            "volumeSize": gib,
            "iops": UNKNOWN if context.is_waiting("iops") else context.get("iops"),
            "throughput": (
                UNKNOWN if context.is_waiting("throughput") else context.get("throughput")
            ),
        },
        context,
    )
    yield from bill_volumes(context, [disk])


def volume_gib(context: Context, deep: int = 0) -> float | None:
    """The size of a volume, or of the snapshot that it is made from."""
    gib = number(context.get("size"))
    if gib is None and deep < _DEEPEST:
        snapshot = context.referred("snapshotId", *SNAPSHOTS)
        return None if snapshot is None else snapshot_gib(snapshot, deep + 1)
    return gib


def snapshot_gib(context: Context, deep: int = 0) -> float | None:
    """The size of what a snapshot is of."""
    source = context.referred("volumeId", VOLUME)
    if source is not None:
        return volume_gib(source, deep + 1)
    copied = context.referred("sourceSnapshotId", *SNAPSHOTS)
    if copied is not None and deep < _DEEPEST:
        return snapshot_gib(copied, deep + 1)
    return number(context.resource.outputs.get("volumeSize"))


def snapshot(context: Context) -> Iterator[Usage]:
    """As large as its volume; less where blocks did not change."""
    stated = context.quantities.stored_bytes
    gib = snapshot_gib(context)
    if stated is None and gib is not None:
        context.note("A snapshot is taken to be as large as its disk.")
        stated = gib * GIB
    yield context.kept("block_storage", "snapshot.storage", stated)
    yield context.hours("block_storage", "snapshot.fast_restore_hour", None)
    for item in ("list_requests", "get_requests", "put_requests"):
        yield context.use("block_storage", f"snapshot.{item}", "requests", None)


def fast_restore(context: Context) -> Iterator[Usage]:
    """A snapshot whose volumes are fast from the start, by the hour in each zone."""
    yield context.hours("block_storage", "snapshot.fast_restore_hour")


def image(context: Context) -> Iterator[Usage]:
    """Snapshots that an image is copied to, or taken into."""
    stored = context.quantities.stored_bytes
    yield context.kept("block_storage", "snapshot.storage", stored)


COSTERS: dict[str, Coster] = {
    VOLUME: volume,
    **dict.fromkeys(SNAPSHOTS, snapshot),
    "aws:ec2/amiCopy:AmiCopy": image,
    "aws:ec2/amiFromInstance:AmiFromInstance": image,
    "aws:ebs/fastSnapshotRestore:FastSnapshotRestore": fast_restore,
}
