"""What every job did with its time: the accounts of a flight, one row per job.

At any moment: time held = work that counts + work lost + overhead (restarts and checkpoint
writes).
"""

from __future__ import annotations

import numpy as np

from simulator.engine.attempts import Outcome, checkpoints_written, outcome
from simulator.engine.jobs import Floats, Integers, JobTable


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
        write = jobs.column("checkpoint_write_seconds")
        duration = jobs.column("duration_seconds")
        self.attempt_seconds: list[float] = (
            duration + write * checkpoints_written(duration, interval)
        ).tolist()
        self.began = [np.nan] * count  # of the latest attempt
        self.ended = [np.nan] * count
        self._interval: list[float] = interval.tolist()
        self._write: list[float] = write.tolist()
        self._restart: list[float] = jobs.column("restart_seconds").tolist()
        self._unsaved: list[float] = duration.tolist()  # work that no complete checkpoint holds
        self._first_began: dict[int, float] = {}  # of jobs that were interrupted
        self._interruptions = [0] * count
        # Of the attempts that were stopped; those that reached their end are added at last.
        self._held = [0.0] * count
        self._lost = [0.0] * count
        self._overhead = [0.0] * count
        self._worked = [0.0] * count

    def interrupt(self, job: int, now_seconds: float) -> None:
        """The job loses its node: back to its last complete checkpoint."""
        attempt = self._stop(job, now_seconds)
        self._lost[job] += attempt.work_seconds - attempt.saved_seconds
        self._worked[job] += attempt.saved_seconds
        self._unsaved[job] -= attempt.saved_seconds
        self._first_began.setdefault(job, self.began[job])
        self._interruptions[job] += 1
        writes = int(checkpoints_written(self._unsaved[job], self._interval[job]))
        self.attempt_seconds[job] = (
            self._restart[job] + self._unsaved[job] + self._write[job] * writes
        )

    def cut(self, job: int, now_seconds: float) -> None:
        """The flight ends while the job runs; its work so far is not lost."""
        self._worked[job] += self._stop(job, now_seconds).work_seconds

    def _stop(self, job: int, now_seconds: float) -> Outcome:
        attempt = outcome(
            now_seconds - self.began[job],
            self._unsaved[job],
            self._interval[job],
            self._write[job],
            self._restart[job] if self._interruptions[job] else 0.0,
        )
        self._held[job] += now_seconds - self.began[job]
        self._overhead[job] += attempt.overhead_seconds
        return attempt

    def start_seconds(self) -> Floats:
        """When each job first started; NaN where it never did."""
        start = np.array(self.began, dtype=np.float64)
        if self._first_began:
            start[list(self._first_began)] = list(self._first_began.values())
        return start

    def end_seconds(self) -> Floats:
        """When each job was done; NaN where it was not."""
        return np.array(self.ended, dtype=np.float64)

    def interruptions(self) -> Integers:
        """How often each job lost a node."""
        return np.array(self._interruptions, dtype=np.int64)

    def lost_seconds(self) -> Floats:
        """Work of each job that had to be done again."""
        return np.array(self._lost, dtype=np.float64)

    def held_seconds(self) -> Floats:
        """How long each job held its accelerators, by the clock."""
        last = self.end_seconds() - np.array(self.began, dtype=np.float64)
        return np.array(self._held, dtype=np.float64) + np.nan_to_num(last, nan=0.0)

    def useful_seconds(self) -> Floats:
        """Work of each job that counted."""
        done = np.isfinite(self.end_seconds())
        return np.array(self._worked) + np.where(done, np.array(self._unsaved), 0.0)

    def overhead_seconds(self) -> Floats:
        """Restarts and checkpoint writes of each job."""
        unsaved = np.array(self._unsaved, dtype=np.float64)
        last = np.array(self._write) * checkpoints_written(unsaved, np.array(self._interval))
        last += np.where(self.interruptions() > 0, np.array(self._restart), 0.0)
        done = np.isfinite(self.end_seconds())
        return np.array(self._overhead, dtype=np.float64) + np.where(done, last, 0.0)
