"""Google Cloud storage: buckets and file systems."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.buckets import planned_bytes
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.gcp.egress import egress
from domain.costing.values import GIB, block, number, text
from domain.usage import FileSystem, ObjectStorage, Usage

_LUSTRE_MB_PER_S_PER_TIB = 125.0


def bucket(context: Context) -> Iterator[Usage]:
    """Capacity and requests, in the storage class of the bucket."""
    stated = context.quantities
    yield ObjectStorage(
        resource=context.resource.urn,
        provider=context.provider,
        region=context.region,
        size_bytes=planned_bytes(context),
        seconds=context.seconds,
        read_requests=stated.read_requests,
        write_requests=stated.write_requests,
        retrieved_bytes=stated.retrieved_bytes,
        storage_class=(text(context.get("storageClass")) or "STANDARD").lower(),
    )
    yield from egress(context)


def lustre(context: Context) -> Iterator[Usage]:
    """Managed Lustre: capacity in its throughput tier."""
    gib = number(context.get("capacityGib"))
    if gib is None:
        yield context.unpriceable("file system", f"its size is {KNOWN_LATER}")
        return
    tier = number(context.get("perUnitStorageThroughput")) or _LUSTRE_MB_PER_S_PER_TIB
    yield FileSystem(
        resource=context.resource.urn,
        provider=context.provider,
        region=context.region,
        size_bytes=gib * GIB,
        seconds=context.seconds,
        kind="managed_lustre",
        throughput_bytes_per_second_per_tib=tier * 1e6,
    )


def filestore(context: Context) -> Iterator[Usage]:
    """Filestore: capacity of its tier, which is billed whole."""
    gib = number(block(context.get("fileShares")).get("capacityGb"))
    tier = (text(context.get("tier")) or "").lower()
    if gib is None or not tier:
        yield context.unpriceable("file system", f"its size or tier is {KNOWN_LATER}")
        return
    tier = {"standard": "basic_hdd", "premium": "basic_ssd"}.get(tier, tier)
    yield _capacity(context, f"filestore.{tier}", gib)


def parallelstore(context: Context) -> Iterator[Usage]:
    """Parallelstore: capacity."""
    gib = number(context.get("capacityGib"))
    if gib is None:
        yield context.unpriceable("file system", f"its size is {KNOWN_LATER}")
        return
    yield _capacity(context, "parallelstore", gib)


def _capacity(context: Context, product: str, gib: float) -> FileSystem:
    return FileSystem(
        resource=context.resource.urn,
        provider=context.provider,
        region=context.region,
        size_bytes=gib * GIB,
        seconds=context.seconds,
        kind=product,
    )


COSTERS: dict[str, Coster] = {
    "gcp:storage/bucket:Bucket": bucket,
    "gcp:lustre/instance:Instance": lustre,
    "gcp:filestore/instance:Instance": filestore,
    "gcp:parallelstore/instance:Instance": parallelstore,
}
