"""Images whose class is the orientation of their stripes.

Stripes of a random width, place and colour under noise, on a background of another colour:
only the orientation tells the class, so that a network must find edges to beat chance.
"""

from __future__ import annotations

from math import pi
from typing import Any

import tensorflow as tf

from workloads.data.sample import Features, Field, SampleKind, numbers_of

_NOISE = 20.0
"""Standard deviation of the noise, of 255."""


def textures(image_size: int, classes: int, seed: int) -> SampleKind:
    """Images ``[image_size, image_size, 3]`` of 8 bit; label ``[]``, int32."""

    def draw(index: Any) -> tuple[Features, Any]:
        label = tf.random.stateless_uniform(
            [], numbers_of(index, seed, 0), 0, classes, dtype=tf.int32
        )
        chance = tf.random.stateless_uniform([4], numbers_of(index, seed, 1))
        # Of a class's share of half a turn, the middle half: classes do not touch.
        angle = pi * (tf.cast(label, tf.float32) + (chance[0] - 0.5) / 2) / classes
        stripe = 5.0 + 7.0 * chance[1]
        place = tf.range(image_size, dtype=tf.float32)
        along = place[:, None] * tf.sin(angle) + place[None, :] * tf.cos(angle)
        wave = 0.5 + 0.5 * tf.sin(2 * pi * (along / stripe + chance[2]))
        colours = tf.random.stateless_uniform([2, 3], numbers_of(index, seed, 2), 0.0, 110.0)
        dark, bright = colours[0], colours[1] + 120.0
        image = dark + wave[:, :, None] * (bright - dark)
        image += _NOISE * tf.random.stateless_normal(
            [image_size, image_size, 3], numbers_of(index, seed, 3)
        )
        return {"image": tf.cast(tf.clip_by_value(image, 0, 255), tf.uint8)}, label

    return SampleKind(
        features={"image": Field((image_size, image_size, 3), tf.uint8, image=True)},
        label=Field((), tf.int32),
        draw=draw,
        classes=tuple(f"stripes_{180 * each // classes:03d}" for each in range(classes)),
    )
