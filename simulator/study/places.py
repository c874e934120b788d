"""Where a pool may stand and what an hour costs there, resolved once for each variant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.blueprint import pool_regions
from domain.catalog import Catalog
from domain.environment import Environment, ObjectStore
from domain.errors import InputError
from domain.goal import Goal, needs_prices
from domain.materials import disk_usage
from domain.prediction import Rejection
from domain.pricing import Usage, price
from domain.scenario import Scenario
from domain.workload import Training
from simulator.study.hardware import Hardware, pool_nodes, resolve_hardware
from simulator.study.lenses import Lens
from simulator.study.metering import JobTraffic, service_usage

Floats = NDArray[np.float64]

_HOUR_SECONDS = 3600.0


class CostRange(NamedTuple):
    """At least and at most so many dollars; the most is infinite where something is unpriced."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Places:
    """One pool over the variants of the place: what stands there and what an hour costs."""

    hardware: tuple[Hardware | None, ...]
    problems: tuple[Rejection | None, ...]
    node_usd_per_hour: Floats
    node_usd_per_hour_high: Floats
    interruptions_per_second: Floats
    provisioning_seconds: Floats
    is_spot: Floats


def pool_names(place: Lens) -> list[str]:
    """The pools of the scenario, the same in every variant."""
    scenario = next((v for v in place.variants if isinstance(v, Scenario)), None)
    return list(scenario.environment.pools) if scenario else []


def resolve_places(place: Lens, name: str, catalog: Catalog, goal: Goal) -> Places:
    """Hardware and price of one pool in every variant, and why a variant is out."""
    hardware: list[Hardware | None] = []
    problems: list[Rejection | None] = []
    usd: list[CostRange] = []
    for variant in place.variants:
        found: Hardware | None = None
        problem: Rejection | None = None
        if isinstance(variant, Scenario) and name in variant.environment.pools:
            try:
                found = resolve_hardware(variant.environment, name, catalog)
            except InputError as error:
                problem = Rejection("catalog", "not_offered", error.message)
            else:
                problem = _out_of_bounds(variant.environment, found, goal)
                if problem is None and math.isnan(found.usd_per_hour) and needs_prices(goal):
                    problem = Rejection("catalog", "unpriced", found.unpriced_reason)
        hardware.append(found)
        problems.append(problem)
        usd.append(_node_usd_per_hour(variant, found, catalog))

    def column(value: str) -> Floats:
        return np.array([getattr(each, value) if each else math.nan for each in hardware])

    return Places(
        tuple(hardware),
        tuple(problems),
        np.array([each.low for each in usd]),
        np.array([each.high for each in usd]),
        column("interruptions_per_second"),
        column("provisioning_seconds"),
        np.array([float(each is not None and each.market == "spot") for each in hardware]),
    )


def _out_of_bounds(environment: Environment, hardware: Hardware, goal: Goal) -> Rejection | None:
    allowed = [
        regions
        for regions in (goal.regions, environment.governance.allowed_regions)
        if regions is not None
    ]
    if any(hardware.region not in regions for regions in allowed):
        regions = ", ".join(sorted(set.intersection(*map(set, allowed))))
        return Rejection(
            "goal", "region", f"{hardware.region} is not one of the allowed regions: {regions}"
        )
    return None


def _node_usd_per_hour(
    variant: Scenario | Rejection, hardware: Hardware | None, catalog: Catalog
) -> CostRange:
    """What one node costs in an hour, its disks included."""
    if hardware is None or not isinstance(variant, Scenario):
        return CostRange(math.nan, math.nan)
    if hardware.provider == "custom":
        return CostRange(hardware.usd_per_hour, hardware.usd_per_hour)
    disk = disk_usage(variant.environment, hardware.pool, _HOUR_SECONDS, catalog)
    disks = _cost([disk] if disk else [], catalog)
    return CostRange(hardware.usd_per_hour + disks.low, hardware.usd_per_hour + disks.high)


def _cost(usages: Sequence[Usage], catalog: Catalog) -> CostRange:
    bill = price(usages, catalog)
    total = float(bill.total_usd)
    return CostRange(total, math.inf if bill.unpriced else total)


def node_counts(lens: Lens, name: str) -> tuple[Floats, list[Rejection | None]]:
    """Nodes of one pool in every variant, NaN where there is a reason against it."""
    counts, problems = [], []
    for variant in lens.variants:
        problem = None
        nodes = math.nan
        if isinstance(variant, Scenario) and name in variant.environment.pools:
            try:
                nodes = float(pool_nodes(variant.environment, name))
            except InputError as error:
                problem = Rejection("parse", "invalid", str(error))
        counts.append(nodes)
        problems.append(problem)
    return np.array(counts), problems


def shared_usd_per_hour(environment: Environment, catalog: Catalog) -> CostRange:
    """What storage and network cost in an hour while nothing goes through them."""
    if environment.provider == "custom":
        return CostRange(0.0, 0.0)
    hosts = dict.fromkeys(pool_regions(environment), 1.0)
    return _cost(list(service_usage(environment, [], _HOUR_SECONDS, hosts)), catalog)


def traffic_usd(
    environment: Environment, jobs: Sequence[tuple[Training, str]], catalog: Catalog
) -> float:
    """What requests and transfers of all jobs cost at most; ``jobs`` with the region of each.

    At most: every epoch is read from the source, whatever a cache would keep. How many
    checkpoints are written depends on the run, so the answer is infinite where their bytes
    are billed.
    """
    if environment.provider == "custom":
        return 0.0
    through_nat = (
        environment.network.nat != "none" and "object_store" not in environment.network.endpoints
    )
    for workload, region in jobs:
        saving = workload.checkpointing
        bucket = environment.storage.get(saving.storage or "checkpoints") if saving else None
        if isinstance(bucket, ObjectStore) and (
            through_nat or (bucket.region or environment.region) != region
        ):
            return math.inf
    traffic = [
        JobTraffic(
            workload,
            region,
            workload.total_steps * workload.global_batch / workload.dataset.samples
            if workload.dataset
            else 0.0,
        )
        for workload, region in jobs
    ]
    return _cost(list(service_usage(environment, traffic, 0.0, hosts={})), catalog).high
