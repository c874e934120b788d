"""Where batches come from: parts of a data set, in an order that a restart can take up.

The order of training samples follows from the seed and the number of the step alone, so that
a run that goes on from step 37 meets the samples that the first run would have met there, and
each worker its own. Nothing about the position has to be kept beside the step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import tensorflow as tf

Part = Literal["train", "validation", "test"]


@dataclass(frozen=True, slots=True)
class Order:
    """Which batches one input pipeline gives, one for each of its replicas in turn."""

    batch: int
    """Samples of one replica in one step."""
    replicas: int = 1
    """Of all pipelines together."""
    pipeline: int = 0
    pipelines: int = 1
    first_step: int = 0
    shuffle_seed: int | None = None

    @property
    def global_batch(self) -> int:
        """Samples of one step."""
        return self.batch * self.replicas

    @property
    def replicas_here(self) -> int:
        """Replicas that this pipeline feeds."""
        return self.replicas // self.pipelines


class Source(Protocol):
    """A data set in parts."""

    read_bytes_per_sample: float
    """Bytes that are read for one sample on average; 0 where none are."""

    @property
    def sizes(self) -> Mapping[Part, int]:
        """Samples of each part."""

    def batches(self, part: Part, order: Order) -> Any:
        """An endless ``tf.data.Dataset`` of ``(features, labels)`` of ``order.batch`` each."""


Fetch = Callable[[Any], tuple[Any, Any]]


def batches_by_number(order: Order, size: int, first: int, fetch: Fetch, *, whole: bool) -> Any:
    """Batches of samples that are found by their number.

    Args:
        order: which of them, and for whom.
        size: samples of the part; they have the numbers from ``first`` on.
        first: number of the first sample of the part.
        fetch: a number, or with ``whole`` numbers ``[batch]``, to features and labels.
        whole: whether ``fetch`` takes a batch at once.
    """

    def numbers(turn: Any) -> Any:
        step = order.first_step + turn // order.replicas_here
        replica = order.pipeline * order.replicas_here + turn % order.replicas_here
        counter = step * order.global_batch + replica * order.batch
        counters = counter + tf.range(order.batch, dtype=tf.int64)
        within = counters % size
        if order.shuffle_seed is not None:
            # Every epoch its own order; a batch may reach over the end of one.
            epochs = tf.cast(counters // size, tf.int64)
            seeds = tf.stack([tf.fill(tf.shape(epochs), seed), epochs, 0 * epochs], axis=1)
            # The public function of the same name takes no seed for each index.
            within = tf.raw_ops.RandomIndexShuffle(
                index=within, seed=seeds, max_index=tf.constant(size - 1, tf.int64)
            )
        return first + within

    seed = tf.constant(order.shuffle_seed or 0, tf.int64)
    numbered = tf.data.Dataset.counter().map(numbers)
    if whole:
        return numbered.map(fetch, num_parallel_calls=tf.data.AUTOTUNE)
    single = numbered.unbatch().map(fetch, num_parallel_calls=tf.data.AUTOTUNE)
    return single.batch(order.batch, drop_remainder=True)


def divided(samples: int, validation_share: float, test_share: float) -> dict[Part, int]:
    """How many samples each part gets; training keeps the rest."""
    validation, test = round(samples * validation_share), round(samples * test_share)
    return {"train": samples - validation - test, "validation": validation, "test": test}
