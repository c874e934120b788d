"""How long one training job holds its nodes, at least and at most, on many places at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from domain.environment import Storage
from domain.prediction import Rejection
from domain.workload import Training
from simulator.models.failures import expected_seconds, least_seconds
from simulator.study.advice import job_problem
from simulator.study.calibrated import Calibrated
from simulator.study.places import Places
from simulator.study.training import HardwareColumns, TrainingEstimate, estimate_training

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# How far a flight may end up above the expectation: variation from run to run, requests that
# are counted late. Spot: bursts of bad luck.
_STEADY_MARGIN = 1.10
_SPOT_MARGIN = 1.50
# Median relative error of step times where nothing is known of it.
_UNKNOWN_ERROR = 0.15
# How far the mean of the replications may end up below or above, in its standard deviations.
_LUCKY_DEVIATIONS = 3.0


def bound_job(
    workload: Training,
    storage: Mapping[str, Storage],
    places: Places,
    variant: Indices,
    nodes: Floats,
    calibrated: Calibrated | None,
    averaged: int,
) -> tuple[Floats, Floats, dict[int, Rejection]]:
    """Seconds at least and at most, 0 and infinite where unknown, and which rows are out.

    Args:
        averaged: over how many flights the seconds are meant, which luck evens out.
        places: the variants of the job's pool; ``variant`` says which one each row has.
        nodes: how many nodes the pool has in each row.
    """
    low, high = np.zeros(variant.size), np.full(variant.size, np.inf)
    known = [index for index, each in enumerate(places.hardware) if each is not None]
    position = np.full(len(places.hardware), -1, dtype=np.intp)
    position[known] = np.arange(len(known))
    inside = np.flatnonzero((position[variant] >= 0) & ~np.isnan(nodes))
    if not inside.size:
        return low, high, {}
    columns = HardwareColumns.of([each for each in places.hardware if each is not None], workload)
    variant, nodes = variant[inside], nodes[inside]
    at = position[variant]
    estimate = estimate_training(workload, storage, columns, at, nodes, calibrated)
    least, most = _seconds(estimate, columns, places, variant, at, averaged)
    low[inside], high[inside] = np.nan_to_num(least), most
    out = _out(estimate, columns, at, nodes, workload)
    return low, high, {int(inside[row]): problem for row, problem in out.items()}


def _seconds(
    estimate: TrainingEstimate,
    columns: HardwareColumns,
    places: Places,
    variant: Indices,
    at: Indices,
    averaged: int,
) -> tuple[Floats, Floats]:
    gang_nodes = np.ceil(estimate.accelerators / columns.columns["accelerators_per_node"][at])
    rate = places.interruptions_per_second[variant] * gang_nodes
    saving = {
        "checkpoint_interval_seconds": np.nan_to_num(
            np.asarray(estimate.checkpoint_interval_seconds), nan=np.inf
        ),
        "checkpoint_seconds": np.nan_to_num(estimate.checkpoint_write_seconds),
    }
    # At best nothing interrupts, and the run is a quick one.
    luck = _LUCKY_DEVIATIONS * estimate.variation / np.sqrt(averaged)
    low = np.exp(-luck) * least_seconds(estimate.run_seconds, rate_per_second=0.0, **saving)
    expected = expected_seconds(
        estimate.run_seconds,
        rate_per_second=rate,
        downtime_seconds=places.provisioning_seconds[variant],
        restart_seconds=np.nan_to_num(estimate.restart_seconds),
        **saving,
    )
    # Of two kinds of hardware the model may be wrong about one and right about the other.
    margin = np.where(rate > 0, _SPOT_MARGIN, _STEADY_MARGIN) * (
        1.0 + np.nan_to_num(estimate.typical_error, nan=_UNKNOWN_ERROR)
    )
    return low, np.where(np.isfinite(expected), expected * margin, np.inf)


def _out(
    estimate: TrainingEstimate,
    columns: HardwareColumns,
    at: Indices,
    nodes: Floats,
    workload: Training,
) -> dict[int, Rejection]:
    out: dict[int, Rejection] = {}
    for choice, problem in enumerate(columns.problems):
        if problem is not None:
            out.update(dict.fromkeys(np.flatnonzero(at == choice).tolist(), problem))
    told: dict[tuple[int, float], Rejection] = {}
    for row in np.flatnonzero(~np.isfinite(estimate.run_seconds)).tolist():
        if row in out:
            continue
        alike = (int(at[row]), float(nodes[row]))
        if alike not in told:
            hardware = columns.choices[at[row]]
            told[alike] = job_problem(estimate, row, workload, hardware) or Rejection(
                "closed_form",
                "unknown",
                f"{nodes[row]:.0f} × {hardware.machine} cannot be predicted: "
                f"{columns.unknown(int(at[row]))}",
            )
        out[row] = told[alike]
    pool = columns.columns["accelerators_per_node"][at] * nodes
    for row in np.flatnonzero(estimate.accelerators > pool).tolist():
        reason = Rejection(
            "closed_form",
            "pool_too_small",
            f"the job wants {workload.accelerators} accelerators, the pool has {pool[row]:.0f}",
            float(estimate.accelerators[row] / pool[row] - 1),
        )
        out.setdefault(row, reason)
    return out
