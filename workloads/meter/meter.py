"""The meter of a training or serving loop: how long steps take and what they wait for."""

from __future__ import annotations

import math
import os
import statistics
import sys
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from domain.errors import InputError
from domain.measurement import Observed, Results, StepTimes
from workloads.meter.sampler import Sampler

USD_PER_HOUR = "WINDTUNNEL_USD_PER_HOUR"
"""What all hosts of the run cost together, where the launcher knows it."""

MOST_STEPS_KEPT = 4096
"""Up to so many steps are told one by one; more by mean and standard deviation."""

# A clock that has not moved between two readings must not make a step of no time.
_SHORTEST_SECONDS = 1e-9


class Meter:
    """Times the steps of a loop and watches its host while it runs.

    ::

        meter = Meter(warmup_steps=5)
        meter.begin()
        for _ in range(steps):
            with meter.waiting_for_input():
                batch = next(batches)
            with meter.step():
                loss = float(train_step(batch))
        results, observed = meter.finish()

    A step lasts as long as its own block and the waiting before it. The block must not end
    before the accelerator is done: reading the loss is enough. The first ``warmup_steps`` are
    not timed; utilisation and what was sent count from the first step that is.

    A step or a wait that raises is not counted. The thread that watches ends with
    :meth:`finish`, with the meter itself, or with the program.
    """

    def __init__(self, warmup_steps: int = 5) -> None:
        if warmup_steps < 0:
            raise InputError(f"is {warmup_steps}; give 0 or more", where="warmup_steps")
        self.warmup_steps = warmup_steps
        self.read_bytes: float = 0
        """What the readers moved; the loop adds to it where it knows."""
        self._usd_per_hour = usd_per_hour()
        self._sampler: Sampler | None = None
        self._steps = 0
        self._waited = 0.0
        self._step_seconds: list[float] = []
        self._waited_seconds = 0.0

    @property
    def steps(self) -> int:
        """Steps so far, those of the warm-up included."""
        return self._steps

    def begin(self) -> None:
        """Starts to watch the host."""
        if self._sampler is None:
            self._sampler = Sampler()
            weakref.finalize(self, self._sampler.stop)

    @contextmanager
    def waiting_for_input(self) -> Iterator[None]:
        """Around what gives the next batch: the accelerator has nothing to do meanwhile."""
        started = time.perf_counter()
        yield
        self._waited += time.perf_counter() - started

    @contextmanager
    def step(self) -> Iterator[None]:
        """Around one step, whose end the accelerator has reached when the block ends."""
        if self._steps == self.warmup_steps and not self._step_seconds and self._sampler:
            self._sampler.restart()
        started = time.perf_counter()
        yield
        own = time.perf_counter() - started
        waited, self._waited = self._waited, 0.0
        self._steps += 1
        if self._steps > self.warmup_steps:
            self._step_seconds.append(max(own + waited, _SHORTEST_SECONDS))
            self._waited_seconds += waited

    def last_step_seconds(self) -> float | None:
        """Seconds of the last step that was timed."""
        return self._step_seconds[-1] if self._step_seconds else None

    def finish(self) -> tuple[Results, Observed]:
        """Stops watching and tells what was seen.

        Raises:
            InputError: no step was timed, since the run was not longer than its warm-up.
        """
        sent: float | None = None
        if self._sampler is not None:
            sent = self._sampler.sent_bytes()
            self._sampler.stop()
        if not self._step_seconds:
            raise InputError(
                f"the run had {self._steps} steps and the first {self.warmup_steps} are not "
                "timed; give more steps or a shorter warm-up",
                where="warmup_steps",
            )
        run_seconds = max(time.time() - psutil.Process().create_time(), _SHORTEST_SECONDS)
        seen = self._sampler
        return Results(step_seconds=_told(self._step_seconds)), Observed(
            warmup_steps=self.warmup_steps,
            input_stall_share=min(self._waited_seconds / math.fsum(self._step_seconds), 1.0),
            device_utilisation=seen.device_utilisation if seen else None,
            host_utilisation=seen.host_utilisation if seen else None,
            other_utilisation=seen.other_utilisation if seen else None,
            device_memory_bytes=_framework_memory_bytes() or (seen and seen.device_memory_bytes),
            host_memory_bytes=(seen.host_memory_bytes or None) if seen else None,
            read_bytes=self.read_bytes or None,
            exchanged_bytes=sent,
            run_seconds=run_seconds,
            usd=None if self._usd_per_hour is None else self._usd_per_hour * run_seconds / 3600,
        )


def usd_per_hour() -> float | None:
    """What the hosts cost, as the launcher told through the environment.

    Raises:
        InputError: not a figure of US dollars per hour.
    """
    told = os.environ.get(USD_PER_HOUR, "").strip()
    if not told:
        return None
    try:
        usd = float(told)
    except ValueError:
        usd = math.nan
    if not (math.isfinite(usd) and usd >= 0):
        raise InputError(f"is {told!r}; give US dollars per hour, like 3.06", where=USD_PER_HOUR)
    return usd


def _told(step_seconds: list[float]) -> tuple[float, ...] | StepTimes:
    if len(step_seconds) <= MOST_STEPS_KEPT:
        return tuple(step_seconds)
    mean = statistics.fmean(step_seconds)
    return StepTimes(
        mean=mean,
        standard_deviation=statistics.pstdev(step_seconds, mean),
        steps=len(step_seconds),
    )


def _framework_memory_bytes() -> float | None:
    """The most that TensorFlow had in use on one GPU.

    The driver tells what TensorFlow has reserved, which by default is all there is.
    """
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None:
        return None
    peaks = []
    for number, _ in enumerate(tensorflow.config.list_logical_devices("GPU")):
        try:
            peaks.append(
                float(tensorflow.config.experimental.get_memory_info(f"GPU:{number}")["peak"])
            )
        except (ValueError, RuntimeError, tensorflow.errors.OpError):
            continue
    return max(peaks, default=0.0) or None
