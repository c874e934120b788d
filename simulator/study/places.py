"""Where a pool may stand and what an hour costs there, resolved once for each variant."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.catalog import Catalog
from domain.environment import Environment
from domain.errors import InputError
from domain.goal import Goal, needs_prices
from domain.prediction import Rejection
from domain.pricing import DiskUsage, price
from domain.scenario import Scenario
from simulator.study.hardware import Hardware, pool_nodes, resolve_hardware
from simulator.study.lenses import Lens
from simulator.study.metering import standing_usage

Floats = NDArray[np.float64]

_HOUR_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Places:
    """One pool over the variants of the place: what stands there and what an hour costs."""

    hardware: tuple[Hardware | None, ...]
    problems: tuple[Rejection | None, ...]
    node_usd_per_hour: Floats
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
    usd: list[float] = []
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
        np.array(usd),
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
) -> float:
    """What one node costs in an hour, its disk included."""
    if hardware is None or not isinstance(variant, Scenario):
        return math.nan
    if hardware.provider == "custom":
        return hardware.usd_per_hour
    disk = variant.environment.pools[hardware.pool].disk
    usage = DiskUsage(
        hardware.pool, hardware.provider, hardware.region, disk.kind, disk.size, _HOUR_SECONDS
    )
    return hardware.usd_per_hour + float(price([usage], catalog).total_usd)


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


def shared_usd_per_hour(
    at: Scenario | Rejection, kept: Scenario | Rejection, catalog: Catalog
) -> float:
    """What storage and network cost in an hour without traffic: ``kept`` storage ``at`` a place."""
    if not isinstance(at, Scenario) or not isinstance(kept, Scenario):
        return 0.0
    if at.environment.provider == "custom":
        return 0.0
    environment = at.environment.model_copy(update={"storage": kept.environment.storage})
    return float(price(list(standing_usage(environment, _HOUR_SECONDS)), catalog).total_usd)
