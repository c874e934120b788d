"""What every job did with its time: the accounts of a flight, one row per job.

At any moment: time held = work that counts + work lost + overhead (restarts and checkpoint
writes).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.engine.attempts import Outcome, checkpoints_written, outcome
from simulator.engine.jobs import Floats, Integers, JobTable


class JobAccounts(NamedTuple):
    """Columns of a flight, one row per job."""

    start_seconds: Floats
    end_seconds: Floats
    interruptions: Integers
    held_seconds: Floats
    useful_seconds: Floats
    lost_seconds: Floats
    overhead_seconds: Floats


class JobLedger:
    """Begin and end of each job's attempts, and what they came to.

    ``attempt_seconds``, ``began`` and ``ended`` are plain lists that the scheduler reads and
    writes at every event; only an attempt that is stopped early needs more than that.
    """

    __slots__ = (
        "_first_began",
        "_held",
        "_interruptions",
        "_interval",
        "_lost",
        "_overhead",
        "_restart",
        "_unsaved",
        "_worked",
        "_write",
        "attempt_seconds",
        "began",
        "ended",
    )

    def __init__(self, jobs: JobTable) -> None:
        count = len(jobs)
        interval = jobs.column("checkpoint_interval_seconds")
        self._interval = np.where(np.isnan(interval), np.inf, interval)
        self._write = jobs.column("checkpoint_write_seconds")
        self._restart = jobs.column("restart_seconds")
        self._unsaved = jobs.column("duration_seconds").copy()  # no complete checkpoint holds it
        self._first_began: dict[int, float] = {}  # of jobs that were interrupted
        self._interruptions = np.zeros(count, dtype=np.int64)
        # Of the attempts that were stopped; those that reached their end are added at last.
        self._held = np.zeros(count)
        self._lost = np.zeros(count)
        self._overhead = np.zeros(count)
        self._worked = np.zeros(count)
        writing = self._write * checkpoints_written(self._unsaved, self._interval)
        self.attempt_seconds: list[float] = (self._unsaved + writing).tolist()
        self.began = [np.nan] * count  # of the latest attempt
        self.ended = [np.nan] * count

    def interrupt(self, job: int, now_seconds: float) -> None:
        """The job loses its node: back to its last complete checkpoint."""
        attempt = self._stop(job, now_seconds)
        self._lost[job] += attempt.work_seconds - attempt.saved_seconds
        self._worked[job] += attempt.saved_seconds
        self._unsaved[job] -= attempt.saved_seconds
        self._first_began.setdefault(job, self.began[job])
        self._interruptions[job] += 1
        unsaved = float(self._unsaved[job])
        writes = int(checkpoints_written(unsaved, float(self._interval[job])))
        self.attempt_seconds[job] = float(self._restart[job] + unsaved + self._write[job] * writes)

    def cut(self, job: int, now_seconds: float) -> None:
        """The flight ends while the job runs; its work so far is not lost."""
        self._worked[job] += self._stop(job, now_seconds).work_seconds

    def _stop(self, job: int, now_seconds: float) -> Outcome:
        elapsed = now_seconds - self.began[job]
        attempt = outcome(
            elapsed,
            float(self._unsaved[job]),
            float(self._interval[job]),
            float(self._write[job]),
            float(self._restart[job]) if self._interruptions[job] else 0.0,
        )
        self._held[job] += elapsed
        self._overhead[job] += attempt.overhead_seconds
        return attempt

    def accounts(self, jobs: Integers) -> JobAccounts:
        """The columns of the flight; row i is about ``jobs[i]``."""
        began = np.array(self.began, dtype=np.float64)
        ended = np.array(self.ended, dtype=np.float64)
        done = np.isfinite(ended)
        last_overhead = self._write * checkpoints_written(self._unsaved, self._interval)
        last_overhead += np.where(self._interruptions > 0, self._restart, 0.0)
        start = began.copy()
        if self._first_began:
            start[list(self._first_began)] = list(self._first_began.values())
        return JobAccounts(
            start_seconds=start[jobs],
            end_seconds=ended[jobs],
            interruptions=self._interruptions[jobs],
            held_seconds=(self._held + np.where(done, ended - began, 0.0))[jobs],
            useful_seconds=(self._worked + np.where(done, self._unsaved, 0.0))[jobs],
            lost_seconds=self._lost[jobs],
            overhead_seconds=(self._overhead + np.where(done, last_overhead, 0.0))[jobs],
        )
