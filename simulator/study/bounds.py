"""The closed-form stage: bounds of time and cost of every candidate, all at once.

A training job takes at least its work, and its pools cost at least their price for that
long. Candidates that cannot meet the goal even so, or that another surely beats, need no
flight. Traces have no closed form: their candidates are all flown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.catalog import Catalog
from domain.errors import InputError
from domain.goal import Goal
from domain.located import Located
from domain.prediction import Rejection
from domain.scenario import Scenario
from domain.workload import Training
from simulator.models.calibration import PRIORS, Calibration
from simulator.models.failures import expected_seconds, least_seconds
from simulator.study.axes import Axes
from simulator.study.lenses import Indices, Lens, look_through
from simulator.study.places import (
    Places,
    node_counts,
    pool_names,
    resolve_places,
    shared_usd_per_hour,
)
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
    pools = pool_names(place)
    places = {name: resolve_places(place, name, catalog, goal) for name in pools}
    nodes = {}
    for name in pools:
        counts, problems = node_counts(nodes_lens, name)
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


def _price_the_hour(
    bounds: Bounds,
    place: Lens,
    storage: Lens,
    places: dict[str, Places],
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
        [
            [shared_usd_per_hour(at, kept, catalog) for kept in storage.variants]
            for at in place.variants
        ]
    )
    bounds.usd_per_hour += shared[place.index, storage.index]


def _bound_work(
    bounds: Bounds,
    place: Lens,
    storage: Lens,
    work: Lens,
    places: dict[str, Places],
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
    places: Places,
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
