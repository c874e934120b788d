"""Images mirrored and shifted at random, the same for the same step."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

_SHIFT = 8
"""A part of the side: images are shifted by up to an eighth of it."""


def augmented(batches: Any, seed: int, first: int = 0) -> Any:
    """The same batches with every image mirrored or not, and moved within a mirrored border.

    ``first`` is the number of the first batch, where a run goes on.
    """

    def change(number: Any, batch: Any) -> Any:
        features, labels = batch
        image = features["image"]
        shape = tf.shape(image)
        chance = tf.random.stateless_uniform(
            [shape[0], 3], tf.stack([number, tf.constant(seed, tf.int64)])
        )
        mirrored = tf.where(chance[:, 0, None, None, None] < 0.5, image[:, :, ::-1], image)
        border = image.shape[1] // _SHIFT
        padded = tf.pad(mirrored, [[0, 0], [border, border], [border, border], [0, 0]], "SYMMETRIC")
        places = tf.cast(chance[:, 1:] * float(2 * border + 1), tf.int32)
        span = tf.range(image.shape[1])
        rows = tf.gather(padded, places[:, 0, None] + span, axis=1, batch_dims=1)
        moved = tf.gather(rows, places[:, 1, None] + span, axis=2, batch_dims=1)
        return {**features, "image": tf.ensure_shape(moved, image.shape)}, labels

    return batches.enumerate(first).map(change, num_parallel_calls=tf.data.AUTOTUNE)
