"""Counts of a transformer that reads one sequence and writes another."""

from __future__ import annotations

from domain.architectures.counts import OperationCounts
from domain.architectures.transformer import AttentionShape


def count_encoder_decoder(
    *,
    encoder_layers: int,
    decoder_layers: int,
    width: int,
    heads: int,
    sequence: int,
    target_sequence: int,
    vocabulary: int,
    feed_forward_width: int,
    head_width: int | None = None,
    gated: bool = False,
    biases: bool = True,
    rms_norm: bool = False,
    tied: bool = True,
    positions: int = 0,
    other_parameters: int = 0,
    fused_attention: bool = False,
) -> OperationCounts:
    """Counts of one pair of sequences.

    A decoder layer has a second attention whose keys and values come from the encoder
    (Vaswani et al., "Attention Is All You Need", 2017). ``sequence`` is read,
    ``target_sequence`` is written; work per layer is as ``count_transformer`` counts it. All
    ``s²`` scores count, also those that a causal decoder masks. ``positions`` are rows of
    learned position tables of both stacks together, ``other_parameters`` what is beside the
    layers and tables (relative position biases, norms of the embeddings). Where it is wrong:
    padding is not in it, which real pairs of sentences have much of.
    """
    shape = AttentionShape(
        width=width, heads=heads, key_value_heads=heads, head_width=head_width or width // heads
    )
    up_projections = 2 if gated else 1
    norm = (1 if rms_norm else 2) * width
    feed_weights = (up_projections + 1) * width * feed_forward_width
    feed_biases = up_projections * feed_forward_width + width if biases else 0
    attention = shape.weights + (shape.biases if biases else 0) + norm
    feed = feed_weights + feed_biases + norm
    tables = vocabulary * width * (1 if tied else 2)
    parameters = (
        encoder_layers * (attention + feed)
        + decoder_layers * (2 * attention + feed)
        + tables
        + positions * width
        + other_parameters
    )

    read, written = sequence, target_sequence
    token_macs = shape.weights + feed_weights
    # Queries and outputs of the written, keys and values of the read positions.
    cross_macs = (written + read) * shape.weights // 2
    macs = encoder_layers * read * token_macs + decoder_layers * (written * token_macs + cross_macs)
    pairs = encoder_layers * read * read + decoder_layers * written * (written + read)
    score_macs = 2 * pairs * shape.query_width
    head_macs = written * width * vocabulary

    scores = 0 if fused_attention else heads * pairs
    hidden = (encoder_layers * read + decoder_layers * written) * width
    crossed = decoder_layers * (written + read) * width
    inner = (encoder_layers * read + decoder_layers * written) * feed_forward_width
    ends = (read + written) * width
    logits = written * vocabulary
    kept = 9.0 * hidden + 4.0 * crossed + 2.0 * up_projections * inner + 2.5 * scores
    layers = encoder_layers + decoder_layers
    kept_ends = ends + 2.0 * logits
    return OperationCounts(
        matrix_kind="gemm",
        parameters=parameters,
        sparse_parameters=0.0,
        forward_flops_per_sample=2.0 * (macs + score_macs + head_macs),
        elementwise_elements_per_sample=18.0 * hidden
        + 7.0 * crossed
        + 2.0 * up_projections * inner
        + 4.0 * scores
        + 4.0 * ends
        + 4.0 * logits,
        activation_elements_per_sample=kept + kept_ends,
        checkpoint_elements_per_sample=hidden + kept / layers + kept_ends,
        lookup_elements_per_sample=0.0,
        matrix_kernels=layers * (7 + up_projections) + decoder_layers * 6 + 1,
        elementwise_kernels=layers * (6 if fused_attention else 10)
        + decoder_layers * (3 if fused_attention else 6)
        + 4,
        layers=layers,
        width=width,
        heads=heads,
        key_value_heads=heads,
        sequence=sequence,
        vocabulary=vocabulary,
        feed_forward_width=feed_forward_width,
        attention_flops_per_sample=2.0 * score_macs,
        head_flops_per_sample=2.0 * head_macs,
        score_elements_per_sample=4.0 * scores,
        embedding_parameters=tables,
    )
