"""Work of single layers, added up: what layer lists and layer graphs are counted with.

A shape is ``(…spatial sizes, channels)`` without the batch: ``(224, 224, 3)`` is an image,
``(1600, 64)`` a sequence of vectors, ``(512,)`` a vector. Each method takes the shape that
goes in, adds the layer's work and gives the shape that comes out. Weights are counted as
PyTorch and Keras do (a batch normalisation has two trained vectors; its moving averages are
not parameters). Padding ``same`` and ``valid`` follow TensorFlow's rules. An activation
function is counted with the layer before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import prod
from typing import Literal

from domain.architectures.counts import OperationCounts
from domain.errors import ScenarioError

Padding = Literal["same", "valid"]
Shape = tuple[int, ...]


def spread(size: int | Sequence[int], dimensions: int, what: str) -> Shape:
    """One size for all dimensions, or one for each."""
    sizes = (size,) * dimensions if isinstance(size, int) else tuple(size)
    if len(sizes) != dimensions:
        raise ScenarioError(f"{what} of {list(sizes)} on a map of {dimensions} spatial dimensions")
    return sizes


def _out(size: int, kernel: int, stride: int, padding: str, layer: str) -> int:
    out = -(-size // stride) if padding == "same" else (size - kernel) // stride + 1
    if out < 1:
        raise ScenarioError(
            f"{layer} with a window of {kernel} does not fit a feature map of {size} pixels; "
            "use padding 'same' or fewer pooling layers"
        )
    return out


# Libraries run recurrent layers as persistent kernels, one launch for many steps; how many is
# assumed.
_STEPS_OF_A_KERNEL = 16.0


@dataclass(slots=True)
class LayerWork:
    """Running sums over the layers of one sample."""

    parameters: float = 0
    convolution_macs: float = 0
    grouped_macs: float = 0
    dense_macs: float = 0
    score_macs: float = 0
    moved: float = 0
    score_elements: float = 0
    kept: float = 0
    lookups: float = 0
    embedding_parameters: float = 0
    matrix_kernels: float = 0
    elementwise_kernels: float = 0
    weighted_layers: int = 0
    largest: int = 0

    def add(self, other: LayerWork, times: float = 1, parameters: float | None = None) -> None:
        """``other`` done ``times``; its parameters count ``parameters`` times if given."""
        for field in fields(other):
            name = field.name
            if name == "largest":
                self.largest = max(self.largest, other.largest)
                continue
            factor = times
            if name in ("parameters", "embedding_parameters", "weighted_layers"):
                factor = times if parameters is None else parameters
            setattr(self, name, getattr(self, name) + factor * getattr(other, name))

    def _touch(self, shape: Shape, *, moved: float, kept: float, kernels: float = 1) -> Shape:
        elements = prod(shape)
        self.moved += moved * elements
        self.kept += kept * elements
        self.elementwise_kernels += kernels
        self.largest = max(self.largest, elements)
        return shape

    def convolve(
        self,
        shape: Shape,
        filters: int,
        kernel: int | Sequence[int] = 3,
        stride: int | Sequence[int] = 1,
        padding: str = "valid",
        *,
        batch_norm: bool = False,
        bias: bool | None = None,
        groups: int = 1,
        dilation: int | Sequence[int] = 1,
    ) -> Shape:
        """A convolution and its activation; before a batch normalisation it has no bias."""
        *spatial, channels = shape
        if channels % groups or filters % groups:
            raise ScenarioError(
                f"convolution with {groups} groups: {channels} channels in and "
                f"{filters} filters must both be multiples of it"
            )
        kernels = spread(kernel, len(spatial), "a kernel")
        strides = spread(stride, len(spatial), "a stride")
        holes = spread(dilation, len(spatial), "a dilation")
        window = prod(kernels) * (channels // groups)
        out = (
            *(
                _out(size, (width - 1) * hole + 1, step, padding, "convolution")
                for size, width, step, hole in zip(spatial, kernels, strides, holes, strict=True)
            ),
            filters,
        )
        macs = prod(out) * window
        self.convolution_macs += macs
        if groups > 1:
            self.grouped_macs += macs
        if groups == channels:
            # Depthwise: so little work on each number that reading and writing bounds it.
            self.moved += prod(shape) + prod(out)
        return self._weighted(out, window * filters, filters, batch_norm, bias)

    def _weighted(
        self, out: Shape, weights: int, filters: int, batch_norm: bool, bias: bool | None
    ) -> Shape:
        has_bias = not batch_norm if bias is None else bias
        self.parameters += weights + (filters if has_bias else 0)
        self.matrix_kernels += 1
        self.weighted_layers += 1
        self._touch(out, moved=2, kept=1)
        return self.normalise(out) if batch_norm else out

    def transpose_convolve(
        self,
        shape: Shape,
        filters: int,
        kernel: int | Sequence[int] = 2,
        stride: int | Sequence[int] = 2,
        *,
        padding: str = "same",
        batch_norm: bool = False,
        bias: bool | None = None,
    ) -> Shape:
        """A convolution whose stride enlarges the map: every input meets the whole window."""
        *spatial, channels = shape
        window = prod(spread(kernel, len(spatial), "a kernel"))
        strides = spread(stride, len(spatial), "a stride")
        widths = spread(kernel, len(spatial), "a kernel")
        out = (
            *(
                size * step if padding == "same" else (size - 1) * step + max(width, step)
                for size, step, width in zip(spatial, strides, widths, strict=True)
            ),
            filters,
        )
        self.convolution_macs += prod(shape) * window * filters
        return self._weighted(out, window * channels * filters, filters, batch_norm, bias)

    def normalise(self, shape: Shape, parameters: int | None = None) -> Shape:
        """Batch, layer or group normalisation, with its scale and offset.

        With the layer before it: one read for the statistics, one read and one write to
        normalise and activate; what goes in and what comes out are both kept.
        """
        self.parameters += 2 * shape[-1] if parameters is None else parameters
        return self._touch(shape, moved=1, kept=1)

    def pool(
        self,
        shape: Shape,
        size: int | Sequence[int] = 2,
        stride: int | Sequence[int] | None = None,
        padding: str = "valid",
    ) -> Shape:
        """Maximum or average over windows."""
        *spatial, channels = shape
        windows = spread(size, len(spatial), "a window")
        strides = windows if stride is None else spread(stride, len(spatial), "a stride")
        out = (
            *(
                _out(extent, window, step, padding, "pool")
                for extent, window, step in zip(spatial, windows, strides, strict=True)
            ),
            channels,
        )
        return self.reduce(shape, out)

    def reduce(self, shape: Shape, out: Shape) -> Shape:
        """Anything that reads one map and writes and keeps another, without weights."""
        self.moved += prod(shape)
        return self._touch(out, moved=1, kept=1)

    def dense(self, shape: Shape, units: int, bias: bool = True) -> Shape:
        """A fully connected layer on the last axis."""
        *before, inputs = shape
        out = *before, units
        self.parameters += inputs * units + (units if bias else 0)
        self.dense_macs += prod(before) * inputs * units
        self.matrix_kernels += 1
        self.weighted_layers += 1
        return self._touch(out, moved=2, kept=1)

    def dropout(self, shape: Shape) -> Shape:
        """Dropout: no weights, one more pass over the activations."""
        return self._touch(shape, moved=2, kept=1)

    def merge(self, shape: Shape, inputs: int = 2) -> Shape:
        """A sum or product of ``inputs`` maps: reads each, writes one, keeps none."""
        return self._touch(shape, moved=inputs + 1, kept=0)

    def copy(self, shape: Shape, kept: bool = True) -> Shape:
        """A map that is written anew, as by joining, cropping or resizing others."""
        return self._touch(shape, moved=2, kept=1 if kept else 0)

    def embed(self, shape: Shape, rows: int, width: int) -> Shape:
        """One row of a table for each position; its gradient is dense."""
        positions = prod(shape)
        self.parameters += rows * width
        self.embedding_parameters += rows * width
        return self._touch((*shape, width), moved=2, kept=1) if positions else (*shape, width)

    def recur(
        self, shape: Shape, units: int, *, gates: int, directions: int = 1, biases: int = 1
    ) -> Shape:
        """One recurrent layer: LSTM has 4 gates, GRU 3, a plain one 1.

        ``gates · u (c + u + b)`` parameters a direction. The products with the input are one
        multiplication, those with the state one a time step, which cannot be batched over
        time: short ones cost a kernel launch each (Hochreiter and Schmidhuber, "Long
        Short-Term Memory", 1997; Appleyard et al., "Optimizing Performance of Recurrent
        Neural Networks on GPUs", 2016). Libraries that keep the weights on the chip do better.
        """
        steps, inputs = shape
        out = (steps, directions * units)
        self.parameters += directions * gates * units * (inputs + units + biases)
        self.dense_macs += directions * steps * gates * units * (inputs + units)
        self.matrix_kernels += directions * (1 + steps / _STEPS_OF_A_KERNEL)
        self.weighted_layers += 1
        return self._touch(
            out,
            moved=2 * gates + 2,
            kept=gates + 2,
            kernels=directions * steps / _STEPS_OF_A_KERNEL,
        )

    def attend(
        self,
        shape: Shape,
        heads: int,
        *,
        head_width: int,
        context: tuple[int, int] | None = None,
        qkv_bias: bool = True,
        out_bias: bool = True,
        value_width: int | None = None,
        fused: bool = False,
    ) -> Shape:
        """Attention of each position to all, or to a ``context`` of (length, width)."""
        length, width = shape
        keys, key_inputs = context or (length, width)
        query_width, values = heads * head_width, heads * (value_width or head_width)
        self.parameters += width * query_width + key_inputs * (query_width + values)
        self.parameters += values * width + (width if out_bias else 0)
        self.parameters += (2 * query_width + values) if qkv_bias else 0
        self.dense_macs += length * width * (query_width + values)
        self.dense_macs += keys * key_inputs * (query_width + values)
        self.score_macs += length * keys * (query_width + values)
        scores = 0 if fused else heads * length * keys
        self.moved += 4 * scores
        self.score_elements += 4 * scores
        self.kept += 2.5 * scores
        self.matrix_kernels += 6
        self.weighted_layers += 1
        # Transposes, bias, dropout and residual sum around it; softmax and dropout inside.
        return self._touch(shape, moved=11, kept=5, kernels=1 if fused else 5)

    def counts(self, inputs: Shape) -> OperationCounts:
        """All of it as the counts of one sample of the shape ``inputs``."""
        dense = self.dense_macs + self.score_macs
        return OperationCounts(
            matrix_kind="convolution" if self.convolution_macs > dense else "gemm",
            parameters=self.parameters,
            sparse_parameters=0.0,
            forward_flops_per_sample=2.0 * (self.convolution_macs + dense),
            elementwise_elements_per_sample=self.moved,
            activation_elements_per_sample=self.kept + prod(inputs),
            checkpoint_elements_per_sample=2.0 * max(self.largest, prod(inputs)),
            lookup_elements_per_sample=self.lookups,
            matrix_kernels=self.matrix_kernels,
            elementwise_kernels=self.elementwise_kernels,
            layers=self.weighted_layers,
            attention_flops_per_sample=2.0 * self.score_macs,
            grouped_flops_per_sample=2.0 * self.grouped_macs,
            score_elements_per_sample=self.score_elements,
            embedding_parameters=self.embedding_parameters,
        )
