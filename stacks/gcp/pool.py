"""What every kind of pool is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from domain import blueprint
from domain.catalog import Machine
from domain.environment import Pool
from stacks.gcp.boot import startup_script
from stacks.gcp.context import Context
from stacks.gcp.keys import Key
from stacks.gcp.network import Place


@dataclass(frozen=True)
class PoolArgs:
    """A pool of the environment, and what its hosts use."""

    context: Context
    name: str
    machine: Machine
    place: Place
    key: Key | None
    channels: tuple[pulumi.Input[str], ...]
    buckets: Mapping[str, pulumi.Input[str]]
    """Names of buckets by storage."""
    mount_points: Mapping[str, pulumi.Input[str]]
    """File systems that can be reached from here, by storage."""

    @property
    def pool(self) -> Pool:
        """The pool as the environment has it."""
        return self.context.environment.pools[self.name]

    @property
    def labels(self) -> dict[str, str]:
        """Labels of everything that belongs to the pool."""
        return self.context.names.gcp_labels(self.context.environment, pool=self.name)

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones that the environment names, where the pool is in its region."""
        at_home = self.place.region == self.context.region
        return self.context.environment.zones if at_home else ()

    def boot(self, *, agent: bool) -> pulumi.Output[str]:
        """The start-up script of the hosts."""
        storages = self.context.environment.storage.values()
        scratch = any(storage.kind == "local_nvme" for storage in storages)
        if scratch and not self.machine.local_nvme_bytes and not self.machine.is_tpu:
            pulumi.log.warn(
                f"pool '{self.name}': {self.machine.name} comes without local NVMe, and none is "
                "attached at extra cost; its cache stays on the boot disk"
            )
        return pulumi.Output.from_input(dict(self.mount_points)).apply(
            lambda points: startup_script(points, scratch=scratch, agent=agent)
        )

    def facts(self, find: Mapping[str, Any]) -> dict[str, Any]:
        """What the stack tells of the pool."""
        return {
            "provider": "gcp",
            "region": self.place.region,
            "zones": list(self.zones),
            "machine": self.machine.name,
            "market": self.pool.market,
            "count": blueprint.pool_size(self.pool),
            "min": self.pool.min if self.pool.count is None else self.pool.count,
            "max": self.pool.max if self.pool.count is None else self.pool.count,
            "find": {"project": self.context.project, "labels": self.labels, **find},
        }
