"""Counts of a model file of Keras, read without Keras or TensorFlow.

A ``.keras`` file is a zip whose ``config.json`` holds the graph of layers (Keras 3,
"Serialization and saving"); ``model.to_json()`` writes the same text. Shapes are worked out
from layer to layer, and work and parameters with them; a layer that is called twice works
twice with the same weights. Where it is wrong: custom layers and operations cannot be
counted and are refused by name, frozen layers are counted as trained, and an input whose size
the file leaves open must be given one.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from domain.architectures.counts import OperationCounts
from domain.architectures.layer_work import LayerWork, Shape
from domain.errors import ScenarioError
from domain.keras_layers import apply_layer


def count_keras(
    path: str, *, sequence: int | None = None, image_size: int | None = None
) -> OperationCounts:
    """Counts of one sample of the model in ``path``.

    Raises:
        ScenarioError: no such file, not a model, a layer that is not counted, an open size.
    """
    config = _read(Path(path).expanduser())
    graph = _Graph(sequence, image_size)
    try:
        graph.model(config, None)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ScenarioError(
            f"the Keras model is not in the form that Keras 3 writes ({error!r}); save it again",
            where=path,
        ) from None
    return graph.work.counts(graph.first_input)


def _read(path: Path) -> Mapping[str, Any]:
    where = str(path)
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                text = archive.read("config.json").decode("utf-8")
        else:
            text = path.read_text(encoding="utf-8")
        config = json.loads(text)
    except FileNotFoundError:
        raise ScenarioError("no such Keras model file", where=where) from None
    except (KeyError, ValueError, OSError, zipfile.BadZipFile):
        raise ScenarioError(
            "not a Keras model: give a .keras file or the text of model.to_json()", where=where
        ) from None
    if not isinstance(config, Mapping) or "layers" not in config.get("config", {}):
        raise ScenarioError(
            "not a Sequential or Functional Keras model: a subclassed model does not say what "
            "its layers do",
            where=where,
        )
    return config


class _Graph:
    """Walks the layers of a model, and of models inside of it."""

    def __init__(self, sequence: int | None, image_size: int | None) -> None:
        self.work = LayerWork()
        self.first_input: Shape = ()
        self._sequence = sequence
        self._image_size = image_size

    def model(self, model: Mapping[str, Any], inputs: list[Shape] | None) -> Shape:
        config = model["config"]
        if model["class_name"] == "Sequential":
            return self._sequential(config, inputs)
        return self._functional(config, inputs)

    def _sequential(self, config: Mapping[str, Any], inputs: list[Shape] | None) -> Shape:
        shape = inputs[0] if inputs else None
        if shape is None and "build_input_shape" in config:
            shape = self._open(config["build_input_shape"][1:], "the model")
        for layer in config["layers"]:
            if layer["class_name"] == "InputLayer":
                shape = shape or self._input(layer)
                continue
            if shape is None:
                given = layer["config"].get("batch_input_shape") or layer["config"].get(
                    "batch_shape"
                )
                if given is None:
                    raise ScenarioError(
                        "a Sequential Keras model that was never built has no input shape; add "
                        "an Input layer and save it again"
                    )
                shape = self._open(given[1:], layer["config"]["name"])
            shape = self._layer(layer, [shape])
        if shape is None:
            raise ScenarioError("a Keras model without layers")
        return shape

    def _functional(self, config: Mapping[str, Any], inputs: list[Shape] | None) -> Shape:
        shapes: dict[tuple[str, int], Shape] = {}
        waiting = [
            (layer, node, index)
            for layer in config["layers"]
            for index, node in enumerate(layer.get("inbound_nodes") or [None])
        ]
        given = iter(inputs or ())
        order = [str(name) for name, *_ in _flat(config.get("input_layers", []))]
        if inputs:
            shapes |= {(name, 0): shape for name, shape in zip(order, given, strict=False)}
        while waiting:
            later = []
            for layer, node, index in waiting:
                name = str(layer["config"].get("name", layer.get("name")))
                if (name, index) in shapes:
                    continue
                sources = _sources(node)
                if all(source in shapes for source in sources):
                    called = [shapes[source] for source in sources]
                    shapes[name, index] = self._call(layer, called, again=index > 0)
                else:
                    later.append((layer, node, index))
            if len(later) == len(waiting):
                stuck = later[0][0]["config"].get("name")
                raise ScenarioError(f"layer '{stuck}' of the Keras model has no input")
            waiting = later
        name, index, *_ = _flat(config["output_layers"])[0]
        return shapes[str(name), int(index)]

    def _call(self, layer: Mapping[str, Any], inputs: list[Shape], *, again: bool) -> Shape:
        if layer["class_name"] == "InputLayer":
            return self._input(layer)
        whole, self.work = self.work, LayerWork()
        shape = self._layer(layer, inputs)
        whole.add(self.work, parameters=0 if again else 1)
        self.work = whole
        return shape

    def _layer(self, layer: Mapping[str, Any], inputs: list[Shape]) -> Shape:
        if layer["class_name"] in ("Sequential", "Functional", "Model"):
            return self.model(layer, inputs)
        name = layer["config"].get("name", "")
        try:
            return apply_layer(self.work, layer["class_name"], layer["config"], inputs)
        except ScenarioError as error:
            raise ScenarioError(f"layer '{name}' of the Keras model: {error.message}") from None

    def _input(self, layer: Mapping[str, Any]) -> Shape:
        config = layer["config"]
        sizes = config.get("batch_shape") or config.get("batch_input_shape")
        return self._open(sizes[1:], config["name"])

    def _open(self, sizes: list[int | None], name: str) -> Shape:
        first = not self.first_input
        if first and self._image_size and len(sizes) > 2:
            sizes = [*[self._image_size] * (len(sizes) - 1), sizes[-1]]
        elif self._sequence and len(sizes) <= 2 and (sizes[0] is None or first):
            sizes = [self._sequence, *sizes[1:]]
        if None in sizes:
            raise ScenarioError(
                f"input '{name}' of the Keras model leaves a size open ({sizes}); give "
                "'sequence' or 'image_size' beside 'path'"
            )
        shape = tuple(int(size) for size in sizes if size is not None)
        self.first_input = self.first_input or shape
        return shape


def _flat(layers: Any) -> list[list[Any]]:
    """One output is written as ``[name, node, tensor]``, several as a list of these."""
    if layers and isinstance(layers[0], str):
        return [list(layers)]
    return [list(each) for each in layers]


def _sources(node: Any) -> list[tuple[str, int]]:
    """The layers, and which of their calls, that a call takes its input from."""
    found: list[tuple[str, int]] = []
    if isinstance(node, Mapping):
        if node.get("class_name") == "__keras_tensor__":
            name, index, _ = node["config"]["keras_history"]
            return [(str(name), int(index))]
        for value in node.values():
            found += _sources(value)
    elif isinstance(node, list):
        if len(node) >= 3 and isinstance(node[0], str) and isinstance(node[1], int):
            # As Keras 2 wrote it: [name, node, tensor, arguments].
            return [(node[0], node[1]), *(_sources(node[3]) if len(node) > 3 else [])]
        for value in node:
            found += _sources(value)
    return found
