"""Choosing: bound all candidates, fly those that may win, recommend one and say why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.catalog import Catalog, Prices, load_catalog
from domain.environment import Environment
from domain.errors import InputError, ScenarioError
from domain.figures import duration, money
from domain.goal import Goal
from domain.located import Located
from domain.prediction import CalibrationUsed, Candidate, Choice, Metric, Rejection
from domain.reading import ScenarioFile
from domain.scenario import Scenario
from simulator.study.axes import (
    Axes,
    apply_values,
    candidate_count,
    candidate_id,
    index_columns,
    values_at,
)
from simulator.study.bounds import Bounds, bound_candidates
from simulator.study.calibrated import Calibrated, load_calibrated
from simulator.study.judging import (
    out_beside_others,
    out_by_bounds,
    out_by_flight,
    score,
    time_metric,
)
from simulator.study.lenses import read_candidate
from simulator.study.pareto import dominated_beyond, frontier
from simulator.study.plan import TraceKey, plan_flight, read_traces
from simulator.study.reasons import cannot_tell, why_chosen
from simulator.study.replicate import Progress, replicate, replications_of, run_tasks
from simulator.study.simulate import Flown, predict
from simulator.traces import Trace

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


def choose(
    file: ScenarioFile,
    prices: Prices | None = None,
    *,
    today: date,
    replications: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    calibrated: Calibrated | None = None,
) -> Choice:
    """Explores the axes of a scenario and recommends one candidate.

    Args:
        calibrated: what was fitted to measurements; otherwise what is shipped.

    Raises:
        InputError: a trace cannot be read, or not one candidate is a valid scenario; any
            other candidate that fails is a row.
    """
    scenario = file.scenario
    prices = prices or scenario.prices
    catalog = _catalog(prices, calibrated)
    seed = scenario.seed if seed is None else seed
    replications = replications or scenario.replications
    axes, goal = scenario.axes, scenario.goal
    count = candidate_count(axes)
    columns = index_columns(axes)
    values = [values_at(axes, columns, row) for row in range(count)]
    scenarios = [read_candidate(file.located, each) for each in values]
    invalid = [each for each in scenarios if isinstance(each, Rejection)]
    if len(invalid) == count:
        raise ScenarioError(f"no candidate is a valid scenario: {invalid[0].reason}")

    def bound(located: Located, axes: Axes, columns: dict[str, Indices], count: int) -> Bounds:
        return bound_candidates(
            located, axes, columns, count, catalog, goal, calibrated, replications=replications
        )

    bounds = bound(file.located, axes, columns, count)
    for row, whole in enumerate(scenarios):
        if isinstance(whole, Rejection):
            bounds.rejections[row] = whole
        elif row in bounds.rejections and bounds.rejections[row].stage == "parse":
            # A part of a candidate may only be valid together with its other parts.
            located = apply_values(file.located, values[row])
            bounds.replace(row, bound(located, {}, {}, 1))
    rejections = _prune(bounds, goal)

    aloft = [row for row in range(count) if row not in rejections]
    flights = _fly_all(
        file,
        [scenarios[row] for row in aloft],
        prices,
        calibrated,
        today=today,
        replications=replications,
        seed=seed,
        workers=workers,
        progress=progress,
    )
    flown: dict[int, Flown] = {}
    for row, flight in zip(aloft, flights, strict=True):
        if isinstance(flight, Rejection):
            rejections[row] = flight
            continue
        flown[row] = flight
        if (problem := out_by_flight(flight, goal)) is not None:
            rejections[row] = problem

    candidates = {row: each for row, each in flown.items() if row not in rejections}
    rejections |= out_beside_others(candidates, goal)
    meeting = {row: each for row, each in candidates.items() if row not in rejections}
    time = time_metric(scenario)
    best = _best(meeting, goal, time)
    on_frontier = _frontier(meeting, best, time, rejections)

    def candidate(row: int) -> Candidate:
        whole = scenarios[row]
        environment = whole.environment if isinstance(whole, Scenario) else None
        return _candidate(
            row, values[row], environment, bounds, flown.get(row), rejections.get(row)
        )

    chosen = None if best is None else candidate(best)
    beside = tuple(candidate(row) for row in on_frontier if row != best)
    return Choice(
        scenario=file.name,
        seed=seed,
        replications=replications,
        time_metric=time,
        candidates=count,
        flown=len(flown),
        choice=chosen,
        reasons=why_chosen(meeting, best, on_frontier, goal, time) if best is not None else (),
        frontier=beside,
        rejected=tuple(candidate(row) for row in sorted(rejections)),
        catalog_snapshot=catalog.snapshot,
        catalog_as_of=catalog.as_of.isoformat(),
        calibration=chosen.prediction.calibration
        if chosen and chosen.prediction
        else CalibrationUsed((calibrated or load_calibrated()).version, None),
        notes=chosen.prediction.notes if chosen and chosen.prediction else (),
    )


def _prune(bounds: Bounds, goal: Goal) -> dict[int, Rejection]:
    """Candidates that no flight can save."""
    rejections = dict(bounds.rejections)
    alive = [row for row in range(bounds.time_low.size) if row not in rejections]
    for row in alive:
        if (problem := out_by_bounds(bounds, row, goal)) is not None:
            rejections[row] = problem
    rows = np.array([row for row in alive if row not in rejections], dtype=np.intp)
    if rows.size and goal.minimise != "cost_per_sample":
        # An unknown cost is NaN at least, which no rival is known to be below.
        rivals = dominated_beyond(
            bounds.time_low[rows],
            bounds.cost_low[rows],
            bounds.time_high[rows],
            bounds.cost_high[rows],
        )
        for row, rival in zip(rows, rivals, strict=True):
            if rival >= 0:
                rejections[int(row)] = _beaten(int(rows[rival]))
    return rejections


def _beaten(rival: int) -> Rejection:
    return Rejection(
        "closed_form",
        "dominated",
        f"{candidate_id(rival)} is faster and cheaper by more than the model's error",
    )


def _fly_all(
    file: ScenarioFile,
    scenarios: Sequence[Scenario | Rejection],
    prices: Prices | None,
    calibrated: Calibrated | None,
    *,
    today: date,
    replications: int,
    seed: int,
    workers: int,
    progress: Progress | None,
) -> list[Flown | Rejection]:
    valid = [each for each in scenarios if isinstance(each, Scenario)]
    traces = read_traces(valid, file.folder)
    tasks = [
        (file.name, each, file.folder, prices, calibrated, traces, replications, seed, today)
        for each in scenarios
    ]
    return run_tasks(_fly_candidate, tasks, workers, progress)


def _catalog(prices: Prices | None, calibrated: Calibrated | None) -> Catalog:
    """The catalog at a team's prices, with the accelerators that a calibration describes."""
    catalog = load_catalog()
    if calibrated is not None:
        catalog = catalog.with_accelerators(calibrated.accelerators.values())
    return catalog.with_prices(prices) if prices else catalog


