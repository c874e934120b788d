"""What one forward pass of an architecture costs, whatever the architecture.

Counts are per sample (an image, a sequence, a row) and without a precision: bytes follow
from elements times the bytes of a number. FLOPs are 2 per multiply-accumulate of the
matrix work alone; the work of normalisations, activations and softmax is counted as
elements moved through memory, which is what bounds it (Williams, Waterman and Patterson,
"Roofline", 2009).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True, kw_only=True)
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

    layers: int = 0
    """Repeated blocks: attention layers, residual blocks, else convolutions or dense layers."""
    width: int = 0
    """Of a transformer, as the next six; 0 elsewhere."""
    heads: int = 0
    key_value_heads: int = 0
    sequence: int = 0
    vocabulary: int = 0
    feed_forward_width: int = 0

    attention_flops_per_sample: float = 0.0
    """The part of ``forward_flops_per_sample`` that grows with the square of the sequence."""
    head_flops_per_sample: float = 0.0
    """The part of ``forward_flops_per_sample`` that makes logits over the vocabulary."""
    grouped_flops_per_sample: float = 0.0
    """The part of ``forward_flops_per_sample`` in grouped and depthwise convolutions."""
    score_elements_per_sample: float = 0.0
    """The part of ``elementwise_elements_per_sample`` over attention scores."""

    embedding_parameters: float = 0.0
    """The input and output tables over the vocabulary, part of ``parameters``.

    Their gradient is dense where they are also the output, which all but tables of
    recommenders are."""
    experts: int = 0
    """Feed-forward experts of each layer; 0 where all parameters work on every token."""
    idle_parameters: float = 0.0
    """Parameters of the experts that a token does not meet."""
    frozen_parameters: float = 0.0
    """Parameters without gradient or optimizer state, beside trained adapters.

    Their backward pass costs one forward pass rather than two."""

    @property
    def active_parameters(self) -> float:
        """Parameters that one token meets: all but those of idle experts."""
        return self.parameters - self.idle_parameters


_SHAPE = (
    "matrix_kind",
    "layers",
    "width",
    "heads",
    "key_value_heads",
    "sequence",
    "vocabulary",
    "feed_forward_width",
    "experts",
)


def joined(parts: Sequence[OperationCounts]) -> OperationCounts:
    """All of ``parts`` for each sample: sums, and the shape of the part that works most."""
    largest = max(parts, key=lambda part: part.forward_flops_per_sample)
    sums = {
        field.name: sum(getattr(part, field.name) for part in parts)
        for field in fields(OperationCounts)
        if field.name not in _SHAPE
    }
    return replace(largest, **sums)
