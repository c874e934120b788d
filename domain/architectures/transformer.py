"""Counts of a stack of attention and feed-forward layers over one sequence."""

from __future__ import annotations

from dataclasses import dataclass

from domain.architectures.counts import OperationCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionShape:
    """Query, key and value projections of one attention layer.

    ``head_width`` times ``heads`` is the width of the queries, which need not be ``width``.
    """

    width: int
    heads: int
    key_value_heads: int
    head_width: int

    @property
    def query_width(self) -> int:
        """Numbers of all query heads together."""
        return self.heads * self.head_width

    @property
    def key_value_width(self) -> int:
        """Numbers of all key heads together; as many of all value heads."""
        return self.key_value_heads * self.head_width

    @property
    def weights(self) -> int:
        """Of the four projections, without biases."""
        return 2 * self.width * (self.query_width + self.key_value_width)

    @property
    def biases(self) -> int:
        """Of the four projections."""
        return self.query_width + 2 * self.key_value_width + self.width


def count_transformer(
    *,
    layers: int,
    width: int,
    heads: int,
    sequence: int,
    vocabulary: int,
    feed_forward_width: int | None = None,
    key_value_heads: int | None = None,
    head_width: int | None = None,
    gated: bool = False,
    biases: bool = True,
    rms_norm: bool = False,
    tied: bool = True,
    positions: int | None = None,
    token_types: int = 0,
    embedding_width: int | None = None,
    table_parameters: int | None = None,
    memory: int = 0,
    relative_positions: bool = False,
    head_positions: int | None = None,
    head_vocabulary: int | None = None,
    head_transform: bool = False,
    final_normalisation: bool = True,
    fused_attention: bool = False,
    experts: int = 0,
    experts_per_token: int = 0,
    adapter_rank: int = 0,
) -> OperationCounts:
    """Counts of an encoder or decoder stack over one sequence.

    Parameters per layer are ``12 h² + 13 h`` for a feed-forward of ``4 h``; kept bytes per
    layer are ``s h (34 + 5 a s / h)`` at 16 bit (Korthikanti et al., "Reducing Activation
    Recomputation in Large Transformer Models", 2022, eq. 2). Attention counts all ``s²``
    scores, also for causal models, as Megatron-LM does: with a kernel that skips the masked
    half this is too much. ``head_positions`` is how many positions reach the vocabulary
    (all, or the masked ones of BERT), ``head_vocabulary`` how many of its rows an average
    one of them meets (fewer than all in an adaptive softmax, where rare words have narrower
    rows too: ``table_parameters`` is their sum then).

    ``memory`` earlier positions are attended to without being computed again, and
    ``relative_positions`` project the positions in every layer and score against them (Dai et
    al., "Transformer-XL", 2019). Of ``experts`` feed-forward networks a token meets
    ``experts_per_token``, chosen by a router (Jiang et al., "Mixtral of Experts", 2024); that
    all are met equally often is assumed. With ``adapter_rank`` r, pairs of ``width × r``
    matrices on the four attention projections are trained and the rest is frozen (Hu et al.,
    "LoRA", 2021).
    """
    shape = AttentionShape(
        width=width,
        heads=heads,
        key_value_heads=key_value_heads or heads,
        head_width=head_width or width // heads,
    )
    feed_forward = 4 * width if feed_forward_width is None else feed_forward_width
    table_width = embedding_width or width
    in_head = sequence if head_positions is None else head_positions
    met_vocabulary = vocabulary if head_vocabulary is None else head_vocabulary
    up_projections = 2 if gated else 1
    met_experts = experts_per_token if experts else 1

    expert_weights = (up_projections + 1) * width * feed_forward
    expert_parameters = expert_weights + (up_projections * feed_forward + width if biases else 0)
    router = width * experts
    relative = width * shape.query_width if relative_positions else 0
    adapters = (
        adapter_rank * (4 * width + 2 * shape.query_width + 2 * shape.key_value_width)
        if adapter_rank
        else 0
    )
    layer_parameters = (
        shape.weights
        + (shape.biases if biases else 0)
        + relative
        + (2 * shape.query_width if relative_positions and biases else 0)
        + adapters
        + (experts or 1) * expert_parameters
        + router
        + (2 if rms_norm else 4) * width
    )
    transform = width * width + 3 * width + vocabulary if head_transform else 0
    tables = vocabulary * table_width * (1 if tied else 2)
    if table_parameters is not None:
        tables = table_parameters
    position_rows = (sequence if positions is None else positions) + token_types
    widened = (table_width + 1) * width if table_width != width else 0
    final = (1 if rms_norm else 2) * width if final_normalisation else 0
    parameters = (
        layers * layer_parameters + tables + position_rows * width + widened + final + transform
    )

    context = sequence + memory
    layer_macs = (
        sequence * (shape.weights + adapters + met_experts * expert_weights + router)
        + memory * 2 * width * shape.key_value_width
        + context * relative
    )
    score_products = 3 if relative_positions else 2
    score_macs = score_products * sequence * context * shape.query_width
    head_macs = in_head * (table_width * met_vocabulary + (width * width if head_transform else 0))
    logits = in_head * met_vocabulary

    scores = 0 if fused_attention else heads * sequence * context
    hidden = sequence * width
    inner = met_experts * sequence * feed_forward
    kept_layer = 9.0 * hidden + 2.0 * up_projections * inner + 2.5 * scores
    # Two norms, two bias-dropout-residual passes, the transposes around attention; then the
    # activation function; then softmax and dropout over the scores. Tokens go to their
    # experts and come back.
    routed = 4.0 * met_experts * hidden if experts else 0.0
    moved_layer = 18.0 * hidden + 2.0 * up_projections * inner + routed
    kept_ends = hidden + 2.0 * logits

    return OperationCounts(
        matrix_kind="gemm",
        parameters=parameters,
        sparse_parameters=0.0,
        forward_flops_per_sample=2.0 * (layers * (layer_macs + score_macs) + head_macs),
        elementwise_elements_per_sample=layers * (moved_layer + 4.0 * scores)
        + 4.0 * hidden
        + 4.0 * logits,
        activation_elements_per_sample=layers * kept_layer + kept_ends,
        checkpoint_elements_per_sample=layers * hidden + kept_layer + kept_ends,
        lookup_elements_per_sample=0.0,
        matrix_kernels=layers
        * (6 + (1 + up_projections) * (experts or 1) + 2 * relative_positions + bool(experts))
        + 1
        + head_transform,
        elementwise_kernels=layers
        * ((6 if fused_attention else 10) + (4 + experts if experts else 0))
        + 4,
        layers=layers,
        width=width,
        heads=heads,
        key_value_heads=shape.key_value_heads,
        sequence=sequence,
        vocabulary=vocabulary,
        feed_forward_width=feed_forward,
        attention_flops_per_sample=2.0 * layers * score_macs,
        head_flops_per_sample=2.0 * head_macs,
        score_elements_per_sample=layers * 4.0 * scores,
        embedding_parameters=tables,
        experts=experts,
        idle_parameters=layers * (experts - met_experts) * expert_parameters if experts else 0.0,
        frozen_parameters=parameters - layers * adapters if adapter_rank else 0.0,
    )
