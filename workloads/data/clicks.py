"""Clicks of a hidden logistic model on categories and figures.

Categories follow a power law, as in real logs: few rows of a table are read most of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from workloads.data.sample import Features, Field, SampleKind, numbers_of

_SKEW = 3.0
"""Row = rows · u^skew of a uniform u: half of the look-ups meet the first eighth."""
_SHARPNESS = 3.0
"""Of the hidden model: clicks are mostly, but not wholly, decided by what is seen."""


def clicks(figures: int, rows: Sequence[int], seed: int) -> SampleKind:
    """Figures ``[figures]`` in 32 bit, categories ``[tables]``, int32; label ``[]``, int32."""
    tables = len(rows)
    sizes = tf.constant(rows, tf.float32)
    weights = tf.random.stateless_normal([figures], [seed, 41])
    turns = tf.random.stateless_uniform([tables], [seed, 43], 1.0, 100.0)

    def draw(index: Any) -> tuple[Features, Any]:
        chance = tf.random.stateless_uniform([tables + 1], numbers_of(index, seed, 0))
        numbers = tf.random.stateless_normal([figures], numbers_of(index, seed, 1))
        categories = tf.cast(sizes * chance[:tables] ** _SKEW, tf.int32)
        categories = tf.minimum(categories, tf.constant(rows, tf.int32) - 1)
        # What a row says is a fixed, irregular number between -1 and 1.
        opinions = tf.sin(tf.cast(categories, tf.float32) * turns + turns)
        inclination = tf.reduce_sum(weights * numbers) / figures**0.5
        inclination += tf.reduce_sum(opinions) * (2.0 / tables) ** 0.5
        label = chance[tables] < tf.sigmoid(_SHARPNESS * inclination)
        return {"figures": numbers, "categories": categories}, tf.cast(label, tf.int32)

    return SampleKind(
        features={
            "figures": Field((figures,), tf.float32),
            "categories": Field((tables,), tf.int32),
        },
        label=Field((), tf.int32),
        draw=draw,
        classes=("ignored", "clicked"),
    )
