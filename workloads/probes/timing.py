"""How long something takes, measured until that is known well enough or time is up."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

CLOSE_ENOUGH = 0.02
"""Half of the interval around the median, relative to it, at which measuring stops."""

# A batch of runs lasts so long that neither the clock nor waiting for the end of it count.
_BATCH_SECONDS = 0.02
_BATCHES_TO_STOP = 5
# However long they take: one alone would not show that it was a lucky or an unlucky one.
_LEAST_BATCHES = 3
_MOST_BATCHES = 2000


@dataclass(frozen=True, slots=True)
class Timing:
    """The median of some batches, in seconds of one run."""

    seconds: float
    deviation_seconds: float
    runs: int


def time_runs(
    run: Callable[[int], object],
    budget_seconds: float,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> Timing:
    """Times ``run(n)``, which does its work n times and returns when all is done.

    A first call warms up and is not counted. Batches follow until the median is known to 2 %
    or the budget is spent, but three at least. They are as large as the clock and the waiting
    for their end need.
    """
    started = clock()
    run(1)
    n, elapsed = 1, 0.0
    while True:
        begun = clock()
        run(n)
        elapsed = max(clock() - begun, 1e-9)
        if elapsed >= _BATCH_SECONDS:
            break
        n = max(2 * n, math.ceil(n * min(_BATCH_SECONDS / elapsed, 100.0)))
    batches: list[float] = [elapsed / n]
    while len(batches) < _LEAST_BATCHES or clock() - started < budget_seconds:
        begun = clock()
        run(n)
        batches.append(max(clock() - begun, 1e-9) / n)
        if len(batches) >= _MOST_BATCHES:
            break
        if len(batches) >= _BATCHES_TO_STOP:
            low, high = around_median(batches)
            if high - low <= 2.0 * CLOSE_ENOUGH * median(batches):
                break
    low, high = around_median(batches)
    return Timing(median(batches), (high - low) / 2.0, n * len(batches))


def around_median(values: list[float]) -> tuple[float, float]:
    """The two of these values that hold the median of their source between them, 95 of 100.

    By order statistics, whatever the distribution: of n values those of rank
    ``n/2 ∓ 0.98 √n`` (Le Boudec, "Performance Evaluation of Computer and Communication
    Systems", 2010, theorem 2.1). Fewer than six values give the smallest and the largest,
    which hold it a little less often.
    """
    ordered, count = sorted(values), len(values)
    reach = 0.98 * math.sqrt(count)
    low = max(math.floor(count / 2 - reach), 0)
    high = min(math.ceil(count / 2 + reach), count - 1)
    return ordered[low], ordered[high]
