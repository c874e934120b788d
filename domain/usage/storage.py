"""Disks, buckets and file systems: capacity over time, requests, provisioned performance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from domain.catalog import Catalog, ServicePrice
from domain.catalog.units import Measure
from domain.usage.charge import Charge, bands, charge


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """Block volumes: ``kind`` is balanced, ssd or standard, or a product (gp3, pd-ssd).

    Performance that is not given is what the product includes.
    """

    resource: str
    provider: str
    region: str
    kind: str
    size_bytes: float
    seconds: float
    count: float = 1
    iops: float | None = None
    throughput_bytes_per_second: float | None = None

    def charges(self, catalog: Catalog) -> Iterator[Charge]:
        """Capacity, and performance beyond what the product includes."""
        product = catalog.product(self.provider, "block_storage", self.kind)
        volume_seconds = self.seconds * self.count
        at = (self.resource, self.provider, self.region, "block_storage")
        yield charge(
            at,
            f"disk, {product}",
            f"{product}.storage",
            "byte_seconds",
            self.size_bytes * volume_seconds,
        )
        performance: tuple[tuple[str, float | None, Measure], ...] = (
            ("iops", self.iops, "iops_seconds"),
            ("throughput", self.throughput_bytes_per_second, "rate_seconds"),
        )
        for name, wanted, measure in performance:
            if self._price(catalog, f"{product}.{name}") is None:
                continue
            included = self._price(catalog, f"{product}.included_{name}")
            if wanted is None and included is not None:
                continue
            component, item = f"disk, {product} {name}", f"{product}.{name}"
            if wanted is None:
                reason = f"{product} bills its {name}, which are not given"
                yield charge(at, component, item, measure, None, gap=reason)
                continue
            extra = max(wanted - (included.value if included else 0.0), 0.0)
            for band, above, part in bands(catalog, at[1], at[3], item, extra):
                yield charge(at, component + above, band, measure, part * volume_seconds)

    def _price(self, catalog: Catalog, item: str) -> ServicePrice | None:
        return catalog.service(self.provider, "block_storage", item, self.region)


@dataclass(frozen=True, slots=True)
class ObjectStorage:
    """A bucket: ``storage_class`` is standard, infrequent or archive, or a product."""

    resource: str
    provider: str
    region: str
    size_bytes: float | None
    seconds: float
    read_requests: float | None = 0.0
    write_requests: float | None = 0.0
    retrieved_bytes: float | None = 0.0
    storage_class: str = "standard"

    def charges(self, catalog: Catalog) -> Iterator[Charge]:
        """Capacity, requests, and retrieval where the class bills it."""
        product = catalog.product(self.provider, "object_storage", self.storage_class)
        at = (self.resource, self.provider, self.region, "object_storage")
        size = self.size_bytes
        kept = None if size is None else size * self.seconds
        name = f"object storage, {product}"
        yield charge(at, name, f"{product}.storage", "byte_seconds", kept)
        for kind, requests in (("read", self.read_requests), ("write", self.write_requests)):
            yield charge(
                at, f"{name}, {kind} requests", f"{product}.{kind}_requests", "requests", requests
            )
        items = catalog.service_items(self.provider, "object_storage")
        if f"{product}.retrieval" in items:
            yield charge(
                at, f"{name}, retrieval", f"{product}.retrieval", "bytes", self.retrieved_bytes
            )


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A shared file system: ``kind`` is parallel (sold in throughput tiers), or a product."""

    resource: str
    provider: str
    region: str
    size_bytes: float
    seconds: float
    kind: str = "parallel"
    throughput_bytes_per_second_per_tib: float = 125e6

    def charges(self, catalog: Catalog) -> Iterator[Charge]:
        """Capacity in the smallest tier that is fast enough."""
        product = catalog.product(self.provider, "file_storage", self.kind)
        items = catalog.service_items(self.provider, "file_storage")
        tiers = sorted(
            {
                int(match[1])
                for item in items
                if (match := re.search(rf"{re.escape(product)}\.(\d+)\.", item))
            }
        )
        gap = None
        if tiers:
            asked = self.throughput_bytes_per_second_per_tib / 1e6
            enough = [tier for tier in tiers if tier >= asked]
            if not enough:
                gap = f"{product} reaches {tiers[-1]} MB/s per TiB, not {asked:g}"
            product = f"{product}.{(enough or tiers)[0]}"
        at = (self.resource, self.provider, self.region, "file_storage")
        yield charge(
            at,
            f"file system, {product}",
            f"{product}.storage",
            "byte_seconds",
            self.size_bytes * self.seconds,
            gap=gap,
        )
