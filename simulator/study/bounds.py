"""The closed-form stage: bounds of time and cost of every candidate, all at once.

A training job takes at least its work, and its pools cost at least their price for that
long. Candidates that cannot meet the goal even so, or that another surely beats, need no
flight. Traces have no closed form: their candidates are all flown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from domain.catalog import Catalog
from domain.environment import Environment
from domain.errors import InputError
from domain.goal import Goal
from domain.located import Located
from domain.prediction import Rejection
from domain.scenario import Scenario
from domain.workload import Training
from simulator.study.axes import Axes
from simulator.study.calibrated import Calibrated
from simulator.study.job_bounds import bound_job
from simulator.study.lenses import Indices, Lens, look_through
from simulator.study.places import (
    CostRange,
    Places,
    node_counts,
    pool_names,
    resolve_places,
    shared_usd_per_hour,
    traffic_usd,
)
from simulator.study.plan import workload_pool
from simulator.study.training import model_of

Floats = NDArray[np.float64]

# Provisioning that is late.
_PROVISIONING_MARGIN = 2.0
_MOST = 0.5


@dataclass(slots=True)
class Bounds:
    """Per candidate: bounds of time and cost, and which are out already.

    Lower and upper bounds hold for nearly every flight; where no closed form says anything
    they are 0 and infinite. ``usd_per_hour`` is NaN where a machine has no price.
    ``rejections`` are per candidate row.
    """

    time_low: Floats
    time_high: Floats
    cost_low: Floats
    cost_high: Floats
    usd_per_hour: Floats
    spot_share: Floats
    rejections: dict[int, Rejection]

    def replace(self, row: int, alone: Bounds) -> None:
        """Puts the bounds of one candidate, found on its own, in the place of what stood there."""
        for each in fields(self):
            if each.name != "rejections":
                getattr(self, each.name)[row] = getattr(alone, each.name)[0]
        del self.rejections[row]
        if 0 in alone.rejections:
            self.rejections[row] = alone.rejections[0]


def bound_candidates(
    base: Located,
    axes: Axes,
    columns: dict[str, Indices],
    count: int,
    catalog: Catalog,
    goal: Goal,
    calibrated: Calibrated | None = None,
    *,
    replications: int = 1,
) -> Bounds:
    """Bounds of all ``count`` candidates, and the rejection of those that are hopeless.

    They hold for the mean of so many ``replications``; for most of them, where most of them
    have to meet the goal.
    """
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
    if not pools:
        return bounds
    places = {name: resolve_places(place, name, catalog, goal) for name in pools}
    nodes = {}
    for name in pools:
        counts, problems = node_counts(nodes_lens, name)
        _reject_variants(bounds, nodes_lens, problems)
        nodes[name] = counts[nodes_lens.index]
        _reject_variants(bounds, place, places[name].problems)
    views = _Views(
        place,
        storage,
        work,
        places,
        nodes,
        [[_environment_of(at, kept) for kept in storage.variants] for at in place.variants],
    )
    high = _price_the_hour(bounds, views, catalog)
    # Where few flights have to meet the goal, those may be lucky ones.
    averaged = replications if goal.confidence >= _MOST else 1
    _bound_work(bounds, views, high, catalog, calibrated, averaged)
    return bounds


@dataclass(frozen=True, slots=True)
class _Views:
    """The parts of all candidates: lenses, and per pool what stands where and how much."""

    place: Lens
    storage: Lens
    work: Lens
    places: dict[str, Places]
    nodes: dict[str, Floats]
    environments: list[list[Environment | None]]
    """Place × storage; None where one of them is no valid scenario."""


def _environment_of(at: Scenario | Rejection, kept: Scenario | Rejection) -> Environment | None:
    if not isinstance(at, Scenario) or not isinstance(kept, Scenario):
        return None
    return at.environment.model_copy(update={"storage": kept.environment.storage})


def _reject_variants(bounds: Bounds, lens: Lens, problems: Sequence[Rejection | None]) -> None:
    for variant, problem in enumerate(problems):
        if problem is not None:
            for row in np.flatnonzero(lens.index == variant):
                bounds.rejections.setdefault(int(row), problem)


def _price_the_hour(bounds: Bounds, views: _Views, catalog: Catalog) -> Floats:
    """Fills in what an hour costs at least and the share of spot; gives what it costs at most."""
    place, storage = views.place, views.storage
    high = np.zeros_like(bounds.usd_per_hour)
    for name, each in views.places.items():
        nodes = views.nodes[name]
        bounds.usd_per_hour += nodes * each.node_usd_per_hour[place.index]
        high += nodes * each.node_usd_per_hour_high[place.index]
        bounds.spot_share += nodes * each.is_spot[place.index]
    with np.errstate(invalid="ignore"):
        bounds.spot_share /= sum(views.nodes.values(), np.zeros_like(high))
    shared = [
        [shared_usd_per_hour(each, catalog) if each else CostRange(0.0, math.inf) for each in row]
        for row in views.environments
    ]
    at = (place.index, storage.index)
    bounds.usd_per_hour += np.array([[each.low for each in row] for row in shared])[at]
    high += np.array([[each.high for each in row] for row in shared])[at]
    return high


def _bound_work(
    bounds: Bounds,
    views: _Views,
    usd_per_hour_high: Floats,
    catalog: Catalog,
    calibrated: Calibrated | None,
    averaged: int,
) -> None:
    work, storage = views.work, views.storage
    for w, scenario in enumerate(work.variants):
        if not isinstance(scenario, Scenario):
            continue
        traffic = _traffic_usd(views, scenario, catalog)
        for s, kept in enumerate(storage.variants):
            rows = np.flatnonzero((work.index == w) & (storage.index == s))
            if rows.size and isinstance(kept, Scenario):
                held = _bound_scenario(bounds, views, rows, scenario, kept, calibrated, averaged)
                most = held.time_high + held.earliest_submit
                bounds.time_low[rows] = held.time_low
                bounds.time_high[rows] = held.time_high
                with np.errstate(invalid="ignore"):
                    bounds.cost_low[rows] = bounds.usd_per_hour[rows] * held.busy_low / 3600.0
                    bounds.cost_high[rows] = (
                        usd_per_hour_high[rows] * most / 3600.0
                        + traffic[views.place.index[rows], s]
                    )
    # Nothing times infinity is unknown, which bounds nothing.
    bounds.cost_high = np.where(np.isnan(bounds.cost_high), np.inf, bounds.cost_high)


def _traffic_usd(views: _Views, scenario: Scenario, catalog: Catalog) -> Floats:
    """Place × storage → what the traffic of all training jobs costs at most."""
    jobs = []
    for name, workload in scenario.workloads.items():
        if isinstance(workload, Training) and (pool := _pool_of(scenario, name, workload)):
            jobs.append((workload, pool))
    costs = np.full((len(views.environments), len(views.storage.variants)), np.inf)
    for p, row in enumerate(views.environments):
        stand = {name: places.hardware[p] for name, places in views.places.items()}
        here = [(each, hardware.region) for each, pool in jobs if (hardware := stand.get(pool))]
        for s, environment in enumerate(row):
            if environment is not None and len(here) == len(jobs):
                costs[p, s] = traffic_usd(environment, here, catalog)
    return costs


def _pool_of(scenario: Scenario, name: str, workload: Training) -> str | None:
    try:
        return workload_pool(scenario, name, workload.pool)
    except InputError:
        return None


@dataclass(slots=True)
class _Held:
    """Bounds of the rows of one work and one storage variant, in seconds."""

    time_low: Floats
    time_high: Floats
    busy_low: Floats
    """The longest job alone: so long at least every node is billed."""
    earliest_submit: float


def _bound_scenario(
    bounds: Bounds,
    views: _Views,
    rows: Indices,
    scenario: Scenario,
    kept: Scenario,
    calibrated: Calibrated | None,
    averaged: int,
) -> _Held:
    jobs = {n: each for n, each in scenario.workloads.items() if isinstance(each, Training)}
    earliest = min((each.submit for each in jobs.values()), default=0.0)
    only_training = len(jobs) == len(scenario.workloads)
    zero = np.zeros(rows.size)
    held = _Held(zero.copy(), zero.copy(), zero.copy(), earliest)
    one_after_another: dict[str, Floats] = {}
    for name, workload in jobs.items():
        pool = _pool_of(scenario, name, workload)
        if pool is None:
            reason = f"workload '{name}' does not say on which of the pools it runs"
            for row in rows:
                bounds.rejections.setdefault(int(row), Rejection("parse", "invalid", reason))
            continue
        model_of(name, workload)
        low, high, rejections = bound_job(
            workload,
            kept.environment.storage,
            views.places[pool],
            views.place.index[rows],
            views.nodes[pool][rows],
            calibrated,
            averaged,
        )
        for offset, problem in rejections.items():
            bounds.rejections.setdefault(int(rows[offset]), problem)
        held.busy_low = np.fmax(held.busy_low, low)
        held.time_low = np.fmax(held.time_low, low + workload.submit - earliest)
        # At worst the jobs of a pool run one after another, the last to come being the last.
        one_after_another[pool] = one_after_another.get(pool, zero) + high
    latest = max((each.submit for each in jobs.values()), default=0.0)
    for pool, together in one_after_another.items():
        ready = views.places[pool].provisioning_seconds[views.place.index[rows]]
        finish = together + _PROVISIONING_MARGIN * ready + latest - earliest
        held.time_high = np.maximum(held.time_high, finish)
    if not only_training:
        held.time_low, held.earliest_submit = held.busy_low, 0.0
    if not only_training or scenario.scheduler.queue_limit is not None:
        held.time_high = np.full(rows.size, np.inf)
    return held
