"""A two-layer network written out: variables, a gradient tape, an update for each of them.

What Keras does for the other benchmarks is seen here line by line. Biases are ``[units]`` and
broadcast over the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from workloads.training.optimizers import Optimizer

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "sigmoid": tf.sigmoid,
    "tanh": tf.tanh,
    "relu": tf.nn.relu,
}


def mean_squared_error(labels: Any, logits: Any) -> Any:
    """Of the softmax of logits against one-hot labels, summed over classes: scalar."""
    wanted = tf.one_hot(labels, logits.shape[-1])
    return tf.reduce_mean(tf.reduce_sum(tf.square(tf.nn.softmax(logits) - wanted), axis=-1))


def cross_entropy(labels: Any, logits: Any) -> Any:
    """Of the softmax of logits, in nats: scalar."""
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    return tf.reduce_mean(each)


LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "mse": mean_squared_error,
    "cross_entropy": cross_entropy,
}


class TwoLayers(tf.Module):  # type: ignore[misc, unused-ignore]
    """``logits = activation(x W₁ + b₁) W₂ + b₂``."""

    def __init__(
        self, features: int, hidden: int, classes: int, activation: str, seed: int
    ) -> None:
        super().__init__(name="two_layers")
        self._activation = ACTIVATIONS[activation]
        self.w1 = tf.Variable(_weights(features, hidden, seed), name="w1")
        self.b1 = tf.Variable(tf.zeros([hidden]), name="b1")
        self.w2 = tf.Variable(_weights(hidden, classes, seed + 1), name="w2")
        self.b2 = tf.Variable(tf.zeros([classes]), name="b2")

    def __call__(self, x: Any) -> Any:
        """``[batch, features]`` to logits ``[batch, classes]``."""
        return self._activation(x @ self.w1 + self.b1) @ self.w2 + self.b2


def training_step(network: TwoLayers, loss: str, optimizer: Optimizer) -> Callable[..., Any]:
    """A compiled function of features, labels, learning rate and number of the step.

    It records the forward pass, takes the gradient of each trainable variable, updates it,
    and gives the loss.
    """
    variables = network.trainable_variables

    @tf.function  # type: ignore[untyped-decorator, unused-ignore]
    def step(features: Any, labels: Any, rate: Any, number: Any) -> Any:
        with tf.GradientTape() as tape:
            value = LOSSES[loss](labels, network(features))
        gradients = tape.gradient(value, variables)
        optimizer.apply(gradients, rate, number, tf.constant(1.0))
        return value

    found: Callable[..., Any] = step
    return found


def _weights(inputs: int, outputs: int, seed: int) -> Any:
    """Glorot and Bengio, "Understanding the Difficulty of Training", 2010, eq. 16."""
    bound = (6.0 / (inputs + outputs)) ** 0.5
    return tf.random.stateless_uniform([inputs, outputs], [seed, 7], -bound, bound)
