"""One training step and one evaluation step, compiled, over all replicas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from workloads.models.benchmark import Benchmark
from workloads.settings import Training
from workloads.training.optimizers import Optimizer
from workloads.training.pruning import Pruning

_FIRST_SCALE = 2.0**15
_GROW_AFTER = 2000
"""Steps without overflow after which the scale doubles (Micikevicius et al., "Mixed Precision
Training", 2017, and its usual implementations)."""


class TrainedModel(tf.Module):  # type: ignore[misc, unused-ignore]
    """A model with its optimizer, masks and loss scale: all that a checkpoint holds of it.

    To be made within the scope of the strategy.
    """

    def __init__(self, benchmark: Benchmark, settings: Training, replicas: int) -> None:
        super().__init__(name="trained")
        self.settings, self.task, self.replicas = settings, benchmark.task, replicas
        self.model = benchmark.build(settings)
        self.weights = [variable.value for variable in self.model.trainable_variables]
        self.optimizer = Optimizer(settings.optimizer, self.weights)
        self.pruning = Pruning(self.weights, settings.prune_to)
        self.scale = tf.Variable(_FIRST_SCALE, trainable=False)
        self.good_steps = tf.Variable(0, trainable=False)
        self._forward_backward: Callable[..., Any] = self._gradients
        if settings.compile_xla:
            self._forward_backward = tf.function(self._gradients, jit_compile=True)

    def _gradients(self, features: Any, labels: Any, scale: Any) -> tuple[Any, list[Any]]:
        with tf.GradientTape() as tape:
            logits = self.model(features, training=True)
            samples = tf.cast(tf.shape(labels)[0], tf.float32)
            share = samples * self.replicas * self.settings.accumulate
            loss = tf.reduce_sum(self.task.losses(labels, logits)) / share
            loss += self._penalty() / (self.replicas * self.settings.accumulate)
            scaled = loss * scale
        return loss, tape.gradient(scaled, self.weights)

    def _penalty(self) -> Any:
        kernels = [each for each in self.weights if len(each.shape) >= 2]
        total = tf.constant(0.0)
        for kernel in kernels:
            if self.settings.l1:
                total += self.settings.l1 * tf.reduce_sum(tf.abs(kernel))
            if self.settings.l2:
                total += self.settings.l2 * tf.reduce_sum(tf.square(kernel))
        return total

    def train(self, batch: Any, learning_rate: Any, number: Any) -> Any:
        """The part of a step that one replica does; its share of the loss."""
        features, labels = batch
        halves = self.settings.precision == "fp16"
        scale = tf.convert_to_tensor(self.scale) if halves else tf.constant(1.0)
        parts = self.settings.accumulate
        if parts == 1:
            loss, gradients = self._forward_backward(features, labels, scale)
        else:
            loss, gradients = self._accumulated(features, labels, scale)
        if halves:
            gradients = [tf.convert_to_tensor(each) for each in gradients]
        if self.replicas > 1:
            context = tf.distribute.get_replica_context()
            gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        keep = tf.constant(1.0)
        if halves:
            finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(each)) for each in gradients])
            keep = tf.cast(finite, tf.float32)
            gradients = [tf.where(finite, each / scale, 0.0) for each in gradients]
            self._rescale(finite, scale)
        self.optimizer.apply(gradients, learning_rate, number, keep)
        self.pruning.apply()
        return loss

    def _accumulated(self, features: Any, labels: Any, scale: Any) -> tuple[Any, list[Any]]:
        parts = self.settings.accumulate
        pieces = {name: tf.split(value, parts) for name, value in features.items()}
        loss, total = tf.constant(0.0), [tf.zeros(each.shape) for each in self.weights]
        for part, some in enumerate(tf.split(labels, parts)):
            chosen = {name: piece[part] for name, piece in pieces.items()}
            more, gradients = self._forward_backward(chosen, some, scale)
            loss += more
            total = [old + new for old, new in zip(total, gradients, strict=True)]
        return loss, total

    def _rescale(self, finite: Any, scale: Any) -> None:
        good = tf.where(finite, tf.convert_to_tensor(self.good_steps) + 1, 0)
        grows = good >= _GROW_AFTER
        raised = tf.where(grows, scale * 2.0, scale)
        self.scale.assign(tf.where(finite, raised, tf.maximum(scale / 2.0, 1.0)))
        self.good_steps.assign(tf.where(grows, 0, good))

    def evaluate(self, batch: Any) -> tuple[Any, Any]:
        """Sum of losses and counts of one replica's batch."""
        features, labels = batch
        logits = self.model(features, training=False)
        return tf.reduce_sum(self.task.losses(labels, logits)), self.task.tally(labels, logits)

    def average_statistics(self) -> None:
        """Makes moving averages of normalisations the mean over all replicas.

        Each replica keeps its own while it trains; they must agree before they are used or
        saved.
        """
        context = tf.distribute.get_replica_context()
        for variable in self.model.non_trainable_variables:
            if variable.dtype == "float32":
                mean = context.all_reduce(tf.distribute.ReduceOp.MEAN, variable.value)
                variable.value.assign(mean)


class Steps:
    """The compiled steps of one model under one strategy."""

    def __init__(self, strategy: Any, trained: TrainedModel) -> None:
        self._strategy, self._trained = strategy, trained

        @tf.function  # type: ignore[untyped-decorator, unused-ignore]
        def train(batch: Any, learning_rate: Any, number: Any) -> Any:
            losses = strategy.run(trained.train, args=(batch, learning_rate, number))
            return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

        @tf.function  # type: ignore[untyped-decorator, unused-ignore]
        def evaluate(batch: Any) -> Any:
            counts = strategy.run(trained.evaluate, args=(batch,))
            return [strategy.reduce(tf.distribute.ReduceOp.SUM, each, axis=None) for each in counts]

        @tf.function  # type: ignore[untyped-decorator, unused-ignore]
        def average() -> None:
            strategy.run(trained.average_statistics)

        @tf.function  # type: ignore[untyped-decorator, unused-ignore]
        def prune(share: Any) -> None:
            strategy.run(trained.pruning.redraw, args=(share,))

        self._train, self._evaluate, self._average, self._prune = train, evaluate, average, prune

    def train(self, batch: Any, learning_rate: float, number: int) -> float:
        """One update; the loss, with penalties, over the whole batch. Waits for its end."""
        loss = self._train(batch, tf.constant(learning_rate), tf.constant(float(number)))
        return float(loss)

    def evaluate(self, batch: Any) -> tuple[float, Any]:
        """Sum of losses and counts over the whole batch."""
        loss, tally = self._evaluate(batch)
        return float(loss), tally.numpy()

    def average_statistics(self) -> None:
        """Makes replicas agree on moving averages."""
        if self._trained.replicas > 1:
            self._average()

    def prune(self, share: float) -> None:
        """Draws masks anew."""
        self._prune(tf.constant(share))
