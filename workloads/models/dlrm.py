"""Clicks from categories and figures: tables, two perceptrons, and all pairs between.

Naumov et al., "Deep Learning Recommendation Model", 2019. All tables lie in one, one after the
other, which is one look-up for all; every replica holds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import keras

from workloads.data.clicks import clicks
from workloads.data.sample import SampleKind
from workloads.models.benchmark import Benchmark
from workloads.settings import DLRM
from workloads.training.tasks import Task


class Tables(keras.layers.Layer):  # type: ignore[misc, unused-ignore]
    """One row of each table: ``[batch, tables]`` to ``[batch, tables, width]``."""

    def __init__(self, rows: Sequence[int], width: int, **other: Any) -> None:
        super().__init__(**other)
        self.rows, self.width = list(rows), width
        self.starts = [0, *accumulate(self.rows)][:-1]

    def build(self, input_shape: Any) -> None:
        """Makes the one table."""
        bound = (len(self.rows) / sum(self.rows)) ** 0.5
        self.table = self.add_weight(
            shape=(sum(self.rows), self.width),
            initializer=keras.initializers.RandomUniform(-bound, bound),
            name="table",
        )

    def call(self, inputs: Any) -> Any:
        """Looks up the row of each table."""
        starts = keras.ops.convert_to_tensor(self.starts, dtype=inputs.dtype)
        return keras.ops.take(self.table, inputs + starts, axis=0)


def build(settings: DLRM) -> Any:
    """The network on ``[batch, dense_features]`` and ``[batch, tables]``, one logit."""
    shape = settings.model
    figures = keras.Input((shape.dense_features,), name="figures")
    categories = keras.Input((shape.tables,), dtype="int32", name="categories")
    width = shape.bottom[-1]
    bottom = figures
    for units in shape.bottom:
        bottom = keras.layers.Dense(units, activation="relu")(bottom)
    read = Tables(shape.rows, width)(categories)
    vectors = keras.layers.Concatenate(axis=1)([keras.ops.expand_dims(bottom, 1), read])
    products = keras.ops.matmul(vectors, keras.ops.transpose(vectors, (0, 2, 1)))
    count = shape.tables + 1
    pairs = [row * count + column for row in range(count) for column in range(row)]
    flat = keras.layers.Reshape((count * count,))(products)
    x = keras.layers.Concatenate()([bottom, keras.ops.take(flat, pairs, axis=1)])
    for units in shape.top[:-1]:
        x = keras.layers.Dense(units, activation="relu")(x)
    logits = keras.layers.Dense(1, dtype="float32")(x)
    return keras.Model({"figures": figures, "categories": categories}, logits, name="dlrm")


def samples(settings: DLRM) -> SampleKind:
    """Clicks of a hidden logistic model."""
    shape = settings.model
    return clicks(shape.dense_features, shape.rows, settings.seed)


BENCHMARK = Benchmark("dlrm", Task.BINARY, build, samples)
