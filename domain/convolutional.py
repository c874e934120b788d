"""What one image costs in a convolutional network, counted layer by layer.

The walk keeps the shape of the feature map and adds up the work of each layer. It counts
weights as PyTorch and Keras do (a batch normalisation has two trained vectors; its moving
averages are not parameters). Padding ``same`` and ``valid`` follow TensorFlow's rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from domain.architectures import OperationCounts
from domain.errors import ScenarioError
from domain.frozen import Frozen

Padding = Literal["same", "valid"]


class Convolution(Frozen):
    """A convolution, its activation, and a batch normalisation where there is one."""

    op: Literal["convolution"]
    filters: PositiveInt
    kernel: PositiveInt = 3
    stride: PositiveInt = 1
    padding: Padding = "valid"
    batch_norm: bool = False
    groups: PositiveInt = 1


class Pool(Frozen):
    """Maximum or average over windows."""

    op: Literal["pool"]
    size: PositiveInt = 2
    stride: PositiveInt | None = None
    padding: Padding = "valid"


class GlobalPool(Frozen):
    """The average of each channel."""

    op: Literal["global_pool"]


class Flatten(Frozen):
    """The feature map as one vector."""

    op: Literal["flatten"]


class Dense(Frozen):
    """A fully connected layer."""

    op: Literal["dense"]
    units: PositiveInt


class Dropout(Frozen):
    """Dropout: no weights, one more pass over the activations."""

    op: Literal["dropout"]


class Bottleneck(Frozen):
    """Residual blocks 1×1, 3×3, 1×1 with ``4 filters`` out; the first one strides.

    The stride sits on the 3×3 convolution (ResNet v1.5), the shortcut is projected in the
    first block (He et al., 2015).
    """

    op: Literal["bottleneck"]
    filters: PositiveInt
    blocks: PositiveInt = 1
    stride: PositiveInt = 1


CnnLayer = Annotated[
    Convolution | Pool | GlobalPool | Flatten | Dense | Dropout | Bottleneck,
    Field(discriminator="op"),
]


def _out(size: int, kernel: int, stride: int, padding: Padding, layer: str) -> int:
    out = -(-size // stride) if padding == "same" else (size - kernel) // stride + 1
    if out < 1:
        raise ScenarioError(
            f"{layer} with a window of {kernel} does not fit a feature map of {size} pixels; "
            "use padding 'same' or fewer pooling layers"
        )
    return out


@dataclass(slots=True)
class _Walk:
    """The feature map so far and the running sums."""

    height: int
    width: int
    channels: int
    flat: bool = False
    parameters: int = 0
    macs: int = 0
    kept: int = 0
    moved: int = 0
    matrix_kernels: int = 0
    elementwise_kernels: int = 0

    @property
    def elements(self) -> int:
        return self.height * self.width * self.channels

    def convolve(self, layer: Convolution) -> None:
        if self.channels % layer.groups or layer.filters % layer.groups:
            raise ScenarioError(
                f"convolution with {layer.groups} groups: {self.channels} channels in and "
                f"{layer.filters} filters must both be multiples of it"
            )
        window = layer.kernel * layer.kernel * self.channels // layer.groups
        self.height = _out(self.height, layer.kernel, layer.stride, layer.padding, layer.op)
        self.width = _out(self.width, layer.kernel, layer.stride, layer.padding, layer.op)
        self.channels = layer.filters
        self.macs += self.elements * window
        self.parameters += window * layer.filters
        self.matrix_kernels += 1
        self.elementwise_kernels += 1
        if layer.batch_norm:
            # One read for the statistics, one read and one write to normalise and activate;
            # the convolution's output and the normalised one are both kept.
            self.parameters += 2 * layer.filters
            self.moved += 3 * self.elements
            self.kept += 2 * self.elements
            self.elementwise_kernels += 1
        else:
            self.parameters += layer.filters
            self.moved += 2 * self.elements
            self.kept += self.elements

    def pool(self, layer: Pool) -> None:
        stride = layer.stride or layer.size
        before = self.elements
        self.height = _out(self.height, layer.size, stride, layer.padding, layer.op)
        self.width = _out(self.width, layer.size, stride, layer.padding, layer.op)
        self._reduced(before)

    def global_pool(self) -> None:
        before = self.elements
        self.height = self.width = 1
        self.flat = True
        self._reduced(before)

    def _reduced(self, before: int) -> None:
        self.moved += before + self.elements
        self.kept += self.elements
        self.elementwise_kernels += 1

    def flatten(self) -> None:
        self.channels, self.height, self.width, self.flat = self.elements, 1, 1, True

    def dense(self, layer: Dense) -> None:
        if not self.flat:
            raise ScenarioError(
                f"dense layer of {layer.units} units after a {self.height}×{self.width} feature "
                "map; put {op: flatten} or {op: global_pool} before it"
            )
        self.parameters += (self.channels + 1) * layer.units
        self.macs += self.channels * layer.units
        self.channels = layer.units
        self.moved += 2 * layer.units
        self.kept += layer.units
        self.matrix_kernels += 1
        self.elementwise_kernels += 1

    def dropout(self) -> None:
        self.moved += 2 * self.elements
        self.kept += self.elements
        self.elementwise_kernels += 1

    def bottleneck(self, layer: Bottleneck) -> None:
        for block in range(layer.blocks):
            stride = layer.stride if block == 0 else 1
            if block == 0:
                self._project(4 * layer.filters, stride)
            for filters, kernel, step in (
                (layer.filters, 1, 1),
                (layer.filters, 3, stride),
                (4 * layer.filters, 1, 1),
            ):
                self.convolve(_normalised(filters, kernel, step))
            # The sum reads both branches and writes one.
            self.moved += 3 * self.elements
            self.elementwise_kernels += 1

    def _project(self, filters: int, stride: int) -> None:
        """The shortcut: its work counts, the main branch keeps its own shape."""
        shape = self.height, self.width, self.channels
        self.convolve(_normalised(filters, 1, stride))
        self.height, self.width, self.channels = shape

    def add(self, layer: CnnLayer) -> None:
        match layer:
            case Convolution():
                self.convolve(layer)
            case Pool():
                self.pool(layer)
            case GlobalPool():
                self.global_pool()
            case Flatten():
                self.flatten()
            case Dense():
                self.dense(layer)
            case Dropout():
                self.dropout()
            case Bottleneck():
                self.bottleneck(layer)


def _normalised(filters: int, kernel: int, stride: int) -> Convolution:
    # A convolution before a batch normalisation has no bias, which the walk counts so.
    return Convolution(
        op="convolution",
        filters=filters,
        kernel=kernel,
        stride=stride,
        padding="same",
        batch_norm=True,
    )


def count_cnn(image: tuple[int, int, int], layers: Sequence[CnnLayer]) -> OperationCounts:
    """Counts of one image of ``image`` = (height, width, channels).

    Raises:
        ScenarioError: a window larger than its feature map, or a dense layer on a map.
    """
    walk = _Walk(*image)
    largest = walk.elements
    for layer in layers:
        walk.add(layer)
        largest = max(largest, walk.elements)
    return OperationCounts(
        matrix_kind="convolution",
        parameters=walk.parameters,
        sparse_parameters=0.0,
        forward_flops_per_sample=2.0 * walk.macs,
        elementwise_elements_per_sample=walk.moved,
        activation_elements_per_sample=walk.kept + image[0] * image[1] * image[2],
        checkpoint_elements_per_sample=2.0 * largest,
        lookup_elements_per_sample=0.0,
        matrix_kernels=walk.matrix_kernels,
        elementwise_kernels=walk.elementwise_kernels,
    )
