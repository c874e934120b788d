"""Classes of images: ResNet with bottleneck blocks, the stride on the 3×3 convolution (v1.5).

He et al., "Deep Residual Learning for Image Recognition", 2015, table 1. Convolutions have no
bias, as a batch normalisation follows each; the networks of ``keras.applications`` have one.
Blocks begin as the identity: the scale of their last normalisation is 0 at first (Goyal et al.,
"Accurate, Large Minibatch SGD", 2017, section 5.1).
"""

from __future__ import annotations

from typing import Any

import keras

from workloads.data.sample import SampleKind
from workloads.data.textures import textures
from workloads.models.benchmark import Benchmark
from workloads.settings import ResNet50
from workloads.training.tasks import Task


def build(settings: ResNet50) -> Any:
    """The network on ``[batch, pixels, pixels, 3]`` of 8 bit, a logit for each class."""
    shape = settings.model
    image = keras.Input((shape.image_size, shape.image_size, 3), dtype="uint8", name="image")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(image)
    x = _convolve(x, shape.width, 7, stride=2)
    x = keras.layers.MaxPooling2D(3, 2, padding="same")(x)
    for stage, blocks in enumerate(shape.blocks):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            x = _bottleneck(x, shape.width * 2**stage, stride, project=block == 0)
    x = keras.layers.GlobalAveragePooling2D()(x)
    logits = keras.layers.Dense(shape.classes, dtype="float32")(x)
    return keras.Model({"image": image}, logits, name="resnet50")


def _bottleneck(x: Any, filters: int, stride: int, *, project: bool) -> Any:
    shortcut = _convolve(x, 4 * filters, 1, stride, activate=False) if project else x
    x = _convolve(x, filters, 1)
    x = _convolve(x, filters, 3, stride)
    x = _convolve(x, 4 * filters, 1, activate=False, scale="zeros")
    return keras.layers.ReLU()(keras.layers.Add()([x, shortcut]))


def _convolve(
    x: Any,
    filters: int,
    kernel: int,
    stride: int = 1,
    *,
    activate: bool = True,
    scale: str = "ones",
) -> Any:
    x = keras.layers.Conv2D(
        filters,
        kernel,
        stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)
    # Averages that follow within tens of steps, so that short runs can be evaluated too.
    x = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, gamma_initializer=scale)(x)
    return keras.layers.ReLU()(x) if activate else x


def samples(settings: ResNet50) -> SampleKind:
    """Images of as many orientations as there are classes."""
    return textures(settings.model.image_size, settings.model.classes, settings.seed)


BENCHMARK = Benchmark("resnet50", Task.CLASSES, build, samples)
