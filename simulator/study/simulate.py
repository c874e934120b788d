"""One scenario, one answer: plan, replicate, price, summarise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.bill import Bill, average
from domain.catalog import Catalog
from domain.goal import Goal
from domain.prediction import CalibrationUsed, GoalOutlook, Metric, Prediction, finite
from domain.pricing import price
from domain.scenario import Scenario
from domain.usage import Usage
from domain.workload import Parallelism
from simulator.engine import Streams
from simulator.study.calibrated import Calibrated
from simulator.study.metering import usage_of
from simulator.study.plan import FlightPlan, TrainingJob, plan_flight
from simulator.study.records import job_records
from simulator.study.replicate import (
    Outcome,
    Progress,
    fly_once,
    outcome,
    replicate,
    replications_of,
)
from simulator.study.statistics import summarise

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Flown:
    """A prediction, and each metric's value in each replication.

    Replications of two scenarios with one seed share their random numbers, so their values
    may be subtracted pairwise.
    """

    prediction: Prediction
    by_replication: dict[str, Floats]
    is_random: bool
    used: tuple[tuple[Usage, ...], ...] = ()
    """What each replication is billed for."""
    jobs: dict[str, NDArray[Any]] | None = None
    """Columns of the first replication's jobs, where they were asked for."""


def simulate(
    name: str,
    scenario: Scenario,
    folder: Path,
    catalog: Catalog,
    *,
    today: date,
    replications: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    with_jobs: bool = False,
    calibrated: Calibrated | None = None,
) -> Flown:
    """Predicts one scenario.

    Args:
        folder: what paths in the scenario are relative to.
        today: the day by which the age of the prices is judged.
        replications, seed: instead of the scenario's own.
        with_jobs: keep a record of each job of the first replication.
        calibrated: what was fitted to measurements; otherwise what is shipped.

    Raises:
        InputError: anything in the scenario that cannot be flown.
    """
    catalog = catalog.with_prices(scenario.prices) if scenario.prices else catalog
    plan = plan_flight(name, scenario, folder, catalog, calibrated=calibrated)
    seed = scenario.seed if seed is None else seed
    wanted = replications_of(plan, replications or scenario.replications)
    first = fly_once(plan, seed, 0, progress if wanted == 1 else None)
    outcomes = [
        outcome(first, len(plan.training)),
        *replicate(plan, seed, range(1, wanted), workers, progress),
    ]
    flown = predict(plan, outcomes, catalog, seed=seed, today=today)
    jobs = job_records(plan, first, Streams(seed, 0)) if with_jobs else None
    return replace(flown, jobs=jobs)


def predict(
    plan: FlightPlan,
    outcomes: Sequence[Outcome],
    catalog: Catalog,
    *,
    seed: int,
    today: date | None = None,
) -> Flown:
    """The prediction that the replications of a plan add up to."""
    used = [tuple(usage_of(plan, outcome, catalog)) for outcome in outcomes]
    bills = [price(usages, catalog, today=today) for usages in used]
    values = _values(plan, outcomes, bills)
    metrics = {
        name: summarise(replications, random=plan.is_random)
        for name, replications in values.items()
    }
    by_replication = {
        name: np.array([_mean(each) for each in replications])
        for name, replications in values.items()
    }
    prediction = Prediction(
        scenario=plan.name,
        seed=seed,
        replications=len(outcomes),
        metrics=metrics,
        bill=average(bills),
        bottleneck=_bottleneck(plan, metrics),
        catalog_snapshot=catalog.snapshot,
        catalog_as_of=catalog.as_of.isoformat(),
        calibration=calibration_used(plan),
        workloads={name: _training_facts(job) for name, job in plan.training.items()},
        goal=goal_outlook(plan.scenario.goal, by_replication),
        notes=(*plan.notes, *_flight_notes(plan, outcomes)),
    )
    return Flown(prediction, by_replication, plan.is_random, tuple(used))


def goal_outlook(goal: Goal, by_replication: Mapping[str, Floats]) -> GoalOutlook:
    """The share of replications within each limit; one that does not end misses its deadline."""
    times, costs = by_replication["makespan_seconds"], by_replication["cost_usd"]
    on_time = None if goal.deadline is None else float(np.mean(times <= goal.deadline))
    paid = None
    if goal.budget is not None:
        paid = math.nan if np.isnan(costs).any() else float(np.mean(costs <= goal.budget))
    return GoalOutlook(goal.deadline, on_time, goal.budget, paid, goal.confidence)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else math.nan


def calibration_used(plan: FlightPlan) -> CalibrationUsed:
    """Which parameters were in force, and how far off they are for the longest training job."""
    version = plan.calibration.version
    if not plan.training:
        return CalibrationUsed(version, None)
    learnt = _longest(plan).estimate.learnt_of(0)
    return CalibrationUsed(version, learnt.typical_error, learnt.knowledge, learnt.supported.text)


