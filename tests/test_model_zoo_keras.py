"""Model files of Keras, read without Keras: counts by hand, or as Keras prints them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from domain.errors import ScenarioError
from domain.model_facts import ModelFacts, resolve_model


def _layer(
    kind: str, name: str = "", inputs: tuple[str, ...] = (), **config: Any
) -> dict[str, Any]:
    tensors = [
        {
            "class_name": "__keras_tensor__",
            "config": {"shape": [], "dtype": "float32", "keras_history": [each, 0, 0]},
        }
        for each in inputs
    ]
    name = name or kind.lower()
    return {
        "class_name": kind,
        "name": name,
        "config": {"name": name, **config},
        "inbound_nodes": [{"args": tensors, "kwargs": {}}] if inputs else [],
    }


def _input(*shape: int | None, name: str = "x") -> dict[str, Any]:
    return _layer("InputLayer", name, batch_shape=[None, *shape])


def _convolution(filters: int, kernel: int = 3, **other: Any) -> dict[str, Any]:
    settings = {"kernel_size": [kernel, kernel], "strides": [1, 1], "padding": "valid"}
    return _layer("Conv2D", filters=filters, use_bias=True, **settings | other)


def _pool() -> dict[str, Any]:
    return _layer("MaxPooling2D", pool_size=[2, 2], strides=[2, 2], padding="valid")


def _sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "s", "layers": list(layers)}}


def _functional(*layers: dict[str, Any], output: str) -> dict[str, Any]:
    config = {
        "name": "f",
        "layers": list(layers),
        "input_layers": [["x", 0, 0]],
        "output_layers": [[output, 0, 0]],
    }
    return {"class_name": "Functional", "config": config}


def _count(folder: Path, model: dict[str, Any], **sizes: int) -> ModelFacts:
    path = folder / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(model))
    return resolve_model({"kind": "keras", "path": str(path), **sizes})


_SMALL_CNN = _sequential(
    _input(150, 150, 3),
    _layer("Rescaling", scale=1 / 255),
    _convolution(32),
    _pool(),
    _convolution(64),
    _pool(),
    _convolution(128),
    _pool(),
    _layer("Flatten"),
    _layer("Dense", units=512, use_bias=True),
    _layer("Dropout", rate=0.5),
    _layer("Dense", units=1, use_bias=True),
)


def test_the_small_cnn_of_a_file_is_that_of_the_zoo(tmp_path: Path) -> None:
    read, named = _count(tmp_path, _SMALL_CNN), resolve_model("small_cnn")
    # What Keras prints of this model, too.
    assert read.parameters == named.parameters == 19_034_177
    assert read.forward_flops_per_sample == named.forward_flops_per_sample
    assert read.elementwise_elements_per_sample == named.elementwise_elements_per_sample
    assert read.activation_elements_per_sample == named.activation_elements_per_sample


def test_the_text_of_to_json_will_do(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(_SMALL_CNN))
    facts = resolve_model({"kind": "keras", "path": str(path)}, image_size=75)
    assert facts.parameters < 19_034_177


# Of layers on a (8, 8, 4) map or a (10, 6) sequence: what Keras counts as trainable.
@pytest.mark.parametrize(
    ("layer", "shape", "parameters"),
    [
        (_convolution(5), (8, 8, 4), 5 * 36 + 5),
        (_convolution(6, groups=2), (8, 8, 4), 6 * 18 + 6),
        (
            _layer("SeparableConv2D", filters=5, kernel_size=[3, 3], strides=[1, 1],
                   padding="same", use_bias=True),
            (8, 8, 4), 36 + 20 + 5,
        ),
        (
            _layer("DepthwiseConv2D", kernel_size=[3, 3], strides=[1, 1], padding="same",
                   depth_multiplier=2, use_bias=True),
            (8, 8, 4), 8 * 9 + 8,
        ),
        (
            _layer("Conv2DTranspose", filters=3, kernel_size=[2, 2], strides=[2, 2],
                   padding="same", use_bias=True),
            (8, 8, 4), 4 * 4 * 3 + 3,
        ),
        (_layer("BatchNormalization", scale=False, center=True), (8, 8, 4), 4),
        (_layer("LayerNormalization"), (10, 6), 12),
        (
            _layer("Conv1D", filters=3, kernel_size=[5], strides=[1], padding="causal",
                   use_bias=True),
            (10, 6), 5 * 6 * 3 + 3,
        ),
        (_layer("LSTM", units=7, use_bias=True), (10, 6), 4 * 7 * (6 + 7 + 1)),
        (_layer("GRU", units=7, use_bias=True, reset_after=True), (10, 6), 3 * 7 * (6 + 7 + 2)),
        (_layer("Embedding", input_dim=100, output_dim=6), (10,), 600),
    ],
)  # fmt: skip
def test_parameters_of_one_layer(
    tmp_path: Path, layer: dict[str, Any], shape: tuple[int, ...], parameters: int
) -> None:
    assert _count(tmp_path, _sequential(_input(*shape), layer)).parameters == parameters


def test_attention_in_a_graph(tmp_path: Path) -> None:
    model = _functional(
        _input(None, 64),
        _layer("MultiHeadAttention", "a", ("x", "x"), num_heads=4, key_dim=16, use_bias=True),
        _layer("Add", "sum", ("x", "a")),
        _layer("Dense", "out", ("sum",), units=3, use_bias=True),
        output="out",
    )
    facts = _count(tmp_path, model, sequence=20)
    assert facts.parameters == 4 * (64 * 64 + 64) + 64 * 3 + 3
    assert facts.attention_flops_per_sample == 2 * 2 * 20 * 20 * 64


def test_a_layer_that_is_called_twice_has_one_set_of_weights(tmp_path: Path) -> None:
    twice = _layer("Dense", "d", ("x",), units=8, use_bias=False)
    twice["inbound_nodes"] += _layer("Dense", "d", ("d",))["inbound_nodes"]
    last = _layer("Dense", "out", ("d",), units=1, use_bias=False)
    last["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = ["d", 1, 0]
    facts = _count(tmp_path, _functional(_input(8), twice, last, output="out"))
    assert facts.parameters == 64 + 8
    assert facts.forward_flops_per_sample == 2 * (64 + 64 + 8)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (_sequential(_input(4), _layer("Sparkle", "shiny")), "layer 'shiny'.*class Sparkle is not"),
        (_sequential(_input(None, None, 3), _convolution(4)), "give 'sequence' or 'image_size'"),
        (_sequential(_layer("Dense", units=1, use_bias=True)), "never built"),
        ({"class_name": "Mine", "config": {}}, "not a Sequential or Functional"),
        (_sequential(_input(8), _layer("Dense")), "not in the form that Keras 3 writes"),
        (_sequential(_input(2, 2, 3), _convolution(4)), "does not fit a feature map of 2"),
    ],
)
def test_a_file_that_cannot_be_counted(tmp_path: Path, model: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        _count(tmp_path, model)


@pytest.mark.parametrize(("content", "message"), [(None, "no such"), ("hello", "not a Keras")])
def test_a_path_without_a_model(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "model.keras"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ScenarioError, match=f"model.path: .*model.keras: {message}"):
        resolve_model({"kind": "keras", "path": str(path)})
