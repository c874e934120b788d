"""What one forward pass of an architecture costs, counted from its shape.

Counts are per sample (an image, a sequence, a row) and without a precision: bytes follow
from elements times the bytes of a number. FLOPs are 2 per multiply-accumulate of the
matrix work alone; the work of normalisations, activations and softmax is counted as
elements moved through memory, which is what bounds it (Williams, Waterman and Patterson,
"Roofline", 2009).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class OperationCounts:
    """Forward work and kept state of one sample.

    ``sparse_parameters`` are rows of embedding tables: part of ``parameters``, spread over
    the accelerators and never all-reduced. ``checkpoint_elements_per_sample`` is what stays
    when every layer is recomputed. Kernels are counted per forward pass.
    """

    matrix_kind: str
    parameters: float
    sparse_parameters: float
    forward_flops_per_sample: float
    elementwise_elements_per_sample: float
    activation_elements_per_sample: float
    checkpoint_elements_per_sample: float
    lookup_elements_per_sample: float
    matrix_kernels: float
    elementwise_kernels: float


def count_transformer(
    *,
    layers: int,
    width: int,
    heads: int,
    sequence: int,
    vocabulary: int,
    feed_forward_width: int | None = None,
    key_value_heads: int | None = None,
    gated: bool = False,
    positions: int | None = None,
    token_types: int = 0,
    head_positions: int | None = None,
    head_transform: bool = False,
    final_normalisation: bool = True,
    fused_attention: bool = False,
) -> OperationCounts:
    """Counts of an encoder or decoder stack over one sequence.

    Parameters per layer are ``12 h² + 13 h`` for a feed-forward of ``4 h``; kept bytes per
    layer are ``s h (34 + 5 a s / h)`` at 16 bit (Korthikanti et al., "Reducing Activation
    Recomputation in Large Transformer Models", 2022, eq. 2). Vocabulary weights are tied.
    Attention counts all ``s²`` scores, also for causal models, as Megatron-LM does: with a
    kernel that skips the masked half this is too much. ``head_positions`` is how many
    positions reach the vocabulary (all, or the masked ones of BERT).
    """
    feed_forward = feed_forward_width or 4 * width
    key_value_width = width * (key_value_heads or heads) // heads
    in_head = sequence if head_positions is None else head_positions
    up_projections = 2 if gated else 1

    attention_weights = 2 * width * width + 2 * width * key_value_width
    feed_forward_weights = (up_projections + 1) * width * feed_forward
    biases = 3 * width + 2 * key_value_width + up_projections * feed_forward
    norms = 4 * width
    layer_parameters = attention_weights + feed_forward_weights + biases + norms
    transform = width * width + 3 * width + vocabulary if head_transform else 0
    parameters = (
        layers * layer_parameters
        + (vocabulary + (sequence if positions is None else positions) + token_types) * width
        + (2 * width if final_normalisation else 0)
        + transform
    )

    layer_macs = sequence * (attention_weights + feed_forward_weights)
    score_macs = 2 * sequence * sequence * width
    head_macs = in_head * width * (vocabulary + (width if head_transform else 0))
    logits = in_head * vocabulary

    scores = 0 if fused_attention else heads * sequence * sequence
    hidden = sequence * width
    inner = sequence * feed_forward
    kept_layer = 9.0 * hidden + 2.0 * up_projections * inner + 2.5 * scores
    # Two norms, two bias-dropout-residual passes, the transposes around attention; then the
    # activation function; then softmax and dropout over the scores.
    moved_layer = 18.0 * hidden + 2.0 * up_projections * inner + 4.0 * scores
    kept_ends = hidden + 2.0 * logits

    return OperationCounts(
        matrix_kind="gemm",
        parameters=parameters,
        sparse_parameters=0.0,
        forward_flops_per_sample=2.0 * (layers * (layer_macs + score_macs) + head_macs),
        elementwise_elements_per_sample=layers * moved_layer + 4.0 * hidden + 4.0 * logits,
        activation_elements_per_sample=layers * kept_layer + kept_ends,
        checkpoint_elements_per_sample=layers * hidden + kept_layer + kept_ends,
        lookup_elements_per_sample=0.0,
        matrix_kernels=layers * (7 + up_projections) + 1 + head_transform,
        elementwise_kernels=layers * (6 if fused_attention else 10) + 4,
    )


def count_mlp(widths: Sequence[int]) -> OperationCounts:
    """Counts of fully connected layers; ``widths`` starts with the input."""
    outputs = sum(widths[1:])
    weights = sum(inputs * units for inputs, units in pairwise(widths))
    return OperationCounts(
        matrix_kind="gemm",
        parameters=weights + outputs,
        sparse_parameters=0.0,
        forward_flops_per_sample=2.0 * weights,
        elementwise_elements_per_sample=2.0 * outputs,
        activation_elements_per_sample=widths[0] + 2.0 * outputs,
        checkpoint_elements_per_sample=widths[0] + 2.0 * max(widths[1:]),
        lookup_elements_per_sample=0.0,
        matrix_kernels=len(widths) - 1,
        elementwise_kernels=len(widths) - 1,
    )


def count_dlrm(
    *, dense_features: int, bottom: Sequence[int], top: Sequence[int], tables: int, table_rows: int
) -> OperationCounts:
    """Counts of a deep learning recommendation model (Naumov et al., 2019).

    One row of ``bottom[-1]`` numbers is read from each table; all pairs of the looked-up
    vectors and the bottom output meet in dot products. ``table_rows`` is the sum over all
    tables. Where it is wrong: multi-hot features and cross networks (DCNv2) cost more.
    """
    width = bottom[-1]
    vectors = tables + 1
    pairs = vectors * (vectors - 1) // 2
    lower = count_mlp([dense_features, *bottom])
    upper = count_mlp([width + pairs, *top])
    looked_up = tables * width
    joined = vectors * width + pairs
    sparse = float(table_rows) * width
    return OperationCounts(
        matrix_kind="gemm",
        parameters=lower.parameters + upper.parameters + sparse,
        sparse_parameters=sparse,
        forward_flops_per_sample=lower.forward_flops_per_sample
        + upper.forward_flops_per_sample
        + 2.0 * vectors * vectors * width,
        elementwise_elements_per_sample=lower.elementwise_elements_per_sample
        + upper.elementwise_elements_per_sample
        + 2.0 * looked_up
        + 2.0 * joined,
        activation_elements_per_sample=lower.activation_elements_per_sample
        + upper.activation_elements_per_sample
        + joined,
        checkpoint_elements_per_sample=lower.checkpoint_elements_per_sample
        + upper.checkpoint_elements_per_sample
        + joined,
        lookup_elements_per_sample=looked_up,
        matrix_kernels=lower.matrix_kernels + upper.matrix_kernels + 1,
        elementwise_kernels=lower.elementwise_kernels + upper.elementwise_kernels + 4,
    )
