"""What a flight used, as the provider would measure it: machines, disks, storage, network.

Buckets, disks and file systems are billed for the time of the flight: what they cost in the
months around it belongs to no job.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from domain.environment import Environment, LocalCache, ObjectStore, SharedFileSystem
from domain.pricing import (
    DiskUsage,
    Egress,
    FileSystem,
    LoadBalancer,
    MachineHours,
    NatGateway,
    ObjectStorage,
    Usage,
)
from simulator.study.plan import FlightPlan, TrainingJob
from simulator.study.replicate import Outcome


def usage_of(plan: FlightPlan, outcome: Outcome) -> list[Usage]:
    """Everything that one replication is billed for."""
    environment = plan.scenario.environment
    usages: list[Usage] = []
    for hardware, lifetimes in zip(plan.hardware, outcome.node_lifetimes, strict=True):
        known = hardware.provider == "custom" and not np.isnan(hardware.usd_per_hour)
        usages.append(
            MachineHours(
                resource=hardware.pool,
                provider=hardware.provider,
                region=hardware.region,
                machine=hardware.machine,
                market=hardware.market,
                node_seconds=lifetimes.tolist(),
                usd_per_hour=hardware.usd_per_hour if known else None,
            )
        )
    if environment.provider == "custom":
        return usages
    for hardware, lifetimes in zip(plan.hardware, outcome.node_lifetimes, strict=True):
        disk = environment.pools[hardware.pool].disk
        usages.append(
            DiskUsage(
                resource=hardware.pool,
                provider=hardware.provider,
                region=hardware.region,
                kind=disk.kind,
                size_bytes=disk.size,
                seconds=float(lifetimes.sum()),
            )
        )
    traffic = _traffic(plan, outcome)
    usages += _storage(environment, traffic, outcome.end_seconds)
    nodes = float(sum(pool.nodes for pool in plan.pools))
    usages += _network(environment, traffic, outcome.end_seconds, nodes)
    return usages


def standing_usage(environment: Environment, seconds: float) -> Iterator[Usage]:
    """What storage and network are billed for while nothing goes through them."""
    idle = {name: _Bucket() for name in environment.storage}
    yield from _storage(environment, idle, seconds)
    yield from _network(environment, idle, seconds, nodes=1.0)


@dataclass(slots=True)
class _Bucket:
    """What the workloads did with one storage entry."""

    stored_bytes: float = 0.0
    read_bytes: float = 0.0
    read_requests: float = 0.0
    written_bytes: float = 0.0
    write_requests: float = 0.0
    read_bytes_by_region: dict[str, float] = field(default_factory=dict)


def _traffic(plan: FlightPlan, outcome: Outcome) -> dict[str, _Bucket]:
    storage = plan.scenario.environment.storage
    used = {name: _Bucket() for name in storage}
    for job in plan.training.values():
        dataset, saving = job.workload.dataset, job.workload.checkpointing
        source = dataset and used.get(dataset.storage or "dataset")
        if dataset and source:
            objects = np.ceil(dataset.total_bytes / dataset.object_size)
            epochs = job.workload.total_steps * job.workload.global_batch / dataset.samples
            reads = _reads(epochs, _cached_share(plan, job))
            source.stored_bytes += dataset.total_bytes
            source.read_bytes += dataset.total_bytes * reads
            source.read_requests += objects * reads
            readers = source.read_bytes_by_region
            readers[job.hardware.region] = (
                readers.get(job.hardware.region, 0.0) + dataset.total_bytes * reads
            )
        target = saving and used.get(saving.storage or "checkpoints")
        if saving and target:
            # Checkpoints of all jobs are counted together; each is one object of its job.
            share = 1.0 / len(plan.training)
            target.stored_bytes += job.estimate.checkpoint_bytes
            target.write_requests += outcome.checkpoints * share
            target.written_bytes += outcome.checkpoints * share * job.estimate.checkpoint_bytes
    return used


def _cached_share(plan: FlightPlan, job: TrainingJob) -> float:
    """Share of the dataset that the nodes keep on their own disks after the first epoch."""
    dataset = job.workload.dataset
    caches = [
        each for each in plan.scenario.environment.storage.values() if isinstance(each, LocalCache)
    ]
    if not caches or dataset is None:
        return 0.0
    per_node = job.hardware.local_nvme_bytes
    if caches[0].size is not None:
        per_node = min(per_node, caches[0].size)
    nodes = np.ceil(job.estimate.accelerators[0] / job.hardware.slots)
    return float(min(per_node * nodes / dataset.total_bytes, 1.0))


def _reads(epochs: float, cached: float) -> float:
    """How often the whole dataset is read from its source."""
    return min(epochs, 1.0) + max(epochs - 1.0, 0.0) * (1.0 - cached)


def _storage(
    environment: Environment, traffic: dict[str, _Bucket], seconds: float
) -> Iterator[Usage]:
    for name, storage in environment.storage.items():
        used = traffic[name]
        region = environment.region or ""
        if isinstance(storage, ObjectStore):
            home = storage.region or region
            yield ObjectStorage(
                resource=name,
                provider=environment.provider,
                region=home,
                size_bytes=used.stored_bytes if storage.size is None else storage.size,
                seconds=seconds,
                read_requests=used.read_requests,
                write_requests=used.write_requests,
                retrieved_bytes=used.read_bytes,
                storage_class=storage.storage_class,
            )
            for reader, read in used.read_bytes_by_region.items():
                if reader != home:
                    yield Egress(
                        resource=name,
                        provider=environment.provider,
                        region=home,
                        bytes=read,
                        to=reader,
                        period_seconds=seconds,
                    )
        elif isinstance(storage, SharedFileSystem):
            yield FileSystem(
                resource=name,
                provider=environment.provider,
                region=region,
                size_bytes=storage.size,
                seconds=seconds,
                throughput_bytes_per_second_per_tib=storage.throughput_per_tib,
            )


def _network(
    environment: Environment, traffic: dict[str, _Bucket], seconds: float, nodes: float
) -> Iterator[Usage]:
    network, region = environment.network, environment.region or ""
    if network.nat != "none":
        through = sum(
            used.read_bytes + used.written_bytes
            for name, used in traffic.items()
            if isinstance(environment.storage[name], ObjectStore)
        )
        zones = max(len(environment.zones), 1)
        yield NatGateway(
            resource="nat",
            provider=environment.provider,
            region=region,
            seconds=seconds,
            bytes=0.0 if "object_store" in network.endpoints else through,
            gateways=zones if network.nat == "per_zone" else 1,
            machines=nodes,
        )
    if network.load_balancer != "none":
        yield LoadBalancer(
            resource="load-balancer",
            provider=environment.provider,
            region=region,
            kind=network.load_balancer,
            seconds=seconds,
            bytes=0.0,
            capacity_unit_seconds=0.0,
        )