def _fly_candidate(
    name: str,
    scenario: Scenario | Rejection,
    folder: Path,
    prices: Prices | None,
    calibrated: Calibrated | None,
    traces: dict[TraceKey, Trace],
    replications: int,
    seed: int,
    today: date,
) -> Flown | Rejection:
    if isinstance(scenario, Rejection):
        return scenario
    catalog = _catalog(prices, calibrated)
    try:
        plan = plan_flight(name, scenario, folder, catalog, traces=traces, calibrated=calibrated)
    except InputError as error:
        return Rejection("plan", "invalid", str(error))
    try:
        outcomes = replicate(plan, seed, range(replications_of(plan, replications)))
    except InputError as error:
        return Rejection("engine", "cannot_fly", str(error))
    return predict(plan, outcomes, catalog, seed=seed, today=today)


def _best(meeting: Mapping[int, Flown], goal: Goal, time_name: str) -> int | None:
    """The row with the lowest score; of equal ones the cheaper, then the faster, then the first."""
    if not meeting:
        return None
    metrics = {row: each.prediction.metrics for row, each in meeting.items()}
    cheapest = min(each["cost_usd"].mean for each in metrics.values())
    fastest = min(each[time_name].mean for each in metrics.values())

    def rank(row: int) -> tuple[float, float, float, int]:
        figures = metrics[row]
        cost, time = figures["cost_usd"].mean, figures[time_name].mean
        known_cost = math.inf if math.isnan(cost) else cost
        return score(figures, goal, time_name, cheapest, fastest), known_cost, time, row

    return min(meeting, key=rank)


def _frontier(
    meeting: Mapping[int, Flown],
    best: int | None,
    time_name: str,
    rejections: dict[int, Rejection],
) -> list[int]:
    """Rows that no other beats, fastest first; the others, but the best, become rejections."""
    rows = list(meeting)
    if not rows:
        return []

    def column(name: str) -> Floats:
        return np.array([each.prediction.metrics[name].mean for each in meeting.values()])

    time, cost = column(time_name), column("cost_usd")
    # What has no price is dearer than all that has one.
    cost = np.where(np.isnan(cost), np.nanmax(np.append(cost, 0.0)) + 1.0, cost)
    kept = frontier(time, cost)
    # Of candidates that come out the same, the first stands for all.
    _, first = np.unique(np.stack([time, cost]), axis=1, return_index=True)
    kept &= np.isin(np.arange(len(rows)), first)
    for position, row in enumerate(rows):
        if not kept[position] and row != best:
            better = np.flatnonzero(kept & (time <= time[position]) & (cost <= cost[position]))
            rival = rows[int(better[np.argmin(cost[better])])]
            rejections[row] = _beaten_in_flight(meeting[row], meeting[rival], rival, time_name)
    return [rows[position] for position in np.argsort(time, kind="stable") if kept[position]]


def _beaten_in_flight(loser: Flown, winner: Flown, winner_row: int, time_name: str) -> Rejection:
    lost, won = loser.prediction.metrics, winner.prediction.metrics
    slower = lost[time_name].mean - won[time_name].mean
    dearer = lost["cost_usd"].mean - won["cost_usd"].mean
    margins = [
        f"{figure(difference)} {word}"
        for difference, figure, word in (
            (slower, duration, "slower"),
            (dearer, money, "dearer"),
        )
        if difference > 0
    ]
    name = candidate_id(winner_row)
    reason = f"{' and '.join(margins)} than {name}" if margins else f"comes out as {name} does"
    if margins and all(cannot_tell(loser, winner, each) for each in (time_name, "cost_usd")):
        reason += ", within the noise of the replications"
    return Rejection("engine", "dominated", reason)


def _candidate(
    row: int,
    values: dict[str, Any],
    environment: Environment | None,
    bounds: Bounds,
    flown: Flown | None,
    rejection: Rejection | None,
) -> Candidate:
    metrics: dict[str, Metric] = {}
    basis = "none"
    if flown is not None:
        metrics, basis = flown.prediction.metrics, "engine"
    elif bounds.time_low[row] > 0:
        basis = "closed_form"
        metrics = {
            "makespan_seconds": Metric(float(bounds.time_low[row])),
            "cost_usd": Metric(float(bounds.cost_low[row])),
        }
    return Candidate(
        id=candidate_id(row),
        values=values,
        environment=environment,
        metrics=metrics,
        basis=basis,
        rejection=rejection,
        prediction=flown.prediction if flown else None,
    )
