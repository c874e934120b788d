"""Trains a benchmark: steps, evaluations, checkpoints, until the end or an early stop.

One loop around ``strategy.run`` serves a single accelerator and many hosts alike, as
``model.fit`` of Keras 3 does not train on several hosts (keras-team/keras#20585).
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from domain.errors import InputError
from domain.measurement import Observed, Results
from workloads.data.opening import open_source
from workloads.data.source import Part, Source
from workloads.events import tell
from workloads.meter import Meter
from workloads.models import Benchmark
from workloads.settings import BenchmarkSettings
from workloads.training.checkpoints import Checkpoints
from workloads.training.cluster import Cluster
from workloads.training.devices import choose_strategy, prepare, split_batch
from workloads.training.feeding import evaluation_batches, training_batches
from workloads.training.history import History
from workloads.training.schedules import learning_rate
from workloads.training.step import Steps, TrainedModel
from workloads.training.watch import Watch


class RunFailed(Exception):  # noqa: N818, an outcome
    """The run ended before its last step, and why."""


@dataclass(slots=True)
class Trained:
    """What a run left: the model, how it learnt, how fast it was."""

    trained: TrainedModel
    history: History
    results: Results
    observed: Observed
    test: dict[str, float]
    steps: int
    stopped_early: bool
    replicas: int
    micro_batch: int
    sizes: dict[Part, int]


class Loop:
    """One run of one worker."""

    def __init__(
        self,
        benchmark: Benchmark,
        settings: BenchmarkSettings,
        cluster: Cluster,
        checkpoints: Path | None = None,
    ) -> None:
        self.settings, self.cluster = settings, cluster
        self.task = benchmark.task
        self._benchmark, self._checkpoint_folder = benchmark, checkpoints
        self._interrupted = False

    def run(self) -> Trained:
        """Trains to the end.

        Raises:
            InputError: settings that do not fit the devices or the data.
            RunFailed: the loss is not a number any more, or the run was told to end.
        """
        settings = self.settings
        with Watch(settings.start_timeout_seconds, "the start of all workers") as watch:
            self._watch = watch
            prepare(settings)
            if self.cluster.workers > 1:
                seconds = settings.start_timeout_seconds
                tell("waiting", workers=self.cluster.workers, seconds=seconds)
            self.strategy = choose_strategy(settings, self.cluster)
            watch.started()
            if self.cluster.workers > 1:
                _end_at_once()
            replicas = self.strategy.num_replicas_in_sync
            micro_batch = split_batch(settings.global_batch, replicas, settings.accumulate)
            self.source = open_source(settings, self._benchmark.samples(settings))
            total = self._total_steps(self.source)
            with self.strategy.scope():
                self.trained = TrainedModel(self._benchmark, settings, replicas)
            # Outside of the scope: the step and the notes are this worker's own.
            self.keeper = self._keeper()
            self.steps = Steps(self.strategy, self.trained)
            first, self.history = self._resume(total)
            tell("started", step=first, steps=total, replicas=replicas, workers=self._workers())
            with self._listening():
                done, results, observed = self._train(first, total)
            self._beat("the last evaluation")
            self.steps.average_statistics()
            test = self._evaluated("test")
            if self.keeper is not None:
                self.keeper.save(done, self.history.notes())
            return Trained(
                trained=self.trained,
                history=self.history,
                results=results,
                observed=observed,
                test=test,
                steps=done,
                stopped_early=done < total,
                replicas=replicas,
                micro_batch=micro_batch,
                sizes=dict(self.source.sizes),
            )

    def _workers(self) -> int | None:
        return self.cluster.workers if self.cluster.workers > 1 else None

    def _total_steps(self, source: Source) -> int:
        settings, size = self.settings, source.sizes["train"]
        if size < settings.global_batch:
            raise InputError(
                f"global_batch {settings.global_batch} is more than the {size} samples to train on"
            )
        self.epoch_steps = size // settings.global_batch
        total = settings.steps or settings.epochs * self.epoch_steps
        if total <= settings.warmup_steps:
            raise InputError(
                f"{settings.epochs} epochs are {total} steps, of which the first "
                f"{settings.warmup_steps} (warmup_steps) are not timed; give more epochs"
            )
        return total

    def _keeper(self) -> Checkpoints | None:
        folder = self._checkpoint_folder
        return None if folder is None else Checkpoints(folder, self.trained, self.cluster)

    def _resume(self, total: int) -> tuple[int, History]:
        first, notes = self.keeper.restore() if self.keeper is not None else (0, {})
        mean = self._mean_over_workers(first)
        if mean != first:
            raise RunFailed(
                f"worker {self.cluster.number} has a checkpoint of step {first} and others do not; "
                "copy the newest to all workers"
            )
        if first >= total:
            raise InputError(
                f"the checkpoint has all {total} steps already; ask for more steps, or give "
                "another folder",
                where=f"--checkpoints {self._checkpoint_folder}",
            )
        if first:
            tell("resumed", step=first)
        return first, History.from_notes(notes) if notes else History()

    def _mean_over_workers(self, value: int) -> float:
        if self.cluster.workers == 1:
            return value

        @tf.function  # type: ignore[untyped-decorator, unused-ignore]
        def mean() -> Any:
            each = self.strategy.run(lambda: tf.constant(float(value)))
            return self.strategy.reduce(tf.distribute.ReduceOp.MEAN, each, axis=None)

        return float(mean())

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Lets a step end, and a checkpoint be kept, before SIGTERM ends the run."""
        # Several workers would have to agree on the step to stop at; they end at once.
        if self.cluster.workers > 1:
            yield
            return
        before = signal.signal(signal.SIGTERM, self._interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

    def _interrupt(self, *_: object) -> None:
        self._interrupted = True

    def _beat(self, awaited: str, *, compiles: bool = True) -> None:
        settings = self.settings
        seconds = settings.start_timeout_seconds if compiles else settings.step_timeout_seconds
        self._watch.beat(seconds, awaited)

    def _train(self, first: int, total: int) -> tuple[int, Results, Observed]:
        settings, history = self.settings, self.history
        batches = training_batches(self.strategy, self.source, settings, first)
        bytes_here = self.source.read_bytes_per_sample * settings.global_batch
        bytes_here /= self.cluster.workers
        meter = Meter(min(settings.warmup_steps, total - first - 1))
        meter.begin()
        recent: list[float] = []
        step = first
        while step < total:
            self._beat(f"step {step + 1}", compiles=step - first < 2)
            rate = learning_rate(settings, step, total)
            with meter.waiting_for_input():
                batch = next(batches)
            with meter.step():
                loss = self.steps.train(batch, rate, step + 1)
            step += 1
            if step - first > settings.warmup_steps:
                meter.read_bytes += bytes_here
            if not np.isfinite(loss):
                raise RunFailed(f"the loss of step {step} is {loss}; try a lower learning_rate")
            history.note_loss(loss)
            recent.append(loss)
            share = self.trained.pruning.share_at(step, total)
            if share is not None:
                self.steps.prune(share)
            if step % settings.progress_steps == 0 or step == total:
                mean = sum(recent) / len(recent)
                history.training.append({"step": step, "loss": mean, "learning_rate": rate})
                recent.clear()
                self._progress(step, total, mean, meter)
            if step % (settings.evaluate_steps or self.epoch_steps) == 0 or step == total:
                self._validate(step)
                if history.should_stop(settings.early_stopping_patience):
                    break
            if self._interrupted:
                self._leave(step)
            if settings.checkpoint_steps and step % settings.checkpoint_steps == 0 and step < total:
                self._save(step)
        results, observed = meter.finish()
        return step, results, observed

    def _progress(self, step: int, total: int, loss: float, meter: Meter) -> None:
        seconds = meter.last_step_seconds()
        told = None if seconds is None else round(seconds, 6)
        tell("progress", step=step, steps=total, step_seconds=told, loss=round(loss, 5))

    def _save(self, step: int) -> None:
        if self.keeper is not None:
            self._beat("a checkpoint")
            self.steps.average_statistics()
            self.keeper.save(step, self.history.notes())
            tell("checkpoint", step=step)

    def _leave(self, step: int) -> None:
        kept = "; give --checkpoints to go on from there next time"
        if self.keeper is not None:
            self._save(step)
            kept = ", of which a checkpoint was kept"
        raise RunFailed(f"told to end by SIGTERM after step {step}{kept}")

    def _validate(self, step: int) -> None:
        self._beat("an evaluation")
        self.steps.average_statistics()
        found = self._evaluated("validation")
        if found:
            loss = found.pop("loss")
            self.history.note_validation(step, loss, found)
            tell("evaluated", step=step, loss=round(loss, 5), accuracy=round(found["accuracy"], 4))

    def _evaluated(self, part: Part) -> dict[str, float]:
        """Loss and scores of a part; empty where it has no samples."""
        losses, samples, tally = 0.0, 0, None
        for batch, size in evaluation_batches(self.strategy, self.source, self.settings, part):
            loss, counts = self.steps.evaluate(batch)
            losses, samples = losses + loss, samples + size
            tally = counts if tally is None else tally + counts
        if tally is None:
            return {}
        return {"loss": losses / samples, **self.task.scores(tally)}


def _end_at_once() -> None:
    """Lets SIGTERM end this worker of several, as it ends any program.

    TensorFlow's coordination service catches it, to tell of a preemption that nobody here asks
    about. A handler of Python would wait for a collective to return, which may never. A
    checkpoint has its name only once it is whole, so nothing that counts is cut in two.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
