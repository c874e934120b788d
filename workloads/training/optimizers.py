"""Optimizers as plain updates of variables, made to run inside of one replica.

They take gradients that are already summed over all replicas, so that every replica makes the
same update; those of Keras reduce gradients themselves, which leaves no place to look at the
sum before it is used, as dynamic loss scaling must. ``keep`` is 0 where a step must change
nothing, else 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

_MOMENTUM = 0.9
_RMS_DECAY = 0.9
_ADAM_BETAS = (0.9, 0.999)
_EPSILON = 1e-7
"""Defaults of Keras: momentum as He et al. (2015); Hinton, lecture 6e (RMSprop); Kingma and Ba
(2014, Adam); You et al. (2019, LAMB)."""
_SLOTS = {"sgd": 0, "momentum": 1, "rmsprop": 1, "adam": 2, "lamb": 2}


class Optimizer(tf.Module):  # type: ignore[misc, unused-ignore]
    """One of ``sgd, momentum, rmsprop, adam, lamb`` over a fixed list of variables."""

    def __init__(self, kind: str, variables: Sequence[Any]) -> None:
        super().__init__(name=kind)
        self.kind = kind
        self.variables_updated = list(variables)
        self.slots = [
            [tf.Variable(tf.zeros(each.shape, tf.float32), trainable=False) for each in variables]
            for _ in range(_SLOTS[kind])
        ]

    def apply(self, gradients: Sequence[Any], learning_rate: Any, step: Any, keep: Any) -> None:
        """One update.

        Args:
            gradients: one for each variable, 32 bit; only ``sgd`` takes them by rows.
            learning_rate: scalar, float32.
            step: number of this update from 1, float32.
            keep: 1, or 0 to change nothing.
        """
        for number, (variable, gradient) in enumerate(
            zip(self.variables_updated, gradients, strict=True)
        ):
            if self.kind == "sgd" and isinstance(gradient, tf.IndexedSlices):
                change = -learning_rate * keep * gradient.values
                variable.scatter_add(
                    tf.IndexedSlices(change, gradient.indices, gradient.dense_shape)
                )
                continue
            dense = tf.convert_to_tensor(gradient)
            slots = [slot[number] for slot in self.slots]
            variable.assign_sub(
                keep * self._change(variable, dense, slots, learning_rate, step, keep)
            )

    def _change(
        self, variable: Any, gradient: Any, slots: list[Any], rate: Any, step: Any, keep: Any
    ) -> Any:
        if self.kind == "sgd":
            return rate * gradient
        if self.kind == "momentum":
            (speed,) = slots
            return rate * _moved(speed, speed * (_MOMENTUM - 1) + gradient, keep)
        if self.kind == "rmsprop":
            (square,) = slots
            mean = _moved(square, (1 - _RMS_DECAY) * (tf.square(gradient) - square), keep)
            return rate * gradient * tf.math.rsqrt(mean + _EPSILON)
        first, second = slots
        beta1, beta2 = _ADAM_BETAS
        mean = _moved(first, (1 - beta1) * (gradient - first), keep)
        square = _moved(second, (1 - beta2) * (tf.square(gradient) - second), keep)
        mean /= 1 - tf.pow(beta1, step)
        square /= 1 - tf.pow(beta2, step)
        change = mean / (tf.sqrt(square) + _EPSILON)
        if self.kind == "adam":
            return rate * change
        size, length = tf.norm(variable), tf.norm(change)
        trust = tf.where((size > 0) & (length > 0), size / tf.maximum(length, 1e-12), 1.0)
        return rate * trust * change


def _moved(slot: Any, change: Any, keep: Any) -> Any:
    """The slot after ``change``; ``keep`` of 0 must hold off what is not finite, too."""
    slot.assign_add(tf.where(keep > 0, change, tf.zeros_like(change)))
    return tf.convert_to_tensor(slot)
