"""Blocks of several layers that architectures repeat: ``{op: bottleneck, filters: 64}``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from domain.frozen import Frozen


class TransformerBlocks(Frozen):
    """Attention and feed-forward layers over a sequence, ``layers`` times.

    With ``context_length`` and ``context_width`` each also attends to a text beside it.
    """

    op: Literal["transformer"]
    layers: PositiveInt = 1
    heads: PositiveInt
    feed_forward_width: PositiveInt | None = None
    gated: bool = False
    qkv_bias: bool = True
    context_length: int = Field(default=0, ge=0)
    context_width: int = Field(default=0, ge=0)
    fused_attention: bool = False


class Bottleneck(Frozen):
    """Residual blocks 1×1, 3×3, 1×1; the first one strides and projects its shortcut.

    The inner convolutions have ``inner`` channels (``filters``), the block ``4 filters``. The
    stride sits on the 3×3 convolution (ResNet v1.5; He et al., 2015), which may be in
    ``groups`` (Xie et al., ResNeXt, 2016). ``squeeze`` is by how much the channels shrink in a
    squeeze-and-excitation (Hu et al., 2017).
    """

    op: Literal["bottleneck"]
    filters: PositiveInt
    blocks: PositiveInt = 1
    stride: PositiveInt = 1
    inner: PositiveInt | None = None
    groups: PositiveInt = 1
    squeeze: PositiveFloat | None = None


class Basic(Frozen):
    """Residual blocks of two 3×3 convolutions; a shortcut is projected where shapes differ."""

    op: Literal["basic"]
    filters: PositiveInt
    blocks: PositiveInt = 1
    stride: PositiveInt = 1


class InvertedResidual(Frozen):
    """MobileNet and EfficientNet blocks: widen, depthwise, squeeze, narrow, sum.

    ``squeeze`` is the width of the squeeze-and-excitation as a fraction of the channels that
    go in; ``wide_squeeze`` takes that fraction of the widened channels. ``fused`` widens with
    the window itself (Sandler et al., 2018; Tan and Le, 2019 and 2021).
    """

    op: Literal["inverted_residual"]
    filters: PositiveInt
    blocks: PositiveInt = 1
    expansion: PositiveInt = 6
    kernel: PositiveInt = 3
    stride: PositiveInt = 1
    squeeze: NonNegativeFloat = 0.0
    wide_squeeze: bool = False
    fused: bool = False


class DiffusionBlock(Frozen):
    """Residual blocks of a diffusion U-Net: two normalised 3×3 convolutions.

    A time embedding of ``embedding`` numbers is projected into each (Ho et al., 2020).
    """

    op: Literal["diffusion_block"]
    filters: PositiveInt
    embedding: PositiveInt


class SpatialTransformer(Frozen):
    """Attention over the places of a map and to a text, between two 1×1 projections.

    (Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models", 2022.)
    """

    op: Literal["spatial_transformer"]
    heads: PositiveInt
    context_length: PositiveInt
    context_width: PositiveInt
    fused_attention: bool = False
