"""Counts of fully connected layers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from domain.architectures.counts import OperationCounts


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
        layers=len(widths) - 1,
    )
