"""Whether the engine gives the waits, shares and quantiles that queueing theory proves.

Run with ``python -m validation.queueing`` (minutes on two cores; ``--quick`` for seconds).
Each queue is flown in independent replications until the 99 % interval of every figure is
narrow enough: 1 % of its value up to load 0.8, 3 % above, 5 % for services of cv² 10. Then
1 in 100 true values may lie outside its interval by chance, and next to none outside the
99.99 % interval. Results do not depend on the number of workers.
"""

from __future__ import annotations

import csv
import math
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from validation import Check, print_checks, shared_data
from validation.estimation import Estimate, controlled_mean, controlled_quantile
from validation.queueing_systems import Sample, System, replicate, system_of

_MODELS = {"M/M/1", "M/M/c", "M/D/1", "M/G/1", "M/M/c/c", "M/M/1/K"}
_QUANTILES = {"W_sojourn_p50": 0.5, "W_sojourn_p90": 0.9, "W_sojourn_p99": 0.99, "Wq_p99": 0.99}
# Ratios of two sums: linear controls would leave their small bias as all there is.
_WITHOUT_CONTROLS = {"rho", "throughput"}

_CONFIDENCE = 0.99
_NEAR_CERTAINTY = 0.9999
_FIRST_REPLICATIONS = 32
_ROUNDS = 4
_ALLOWED_OUTSIDE = 4
_QUICK_HALF_WIDTH = 0.1


@dataclass(frozen=True, slots=True)
class Truth:
    """One proven figure of one queue."""

    system: System
    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A proven figure beside the engine's."""

    truth: Truth
    estimate: Estimate
    replications: int
    allowed_half_width: float

    @property
    def relative_half_width(self) -> float:
        """Of the 99 % interval."""
        return self.estimate.half_width(_CONFIDENCE) / self.truth.value

    def covered(self, confidence: float = _CONFIDENCE) -> bool:
        """Whether the interval holds the truth."""
        return self.estimate.covers(self.truth.value, confidence)


def read_truths(path: Path) -> list[Truth]:
    """The figures that the engine can give; of 1,000 servers only the mean sojourn.

    (There waiting and blocking are too rare for an interval of 3 %.)
    """
    truths = []
    with path.open(newline="") as lines:
        for row in csv.DictReader(lines):
            if row["model"] not in _MODELS or row["exact"] != "exact":
                continue
            parameters = {
                key: float(value)
                for key, value in (pair.split("=") for pair in row["params"].split(";"))
            }
            if parameters.get("c", 0) >= 1000 and row["metric"] != "W_sojourn_mean":
                continue
            system = system_of(row["model"], parameters)
            truths.append(Truth(system, row["metric"], float(row["value"])))
    return truths


def allowed_half_width(system: System) -> float:
    """How wide half the 99 % interval may be, relative to the figure."""
    if system.law.cv**2 > 9:
        return 0.05
    return 0.01 if system.load < 0.8 + 1e-9 else 0.03


def measure(
    truths: Iterable[Truth], *, half_width: float | None = None, workers: int | None = None
) -> list[Figure]:
    """Fly every queue until its figures are precise enough.

    Args:
        half_width: relative half-width of the 99 % interval that is enough, for all.
        workers: processes; 1 flies in this one, None takes all cores.
    """
    truths = list(truths)
    samples: dict[System, list[Sample]] = {truth.system: [] for truth in truths}
    wanted = dict.fromkeys(samples, _FIRST_REPLICATIONS)
    for _ in range(_ROUNDS):
        tasks = [
            (system, replication)
            for system in sorted(samples, key=lambda each: -each.relaxation_jobs)
            for replication in range(len(samples[system]), wanted[system])
        ]
        if not tasks:
            break
        for (system, _), sample in zip(tasks, _replicate_all(tasks, workers), strict=True):
            samples[system].append(sample)
        for truth in truths:
            aim = half_width or allowed_half_width(truth.system)
            done = len(samples[truth.system])
            short = _figure(truth, samples[truth.system], aim).relative_half_width / aim
            if short > 1:
                wanted[truth.system] = max(
                    wanted[truth.system], math.ceil(done * min(1.15 * short**2, 20.0))
                )
    return [
        _figure(truth, samples[truth.system], half_width or allowed_half_width(truth.system))
        for truth in truths
    ]


def _replicate_all(tasks: list[tuple[System, int]], workers: int | None) -> Iterable[Sample]:
    if workers == 1:
        return [replicate(*task) for task in tasks]
    with ProcessPoolExecutor(workers or os.cpu_count()) as pool:
        return list(pool.map(replicate, *zip(*tasks, strict=True)))


def _figure(truth: Truth, samples: list[Sample], aim: float) -> Figure:
    controls = np.array([sample.controls for sample in samples])
    if truth.metric in _QUANTILES:
        counts = np.array([sample.counts for sample in samples])
        estimate = controlled_quantile(
            _QUANTILES[truth.metric], counts, truth.system.bin_seconds, controls
        )
    else:
        values = np.array([sample.means[truth.metric] for sample in samples])
        if truth.metric in _WITHOUT_CONTROLS:
            controls = controls[:, :0]
        estimate = controlled_mean(values, controls)
    return Figure(truth, estimate, len(samples), aim)


def checks(figures: list[Figure]) -> list[Check]:
    """The verdict, in three lines."""
    widest = max(figures, key=lambda each: each.relative_half_width / each.allowed_half_width)
    outside = sum(not figure.covered() for figure in figures)
    far_outside = sum(not figure.covered(_NEAR_CERTAINTY) for figure in figures)
    rows = len(figures)
    return [
        Check("queueing theory", rows, "outside their 99 % interval", outside, _ALLOWED_OUTSIDE),
        Check("queueing theory", rows, "outside their 99.99 % interval", far_outside, 0),
        Check(
            "queueing theory",
            rows,
            "widest 99 % interval over its bar",
            widest.relative_half_width / widest.allowed_half_width,
            1.0,
        ),
    ]


def run(quick: bool = False, workers: int | None = None) -> list[Check]:
    """The verdict; quick takes loads up to 0.8, wide intervals, and single servers to 16."""
    return checks(_measured(quick, workers))


def _measured(quick: bool, workers: int | None = None) -> list[Figure]:
    truths = read_truths(shared_data() / "theory_expected.csv")
    if not quick:
        return measure(truths, workers=workers)
    light = [
        truth for truth in truths if truth.system.load < 0.8 + 1e-9 and truth.system.law.cv**2 < 9
    ]
    return measure(light, half_width=_QUICK_HALF_WIDTH, workers=workers)


def main() -> None:
    """Print every figure, then the verdict."""
    figures = _measured(quick="--quick" in sys.argv[1:])
    print(f"{'queue':32}{'figure':18}{'true':>12}{'engine':>12}{'±99 %':>8}{'bar':>6}  inside")
    for figure in figures:
        print(
            f"{figure.truth.system.name:32}{figure.truth.metric:18}{figure.truth.value:>12.5g}"
            f"{figure.estimate.value:>12.5g}{figure.relative_half_width:>8.2%}"
            f"{figure.allowed_half_width:>6.0%}  {'yes' if figure.covered() else 'NO'}"
        )
    print()
    print_checks(checks(figures))


if __name__ == "__main__":
    main()
