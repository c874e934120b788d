"""The bill of materials of an environment: everything that a deployment of it is billed for.

A month of it prices like the resources that the Pulumi program declares, line by line; a
flight bills the same parts for the time that it took. ``resource`` of each usage is the
component that owns it: a pool, a storage entry, ``network``, ``governance``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from domain import blueprint
from domain.catalog import Catalog
from domain.environment import CustomMachine, Environment, ObjectStore, SharedFileSystem
from domain.usage import (
    DiskUsage,
    FileSystem,
    InterfaceEndpoint,
    LoadBalancer,
    MachineHours,
    Measure,
    NatGateway,
    ObjectStorage,
    ServiceUse,
    Usage,
)

MONTH_SECONDS = 730 * 3600.0
GOVERNANCE = "governance"
LOAD_BALANCER = "load-balancer"


@dataclass(frozen=True, slots=True)
class BucketTraffic:
    """What happens to one bucket; None is not known."""

    stored_bytes: float | None = None
    read_requests: float | None = None
    write_requests: float | None = None
    retrieved_bytes: float | None = None


def network_name(environment: Environment, region: str) -> str:
    """What the network of a region is called."""
    return "network" if region == environment.region else f"network-{region}"


def month_of_materials(environment: Environment, catalog: Catalog) -> list[Usage]:
    """What a month of 730 hours of this environment is billed for, as it is first deployed.

    Elastic pools count the nodes that they start with. Traffic that nobody has stated is
    None, so that it ends as a gap and not as nothing.

    Raises:
        CatalogError: a machine that the catalog does not have.
    """
    usages: list[Usage] = []
    hosts = dict.fromkeys(blueprint.pool_regions(environment), 0.0)
    for name, pool in environment.pools.items():
        nodes = blueprint.pool_size(pool)
        region = environment.pool_region(name) or ""
        usages += _machines(environment, name, catalog)
        disk = disk_usage(environment, name, nodes * MONTH_SECONDS, catalog)
        usages += [disk] if disk else []
        hosts[region] += nodes * _hosts_per_node(environment, name, catalog)
        usages += _pool_alarms(environment, name, region)
    for name, storage in environment.storage.items():
        if isinstance(storage, ObjectStore) and not storage.existing:
            usages.append(
                bucket_usage(
                    environment,
                    name,
                    storage,
                    BucketTraffic(stored_bytes=storage.size),
                    MONTH_SECONDS,
                )
            )
        elif isinstance(storage, SharedFileSystem):
            usages.append(file_system_usage(environment, name, storage, MONTH_SECONDS))
    if not environment.network.vpc:
        usages += network_usage(environment, MONTH_SECONDS, hosts, nat_bytes=None)
        usages += _network_logs(environment)
    usages += load_balancer_usage(environment, MONTH_SECONDS, data_bytes=None)
    usages += _governance(environment)
    return usages


def _machines(environment: Environment, pool_name: str, catalog: Catalog) -> Iterator[Usage]:
    """The nodes of a pool: a group on one line, TPU slices on a line each."""
    pool = environment.pools[pool_name]
    name = pool.machine if isinstance(pool.machine, str) else pool_name
    nodes = blueprint.pool_size(pool)
    apart = isinstance(pool.machine, str) and catalog.machine(environment.provider, name).is_tpu
    for count in [1] * nodes if apart else [nodes]:
        yield MachineHours(
            resource=pool_name,
            provider=environment.provider,
            region=environment.pool_region(pool_name) or "",
            machine=name,
            market=pool.market,
            node_seconds=[MONTH_SECONDS] * count,
        )


def disk_usage(
    environment: Environment, pool_name: str, node_seconds: float, catalog: Catalog
) -> DiskUsage | None:
    """The boot disks of a pool, in the whole GiB that are sold.

    None for TPU slices, whose hosts bring theirs, and for machines of one's own.
    """
    pool = environment.pools[pool_name]
    if isinstance(pool.machine, CustomMachine):
        return None
    if catalog.machine(environment.provider, pool.machine).is_tpu:
        return None
    product = blueprint.disk_product(environment.provider, pool.machine, pool.disk, catalog)
    iops = blueprint.disk_iops(pool.disk, product)
    return DiskUsage(
        resource=pool_name,
        provider=environment.provider,
        region=environment.pool_region(pool_name) or "",
        kind=product,
        size_bytes=float(blueprint.disk_gib(pool.disk) * blueprint.GIB),
        seconds=node_seconds,
        iops=None if iops is None else float(iops),
    )


def bucket_usage(
    environment: Environment,
    name: str,
    bucket: ObjectStore,
    traffic: BucketTraffic,
    seconds: float,
) -> ObjectStorage:
    """A bucket and its requests. What an existing bucket already holds is not billed again."""
    return ObjectStorage(
        resource=name,
        provider=environment.provider,
        region=bucket.region or environment.region or "",
        size_bytes=0.0 if bucket.existing else traffic.stored_bytes,
        seconds=seconds,
        read_requests=traffic.read_requests,
        write_requests=traffic.write_requests,
        retrieved_bytes=traffic.retrieved_bytes,
        storage_class=bucket.storage_class,
    )


def file_system_usage(
    environment: Environment, name: str, storage: SharedFileSystem, seconds: float
) -> FileSystem:
    """A file system in the size and the throughput tier that are sold."""
    gib = blueprint.file_system_gib(environment.provider, storage)
    return FileSystem(
        resource=name,
        provider=environment.provider,
        region=environment.region or "",
        size_bytes=float(gib * blueprint.GIB),
        seconds=seconds,
        throughput_bytes_per_second_per_tib=storage.throughput_per_tib,
    )


def network_usage(
    environment: Environment,
    seconds: float,
    hosts: Mapping[str, float],
    *,
    nat_bytes: Mapping[str, float] | None,
) -> Iterator[Usage]:
    """Gateways, their addresses and private endpoints in each region with nodes.

    ``hosts`` counts the machines in each region, ``nat_bytes`` what goes through its gateway;
    None where nobody has stated it.
    """
    provider = environment.provider
    for region in blueprint.pool_regions(environment):
        name = network_name(environment, region)
        moved = None if nat_bytes is None else nat_bytes.get(region, 0.0)
        gateways = blueprint.nat_gateways(environment, region)
        for index in range(gateways):
            yield NatGateway(
                resource=name,
                provider=provider,
                region=region,
                seconds=seconds,
                # Traffic spreads over the zones; what it costs does not depend on how.
                bytes=moved if moved is None or index == 0 else 0.0,
                machines=hosts.get(region, 0.0),
            )
            yield _service(name, provider, region, "public_address", "in_use.hour", 1, seconds)
        if moved and not gateways and environment.network.nat != "none":
            # Somebody else's gateway: its hours are theirs, our traffic is ours.
            yield NatGateway(name, provider, region, 0.0, moved, gateways=0, machines=0.0)
        if "session" in environment.network.endpoints and provider == "aws":
            for _ in blueprint.SESSION_SERVICES:
                yield InterfaceEndpoint(
                    resource=name,
                    provider=provider,
                    region=region,
                    seconds=seconds,
                    bytes=None if nat_bytes is None else 0.0,
                    zones=blueprint.zones_in(environment, region),
                    period_seconds=seconds,
                )


def load_balancer_usage(
    environment: Environment, seconds: float, *, data_bytes: float | None
) -> Iterator[Usage]:
    """The load balancer, where there is one."""
    kind = environment.network.load_balancer
    if kind != "none":
        yield LoadBalancer(
            resource=LOAD_BALANCER,
            provider=environment.provider,
            region=environment.region or "",
            kind=kind,
            seconds=seconds,
            bytes=data_bytes,
            capacity_unit_seconds=data_bytes,
        )


def _hosts_per_node(environment: Environment, pool_name: str, catalog: Catalog) -> int:
    machine = environment.pools[pool_name].machine
    if isinstance(machine, CustomMachine):
        return 1
    return catalog.machine(environment.provider, machine).vm_count


def _pool_alarms(environment: Environment, pool_name: str, region: str) -> Iterator[Usage]:
    for _ in range(blueprint.ALARMS_PER_POOL):
        yield _service(
            pool_name, environment.provider, region, "monitoring", "alarm", 1, MONTH_SECONDS
        )


def _network_logs(environment: Environment) -> Iterator[Usage]:
    """Flow logs of each network, where the environment is audited."""
    if not environment.governance.audit or environment.provider != "aws":
        return
    for region in blueprint.pool_regions(environment):
        owner = network_name(environment, region)
        at = (owner, environment.provider, region, "logging")
        yield _unstated(*at, "ingest", "bytes")
        yield _unstated(*at, "storage", "byte_seconds")
        yield _unstated(*at, "scan", "bytes")


def _governance(environment: Environment) -> Iterator[Usage]:
    """Keys, the audit trail and its bucket, and the topics that alarms go to."""
    provider, home = environment.provider, environment.region or ""
    for region in blueprint.key_regions(environment):
        yield _service(GOVERNANCE, provider, region, "key_management", "key", 1, MONTH_SECONDS)
        yield _unstated(GOVERNANCE, provider, region, "key_management", "requests", "requests")
    if environment.governance.alert_emails and provider == "aws":
        for region in blueprint.pool_regions(environment):
            yield _unstated(GOVERNANCE, provider, region, "notification", "requests", "requests")
    if environment.governance.audit:
        watched = any(each.kind == "object_store" for each in environment.storage.values())
        if provider == "aws" and watched:
            yield _unstated(GOVERNANCE, provider, home, "audit_trail", "data_events", "requests")
        yield ObjectStorage(
            resource=GOVERNANCE,
            provider=provider,
            region=home,
            size_bytes=None,
            seconds=MONTH_SECONDS,
            read_requests=None,
            write_requests=None,
            retrieved_bytes=None,
        )


def _unstated(
    owner: str, provider: str, region: str, service: str, item: str, measure: Measure
) -> ServiceUse:
    """What is billed by a use that nobody has stated."""
    return ServiceUse(
        resource=owner,
        provider=provider,
        region=region,
        service=service,
        item=item,
        measure=measure,
        amount=None,
        period_seconds=MONTH_SECONDS,
    )


def _service(
    owner: str,
    provider: str,
    region: str,
    service: str,
    item: str,
    count: float,
    seconds: float,
) -> ServiceUse:
    """So many things of one kind, for so long."""
    return ServiceUse(
        resource=owner,
        provider=provider,
        region=region,
        service=service,
        item=item,
        measure="seconds",
        amount=count * seconds,
        period_seconds=seconds,
    )
