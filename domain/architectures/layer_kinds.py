"""The layers that a list of layers is written in: ``{op: convolution, filters: 64}``.

``remember`` gives the map of this place a name; ``resume`` goes on from a named map, ``add``
and ``concatenate`` join named maps to the present one: with these three, skip connections,
feature pyramids and heads at several places are lists too.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from domain.architectures.block_kinds import (
    Basic,
    Bottleneck,
    DiffusionBlock,
    InvertedResidual,
    SpatialTransformer,
    TransformerBlocks,
)
from domain.architectures.layer_work import Padding
from domain.frozen import Frozen

Sizes = PositiveInt | tuple[PositiveInt, ...]


class Convolution(Frozen):
    """A convolution, its activation, and a batch normalisation where there is one."""

    op: Literal["convolution"]
    filters: PositiveInt
    kernel: Sizes = 3
    stride: Sizes = 1
    padding: Padding = "valid"
    batch_norm: bool = False
    bias: bool | None = None
    groups: PositiveInt = 1
    dilation: Sizes = 1


class Depthwise(Frozen):
    """A convolution of each channel by itself."""

    op: Literal["depthwise"]
    kernel: Sizes = 3
    stride: Sizes = 1
    padding: Padding = "same"
    batch_norm: bool = False
    bias: bool | None = None
    dilation: Sizes = 1


class Separable(Frozen):
    """A depthwise convolution, then a 1×1 one with the normalisation."""

    op: Literal["separable"]
    filters: PositiveInt
    kernel: Sizes = 3
    stride: Sizes = 1
    padding: Padding = "same"
    batch_norm: bool = False
    bias: bool | None = None
    dilation: Sizes = 1


class TransposedConvolution(Frozen):
    """A convolution that enlarges the map by its stride."""

    op: Literal["transposed_convolution"]
    filters: PositiveInt
    kernel: Sizes = 2
    stride: Sizes = 2
    batch_norm: bool = False


class Normalise(Frozen):
    """A batch, layer or group normalisation that stands alone."""

    op: Literal["normalise"]


class Pool(Frozen):
    """Maximum or average over windows."""

    op: Literal["pool"]
    size: Sizes = 2
    stride: Sizes | None = None
    padding: Padding = "valid"


class GlobalPool(Frozen):
    """The average of each channel."""

    op: Literal["global_pool"]


class Upsample(Frozen):
    """Each number repeated, or interpolated, ``factor`` times along each side."""

    op: Literal["upsample"]
    factor: PositiveInt = 2


class Flatten(Frozen):
    """The feature map as one vector."""

    op: Literal["flatten"]


class Sequence(Frozen):
    """The places of a map as positions of a sequence, with ``extra`` learned ones in front."""

    op: Literal["sequence"]
    extra: int = Field(default=0, ge=0)
    learned_positions: bool = False


class First(Frozen):
    """The first position of a sequence alone."""

    op: Literal["first"]


class Stack(Frozen):
    """Every ``factor`` neighbouring positions joined into one wider one."""

    op: Literal["stack"]
    factor: PositiveInt = 2


class Dense(Frozen):
    """A fully connected layer; on a sequence, with ``each``, at every position."""

    op: Literal["dense"]
    units: PositiveInt
    bias: bool = True
    each: bool = False


class Dropout(Frozen):
    """Dropout: no weights, one more pass over the activations."""

    op: Literal["dropout"]


class Embedding(Frozen):
    """One row of a table for each position."""

    op: Literal["embedding"]
    rows: PositiveInt
    width: PositiveInt


class Recurrent(Frozen):
    """LSTM or GRU layers over a sequence; ``biases`` is 2 in PyTorch and cuDNN."""

    op: Literal["lstm", "gru"]
    units: PositiveInt
    layers: PositiveInt = 1
    bidirectional: bool = False
    biases: PositiveInt = 1


class Remember(Frozen):
    """Gives the map of this place a name."""

    op: Literal["remember"]
    name: str


class Resume(Frozen):
    """Goes on from a named map."""

    op: Literal["resume"]
    name: str


class Add(Frozen):
    """The sum with named maps of the same shape."""

    op: Literal["add"]
    names: Annotated[tuple[str, ...], Field(min_length=1)]


class Concatenate(Frozen):
    """The present map with named ones as more channels; larger ones are cropped."""

    op: Literal["concatenate"]
    names: Annotated[tuple[str, ...], Field(min_length=1)]


class Input(Frozen):
    """Another input of a fixed shape."""

    op: Literal["input"]
    shape: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]


class Repeat(Frozen):
    """Layers that follow each other ``times``, each time with weights of their own."""

    op: Literal["repeat"]
    times: PositiveInt
    layers: Annotated[tuple[NetworkLayer, ...], Field(min_length=1)]


class Branches(Frozen):
    """Lists of layers side by side on the same map, joined by channels."""

    op: Literal["branches"]
    branches: Annotated[
        tuple[Annotated[tuple[NetworkLayer, ...], Field()], ...], Field(min_length=2)
    ]
    join: Literal["concatenate", "add"] = "concatenate"


class Residual(Frozen):
    """Layers whose result is added to what went in, or to the maps named in ``sources``.

    Where shapes differ, or always with ``project``, a 1×1 convolution with a batch
    normalisation makes them fit.
    """

    op: Literal["residual"]
    layers: Annotated[tuple[NetworkLayer, ...], Field(min_length=1)]
    sources: tuple[str, ...] = ()
    project: bool = False


class Pyramid(Frozen):
    """A feature pyramid over named maps, the finest first (Lin et al., 2017).

    Each map is projected, the coarser one above it is enlarged and added, and a 3×3
    convolution follows; the results are called ``<name>_out``. Goes on from the coarsest.
    """

    op: Literal["pyramid"]
    names: Annotated[tuple[str, ...], Field(min_length=2)]
    filters: PositiveInt


class Shared(Frozen):
    """The same layers, with the same weights, on each of several named maps."""

    op: Literal["shared"]
    names: Annotated[tuple[str, ...], Field(min_length=1)]
    layers: Annotated[tuple[NetworkLayer, ...], Field(min_length=1)]


class Regions(Frozen):
    """``count`` windows of ``size`` places cut out of the map, through the same layers."""

    op: Literal["regions"]
    count: PositiveInt
    size: PositiveInt
    layers: Annotated[tuple[NetworkLayer, ...], Field(min_length=1)]


NetworkLayer = Annotated[
    Convolution
    | Depthwise
    | Separable
    | TransposedConvolution
    | Normalise
    | Pool
    | GlobalPool
    | Upsample
    | Flatten
    | Sequence
    | First
    | Stack
    | Dense
    | Dropout
    | Embedding
    | Recurrent
    | TransformerBlocks
    | Bottleneck
    | Basic
    | InvertedResidual
    | DiffusionBlock
    | SpatialTransformer
    | Remember
    | Resume
    | Add
    | Concatenate
    | Input
    | Repeat
    | Branches
    | Residual
    | Pyramid
    | Shared
    | Regions,
    Field(discriminator="op"),
]
for _nested in (Repeat, Branches, Residual, Shared, Regions):
    _nested.model_rebuild()
