"""AWS file systems: FSx and EFS."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import GIB, block, blocks, number, text
from domain.usage import FileSystem, Usage

_SLOWEST_MB_PER_S_PER_TIB = 125.0
_IOPS_A_GIB = 3.0


def lustre(context: Context) -> Iterator[Usage]:
    """Capacity in the throughput tier of its deployment type."""
    gib = number(context.get("storageCapacity"))
    deployment = (text(context.get("deploymentType")) or "SCRATCH_1").lower()
    if gib is None:
        yield context.unpriceable("file system", f"its size is {KNOWN_LATER}")
        return
    metadata = block(context.get("metadataConfiguration"))
    if text(metadata.get("mode")) == "USER_PROVISIONED":
        yield context.unpriceable("metadata operations", "no price of provisioned ones is known")
    if text(context.get("storageType")) == "HDD":
        deployment += ".hdd"
        if text(context.get("driveCacheType")) == "READ":
            yield context.unpriceable("read cache", "no price of a cache before disks is known")
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


def openzfs(context: Context) -> Iterator[Usage]:
    """Capacity, throughput, and further operations.

    Compression lets more fit in; the capacity that is provisioned is billed all the same.
    """
    if "MULTI" in (text(context.get("deploymentType")) or ""):
        yield context.unpriceable("file system", "no price of OpenZFS in several zones is known")
        return
    if text(context.get("storageType")) == "INTELLIGENT_TIERING":
        yield context.unpriceable("file system", "no price of OpenZFS with tiers is known")
        return
    yield from _provisioned(context, "fsx_openzfs", "fsx_openzfs.ssd", "fsx_openzfs.ssd")
    yield from _further_iops(context, "fsx_openzfs.ssd.iops")


def windows(context: Context) -> Iterator[Usage]:
    """Capacity and throughput, dearer in two zones."""
    zones = "multi_az" if "MULTI" in (text(context.get("deploymentType")) or "") else "single_az"
    kind = (text(context.get("storageType")) or "SSD").lower()
    product = f"fsx_windows.{zones}"
    yield from _provisioned(context, "fsx_windows", f"{product}.{kind}", product)


def _provisioned(context: Context, family: str, capacity: str, throughput: str) -> Iterator[Usage]:
    """Capacity, throughput and backups."""
    gib = number(context.get("storageCapacity"))
    rate = number(context.get("throughputCapacity"))
    each = number(context.get("throughputCapacityPerHaPair"))
    if rate is None and each is not None:
        rate = each * (number(context.get("haPairs")) or 1.0)
    if gib is None or rate is None:
        yield context.unpriceable("file system", f"its size or throughput is {KNOWN_LATER}")
        return
    yield context.kept("file_storage", f"{capacity}.storage", gib * GIB)
    rate_seconds = rate * 1e6 * context.seconds
    yield context.use("file_storage", f"{throughput}.throughput", "rate_seconds", rate_seconds)
    backup = context.quantities.stored_bytes
    yield context.kept("file_storage", f"{family}.backup.storage", backup)


def ontap(context: Context) -> Iterator[Usage]:
    """Solid-state capacity, throughput, and further operations."""
    zones = "multi_az" if "MULTI" in (text(context.get("deploymentType")) or "") else "single_az"
    generation = "2" if (text(context.get("deploymentType")) or "").endswith("_2") else ""
    product = f"fsx_ontap.{zones}{generation}"
    yield from _provisioned(context, "fsx_ontap", f"{product}.ssd", product)
    yield from _further_iops(context, f"{product}.iops")
    yield context.kept("file_storage", f"{product}.capacity_pool.storage", None)


def _further_iops(context: Context, item: str) -> Iterator[Usage]:
    """Operations that are asked for beyond the three that each GiB includes."""
    written = block(context.get("diskIopsConfiguration"))
    iops = number(written.get("iops"))
    gib = number(context.get("storageCapacity"))
    is_asked = text(written.get("mode")) == "USER_PROVISIONED"
    if is_asked and iops is not None and gib is not None:
        extra = max(iops - _IOPS_A_GIB * gib, 0.0)
        yield context.use("file_storage", item, "iops_seconds", extra * context.seconds)


def elastic(context: Context) -> Iterator[Usage]:
    """EFS: what it holds, what is read from its slow tier, throughput that is provisioned."""
    stated = context.quantities
    one_zone = text(context.get("availabilityZoneName")) is not None
    tier = "one_zone" if one_zone else "standard"
    yield context.kept("file_storage", f"efs.{tier}.storage", stated.stored_bytes)
    if blocks(context.get("lifecyclePolicies")):
        slow = "one_zone_infrequent_access" if one_zone else "infrequent_access"
        yield context.kept("file_storage", f"efs.{slow}.storage", None)
        yield context.use(
            "file_storage", "efs.infrequent_access.retrieval", "bytes", stated.retrieved_bytes
        )
        yield context.use("file_storage", "efs.infrequent_access.tiering", "bytes", None)
    if text(context.get("throughputMode")) == "elastic":
        yield context.use("file_storage", "efs.elastic.read", "bytes", None)
        yield context.use("file_storage", "efs.elastic.written", "bytes", None)
    mib = number(context.get("provisionedThroughputInMibps"))
    if mib is not None:
        # A twentieth of a MiB/s comes with each GiB that is stored; nothing is stored yet.
        rate_seconds = mib * 1e6 * context.seconds
        yield context.use("file_storage", "efs.standard.throughput", "rate_seconds", rate_seconds)


COSTERS: dict[str, Coster] = {
    "aws:fsx/lustreFileSystem:LustreFileSystem": lustre,
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": openzfs,
    "aws:fsx/windowsFileSystem:WindowsFileSystem": windows,
    "aws:fsx/ontapFileSystem:OntapFileSystem": ontap,
    "aws:efs/fileSystem:FileSystem": elastic,
}
