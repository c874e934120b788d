"""Two classes of images: convolution and pooling blocks, a dense layer, dropout, one logit."""

from __future__ import annotations

from typing import Any

import keras

from workloads.data.sample import SampleKind
from workloads.data.textures import textures
from workloads.models.benchmark import Benchmark
from workloads.settings import SmallCnn
from workloads.training.tasks import Task


def build(settings: SmallCnn) -> Any:
    """The network on ``[batch, pixels, pixels, 3]`` of 8 bit; the sigmoid is in the loss."""
    shape = settings.model
    pixels = (shape.image_size, shape.image_size, 3)
    image = keras.Input(pixels, dtype="uint8", name="image")
    x = keras.layers.Rescaling(1 / 255)(image)
    for filters in shape.filters:
        x = keras.layers.Conv2D(filters, 3, activation="relu")(x)
        x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(shape.dense, activation="relu")(x)
    if shape.dropout:
        x = keras.layers.Dropout(shape.dropout, seed=settings.seed)(x)
    logits = keras.layers.Dense(1, dtype="float32")(x)
    return keras.Model({"image": image}, logits, name="small_cnn")


def samples(settings: SmallCnn) -> SampleKind:
    """Images of two orientations."""
    return textures(settings.model.image_size, classes=2, seed=settings.seed)


BENCHMARK = Benchmark("small_cnn", Task.BINARY, build, samples)
