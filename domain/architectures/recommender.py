"""Counts of recommenders: embedding tables between perceptrons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from domain.architectures.counts import OperationCounts, joined
from domain.architectures.perceptron import count_mlp


def count_dlrm(
    *,
    dense_features: int,
    bottom: Sequence[int],
    top: Sequence[int],
    tables: int,
    table_rows: int,
    lookups: int | None = None,
    cross_layers: int = 0,
    cross_rank: int = 0,
) -> OperationCounts:
    """Counts of a deep learning recommendation model (Naumov et al., 2019).

    Rows of ``bottom[-1]`` numbers are read from the tables, ``lookups`` in all (one from each
    table otherwise) and added up by table. All pairs of the looked-up vectors and the bottom
    output meet in dot products; or, with ``cross_layers``, the joined vectors ``x`` pass that
    many times through ``x₀ ⊙ (U V x + b) + x`` with ``V`` of ``cross_rank`` rows (Wang et al.,
    "DCN V2", 2020). ``table_rows`` is the sum over all tables.
    """
    width = bottom[-1]
    vectors = tables + 1
    flat = vectors * width
    lower = count_mlp([dense_features, *bottom])
    read = (tables if lookups is None else lookups) * width
    if cross_layers:
        interaction = _cross(flat, cross_layers, cross_rank)
        upper = count_mlp([flat, *top])
        joined_width = flat
    else:
        pairs = vectors * (vectors - 1) // 2
        interaction = _pairs(vectors, width)
        upper = count_mlp([width + pairs, *top])
        joined_width = flat + pairs
    sparse = float(table_rows) * width
    whole = joined([lower, interaction, upper])
    return replace(
        whole,
        matrix_kind="gemm",
        parameters=whole.parameters + sparse,
        sparse_parameters=sparse,
        elementwise_elements_per_sample=whole.elementwise_elements_per_sample
        + 2.0 * read
        + 2.0 * joined_width,
        activation_elements_per_sample=whole.activation_elements_per_sample + joined_width,
        checkpoint_elements_per_sample=whole.checkpoint_elements_per_sample + joined_width,
        lookup_elements_per_sample=read,
        elementwise_kernels=whole.elementwise_kernels + 4,
        layers=lower.layers + upper.layers + cross_layers,
        embedding_parameters=sparse,
    )


def count_embedding_mlp(
    *,
    tables: Sequence[tuple[int, int]],
    dense_features: int,
    hidden: Sequence[int],
    beside: int = 0,
) -> OperationCounts:
    """Counts of a perceptron over looked-up rows, every replica with all of the tables.

    ``tables`` are (rows, width), ``hidden`` the layers up to the output. ``beside`` numbers of
    the rows go around the perceptron: the factorisation half of NeuMF (He et al., "Neural
    Collaborative Filtering", 2017) or the linear half of Wide & Deep (Cheng et al., 2016). The
    gradient of such tables is dense, as frameworks make it by default.
    """
    looked_up = sum(width for _, width in tables)
    parameters = sum(rows * width for rows, width in tables)
    deep = count_mlp([looked_up - beside + dense_features, *hidden])
    return replace(
        deep,
        parameters=deep.parameters + parameters,
        elementwise_elements_per_sample=deep.elementwise_elements_per_sample + 4.0 * looked_up,
        activation_elements_per_sample=deep.activation_elements_per_sample + looked_up,
        elementwise_kernels=deep.elementwise_kernels + len(tables) + 2,
        embedding_parameters=parameters,
    )


def _pairs(vectors: int, width: int) -> OperationCounts:
    return _interaction(parameters=0, macs=vectors * vectors * width, elements=0, kernels=1)


def _cross(width: int, layers: int, rank: int) -> OperationCounts:
    weights = 2 * width * rank if rank else width * width
    return _interaction(
        parameters=layers * (weights + width),
        macs=layers * weights,
        elements=layers * width,
        kernels=layers * (2 if rank else 1),
    )


def _interaction(*, parameters: int, macs: int, elements: int, kernels: int) -> OperationCounts:
    return OperationCounts(
        matrix_kind="gemm",
        parameters=parameters,
        sparse_parameters=0.0,
        forward_flops_per_sample=2.0 * macs,
        # Product, bias and sum in one pass: three read, one written.
        elementwise_elements_per_sample=4.0 * elements,
        activation_elements_per_sample=2.0 * elements,
        checkpoint_elements_per_sample=0.0,
        lookup_elements_per_sample=0.0,
        matrix_kernels=kernels,
        elementwise_kernels=kernels if elements else 0,
    )
