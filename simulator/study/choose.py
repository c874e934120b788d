"""Choosing: bound all candidates, fly those that may win, recommend one and say why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.catalog import Catalog, Prices, load_catalog
from domain.errors import InputError, ScenarioError
from domain.figures import duration, money
from domain.goal import Goal, needs_prices
from domain.prediction import Candidate, Choice, Metric, Rejection
from domain.reading import ScenarioFile
from domain.scenario import Scenario
from simulator.study.axes import candidate_count, index_columns, values_at
from simulator.study.bounds import Bounds, bound_candidates
from simulator.study.judging import out_by_bounds, out_by_flight, score
from simulator.study.lenses import read_candidate
from simulator.study.pareto import dominated_beyond, frontier
from simulator.study.plan import plan_flight, read_traces
from simulator.study.reasons import why_chosen
from simulator.study.replicate import Progress, replicate, replications_of, run_tasks
from simulator.study.simulate import Flown, calibration_used, predict
from simulator.traces import Trace

Floats = NDArray[np.float64]


def choose(
    file: ScenarioFile,
    prices: Prices | None = None,
    *,
    today: date,
    replications: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Choice:
    """Explores the axes of a scenario and recommends one candidate.

    Raises:
        InputError: a trace cannot be read, or not one candidate is a valid scenario; any
            other candidate that fails is a row.
    """
    scenario = file.scenario
    prices = prices or scenario.prices
    catalog = load_catalog().with_prices(prices) if prices else load_catalog()
    seed = scenario.seed if seed is None else seed
    replications = replications or scenario.replications
    axes, goal = scenario.axes, scenario.goal
    count = candidate_count(axes)
    columns = index_columns(axes)
    bounds = bound_candidates(file.located, axes, columns, count, catalog, goal)
    if len(bounds.rejections) == count and all(
        each.stage == "parse" for each in bounds.rejections.values()
    ):
        raise ScenarioError(f"no candidate is a valid scenario: {bounds.rejections[0].reason}")
    rejections = _prune(bounds, goal)

    aloft = [row for row in range(count) if row not in rejections]
    flights = _fly_all(
        file,
        [values_at(axes, columns, row) for row in aloft],
        prices,
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

    meeting = [row for row in aloft if row not in rejections]
    best = _best(meeting, flown, goal)
    on_frontier = _frontier(meeting, flown, rejections)

    def candidate(row: int) -> Candidate:
        values = values_at(axes, columns, row)
        return _candidate(file, row, values, bounds, flown.get(row), rejections.get(row))

    chosen = None if best is None else candidate(best)
    beside = tuple(candidate(row) for row in on_frontier if row != best)
    return Choice(
        scenario=file.name,
        seed=seed,
        replications=replications,
        candidates=count,
        flown=len(flown),
        choice=chosen,
        reasons=why_chosen(chosen, beside, len(meeting), count, goal) if chosen else (),
        frontier=beside,
        rejected=tuple(candidate(row) for row in sorted(rejections)),
        catalog_snapshot=catalog.snapshot,
        catalog_as_of=catalog.as_of.isoformat(),
        calibration=calibration_used(),
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
    if rows.size and isinstance(goal.minimise, dict | str) and goal.minimise != "cost_per_sample":
        priced = rows[~np.isnan(bounds.usd_per_hour[rows])] if needs_prices(goal) else rows
        if priced.size:
            cost_low, cost_high = np.nan_to_num(bounds.cost_low), bounds.cost_high
            rivals = dominated_beyond(
                bounds.time_low[priced],
                cost_low[priced],
                bounds.time_high[priced],
                np.where(np.isnan(cost_high), np.inf, cost_high)[priced],
            )
            for row, rival in zip(priced, rivals, strict=True):
                if rival >= 0:
                    rejections[int(row)] = _beaten(int(priced[rival]))
    return rejections


def _beaten(rival: int) -> Rejection:
    return Rejection(
        "closed_form",
        "dominated",
        f"{candidate_id(rival)} is faster and cheaper by more than the model's error",
    )


def _fly_all(
    file: ScenarioFile,
    values: Sequence[dict[str, Any]],
    prices: Prices | None,
    *,
    today: date,
    replications: int,
    seed: int,
    workers: int,
    progress: Progress | None,
) -> list[Flown | Rejection]:
    traces = read_traces(file.scenario, file.folder) if values else {}
    tasks = []
    for point in values:
        scenario = read_candidate(file.located, point)
        tasks.append((file.name, scenario, file.folder, prices, traces, replications, seed, today))
    return run_tasks(_fly_candidate, tasks, workers, progress)


def _fly_candidate(
    name: str,
    scenario: Scenario | Rejection,
    folder: Path,
    prices: Prices | None,
    traces: dict[str, Trace],
    replications: int,
    seed: int,
    today: date,
) -> Flown | Rejection:
    if isinstance(scenario, Rejection):
        return scenario
    catalog: Catalog = load_catalog().with_prices(prices) if prices else load_catalog()
    try:
        plan = plan_flight(name, scenario, folder, catalog, traces=traces)
    except InputError as error:
        return Rejection("plan", "invalid", str(error))
    try:
        outcomes = replicate(plan, seed, range(replications_of(plan, replications)))
    except InputError as error:
        return Rejection("engine", "cannot_fly", str(error))
    return predict(plan, outcomes, catalog, seed=seed, today=today)


def _best(meeting: Sequence[int], flown: dict[int, Flown], goal: Goal) -> int | None:
    if not meeting:
        return None
    metrics = {row: flown[row].prediction.metrics for row in meeting}
    cheapest = min(each["cost_usd"].mean for each in metrics.values())
    fastest = min(each["makespan_seconds"].mean for each in metrics.values())
    return min(meeting, key=lambda row: (score(metrics[row], goal, cheapest, fastest), row))


def _frontier(
    meeting: Sequence[int], flown: dict[int, Flown], rejections: dict[int, Rejection]
) -> list[int]:
    """Rows that no other beats, fastest first; the others become rejections."""
    if not meeting:
        return []

    def column(name: str) -> Floats:
        return np.array([flown[row].prediction.metrics[name].mean for row in meeting])

    time, cost = column("makespan_seconds"), np.nan_to_num(column("cost_usd"))
    kept = frontier(time, cost)
    # Of candidates that come out the same, the first stands for all.
    _, first = np.unique(np.stack([time, cost]), axis=1, return_index=True)
    kept &= np.isin(np.arange(len(meeting)), first)
    for position, row in enumerate(meeting):
        if not kept[position]:
            better = np.flatnonzero(kept & (time <= time[position]) & (cost <= cost[position]))
            rival = meeting[int(better[np.argmin(cost[better])])]
            rejections[row] = _beaten_in_flight(flown[row], flown[rival], rival)
    return [meeting[int(position)] for position in np.argsort(time) if kept[position]]


def _beaten_in_flight(loser: Flown, winner: Flown, winner_row: int) -> Rejection:
    lost, won = loser.prediction.metrics, winner.prediction.metrics
    slower = lost["makespan_seconds"].mean - won["makespan_seconds"].mean
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
    return Rejection("engine", "dominated", reason)


def candidate_id(row: int) -> str:
    """The name of a candidate: its place in the order of the axes."""
    return f"c{row:04d}"


def _candidate(
    file: ScenarioFile,
    row: int,
    values: dict[str, Any],
    bounds: Bounds,
    flown: Flown | None,
    rejection: Rejection | None,
) -> Candidate:
    scenario = read_candidate(file.located, values)
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
        environment=scenario.environment if isinstance(scenario, Scenario) else None,
        metrics=metrics,
        basis=basis,
        rejection=rejection,
        prediction=flown.prediction if flown else None,
    )
