"""One attempt of a job between a start and an end or an interruption.

An attempt first restarts (not the first one), then repeats [work for one interval, write a
checkpoint]; the last stretch of work is not followed by a checkpoint, because the job is
done. Writing stalls the job. A checkpoint counts only when it is wholly written, so an
interruption throws away the work since the last complete one.

Formula: an attempt with work w, interval τ, write c, restart r lasts r + w + c·(⌈w/τ⌉ - 1).
Source: the model behind Daly, "A higher order estimate of the optimum checkpoint interval",
FGCS 22 (2006). Wrong where checkpoints are written asynchronously (c is then the part that
stalls) and where an interruption comes with a warning that is long enough to save.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.engine.jobs import Floats

# Work that misses a whole number of intervals by rounding alone ends without a checkpoint.
_ROUNDING = 1e-9


class Outcome(NamedTuple):
    """What an attempt has done so far: its work, the part that is safe, and the rest."""

    work_seconds: float
    saved_seconds: float
    overhead_seconds: float


def checkpoints_written(work_seconds: Floats | float, interval_seconds: Floats | float) -> Floats:
    """How many checkpoints an attempt writes when nothing interrupts it; interval ∞ for never."""
    intervals = np.divide(work_seconds, interval_seconds)
    return np.maximum(np.ceil(intervals - _ROUNDING) - 1.0, 0.0)


def outcome(
    elapsed_seconds: float,
    work_seconds: float,
    interval_seconds: float,
    write_seconds: float,
    restart_seconds: float,
) -> Outcome:
    """What an attempt at ``work_seconds`` of work has done after ``elapsed_seconds``."""
    running = elapsed_seconds - restart_seconds
    if running <= 0:
        return Outcome(0.0, 0.0, elapsed_seconds)
    planned = int(checkpoints_written(work_seconds, interval_seconds))
    if planned == 0:
        work = min(running, work_seconds)
        return Outcome(work, 0.0, elapsed_seconds - work)
    cycle = interval_seconds + write_seconds
    written = min(int(running // cycle), planned)
    saved = written * interval_seconds
    work = min(saved + min(running - written * cycle, interval_seconds), work_seconds)
    return Outcome(work, saved, elapsed_seconds - work)
