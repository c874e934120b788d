"""A plausible shape for a language model of which only the size is known."""

from __future__ import annotations

from domain.architectures.counts import OperationCounts
from domain.architectures.transformer import count_transformer

_HEAD_WIDTH = 128
_WIDTH_PER_LAYER = 128


def count_gpt_like(*, parameters: float, sequence: int, vocabulary: int) -> OperationCounts:
    """Counts of a decoder of about ``parameters`` with the proportions of GPT-3.

    The width is 128 times the layers and a multiple of 128, the width of a head (Brown et al.,
    "Language Models are Few-Shot Learners", 2020, table 2.1, at 13 and 175 billion): with
    ``12 L h²`` parameters, ``h = ∛(128 P / 12)``. The work per token follows from the size
    (6 FLOPs per parameter); how it is split over layers, and so communication of tensor and
    pipeline parallelism, is an assumption. Below a billion real models are deeper.
    """
    width = max(1, round((_WIDTH_PER_LAYER * parameters / 12) ** (1 / 3) / _HEAD_WIDTH))
    width *= _HEAD_WIDTH
    layers = max(1, round((parameters - vocabulary * width) / (12 * width * width)))
    return count_transformer(
        layers=layers,
        width=width,
        heads=width // _HEAD_WIDTH,
        sequence=sequence,
        vocabulary=vocabulary,
        positions=0,
    )
