"""Amazon S3: what a bucket holds and how it is asked."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.buckets import planned_bytes
from domain.costing.context import Context, Coster
from domain.usage import ObjectStorage, Usage

TAG_STORAGE_CLASS = "windtunnel-storage-class"


def bucket(context: Context) -> Iterator[Usage]:
    """Capacity and requests, in the class that its tag names, else standard."""
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
        storage_class=context.tags.get(TAG_STORAGE_CLASS, "standard"),
    )


COSTERS: dict[str, Coster] = {"aws:s3/bucket:Bucket": bucket}
