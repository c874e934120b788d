"""`make bench`: how fast the engine, the models, tables of runs, choosing, the policies, pricing,
reading of training data and the command line are."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks import catalog, choose, engine, models, policies, predict, pricing, reading

STARTS = 5


def start_up() -> None:
    """Wall seconds of `windtunnel --help`, the best and the median of a few starts."""
    seconds = []
    for _ in range(STARTS):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "windtunnel", "--help"], check=True, capture_output=True
        )
        seconds.append(time.perf_counter() - started)
    seconds.sort()
    print(f"windtunnel --help: best {seconds[0]:.2f} s, median {seconds[STARTS // 2]:.2f} s")


if __name__ == "__main__":
    for name, part in (
        ("engine", engine.main),
        ("step model", models.main),
        ("tables of runs", predict.main),
        ("catalog", catalog.main),
        ("choosing", choose.main),
        ("policies", policies.main),
        ("pricing", pricing.main),
        ("reading", reading.main),
        ("start-up", start_up),
    ):
        print(f"\n== {name}", flush=True)
        part()
