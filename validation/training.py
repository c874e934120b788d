"""How well the step model predicts published training throughputs.

Run with ``python -m validation.training``. Half of the rows (by a hash of their name) gave
the priors, the table is of the other half. The baseline knows each accelerator's peak and the
model's FLOPs and takes one utilisation for all, the median of the first half.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulator.models import PRIORS, Calibration
from simulator.models.compute import passes_per_forward
from validation import Check, shared_data
from validation.collectives import read_all_reduces
from validation.training_cases import Case, read_cases

# Median error that a first model must reach; None where no bar was set.
_BARS = {
    "resnet50": 0.30,
    "bert-large MLPerf": 0.30,
    "bert-large pretraining": 0.30,
    "bert-large finetuning": 0.30,
}


@dataclass(frozen=True, slots=True)
class Row:
    """Errors of one family on rows that nothing was fitted to.

    ``mape`` and ``median`` are of ``|predicted / measured - 1|``, ``bias`` is the median of
    ``predicted / measured - 1``, ``baseline`` the baseline's median error.
    """

    model: str
    rows: int
    mape: float
    median: float
    bias: float
    rank_correlation: float
    baseline: float
    bar: float | None
    passed: bool | None


def run(data: Path | None = None, calibration: Calibration = PRIORS) -> list[Row]:
    """One row per family of models, and one for all-reduce timings."""
    folder = data or shared_data()
    cases = read_cases(folder)
    utilisation = _median_utilisation([case for case in cases if not case.held_out])
    held_out = [case for case in cases if case.held_out]
    rows = []
    for family in sorted({case.family for case in held_out}):
        chosen = [case for case in held_out if case.family == family]
        measured = np.array([case.measured_samples_per_second for case in chosen])
        predicted = np.array([case.predict(calibration) for case in chosen])
        baseline = np.array([utilisation * _peak_samples_per_second(case) for case in chosen])
        rows.append(_row(family, predicted, measured, baseline, _BARS.get(family)))
    timings = read_all_reduces(folder)
    seconds = timings.predict(calibration)
    rows.append(
        _row(
            "all-reduce (nccl-tests)",
            seconds[timings.held_out],
            timings.measured_seconds[timings.held_out],
            timings.bandwidth_only_seconds()[timings.held_out],
            None,
        )
    )
    return rows


def _peak_samples_per_second(case: Case) -> float:
    passes = passes_per_forward(case.recompute)
    accelerators = float(case.inputs.accelerators_per_node) * float(case.inputs.nodes)  # type: ignore[arg-type]
    peak = float(case.inputs.peak_flops)  # type: ignore[arg-type]
    return peak * accelerators / (passes * case.facts.forward_flops_per_sample)


def _median_utilisation(cases: list[Case]) -> float:
    return float(
        np.median(
            [case.measured_samples_per_second / _peak_samples_per_second(case) for case in cases]
        )
    )


def _row(
    name: str,
    predicted: NDArray[np.float64],
    measured: NDArray[np.float64],
    baseline: NDArray[np.float64],
    bar: float | None,
) -> Row:
    ratio = predicted / measured
    error = np.abs(ratio - 1.0)
    median = float(np.median(error))
    return Row(
        model=name,
        rows=len(measured),
        mape=float(error.mean()),
        median=median,
        bias=float(np.median(ratio)) - 1.0,
        rank_correlation=float(pd.Series(predicted).rank().corr(pd.Series(measured).rank())),
        baseline=float(np.median(np.abs(baseline / measured - 1.0))),
        bar=bar,
        passed=None if bar is None else median <= bar,
    )


def checks() -> list[Check]:
    """The held-out half in the form of the common table; the bar is on the median error."""
    return [
        Check(
            model=row.model,
            rows=row.rows,
            measure=f"median error (MAPE {row.mape:.0%}, bias {row.bias:+.0%})",
            error=row.median,
            bar=row.bar,
            baseline=row.baseline,
        )
        for row in run()
    ]


def print_rows(rows: list[Row]) -> None:
    """The table for people."""
    print(
        f"{'held-out half':26}{'rows':>6}{'MAPE':>8}{'median':>8}{'bias':>8}{'rank r':>8}"
        f"{'baseline':>10}{'bar':>7}  passed"
    )
    for row in rows:
        bar = "-" if row.bar is None else f"{row.bar:.0%}"
        passed = {None: "-", True: "yes", False: "NO"}[row.passed]
        print(
            f"{row.model:26}{row.rows:>6}{row.mape:>8.1%}{row.median:>8.1%}{row.bias:>+8.1%}"
            f"{row.rank_correlation:>8.3f}{row.baseline:>10.1%}{bar:>7}  {passed}"
        )


if __name__ == "__main__":
    print_rows(run())
