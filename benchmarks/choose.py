"""How fast a choice is made: the example end to end, and the closed-form stage by size.

Run with ``python -m benchmarks.choose``.
"""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

from domain.catalog import load_catalog
from domain.reading import load_scenario
from simulator.study.axes import candidate_count, index_columns
from simulator.study.bounds import bound_candidates
from simulator.study.choose import choose

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "resnet50_imagenet.yaml"
NODES = "environment.pools.train.count"
BATCHES = "workloads.resnet50.global_batch"


def closed_form(counts: int, batches: int) -> tuple[int, float]:
    """Candidates, and CPU seconds of the closed-form stage for them."""
    file = load_scenario(EXAMPLE)
    axes = dict(file.scenario.axes)
    axes[NODES] = list(range(1, counts + 1))
    axes[BATCHES] = [128 * (each + 1) for each in range(batches)]
    count = candidate_count(axes)
    started = time.process_time()
    bound_candidates(
        file.located, axes, index_columns(axes), count, load_catalog(), file.scenario.goal
    )
    return count, time.process_time() - started


def main() -> None:
    print("| choose | candidates | seconds | candidates/s |")
    print("|---|---|---|---|")
    for workers in (1, 2):
        file = load_scenario(EXAMPLE)
        started = time.perf_counter()
        choice = choose(file, today=date(2026, 11, 23), workers=workers)
        seconds = time.perf_counter() - started
        print(
            f"| ResNet-50 example, {workers} workers, {choice.flown} flown, wall "
            f"| {choice.candidates} | {seconds:.2f} | {choice.candidates / seconds:,.0f} |"
        )
    for counts, batches in ((16, 16), (64, 40), (256, 100)):
        count, seconds = closed_form(counts, batches)
        print(f"| closed-form stage, CPU | {count:,} | {seconds:.2f} | {count / seconds:,.0f} |")


if __name__ == "__main__":
    main()
