"""What a stack tells those who launch on it: where hosts, buckets and file systems are.

The keys are a contract with the launcher: ``pools``, ``buckets``, ``file_systems``, ``tpus``
and ``access``. Values may be outputs that only a deployment knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Facts = Mapping[str, Any]

CACHE_DIRECTORY = "/cache"
"""Where launched work finds the nodes' own NVMe disks, as one volume, on every provider."""


@dataclass(slots=True)
class Outputs:
    """Filled by a provider's ``declare``; one entry a pool, bucket, file system."""

    pools: dict[str, Facts] = field(default_factory=dict)
    """provider, region, zones, machine, market, count, min, max, and ``find``: how to list the
    hosts (AWS: ``auto_scaling_group`` and ``tags``; GCP: ``instance_group`` or ``tpus``)."""
    buckets: dict[str, Facts] = field(default_factory=dict)
    """url (``s3://…``, ``gs://…``), name, region."""
    file_systems: dict[str, Facts] = field(default_factory=dict)
    """id, address, mount_name, mount: the command that mounts it."""
    tpus: dict[str, Any] = field(default_factory=dict)
    """Pool → a list of slices, each with name, zone and endpoints (addresses)."""
    access: dict[str, Any] = field(default_factory=dict)
    """Region → how to reach a host: kind (``ssm``, ``iap``), user, and the command; beside them
    ``load_balancer`` → its address, where there is one."""

    def as_exports(self) -> dict[str, Any]:
        """What the stack exports, by name."""
        return {
            "pools": self.pools,
            "buckets": self.buckets,
            "file_systems": self.file_systems,
            "tpus": self.tpus,
            "access": self.access,
        }
