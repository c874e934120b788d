"""A classifier of vectors: fully connected layers."""

from __future__ import annotations

from typing import Any

import keras

from workloads.data.clusters import clusters
from workloads.data.sample import SampleKind
from workloads.models.benchmark import Benchmark
from workloads.settings import MLP
from workloads.training.tasks import Task


def build(settings: MLP) -> Any:
    """The network on ``[batch, features]``, a logit for each class."""
    shape = settings.model
    features = keras.Input((shape.features,), name="features")
    x = features
    for units in shape.hidden:
        x = keras.layers.Dense(units, activation="relu")(x)
    logits = keras.layers.Dense(shape.classes, dtype="float32")(x)
    return keras.Model({"features": features}, logits, name="mlp")


def samples(settings: MLP) -> SampleKind:
    """Vectors around a few centres for each class."""
    return clusters(settings.model.features, settings.model.classes, settings.seed)


BENCHMARK = Benchmark("mlp", Task.CLASSES, build, samples)
