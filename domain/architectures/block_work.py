"""Work of the blocks that architectures repeat, made of the layers' work."""

from __future__ import annotations

from domain.architectures.block_kinds import (
    Basic,
    Bottleneck,
    DiffusionBlock,
    InvertedResidual,
    SpatialTransformer,
    TransformerBlocks,
)
from domain.architectures.layer_work import LayerWork, Shape
from domain.errors import ScenarioError


def squeeze_excite(work: LayerWork, shape: Shape, squeezed: int) -> Shape:
    """Channels scaled by a small network of their averages (Hu et al., 2017)."""
    average = work.reduce(shape, (shape[-1],))
    work.dense(work.dense(average, squeezed), shape[-1])
    work.merge(shape, inputs=1)
    work.kept += shape[-1]
    return shape


def bottleneck(work: LayerWork, shape: Shape, block: Bottleneck) -> Shape:
    """ResNet, ResNeXt and their squeezed kin."""
    inner = block.inner or block.filters
    for index in range(block.blocks):
        stride = block.stride if index == 0 else 1
        if index == 0:
            work.convolve(shape, 4 * block.filters, 1, stride, "same", batch_norm=True)
        shape = work.convolve(shape, inner, 1, 1, "same", batch_norm=True)
        shape = work.convolve(shape, inner, 3, stride, "same", batch_norm=True, groups=block.groups)
        shape = work.convolve(shape, 4 * block.filters, 1, 1, "same", batch_norm=True)
        if block.squeeze:
            squeeze_excite(work, shape, round(4 * block.filters / block.squeeze))
        work.merge(shape)
    return shape


def basic(work: LayerWork, shape: Shape, block: Basic) -> Shape:
    """The blocks of ResNet-18 and ResNet-34."""
    for index in range(block.blocks):
        stride = block.stride if index == 0 else 1
        if stride > 1 or shape[-1] != block.filters:
            work.convolve(shape, block.filters, 1, stride, "same", batch_norm=True)
        shape = work.convolve(shape, block.filters, 3, stride, "same", batch_norm=True)
        shape = work.convolve(shape, block.filters, 3, 1, "same", batch_norm=True)
        work.merge(shape)
    return shape


def inverted_residual(work: LayerWork, shape: Shape, block: InvertedResidual) -> Shape:
    """MobileNet v2 and EfficientNet; the first block strides and has no shortcut."""
    for index in range(block.blocks):
        stride = block.stride if index == 0 else 1
        inputs = shape[-1]
        widened = inputs * block.expansion
        residual = stride == 1 and inputs == block.filters
        if block.fused:
            narrowed = widened if block.expansion > 1 else block.filters
            shape = work.convolve(shape, narrowed, block.kernel, stride, "same", batch_norm=True)
        else:
            if block.expansion > 1:
                shape = work.convolve(shape, widened, 1, 1, "same", batch_norm=True)
            shape = work.convolve(
                shape, widened, block.kernel, stride, "same", batch_norm=True, groups=widened
            )
        if block.squeeze:
            of = widened if block.wide_squeeze else inputs
            squeeze_excite(work, shape, max(1, int(of * block.squeeze)))
        if not block.fused or block.expansion > 1:
            shape = work.convolve(shape, block.filters, 1, 1, "same", batch_norm=True)
        if residual:
            work.merge(shape)
    return shape


def transformer_blocks(work: LayerWork, shape: Shape, block: TransformerBlocks) -> Shape:
    """Layers of attention and feed-forward over a sequence of vectors.

    As ``count_transformer`` counts them, one by one.
    """
    if len(shape) != 2:
        raise ScenarioError(
            f"attention over a map of shape {list(shape)}; put {{op: sequence}} before it"
        )
    length, width = shape
    if width % block.heads:
        raise ScenarioError(f"width {width} must be a multiple of heads {block.heads}")
    inner = block.feed_forward_width or 4 * width
    one = LayerWork()
    contexts: list[tuple[int, int] | None] = [None]
    if block.context_length:
        contexts.append((block.context_length, block.context_width or width))
    for context in contexts:
        one.normalise(shape)
        one.attend(
            shape,
            block.heads,
            head_width=width // block.heads,
            context=context,
            qkv_bias=block.qkv_bias,
            fused=block.fused_attention,
        )
    one.normalise(shape)
    # The gate is a second projection of the same input.
    one.dense(shape, (2 if block.gated else 1) * inner)
    one.dense((length, inner), width)
    # Dropout and the residual sum.
    one.merge(shape)
    one.kept += length * (width + inner)
    work.add(one, block.layers)
    return shape


def diffusion_block(work: LayerWork, shape: Shape, block: DiffusionBlock) -> Shape:
    """Normalise, convolve, add the time, normalise, convolve, sum."""
    before = shape
    work.normalise(shape)
    shape = work.convolve(shape, block.filters, 3, 1, "same")
    work.dense((block.embedding,), block.filters)
    work.merge(shape, inputs=1)
    work.normalise(shape)
    work.dropout(shape)
    shape = work.convolve(shape, block.filters, 3, 1, "same")
    if before[-1] != block.filters:
        work.convolve(before, block.filters, 1)
    return work.merge(shape)


def spatial_transformer(work: LayerWork, shape: Shape, block: SpatialTransformer) -> Shape:
    """One transformer layer over all places, gated and with a text beside it."""
    *spatial, channels = shape
    places = 1
    for size in spatial:
        places *= size
    work.normalise(shape)
    work.dense((places, channels), channels)
    transformer_blocks(
        work,
        (places, channels),
        TransformerBlocks(
            op="transformer",
            heads=block.heads,
            gated=True,
            qkv_bias=False,
            context_length=block.context_length,
            context_width=block.context_width,
            fused_attention=block.fused_attention,
        ),
    )
    work.dense((places, channels), channels)
    return work.merge(shape)
