"""How fast the nodes of a job read its dataset, from wherever it lies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from domain.environment import LocalCache, SharedFileSystem, Storage
from domain.workload import Training
from simulator.models.calibration import Calibration
from simulator.models.storage import (
    ObjectStore,
    cached_reads,
    file_system_rate,
    object_store_rate,
)

Floats = NDArray[np.float64]


def reading_rates(
    workload: Training,
    storage: Mapping[str, Storage],
    columns: Mapping[str, Floats],
    nodes: Floats,
    calibration: Calibration,
) -> tuple[Floats, Floats, Floats]:
    """Bytes per second that each node reads in the first epoch and in later ones, and the share
    of the dataset that caches hold by then."""
    dataset = workload.dataset
    source = storage.get((dataset.storage if dataset else None) or "dataset")
    unlimited, nothing = np.full(nodes.shape, np.inf), np.zeros(nodes.shape)
    if dataset is None or source is None or isinstance(source, LocalCache):
        return unlimited, unlimited, nothing
    network = columns["network_bytes_per_second"]
    network = np.where(np.isnan(network), np.inf, network)
    if isinstance(source, SharedFileSystem):
        rate = file_system_rate(
            size_tib=source.size / 2**40,
            bytes_per_second_per_tib=source.throughput_per_tib,
            nodes=nodes,
            nic_bytes_per_second=network,
        )
    else:
        rate = _bucket_rate(dataset.object_size, columns, nodes, network, calibration)
    caches = [each for each in storage.values() if isinstance(each, LocalCache)]
    if not caches:
        return rate, rate, nothing
    cache = columns["local_nvme_bytes"]
    if caches[0].size is not None:
        cache = np.minimum(cache, caches[0].size)
    cached = cached_reads(
        dataset_bytes=dataset.total_bytes,
        nodes=nodes,
        cache_bytes_per_node=cache,
        cache_bytes_per_second=calibration.local_nvme_bytes_per_second,
        source_bytes_per_second=rate,
    )
    return (
        cached.first_epoch_bytes_per_second,
        cached.later_epoch_bytes_per_second,
        cached.hit_ratio,
    )


def _bucket_rate(
    object_bytes: float,
    columns: Mapping[str, Floats],
    nodes: Floats,
    network: Floats,
    calibration: Calibration,
) -> Floats:
    limits = ObjectStore(
        first_byte_seconds=calibration.first_byte_seconds,
        connection_bytes_per_second=calibration.connection_bytes_per_second,
        requests_per_second=columns["reads_per_second"],
    )
    rate: Floats = object_store_rate(
        limits,
        object_bytes=object_bytes,
        connections_per_node=calibration.connections_per_node,
        nodes=nodes,
        nic_bytes_per_second=network,
    )
    return rate
