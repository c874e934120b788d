"""The closed-form stage: bounds of time and cost of every candidate, all at once.

A training job takes at least its work, and its pools cost at least their price for that
long. Candidates that cannot meet the goal even so, or that another surely beats, need no
flight. Traces have no closed form: their candidates are all flown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.catalog import Catalog
from domain.environment import Environment, LocalCache, ObjectStore, SharedFileSystem
from domain.errors import InputError
from domain.goal import Goal, needs_prices
from domain.located import Located
from domain.prediction import Rejection
from domain.pricing import DiskUsage, FileSystem, LoadBalancer, NatGateway, ObjectStorage, price
from domain.scenario import Scenario
from domain.workload import Training
from simulator.models.calibration import PRIORS, Calibration
from simulator.models.failures import expected_seconds, least_seconds
from simulator.study.axes import Axes
from simulator.study.hardware import Hardware, pool_nodes, resolve_hardware
from simulator.study.lenses import Indices, Lens, look_through
from simulator.study.plan import workload_pool
from simulator.study.training import HardwareColumns, TrainingEstimate, estimate_training

Floats = NDArray[np.float64]

# How far a flight may end up above the expectation: variation from run to run, provisioning
# that is late, requests and egress that have no closed form here. Spot: bursts of bad luck.
_STEADY_MARGIN = 1.10
_SPOT_MARGIN = 1.50
_PROVISIONING_MARGIN = 2.0


@dataclass(slots=True)
class Bounds:
    """Per candidate: bounds of time and cost, and which are out already.

    Lower bounds hold for every flight; upper ones for nearly every. NaN where no closed
    form says anything. ``rejections`` are per candidate row.
    """

    time_low: Floats
    time_high: Floats
    cost_low: Floats
    cost_high: Floats
    usd_per_hour: Floats
    spot_share: Floats
    rejections: dict[int, Rejection]


@dataclass(frozen=True, slots=True)
class _Places:
    """One pool over the variants of the place: what stands there and what an hour costs."""

    hardware: tuple[Hardware | None, ...]
    problems: tuple[Rejection | None, ...]
    node_usd_per_hour: Floats
    interruptions_per_second: Floats
    provisioning_seconds: Floats
    is_spot: Floats


def bound_candidates(
    base: Located,
    axes: Axes,
    columns: dict[str, Indices],
    count: int,
    catalog: Catalog,
    goal: Goal,
    calibration: Calibration = PRIORS,
) -> Bounds:
    """Bounds of all ``count`` candidates, and the rejection of those that are hopeless."""
    place, nodes_lens, storage, work = (
        look_through(base, axes, columns, part, count)
        for part in ("place", "nodes", "storage", "work")
    )
    bounds = Bounds(
        time_low=np.zeros(count),
        time_high=np.full(count, np.inf),
        cost_low=np.zeros(count),
        cost_high=np.full(count, np.inf),
        usd_per_hour=np.zeros(count),
        spot_share=np.zeros(count),
        rejections={},
    )
    for lens in (place, nodes_lens, storage, work):
        _reject_variants(
            bounds, lens, [v if isinstance(v, Rejection) else None for v in lens.variants]
        )
    pools = _pool_names(place)
    places = {name: _resolve_places(place, name, catalog, goal) for name in pools}
    nodes = {}
    for name in pools:
        counts, problems = _node_counts(nodes_lens, name)
        _reject_variants(bounds, nodes_lens, problems)
        nodes[name] = counts[nodes_lens.index]
        _reject_variants(bounds, place, places[name].problems)
    _price_the_hour(bounds, place, storage, places, nodes, catalog)
    _bound_work(bounds, place, storage, work, places, nodes, calibration)
    return bounds


def _reject_variants(bounds: Bounds, lens: Lens, problems: Sequence[Rejection | None]) -> None:
    for variant, problem in enumerate(problems):
        if problem is not None:
            for row in np.flatnonzero(lens.index == variant):
                bounds.rejections.setdefault(int(row), problem)


def _pool_names(place: Lens) -> list[str]:
    scenario = next((v for v in place.variants if isinstance(v, Scenario)), None)
    return list(scenario.environment.pools) if scenario else []


def _resolve_places(place: Lens, name: str, catalog: Catalog, goal: Goal) -> _Places:
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
        usd.append(_node_usd(variant, found, catalog))

    def column(value: str) -> Floats:
        return np.array([getattr(each, value) if each else math.nan for each in hardware])

    return _Places(
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


def _node_usd(variant: Scenario | Rejection, hardware: Hardware | None, catalog: Catalog) -> float:
    """What one node costs in an hour, its disk included."""
    if hardware is None or not isinstance(variant, Scenario):
        return math.nan
    if hardware.provider == "custom":
        return hardware.usd_per_hour
    disk = variant.environment.pools[hardware.pool].disk
    usage = DiskUsage(
        hardware.pool, hardware.provider, hardware.region, disk.kind, disk.size, 3600.0
    )
    return hardware.usd_per_hour + float(price([usage], catalog).total_usd)


def _node_counts(lens: Lens, name: str) -> tuple[Floats, list[Rejection | None]]:
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


def _price_the_hour(
    bounds: Bounds,
    place: Lens,
    storage: Lens,
    places: dict[str, _Places],
    nodes: dict[str, Floats],
    catalog: Catalog,
) -> None:
    all_nodes = sum(nodes.values(), np.zeros_like(bounds.time_low))
    for name, each in places.items():
        bounds.usd_per_hour += nodes[name] * each.node_usd_per_hour[place.index]
        bounds.spot_share += nodes[name] * each.is_spot[place.index]
    with np.errstate(invalid="ignore"):
        bounds.spot_share /= all_nodes
    shared = np.array(
        [[_shared_usd(at, kept, catalog) for kept in storage.variants] for at in place.variants]
    )
    bounds.usd_per_hour += shared[place.index, storage.index]


def _shared_usd(at: Scenario | Rejection, kept: Scenario | Rejection, catalog: Catalog) -> float:
    """What storage and network cost in an hour, without what depends on traffic."""
    if not isinstance(at, Scenario) or not isinstance(kept, Scenario):
        return 0.0
    environment = at.environment
    if environment.provider == "custom":
        return 0.0
    here = (environment.provider, environment.region or "")
    usages: list[ObjectStorage | FileSystem | NatGateway | LoadBalancer] = []
    for name, each in kept.environment.storage.items():
        if isinstance(each, ObjectStore):
            usages.append(
                ObjectStorage(
                    name, *here, each.size or 0.0, 3600.0, storage_class=each.storage_class
                )
            )
        elif isinstance(each, SharedFileSystem):
            usages.append(
                FileSystem(
                    name,
                    *here,
                    each.size,
                    3600.0,
                    throughput_bytes_per_second_per_tib=each.throughput_per_tib,
                )
            )
        elif not isinstance(each, LocalCache):
            raise TypeError(f"no price of storage {each!r}")
    if environment.network.nat != "none":
        usages.append(NatGateway("nat", *here, 3600.0, 0.0, machines=1.0))
    return float(price(usages, catalog).total_usd)


def _bound_work(
    bounds: Bounds,
    place: Lens,
    storage: Lens,
    work: Lens,
    places: dict[str, _Places],
    nodes: dict[str, Floats],
    calibration: Calibration,
) -> None:
    count = bounds.time_low.size
    any_trace = False
    time_high = np.zeros(count)
    for w, scenario in enumerate(work.variants):
        if not isinstance(scenario, Scenario):
            continue
        for s, kept in enumerate(storage.variants):
            rows = np.flatnonzero((work.index == w) & (storage.index == s))
            if not rows.size or not isinstance(kept, Scenario):
                continue
            for name, workload in scenario.workloads.items():
                if not isinstance(workload, Training):
                    any_trace = True
                    continue
                try:
                    pool = workload_pool(scenario, name, workload.pool)
                except InputError as error:
                    problem = Rejection("parse", "invalid", str(error))
                    for row in rows:
                        bounds.rejections.setdefault(int(row), problem)
                    continue
                _bound_training(
                    bounds,
                    time_high,
                    rows,
                    place,
                    places[pool],
                    nodes[pool],
                    workload,
                    kept,
                    calibration,
                )
    bounds.time_high = np.full(count, np.inf) if any_trace else time_high
    bounds.cost_low = bounds.usd_per_hour * bounds.time_low / 3600.0
    bounds.cost_high = bounds.usd_per_hour * bounds.time_high / 3600.0


def _bound_training(
    bounds: Bounds,
    time_high: Floats,
    rows: Indices,
    place: Lens,
    places: _Places,
    nodes: Floats,
    workload: Training,
    kept: Scenario,
    calibration: Calibration,
) -> None:
    known = [index for index, each in enumerate(places.hardware) if each is not None]
    position = np.full(len(places.hardware), -1, dtype=np.intp)
    position[known] = np.arange(len(known))
    rows = rows[position[place.index[rows]] >= 0]
    if not rows.size:
        return
    choices = [each for each in places.hardware if each is not None]
    columns = HardwareColumns.of(choices, workload)
    at = position[place.index[rows]]
    estimate = estimate_training(
        workload, kept.environment.storage, columns, at, nodes[rows], calibration
    )
    gang_nodes = np.ceil(estimate.accelerators / columns.columns["accelerators_per_node"][at])
    variant = place.index[rows]
    rate = places.interruptions_per_second[variant] * gang_nodes
    ready = places.provisioning_seconds[variant]
    survival = {
        "rate_per_second": rate,
        "checkpoint_interval_seconds": np.nan_to_num(
            np.asarray(estimate.checkpoint_interval_seconds), nan=np.inf
        ),
        "checkpoint_seconds": np.nan_to_num(estimate.checkpoint_write_seconds),
        "restart_seconds": np.nan_to_num(estimate.restart_seconds),
    }
    low = least_seconds(estimate.run_seconds, **survival)
    high = expected_seconds(estimate.run_seconds, downtime_seconds=ready, **survival)
    # Of two kinds of hardware the model may be wrong about one and right about the other.
    margin = np.where(rate > 0, _SPOT_MARGIN, _STEADY_MARGIN) * (
        1.0 + (calibration.step_time_error or 0.0)
    )
    begun = max(workload.submit, 0.0)
    bounds.time_low[rows] = np.fmax(bounds.time_low[rows], low + begun)
    time_high[rows] = np.fmax(time_high[rows], high * margin + _PROVISIONING_MARGIN * ready + begun)
    _reject_training(bounds, rows, at, columns, estimate, workload, nodes)


def _reject_training(
    bounds: Bounds,
    rows: Indices,
    at: Indices,
    columns: HardwareColumns,
    estimate: TrainingEstimate,
    workload: Training,
    nodes: Floats,
) -> None:
    for index, problem in enumerate(columns.problems):
        if problem is not None:
            for row in rows[at == index]:
                bounds.rejections.setdefault(int(row), problem)
    for offset in np.flatnonzero(~np.isfinite(estimate.run_seconds)):
        hardware = columns.choices[at[offset]]
        reason = estimate.memory_problem(int(offset), hardware) or Rejection(
            "closed_form",
            "unknown",
            f"{nodes[rows[offset]]:.0f} × {hardware.machine} cannot be predicted: the catalog does "
            f"not know {columns.unknown(int(at[offset]))}",
        )
        bounds.rejections.setdefault(int(rows[offset]), reason)
    slots = columns.columns["accelerators_per_node"][at] * nodes[rows]
    for offset in np.flatnonzero(estimate.accelerators > slots):
        reason = Rejection(
            "closed_form",
            "pool_too_small",
            f"the job wants {workload.accelerators} accelerators, the pool has {slots[offset]:.0f}",
            float(estimate.accelerators[offset] / slots[offset] - 1),
        )
        bounds.rejections.setdefault(int(rows[offset]), reason)
