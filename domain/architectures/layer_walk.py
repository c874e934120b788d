"""What one sample costs in a list of layers, counted layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import prod

from domain.architectures import block_kinds as block
from domain.architectures import block_work as blocks
from domain.architectures import layer_kinds as kind
from domain.architectures.counts import OperationCounts
from domain.architectures.layer_work import LayerWork, Shape
from domain.errors import ScenarioError, near_misses


@dataclass(slots=True)
class _Walk:
    """The map so far, the maps that have a name, and the running sums."""

    shape: Shape
    work: LayerWork = field(default_factory=LayerWork)
    named: dict[str, Shape] = field(default_factory=dict)
    transformer: tuple[Shape, block.TransformerBlocks] | None = None
    """Where the deepest stack of attention layers stands, and that stack."""

    def follow(self, layers: Sequence[kind.NetworkLayer]) -> None:
        for layer in layers:
            self.shape = self.step(layer)

    def step(self, layer: kind.NetworkLayer) -> Shape:
        work, shape = self.work, self.shape
        match layer:
            case kind.Convolution():
                return work.convolve(
                    shape,
                    layer.filters,
                    layer.kernel,
                    layer.stride,
                    layer.padding,
                    batch_norm=layer.batch_norm,
                    bias=layer.bias,
                    groups=layer.groups,
                    dilation=layer.dilation,
                )
            case kind.Depthwise():
                return self._depthwise(layer, batch_norm=layer.batch_norm, bias=layer.bias)
            case kind.Separable():
                shape = self._depthwise(layer, batch_norm=False, bias=False)
                return work.convolve(
                    shape, layer.filters, 1, batch_norm=layer.batch_norm, bias=layer.bias
                )
            case kind.TransposedConvolution():
                return work.transpose_convolve(
                    shape, layer.filters, layer.kernel, layer.stride, batch_norm=layer.batch_norm
                )
            case kind.Normalise():
                return work.normalise(shape)
            case kind.Pool():
                return work.pool(shape, layer.size, layer.stride, layer.padding)
            case kind.GlobalPool():
                return work.reduce(shape, (shape[-1],))
            case kind.Upsample():
                *spatial, channels = shape
                larger = *(size * layer.factor for size in spatial), channels
                return work.copy(larger, kept=False)
            case kind.Dropout():
                return work.dropout(shape)
            case kind.Dense():
                return self._dense(layer)
            case kind.Embedding():
                return work.embed(shape[:1], layer.rows, layer.width)
            case kind.Recurrent():
                return self._recurrent(layer)
            case _:
                return self._shape_or_block(layer)

    def _shape_or_block(self, layer: kind.NetworkLayer) -> Shape:
        work, shape = self.work, self.shape
        match layer:
            case kind.Flatten():
                return (prod(shape),)
            case kind.Sequence():
                return self._sequence(layer)
            case kind.First():
                return (shape[-1],)
            case kind.Stack():
                return (max(1, shape[0] // layer.factor), shape[-1] * layer.factor)
            case block.TransformerBlocks():
                if self.transformer is None or layer.layers > self.transformer[1].layers:
                    self.transformer = shape, layer
                return blocks.transformer_blocks(work, shape, layer)
            case block.Bottleneck():
                return blocks.bottleneck(work, shape, layer)
            case block.Basic():
                return blocks.basic(work, shape, layer)
            case block.InvertedResidual():
                return blocks.inverted_residual(work, shape, layer)
            case block.DiffusionBlock():
                return blocks.diffusion_block(work, shape, layer)
            case block.SpatialTransformer():
                return blocks.spatial_transformer(work, shape, layer)
            case _:
                return self._path(layer)

    def _path(self, layer: kind.NetworkLayer) -> Shape:
        match layer:
            case kind.Remember():
                self.named[layer.name] = self.shape
            case kind.Resume():
                return self._map(layer.name)
            case kind.Add():
                for name in layer.names:
                    if self._map(name) != self.shape:
                        raise ScenarioError(
                            f"a sum of '{name}' of shape {list(self._map(name))} with a map of "
                            f"shape {list(self.shape)}; they must be equal"
                        )
                return self.work.merge(self.shape, 1 + len(layer.names))
            case kind.Concatenate():
                channels = sum(self._map(name)[-1] for name in layer.names)
                return self.work.copy((*self.shape[:-1], self.shape[-1] + channels))
            case kind.Input():
                return layer.shape
            case kind.Repeat():
                for _ in range(layer.times):
                    self.follow(layer.layers)
            case kind.Branches():
                return self._branches(layer)
            case kind.Residual():
                return self._residual(layer)
            case kind.Pyramid():
                return self._pyramid(layer)
            case kind.Shared():
                for index, name in enumerate(layer.names):
                    self._aside(self._map(name), layer.layers, 1, 1 if index == 0 else 0)
            case kind.Regions():
                window = *((layer.size,) * (len(self.shape) - 1)), self.shape[-1]
                self.work.copy((layer.count, *window))
                self._aside(window, layer.layers, layer.count, 1)
        return self.shape

    def _map(self, name: str) -> Shape:
        if name not in self.named:
            hint = near_misses(name, self.named) or f"; known here: {', '.join(self.named)}"
            raise ScenarioError(f"no map is called '{name}'{hint}")
        return self.named[name]

    def _aside(
        self, shape: Shape, layers: Sequence[kind.NetworkLayer], times: int, parameters: int
    ) -> None:
        """Layers that lead away from this map; kernels of several copies are shared."""
        side = replace(self, shape=shape, work=LayerWork(), named=dict(self.named))
        side.follow(layers)
        kernels = side.work.matrix_kernels, side.work.elementwise_kernels
        side.work.matrix_kernels, side.work.elementwise_kernels = (
            count / times for count in kernels
        )
        self.work.add(side.work, times, parameters)

    def _branches(self, layer: kind.Branches) -> Shape:
        ends: list[Shape] = []
        start = self.shape
        for branch in layer.branches:
            self.shape = start
            self.follow(branch)
            ends.append(self.shape)
        if len({end[:-1] for end in ends}) > 1:
            raise ScenarioError(
                f"branches end in maps of {' and '.join(str(list(end)) for end in ends)}, whose "
                "sides must be equal to join them"
            )
        if layer.join == "add":
            return self.work.merge(ends[0], len(ends))
        return self.work.copy((*ends[0][:-1], sum(end[-1] for end in ends)), kept=False)

    def _residual(self, layer: kind.Residual) -> Shape:
        sources = [self._map(name) for name in layer.sources] or [self.shape]
        self.follow(layer.layers)
        for source in sources:
            if layer.project or source != self.shape:
                strides = [-(-size // out) for size, out in zip(source, self.shape, strict=True)]
                self.work.convolve(source, self.shape[-1], 1, strides[:-1], "same", batch_norm=True)
        return self.work.merge(self.shape, 1 + len(sources))

    def _pyramid(self, layer: kind.Pyramid) -> Shape:
        above: Shape | None = None
        for name in reversed(layer.names):
            level = self.work.convolve(self._map(name), layer.filters, 1)
            if above is not None:
                self.work.copy(level, kept=False)
                self.work.merge(level)
            above = level
            self.named[f"{name}_out"] = self.work.convolve(level, layer.filters, 3, 1, "same")
        return self.named[f"{layer.names[-1]}_out"]

    def _depthwise(
        self, layer: kind.Depthwise | kind.Separable, *, batch_norm: bool, bias: bool | None
    ) -> Shape:
        return self.work.convolve(
            self.shape,
            self.shape[-1],
            layer.kernel,
            layer.stride,
            layer.padding,
            batch_norm=batch_norm,
            bias=bias,
            groups=self.shape[-1],
            dilation=layer.dilation,
        )

    def _dense(self, layer: kind.Dense) -> Shape:
        if len(self.shape) > 1 and not layer.each:
            raise ScenarioError(
                f"dense layer of {layer.units} units after a "
                f"{'×'.join(map(str, self.shape[:-1]))} feature "
                "map; put {op: flatten} or {op: global_pool} before it"
            )
        return self.work.dense(self.shape, layer.units, layer.bias)

    def _recurrent(self, layer: kind.Recurrent) -> Shape:
        shape = self.shape
        if len(shape) != 2:
            raise ScenarioError(
                f"{layer.op} over a map of shape {list(shape)}; it needs a sequence of vectors"
            )
        for _ in range(layer.layers):
            shape = self.work.recur(
                shape,
                layer.units,
                gates=4 if layer.op == "lstm" else 3,
                directions=2 if layer.bidirectional else 1,
                biases=layer.biases,
            )
        return shape

    def _sequence(self, layer: kind.Sequence) -> Shape:
        *spatial, channels = self.shape
        length = prod(spatial) + layer.extra
        self.work.parameters += layer.extra * channels
        if layer.learned_positions:
            self.work.parameters += length * channels
        return (length, channels)


def count_layers(inputs: Shape, layers: Sequence[kind.NetworkLayer]) -> OperationCounts:
    """Counts of one sample of the shape ``inputs`` = (spatial sizes…, channels).

    Raises:
        ScenarioError: a window larger than its feature map, a dense layer on a map, maps that
            do not join, a name that no map has.
    """
    walk = _Walk(inputs)
    walk.follow(layers)
    counts = walk.work.counts(inputs)
    if walk.transformer is None or counts.matrix_kind == "convolution":
        return counts
    (sequence, width), stack = walk.transformer
    return replace(
        counts,
        layers=stack.layers,
        width=width,
        heads=stack.heads,
        key_value_heads=stack.heads,
        sequence=sequence,
        feed_forward_width=stack.feed_forward_width or 4 * width,
    )