def _longest(plan: FlightPlan) -> TrainingJob:
    return max(plan.training.values(), key=lambda job: float(job.estimate.run_seconds[0]))


def _values(
    plan: FlightPlan, outcomes: Sequence[Outcome], bills: Sequence[Bill]
) -> dict[str, list[Floats]]:
    """Each metric in each replication: one value, or one for each job."""

    def one_each(figures: Iterable[float]) -> list[Floats]:
        return [np.array([figure], dtype=float) for figure in figures]

    values = {
        "job_completion_time_seconds": [each.completion_seconds for each in outcomes],
        "queueing_delay_seconds": [each.queueing_seconds for each in outcomes],
        "makespan_seconds": one_each(each.makespan_seconds for each in outcomes),
        "accelerator_utilisation": one_each(each.utilisation for each in outcomes),
        "cost_usd": one_each(_cost(plan, bill) for bill in bills),
        "interruptions": one_each(each.interruptions for each in outcomes),
        "turned_away_jobs": one_each(each.dropped for each in outcomes),
        "lost_accelerator_seconds": one_each(each.lost_accelerator_seconds for each in outcomes),
    }
    samples = sum(
        job.workload.total_steps * job.workload.global_batch for job in plan.training.values()
    )
    if samples and not plan.recorded and not plan.synthetic:
        values["cost_per_million_samples_usd"] = one_each(
            math.nan if each.unfinished else _cost(plan, bill) / samples * 1e6
            for bill, each in zip(bills, outcomes, strict=True)
        )
    return values


def _cost(plan: FlightPlan, bill: Bill) -> float:
    """Dollars of one replication; not known where a machine has no price."""
    known = not any(math.isnan(each.usd_per_hour) for each in plan.hardware)
    return float(bill.total_usd) if known else math.nan


def _bottleneck(plan: FlightPlan, metrics: dict[str, Metric]) -> str:
    """What holds the work up most: waiting where jobs wait longer than they run, else the
    part of the longest training job that bounds its steps."""
    waiting = metrics["queueing_delay_seconds"].mean
    completion = metrics["job_completion_time_seconds"].mean
    if waiting > completion / 2:
        provisioning = max(pool.provisioning_seconds for pool in plan.pools)
        return "queueing for accelerators" if waiting > 2 * provisioning else "provisioning"
    if plan.training:
        return _longest(plan).estimate.bottleneck(0)
    return "the jobs' own durations"


def _training_facts(job: TrainingJob) -> dict[str, Any]:
    step = job.estimate.later_epochs
    split = job.workload.parallelism or Parallelism()
    learnt = job.estimate.learnt_of(0)
    return {
        "model": job.estimate.model.name,
        "machine": job.hardware.machine,
        "accelerator": job.hardware.accelerator.id if job.hardware.accelerator else None,
        "accelerators": int(job.estimate.accelerators[0]),
        "step_seconds": finite(float(step.step_seconds[0])),
        "throughput_samples_per_second": finite(float(step.throughput_samples_per_second[0])),
        "per_device_batch": int(step.per_device_batch[0]),
        "micro_batch": int(step.micro_batch[0]),
        "micro_batches": int(step.micro_batches[0]),
        "parallelism": {
            "data": int(job.estimate.accelerators[0]) // split.accelerators_per_replica,
            **split.model_dump(mode="json"),
        },
        "memory_needed_bytes": finite(float(step.memory_needed_bytes[0])),
        "step_parts_seconds": {
            "compute": finite(float(step.compute_seconds[0])),
            "communication_exposed": finite(float(step.communication_exposed_seconds[0])),
            "overhead": finite(float(step.overhead_seconds[0])),
            "storage": finite(float(step.storage_seconds[0])),
            "input_decoding": finite(float(step.decode_seconds[0])),
        },
        "bottleneck": job.estimate.bottleneck(0),
        "knowledge": learnt.knowledge,
        "typical_error": learnt.typical_error,
    }


def _flight_notes(plan: FlightPlan, outcomes: Sequence[Outcome]) -> list[str]:
    notes = []
    environment = plan.scenario.environment
    if environment.provider == "custom" and environment.storage:
        notes.append("what storage of one's own costs is not in the bill")
    if not plan.is_random:
        notes.append("nothing here is random, so one replication says it all")
    if dropped := sum(each.dropped for each in outcomes):
        notes.append(f"{dropped / len(outcomes):.3g} jobs were turned away: the queue was full")
    if unfinished := sum(each.unfinished for each in outcomes):
        notes.append(
            f"{unfinished / len(outcomes):.3g} jobs were not done at the horizon; "
            "their completion times are not in the figures"
        )
    return notes
