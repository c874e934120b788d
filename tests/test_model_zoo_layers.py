"""Lists of layers that a user writes: counts by hand, and mistakes in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import ScenarioError
from domain.model_facts import ModelFacts, resolve_model


def _cnn(*layers: dict[str, Any], image: tuple[int, ...] = (8, 8, 3)) -> ModelFacts:
    return resolve_model({"kind": "cnn", "image": list(image), "layers": list(layers)})


def _network(*layers: dict[str, Any], shape: tuple[int, ...]) -> ModelFacts:
    return resolve_model({"kind": "network", "input": list(shape), "layers": list(layers)})


@pytest.mark.parametrize(
    ("layer", "parameters", "macs"),
    [
        ({"op": "convolution", "filters": 4}, 4 * 27 + 4, 36 * 4 * 27),
        ({"op": "convolution", "filters": 6, "groups": 3}, 6 * 9 + 6, 36 * 6 * 9),
        ({"op": "depthwise"}, 3 * 9 + 3, 64 * 3 * 9),
        ({"op": "separable", "filters": 5}, 3 * 9 + 3 * 5 + 5, 64 * 3 * (9 + 5)),
        ({"op": "transposed_convolution", "filters": 2}, 4 * 3 * 2 + 2, 64 * 4 * 3 * 2),
        ({"op": "convolution", "filters": 2, "kernel": [1, 7]}, 2 * 21 + 2, 8 * 2 * 2 * 21),
        ({"op": "basic", "filters": 4}, (27 + 36 + 3) * 4 + 3 * 8, 64 * 4 * (27 + 36 + 3)),
    ],
)
def test_one_layer_by_hand(layer: dict[str, Any], parameters: int, macs: int) -> None:
    facts = _cnn(layer)
    assert facts.parameters == parameters
    assert facts.forward_flops_per_sample == 2 * macs


def test_volumes_have_three_sides() -> None:
    facts = _cnn({"op": "convolution", "filters": 4, "padding": "same"}, image=(8, 8, 8, 2))
    assert facts.forward_flops_per_sample == 2 * 512 * 4 * 27 * 2


def test_lstm_by_hand() -> None:
    facts = _network({"op": "lstm", "units": 5}, shape=(10, 3))
    assert facts.parameters == 4 * 5 * (3 + 5 + 1)
    assert facts.forward_flops_per_sample == 2 * 10 * 4 * 5 * (3 + 5)


def test_layers_of_attention_count_as_a_transformer_does() -> None:
    shape = {"layers": 6, "heads": 4}
    listed = _network({"op": "transformer", **shape}, shape=(32, 64))
    described = resolve_model(
        {"kind": "transformer", "width": 64, "sequence": 32, "vocabulary": 1,
         "head_positions": 0, "positions": 0, "final_normalisation": False, **shape}
    )  # fmt: skip
    assert listed.parameters == described.parameters - 64
    assert listed.forward_flops_per_sample == described.forward_flops_per_sample
    ends = 4 * 32 * 64
    assert listed.elementwise_elements_per_sample == (
        described.elementwise_elements_per_sample - ends
    )
    assert listed.activation_elements_per_sample == described.activation_elements_per_sample
    assert (listed.width, listed.heads, listed.sequence) == (64, 4, 32)


def test_shared_layers_have_one_set_of_weights() -> None:
    head = {"op": "convolution", "filters": 2, "padding": "same"}
    maps = [{"op": "remember", "name": "a"}, {"op": "pool"}, {"op": "remember", "name": "b"}]
    facts = _cnn(*maps, {"op": "shared", "names": ["a", "b"], "layers": [head]})
    assert facts.parameters == 2 * 27 + 2
    assert facts.forward_flops_per_sample == 2 * (64 + 16) * 2 * 27


def test_a_skip_connection_is_a_list_too() -> None:
    facts = _cnn(
        {"op": "remember", "name": "skip"},
        {"op": "pool"},
        {"op": "transposed_convolution", "filters": 3},
        {"op": "concatenate", "names": ["skip"]},
        {"op": "convolution", "filters": 1, "kernel": 1},
    )
    assert facts.parameters == (4 * 3 * 3 + 3) + (6 + 1)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([{"op": "add", "names": ["skp"]}], "no map is called 'skp'.*did you mean 'skip'"),
        ([{"op": "pool"}, {"op": "add", "names": ["skip"]}], "they must be equal"),
        ([{"op": "lstm", "units": 4}], "it needs a sequence of vectors"),
        ([{"op": "transformer", "heads": 2}], "put {op: sequence} before it"),
        ([{"op": "sequence"}, {"op": "transformer", "heads": 2}], "3 must be a multiple of"),
        ([{"op": "convolution", "filters": 4, "kernel": [3]}], "a kernel of .3. on a map of 2"),
        ([{"op": "convolution", "filters": 4, "groups": 2}], "multiples of it"),
    ],
)
def test_layers_that_do_not_join(layers: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        _cnn({"op": "remember", "name": "skip"}, *layers)


@pytest.mark.parametrize(
    ("descriptor", "message"),
    [
        ({"experts": 8}, "experts_per_token 0 must be 1 to experts 8"),
        ({"key_value_heads": 3}, "multiple of key_value_heads 3"),
    ],
)
def test_transformer_that_does_not_hold_together(descriptor: dict[str, Any], message: str) -> None:
    shape = {"layers": 2, "width": 64, "heads": 4, "sequence": 8, "vocabulary": 10}
    with pytest.raises(ScenarioError, match=message):
        resolve_model({"kind": "transformer", **shape, **descriptor})
