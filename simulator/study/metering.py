"""What a flight used, as the provider would measure it: machines, disks, storage, network.

Buckets, disks and file systems are billed for the time of the flight: what they cost in the
months around it belongs to no job.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from domain.environment import Disk, Environment, ObjectStore, SharedFileSystem
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
from domain.workload import Dataset, Training
from simulator.study.hardware import Hardware
from simulator.study.plan import FlightPlan, TrainingJob
from simulator.study.replicate import Outcome


@dataclass(frozen=True, slots=True)
class JobTraffic:
    """What one training job moves: ``reads`` times its dataset, ``checkpoints`` writes.

    ``region`` is where its nodes stand.
    """

    workload: Training
    region: str
    reads: float
    checkpoints: float = 0.0
    checkpoint_bytes: float = 0.0


def usage_of(plan: FlightPlan, outcome: Outcome) -> list[Usage]:
    """Everything that one replication is billed for."""
    environment = plan.scenario.environment
    usages: list[Usage] = []
    for hardware, lifetimes in zip(plan.hardware, outcome.node_lifetimes, strict=True):
        usages.append(
            MachineHours(
                resource=hardware.pool,
                provider=hardware.provider,
                region=hardware.region,
                machine=hardware.machine,
                market=hardware.market,
                node_seconds=lifetimes.tolist(),
                usd_per_hour=hardware.own_usd_per_hour,
            )
        )
    if environment.provider == "custom":
        return usages
    hosts = 0.0
    for hardware, pool, lifetimes in zip(
        plan.hardware, plan.pools, outcome.node_lifetimes, strict=True
    ):
        hosts += pool.nodes * hardware.hosts_per_node
        disk = environment.pools[hardware.pool].disk
        usages.append(disk_usage(hardware, disk, float(lifetimes.sum())))
    traffic = [
        _job_traffic(job, worked, checkpoints)
        for job, worked, checkpoints in zip(
            plan.training.values(), outcome.worked_share, outcome.checkpoints, strict=True
        )
    ]
    usages += service_usage(environment, traffic, outcome.end_seconds, hosts)
    return usages


def disk_usage(hardware: Hardware, disk: Disk, node_seconds: float) -> DiskUsage:
    """The boot disks of a pool; every host of a TPU slice has one."""
    return DiskUsage(
        resource=hardware.pool,
        provider=hardware.provider,
        region=hardware.region,
        kind=disk.kind,
        size_bytes=disk.size,
        seconds=node_seconds,
        count=hardware.hosts_per_node,
    )


def service_usage(
    environment: Environment, jobs: Sequence[JobTraffic], seconds: float, hosts: float
) -> Iterator[Usage]:
    """What storage and network are billed for: over ``seconds``, with the traffic of ``jobs``."""
    used = _bucket_use(environment, jobs)
    yield from _storage(environment, used, seconds)
    yield from _network(environment, used, seconds, hosts)


@dataclass(slots=True)
class _BucketUse:
    """What the workloads did with one storage entry; bytes by the region of the nodes."""

    datasets: dict[Dataset, float] = field(default_factory=dict)
    checkpoint_bytes: float = 0.0
    read_requests: float = 0.0
    write_requests: float = 0.0
    read_bytes: dict[str, float] = field(default_factory=dict)
    written_bytes: dict[str, float] = field(default_factory=dict)

    @property
    def stored_bytes(self) -> float:
        """Each dataset once, however many jobs read it, and the last checkpoint of each job."""
        return sum(self.datasets.values()) + self.checkpoint_bytes


def _job_traffic(job: TrainingJob, worked_share: float, checkpoints: float) -> JobTraffic:
    """What a job moved; ``worked_share`` is its work, also what was redone, over all of it."""
    dataset = job.workload.dataset
    reads = 0.0
    if dataset is not None:
        samples = job.workload.total_steps * job.workload.global_batch
        epochs = samples / dataset.samples * worked_share
        # The first epoch fills the caches, later ones miss what does not fit.
        reads = min(epochs, 1.0) + max(epochs - 1.0, 0.0) * (
            1.0 - float(job.estimate.cached_share[0])
        )
    return JobTraffic(
        job.workload, job.hardware.region, reads, checkpoints, job.estimate.checkpoint_bytes
    )


def _bucket_use(environment: Environment, jobs: Sequence[JobTraffic]) -> dict[str, _BucketUse]:
    used = {name: _BucketUse() for name in environment.storage}
    for job in jobs:
        dataset, saving = job.workload.dataset, job.workload.checkpointing
        source = used.get(dataset.storage or "dataset") if dataset else None
        if dataset and source:
            source.datasets[dataset] = dataset.total_bytes
            source.read_requests += np.ceil(dataset.total_bytes / dataset.object_size) * job.reads
            _add(source.read_bytes, job.region, dataset.total_bytes * job.reads)
        target = used.get(saving.storage or "checkpoints") if saving else None
        if saving and target:
            target.checkpoint_bytes += job.checkpoint_bytes
            target.write_requests += job.checkpoints
            _add(target.written_bytes, job.region, job.checkpoints * job.checkpoint_bytes)
    return used


def _add(by_region: dict[str, float], region: str, size_bytes: float) -> None:
    by_region[region] = by_region.get(region, 0.0) + size_bytes


def _storage(
    environment: Environment, used: Mapping[str, _BucketUse], seconds: float
) -> Iterator[Usage]:
    for name, storage in environment.storage.items():
        region = environment.region or ""
        if isinstance(storage, ObjectStore):
            yield from _bucket(environment, name, storage, used[name], seconds)
        elif isinstance(storage, SharedFileSystem):
            yield FileSystem(
                resource=name,
                provider=environment.provider,
                region=region,
                size_bytes=storage.size,
                seconds=seconds,
                throughput_bytes_per_second_per_tib=storage.throughput_per_tib,
            )


def _bucket(
    environment: Environment, name: str, bucket: ObjectStore, used: _BucketUse, seconds: float
) -> Iterator[Usage]:
    home = bucket.region or environment.region or ""
    yield ObjectStorage(
        resource=name,
        provider=environment.provider,
        region=home,
        size_bytes=used.stored_bytes if bucket.size is None else bucket.size,
        seconds=seconds,
        read_requests=used.read_requests,
        write_requests=used.write_requests,
        retrieved_bytes=sum(used.read_bytes.values()),
        storage_class=bucket.storage_class,
    )
    moved = [(home, away, size) for away, size in used.read_bytes.items()]
    moved += [(away, home, size) for away, size in used.written_bytes.items()]
    for source, target, size in moved:
        if source != target:
            yield Egress(
                resource=name,
                provider=environment.provider,
                region=source,
                bytes=size,
                to=target,
                period_seconds=seconds,
            )


def _network(
    environment: Environment, used: Mapping[str, _BucketUse], seconds: float, hosts: float
) -> Iterator[Usage]:
    network, region = environment.network, environment.region or ""
    if network.nat != "none":
        through = sum(
            sum(each.read_bytes.values()) + sum(each.written_bytes.values())
            for name, each in used.items()
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
            machines=hosts,
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
