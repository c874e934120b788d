"""Vectors around centres, several for each class, so that no plane divides them."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from workloads.data.sample import Features, Field, SampleKind, numbers_of

_CENTRES = 3
"""For each class."""
_DISTANCE = 6.0
"""Typical distance of a centre from the origin, in standard deviations around a centre."""


def clusters(features: int, classes: int, seed: int) -> SampleKind:
    """Vectors ``[features]`` in 32 bit; label ``[]``, int32."""
    centres = tf.random.stateless_normal([classes, _CENTRES, features], [seed, 17])
    centres *= _DISTANCE / tf.norm(centres, axis=-1, keepdims=True)

    def draw(index: Any) -> tuple[Features, Any]:
        chance = tf.random.stateless_uniform([2], numbers_of(index, seed, 0))
        label = tf.cast(chance[0] * classes, tf.int32)
        centre = tf.cast(chance[1] * _CENTRES, tf.int32)
        around = tf.random.stateless_normal([features], numbers_of(index, seed, 1))
        return {"features": centres[label, centre] + around}, label

    return SampleKind(
        features={"features": Field((features,), tf.float32)},
        label=Field((), tf.int32),
        draw=draw,
        classes=tuple(map(str, range(classes))),
    )
