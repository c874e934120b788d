"""AWS file systems: FSx and EFS."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import GIB, number, text
from domain.usage import FileSystem, Usage

_SLOWEST_MB_PER_S_PER_TIB = 125.0


def lustre(context: Context) -> Iterator[Usage]:
    """Capacity in the throughput tier of its deployment type."""
    gib = number(context.get("storageCapacity"))
    deployment = (text(context.get("deploymentType")) or "SCRATCH_1").lower()
    if gib is None:
        yield context.unpriceable("file system", f"its size is {KNOWN_LATER}")
        return
    if text(context.get("storageType")) == "HDD":
        deployment += ".hdd"
    throughput = number(context.get("perUnitStorageThroughput")) or _SLOWEST_MB_PER_S_PER_TIB
    yield FileSystem(
        resource=context.resource.urn,
        provider=context.provider,
        region=context.region,
        size_bytes=gib * GIB,
        seconds=context.seconds,
        kind=f"fsx_lustre.{deployment}",
        throughput_bytes_per_second_per_tib=throughput * 1e6,
    )


COSTERS: dict[str, Coster] = {"aws:fsx/lustreFileSystem:LustreFileSystem": lustre}
