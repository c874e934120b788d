"""The step model as invariants: what must hold on any hardware, for any batch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import ScenarioError
from domain.model_facts import resolve_model
from simulator.models import BOTTLENECKS, PRIORS, StepInputs, StepPrediction, predict_training_step
from simulator.models.memory import shortfall_text

DGX: dict[str, Any] = {
    "peak_flops": 312e12,
    "memory_bytes_per_second": 2.0e12,
    "accelerator_memory_bytes": 80 * 2.0**30,
    "accelerators_per_node": 8,
    "nodes": 1,
    "global_batch": 2048,
    "format_code": 2,
    "element_bytes": 2.0,
    "link_bytes_per_second": 300e9,
    "network_bytes_per_second": 50e9,
}

hardware = st.fixed_dictionaries(
    {
        "peak_flops": st.floats(1e12, 3e15),
        "memory_bytes_per_second": st.floats(1e11, 8e12),
        "accelerator_memory_bytes": st.floats(8e9, 3e11),
        "accelerators_per_node": st.sampled_from([1, 2, 4, 8, 16]),
        "nodes": st.integers(1, 64),
        "global_batch": st.integers(1, 65536),
        "format_code": st.integers(0, 4),
        "element_bytes": st.sampled_from([2.0, 4.0]),
        "link_bytes_per_second": st.floats(1e9, 1e12),
        "network_bytes_per_second": st.floats(1e8, 5e11),
        "link_is_pcie": st.booleans(),
        "switch_reduces": st.booleans(),
        "torus_dimensions": st.sampled_from([0, 2, 3]),
        "vcpus_per_node": st.floats(1, 256),
        "storage_bytes_per_second": st.floats(1e7, 1e11),
    }
)
models = st.sampled_from(["resnet50", "bert-base", "small_cnn", "mlp", "dlrm"])


def predict(model: str, **inputs: Any) -> StepPrediction:
    return predict_training_step(resolve_model(model), StepInputs(**inputs))


@settings(deadline=None)
@given(
    models,
    hardware,
    st.sampled_from(
        [
            "peak_flops",
            "memory_bytes_per_second",
            "accelerator_memory_bytes",
            "link_bytes_per_second",
            "network_bytes_per_second",
            "vcpus_per_node",
            "storage_bytes_per_second",
        ]
    ),
    st.floats(1, 10),
)
def test_more_of_anything_is_never_slower(
    model: str, given_inputs: dict[str, Any], improved: str, factor: float
) -> None:
    before = predict(model, **given_inputs)
    after = predict(model, **given_inputs | {improved: given_inputs[improved] * factor})
    if before.fits:
        assert after.fits
        assert after.step_seconds <= before.step_seconds * (1 + 1e-9)


@settings(deadline=None)
@given(models, hardware)
def test_step_is_at_least_each_of_its_bounds(model: str, inputs: dict[str, Any]) -> None:
    step = predict(model, **inputs)
    if step.fits:
        assert step.step_seconds >= step.compute_seconds + step.communication_exposed_seconds
        assert step.step_seconds >= step.input_seconds
        assert step.communication_exposed_seconds <= step.communication_seconds
        assert step.step_seconds > 0


@settings(deadline=None)
@given(models, hardware, st.integers(1, 32))
def test_throughput_of_n_nodes_is_at_most_n_times_that_of_one(
    model: str, inputs: dict[str, Any], nodes: int
) -> None:
    one = predict(model, **inputs | {"nodes": 1})
    many = predict(model, **inputs | {"nodes": nodes})
    if one.fits:
        limit = nodes * one.throughput_samples_per_second
        assert many.throughput_samples_per_second <= limit * (1 + 1e-9)


@settings(deadline=None)
@given(models, hardware, st.integers(1, 1000), st.integers(1, 1000))
def test_memory_grows_with_the_micro_batch(
    model: str, inputs: dict[str, Any], first: int, second: int
) -> None:
    smaller, larger = sorted((first, second))
    inputs |= {"global_batch": 1_000_000}
    few = predict(model, **inputs | {"micro_batch": smaller})
    many = predict(model, **inputs | {"micro_batch": larger})
    assert few.memory_needed_bytes <= many.memory_needed_bytes
    assert few.memory_short_bytes <= many.memory_short_bytes


@settings(deadline=None, max_examples=30)
@given(models, st.lists(hardware, min_size=1, max_size=8))
def test_one_call_on_arrays_is_many_calls_on_numbers(
    model: str, rows: list[dict[str, Any]]
) -> None:
    together = predict(model, **{key: np.array([row[key] for row in rows]) for key in rows[0]})
    for index, row in enumerate(rows):
        alone = predict(model, **row)
        assert np.array_equal(alone.step_seconds, together.step_seconds[index], equal_nan=True)
        assert alone.bottleneck == together.bottleneck[index]
        assert alone.memory_needed_bytes == together.memory_needed_bytes[index]


def test_pieces_of_a_large_call_join_without_a_seam() -> None:
    batches = np.arange(1, 40_001)
    together = predict("resnet50", **DGX | {"global_batch": batches})
    for index in (0, 16_383, 16_384, 39_999):
        alone = predict("resnet50", **DGX | {"global_batch": batches[index]})
        assert alone.step_seconds == together.step_seconds[index]


def test_inputs_broadcast_to_a_table() -> None:
    table = predict(
        "resnet50",
        **DGX | {"nodes": np.array([[1], [2], [4]]), "peak_flops": np.array([125e12, 312e12])},
    )
    assert table.step_seconds.shape == (3, 2)


def test_a_batch_that_does_not_fit_at_once_is_cut_into_the_fewest_equal_parts() -> None:
    step = predict("bert-large", **DGX | {"global_batch": 8 * 300})
    assert step.fits
    assert step.per_device_batch == 300
    parts = float(step.micro_batches)
    assert step.micro_batch == np.ceil(300 / parts)
    fewer = predict("bert-large", **DGX | {"global_batch": 2400, "micro_batch": 300 / (parts - 1)})
    assert not fewer.fits


def test_a_model_that_does_not_fit_says_by_how_much() -> None:
    facts = resolve_model("gpt3-175b")
    step = predict_training_step(facts, StepInputs(**DGX), recompute=True)
    assert not step.fits
    assert np.isnan(step.step_seconds)
    assert BOTTLENECKS[int(step.bottleneck)] == "accelerator memory"
    assert step.memory_short_bytes == pytest.approx(16 * 174.6e9 - 80e9, rel=0.05)
    text = shortfall_text(float(step.memory_short_bytes), 80 * 2**30)
    assert text.startswith("does not fit by 2")
    assert text.endswith("in 85.9 GB of accelerator memory")
    told = shortfall_text(1e9, 80e9, ("'recompute: full'", "accelerators of at least 96 GB"))
    assert told.endswith(": 'recompute: full' or accelerators of at least 96 GB would fit")


def test_recomputation_trades_memory_for_time() -> None:
    facts = resolve_model("bert-large")
    inputs = StepInputs(**DGX | {"micro_batch": 16})
    kept = predict_training_step(facts, inputs)
    recomputed = predict_training_step(facts, inputs, recompute=True)
    assert recomputed.memory_needed_bytes < kept.memory_needed_bytes
    assert recomputed.compute_seconds > kept.compute_seconds


@pytest.mark.parametrize(
    ("changed", "bottleneck"),
    [
        ({}, "memory bandwidth"),
        ({"peak_flops": 15e12, "format_code": 0}, "matrix compute"),
        ({"nodes": 16, "network_bytes_per_second": 1e8}, "communication"),
        ({"storage_bytes_per_second": 1e8}, "storage"),
        ({"vcpus_per_node": 4}, "input decoding"),
        ({"global_batch": 1}, "overhead"),
        ({"peak_flops": np.nan}, "unknown"),
        ({"accelerator_memory_bytes": np.nan}, "unknown"),
    ],
)
def test_the_bottleneck_is_named(changed: dict[str, Any], bottleneck: str) -> None:
    step = predict("resnet50", **DGX | changed)
    assert BOTTLENECKS[int(step.bottleneck)] == bottleneck


def test_unknown_rates_are_not_needed_where_nothing_is_sent() -> None:
    single = DGX | {"accelerators_per_node": 1, "link_bytes_per_second": np.nan}
    step = predict("resnet50", **single | {"network_bytes_per_second": np.nan})
    assert step.step_seconds > 0


def test_an_unknown_rate_that_is_needed_gives_nan() -> None:
    step = predict("resnet50", **DGX | {"nodes": 2, "network_bytes_per_second": np.nan})
    assert np.isnan(step.step_seconds)


def test_calibration_changes_the_answer() -> None:
    facts, inputs = resolve_model("resnet50"), StepInputs(**DGX)
    slower = replace(PRIORS, memory_efficiency=PRIORS.memory_efficiency / 2)
    before = predict_training_step(facts, inputs)
    after = predict_training_step(facts, inputs, calibration=slower)
    assert after.step_seconds > before.step_seconds


def test_unknown_optimizer_says_what_is_near() -> None:
    with pytest.raises(ScenarioError, match="did you mean 'adam'"):
        predict_training_step(resolve_model("mlp"), StepInputs(**DGX), optimizer="adan")
