"""What deploying an environment comes to, where the program and the bill must agree.

Clouds sell disks by the whole GiB and file systems in steps, put a gateway in each zone and a
key in each region. The Pulumi program declares these quantities and the bill of materials
prices them; both ask here.
"""

from __future__ import annotations

import math

from domain.catalog import Catalog
from domain.environment import Disk, Environment, Pool, SharedFileSystem

GIB = 2**30
_TIB_GIB = 1024

# Tags and labels that every resource carries, and that are read back from any stack.
TAG_STACK = "windtunnel-stack"
TAG_POOL = "windtunnel-pool"
TAG_STORAGE = "windtunnel-storage"
TAG_MARKET = "windtunnel-market"
"""``reserved`` says that a commitment, bought outside of Pulumi, pays for the pool."""
TAG_SIZE = "windtunnel-size-bytes"
"""What a bucket is planned to hold."""

# FSx for Lustre PERSISTENT_2 SSD: 1.2 TiB, then steps of 2.4 TiB; throughput tiers in MB/s
# per TiB (FSx for Lustre user guide, "File system attributes").
_FSX_SMALLEST_GIB = 1200
_FSX_STEP_GIB = 2400
FSX_TIERS = (125, 250, 500, 1000)
# Managed Lustre: smallest size and step in GiB by tier in MB/s per TiB (Managed Lustre
# documentation, "Performance tiers").
LUSTRE_STEPS_GIB = {125: 72_000, 250: 36_000, 500: 18_000, 1000: 9_000}

# Machines that take no Persistent Disk (Compute Engine documentation, "Machine series support
# for Hyperdisk").
_HYPERDISK_ONLY = ("a3-ultragpu-", "a4-", "c4-", "g4-")

# Provisioned IOPS of an io2 disk whose operations nobody asked for: what gp3 includes.
_IO2_USUAL_IOPS = 3000

SESSION_SERVICES = ("ssm", "ssmmessages", "ec2messages")
"""The endpoints that AWS sessions on hosts need."""

ALARMS_PER_POOL = 2
"""Idle accelerators (or CPUs), failed hosts."""
RETENTION_DAYS = 90
"""Audit and flow logs are kept so long."""


def disk_gib(disk: Disk) -> int:
    """Whole GiB of a disk, as clouds sell them."""
    return math.ceil(disk.size / GIB)


def disk_product(provider: str, machine: str, disk: Disk, catalog: Catalog) -> str:
    """What the provider sells as this disk for this machine."""
    product = catalog.product(provider, "block_storage", disk.kind)
    newer = machine.startswith(_HYPERDISK_ONLY) and product.startswith("pd-")
    return "hyperdisk-balanced" if newer else product


def disk_iops(disk: Disk, product: str) -> int | None:
    """Operations per second to provision, or None where the product includes its own."""
    if disk.iops is None and product == "io2":
        return _IO2_USUAL_IOPS
    return disk.iops


def file_system_tier(storage: SharedFileSystem) -> int:
    """The throughput tier in MB/s per TiB: the smallest that is fast enough, else the fastest."""
    asked = storage.throughput_per_tib / 1e6
    return next((tier for tier in FSX_TIERS if tier >= asked), FSX_TIERS[-1])


def file_system_gib(provider: str, storage: SharedFileSystem) -> int:
    """GiB that have to be bought for ``storage.size``."""
    asked = math.ceil(storage.size / GIB)
    if provider == "gcp":
        step = LUSTRE_STEPS_GIB[file_system_tier(storage)]
        return step * max(math.ceil(asked / step), 1)
    if asked <= _FSX_SMALLEST_GIB:
        return _FSX_SMALLEST_GIB
    return _FSX_STEP_GIB * math.ceil(asked / _FSX_STEP_GIB)


def pool_size(pool: Pool) -> int:
    """Nodes that a pool starts with: its count, or the initial (else least) of an elastic one."""
    if pool.count is not None:
        return pool.count
    return pool.initial if pool.initial is not None else pool.min or 0


def pool_regions(environment: Environment) -> tuple[str, ...]:
    """The regions with nodes, each of which gets a network; the environment's own first."""
    regions = dict.fromkeys(environment.pool_region(name) or "" for name in environment.pools)
    home = environment.region or ""
    return tuple(sorted(regions, key=lambda region: (region != home, region)))


def bucket_regions(environment: Environment) -> tuple[str, ...]:
    """The regions of the buckets and file systems that are made."""
    home = environment.region or ""
    found = [
        getattr(storage, "region", None) or home
        for storage in environment.storage.values()
        if storage.kind != "local_nvme" and not getattr(storage, "existing", None)
    ]
    return tuple(dict.fromkeys(found))


def key_regions(environment: Environment) -> tuple[str, ...]:
    """The regions in which a key is made: everywhere that something is encrypted with it.

    The audit trail and its bucket stand in the environment's own region. A key that is given
    serves its own region, which is the environment's.
    """
    governance = environment.governance
    if governance.encryption != "managed_key":
        return ()
    home = environment.region or ""
    used = dict.fromkeys((home, *pool_regions(environment), *bucket_regions(environment)))
    return tuple(region for region in used if not (governance.key and region == home))


def zones_in(environment: Environment, region: str) -> int:
    """How many zones a network in ``region`` spans: those named, in the home region, else one."""
    return max(len(environment.zones), 1) if region == environment.region else 1


def nat_gateways(environment: Environment, region: str) -> int:
    """Gateways in one region; none where the network is somebody else's.

    Cloud NAT is one gateway for all the zones of a region.
    """
    if environment.network.nat == "none" or environment.network.vpc:
        return 0
    apart = environment.network.nat == "per_zone" and environment.provider == "aws"
    return zones_in(environment, region) if apart else 1
