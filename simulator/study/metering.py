"""What a flight used, as the provider would measure it: machines, disks, storage, network.

Buckets, disks and file systems are billed for the time of the flight: what they cost in the
months around it belongs to no job.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from domain.blueprint import pool_regions
from domain.catalog import Catalog
from domain.environment import Environment, ObjectStore, SharedFileSystem
from domain.materials import (
    BucketTraffic,
    bucket_usage,
    disk_usage,
    file_system_usage,
    load_balancer_usage,
    network_usage,
)
from domain.usage import Egress, MachineHours, Usage
from domain.workload import Dataset, Training
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


def usage_of(plan: FlightPlan, outcome: Outcome, catalog: Catalog) -> list[Usage]:
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
    hosts = dict.fromkeys(pool_regions(environment), 0.0)
    for hardware, pool, lifetimes in zip(
        plan.hardware, plan.pools, outcome.node_lifetimes, strict=True
    ):
        hosts[hardware.region] += pool.nodes * hardware.hosts_per_node
        disk = disk_usage(environment, hardware.pool, float(lifetimes.sum()), catalog)
        usages += [disk] if disk else []
    traffic = [
        _job_traffic(job, worked, checkpoints)
        for job, worked, checkpoints in zip(
            plan.training.values(), outcome.worked_share, outcome.checkpoints, strict=True
        )
    ]
    usages += service_usage(environment, traffic, outcome.end_seconds, hosts)
    return usages


def service_usage(
    environment: Environment, jobs: Sequence[JobTraffic], seconds: float, hosts: Mapping[str, float]
) -> Iterator[Usage]:
    """What storage and network are billed for: over ``seconds``, with the traffic of ``jobs``.

    ``hosts`` counts the machines in each region.
    """
    used = _bucket_use(environment, jobs)
    for name, storage in environment.storage.items():
        if isinstance(storage, ObjectStore):
            yield from _bucket(environment, name, storage, used[name], seconds)
        elif isinstance(storage, SharedFileSystem):
            yield file_system_usage(environment, name, storage, seconds)
    through = _through_nat(environment, used)
    yield from network_usage(environment, seconds, hosts, nat_bytes=through)
    yield from load_balancer_usage(environment, seconds, data_bytes=0.0)


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


def _bucket(
    environment: Environment, name: str, bucket: ObjectStore, used: _BucketUse, seconds: float
) -> Iterator[Usage]:
    home = bucket.region or environment.region or ""
    traffic = BucketTraffic(
        stored_bytes=used.stored_bytes if bucket.size is None else bucket.size,
        read_requests=used.read_requests,
        write_requests=used.write_requests,
        retrieved_bytes=sum(used.read_bytes.values()),
    )
    yield bucket_usage(environment, name, bucket, traffic, seconds)
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


def _through_nat(environment: Environment, used: Mapping[str, _BucketUse]) -> dict[str, float]:
    """Bytes through the gateway of each region; none where buckets have an endpoint."""
    through: dict[str, float] = {}
    if "object_store" in environment.network.endpoints:
        return through
    for name, each in used.items():
        if isinstance(environment.storage[name], ObjectStore):
            for moved in (each.read_bytes, each.written_bytes):
                for region, size_bytes in moved.items():
                    _add(through, region, size_bytes)
    return through
