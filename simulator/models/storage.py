"""What storage delivers to the nodes of a job, in bytes per second of one node.

An object store answers a request of ``s`` bytes in ``first byte + s / connection rate``, so a
node with ``k`` connections reads ``k · s / (latency + s / rate)``, at most what its NIC or the
store's cap for one instance lets through; all nodes together at most the request rate of
their prefixes times ``s``. A parallel file system delivers its throughput per TiB times its
size, shared by the nodes. A node-local cache is filled in the first epoch and read after it.

Where it is wrong: request rates of a fresh prefix grow over minutes, tails of latency are
longer than the mean, and burst credits are not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.models.calibration import PRIORS
from simulator.models.compute import Values


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """Limits of an object store.

    ``requests_per_second`` is per prefix: 5,500 reads on S3, 5,000 at first on Cloud Storage.
    ``instance_bytes_per_second`` caps one instance: 100 Gbit/s on S3 (AWS, S3 User Guide,
    Optimizing performance; Google Cloud, Request rate and access distribution guidelines).
    """

    first_byte_seconds: float = PRIORS.first_byte_seconds
    connection_bytes_per_second: float = PRIORS.connection_bytes_per_second
    requests_per_second: Values = 5000.0
    instance_bytes_per_second: float = 12.5e9


def object_store_rate(
    store: ObjectStore,
    *,
    object_bytes: Values,
    connections_per_node: Values,
    nodes: Values,
    nic_bytes_per_second: Values,
    prefixes: Values = 1.0,
) -> Any:
    """Bytes per second that each of ``nodes`` nodes reads."""
    seconds_per_request = (
        store.first_byte_seconds + np.asarray(object_bytes) / store.connection_bytes_per_second
    )
    by_connections = connections_per_node * object_bytes / seconds_per_request
    by_requests = store.requests_per_second * prefixes * object_bytes / nodes
    by_instance = np.minimum(nic_bytes_per_second, store.instance_bytes_per_second)
    return np.minimum(np.minimum(by_connections, by_requests), by_instance)


def file_system_rate(
    *,
    size_tib: Values,
    bytes_per_second_per_tib: Values,
    nodes: Values,
    nic_bytes_per_second: Values,
) -> Any:
    """Bytes per second that each node reads from a shared file system.

    FSx for Lustre sells 125 to 1,000 MB/s per TiB of persistent disk, 200 of scratch (AWS,
    FSx for Lustre User Guide, SSD storage).
    """
    return np.minimum(size_tib * bytes_per_second_per_tib / nodes, nic_bytes_per_second)


@dataclass(frozen=True, slots=True)
class CachedReads:
    """Rates of one node that keeps what it read on local disks."""

    first_epoch_bytes_per_second: Any
    later_epoch_bytes_per_second: Any
    hit_ratio: Any


def cached_reads(
    *,
    dataset_bytes: Values,
    nodes: Values,
    cache_bytes_per_node: Values,
    cache_bytes_per_second: Values,
    source_bytes_per_second: Values,
) -> CachedReads:
    """Rates with a node-local cache in front of a slower source.

    The cache keeps a fixed part of the data and never evicts it: for data read once per
    epoch in random order this beats least-recently-used, which misses nearly always when
    the data is larger than the cache. Each node reads its own shard in every epoch; where
    epochs are shuffled across nodes the caches hit less.
    """
    hit = np.minimum(np.asarray(cache_bytes_per_node) * nodes / dataset_bytes, 1.0)
    # Hits and misses are read side by side; the slower stream ends the epoch.
    with np.errstate(divide="ignore", invalid="ignore"):
        seconds_per_byte = np.maximum(
            np.where(hit > 0, hit / cache_bytes_per_second, 0.0),
            (1.0 - hit) / source_bytes_per_second,
        )
        later = 1.0 / seconds_per_byte
    return CachedReads(
        first_epoch_bytes_per_second=source_bytes_per_second,
        later_epoch_bytes_per_second=np.maximum(later, source_bytes_per_second),
        hit_ratio=hit,
    )
