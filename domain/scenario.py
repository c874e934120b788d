"""A question: an environment, what runs on it, what good means, what may vary."""

from __future__ import annotations

from math import prod
from typing import Annotated, Any

from pydantic import Field, NonNegativeInt, field_validator, model_validator

from domain.catalog import Prices
from domain.environment import Environment, LocalCache
from domain.errors import near_misses
from domain.figures import size
from domain.frozen import Frozen
from domain.goal import Goal
from domain.quantity import PositiveSeconds
from domain.scheduler import Scheduler
from domain.workload import Training, Workload

_MOST_CANDIDATES = 1_000_000
_MAY_VARY = ("environment", "workloads", "scheduler")


class Scenario(Frozen):
    """One question to the simulator; ``axes`` make it many candidates."""

    name: str | None = None
    environment: Environment
    workloads: dict[str, Workload] = Field(min_length=1)
    scheduler: Scheduler = Scheduler()
    goal: Goal = Goal()
    axes: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(default_factory=dict)
    """Path into this file → the values to try there."""
    horizon: PositiveSeconds | None = None
    """Stop the clock here; otherwise the last job's end stops it."""
    seed: NonNegativeInt = 0
    replications: Annotated[int, Field(gt=0, le=1_000_000)] = 20
    prices: Prices | None = None

    @field_validator("axes")
    @classmethod
    def _vary_what_may_vary(cls, axes: dict[str, list[Any]]) -> dict[str, list[Any]]:
        for path in axes:
            part = path.partition(".")[0]
            if part not in _MAY_VARY:
                raise ValueError(
                    f"'{path}' cannot vary; an axis starts with environment, workloads or "
                    f"scheduler, like environment.pools.train.count{near_misses(part, _MAY_VARY)}"
                )
        count = prod(len(values) for values in axes.values())
        if count > _MOST_CANDIDATES:
            raise ValueError(f"the axes span {count:,} candidates; at most {_MOST_CANDIDATES:,}")
        return axes

    @model_validator(mode="after")
    def _names_fit(self) -> Scenario:
        for name, workload in self.workloads.items():
            pool = getattr(workload, "pool", None)
            if pool is not None and pool not in self.environment.pools:
                hint = near_misses(pool, self.environment.pools)
                raise ValueError(
                    f"workload '{name}' asks for pool '{pool}', "
                    f"which 'environment.pools' does not have{hint}"
                )
            if isinstance(workload, Training):
                self._storage_exists(name, workload)
        return self

    def _storage_exists(self, name: str, workload: Training) -> None:
        for part in (workload.dataset, workload.checkpointing):
            wanted = part.storage if part else None
            if wanted is not None and wanted not in self.environment.storage:
                hint = near_misses(wanted, self.environment.storage)
                raise ValueError(
                    f"workload '{name}' uses storage '{wanted}', "
                    f"which 'environment.storage' does not have{hint}"
                )
        dataset = workload.dataset
        source = self.environment.storage.get((dataset.storage if dataset else None) or "dataset")
        if dataset is None or source is None:
            return
        if isinstance(source, LocalCache):
            raise ValueError(
                f"workload '{name}' reads its dataset from a local cache, which has to be filled "
                "from somewhere; name an object_store or a file_system as its 'storage'"
            )
        if source.size is not None and source.size < dataset.total_bytes:
            raise ValueError(
                f"workload '{name}' reads {size(dataset.total_bytes)} from a storage of "
                f"{size(source.size)}"
            )
