"""The descriptor of each benchmark against the model that TensorFlow builds and runs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from workload_runs import python

from domain.model_facts import resolve_model
from workloads.settings import read_settings

# At the published sizes but for the tables of DLRM, which need 96 GB.
SIZES = {
    "small_cnn": [["preset=small"], ["preset=paper"], ["preset=paper", "model.image_size=64"]],
    "mlp": [["preset=small"], ["preset=paper"]],
    "resnet50": [["preset=small"], ["preset=paper"], ["preset=paper", "model.image_size=96"]],
    "bert": [["preset=small"], ["preset=paper", "model.sequence=128"]],
    "gpt": [["preset=small"], ["preset=paper"]],
    "dlrm": [["preset=small"], ["preset=paper", "model.table_rows=26000"]],
}
CASES = [(name, words) for name, sizes in SIZES.items() for words in sizes]

_BUILD = """
import json, sys
sys.path.insert(0, "tests")
from graph_work import forward_flops
from workloads.data.records import _example
from workloads.models import benchmark
from workloads.settings import read_settings
import keras, tensorflow as tf

built = []
for name, words in json.loads(sys.argv[1]):
    settings = read_settings(name, None, words)
    found = benchmark(name)
    kind = found.samples(settings)
    model = found.build(settings)
    trained = sum(int(tf.size(each)) for each in model.trainable_variables)
    features, label = kind.draw(tf.constant(0, tf.int64))
    built.append({
        "parameters": trained,
        "flops": forward_flops(model, kind),
        "stored_bytes": kind.stored_bytes,
        "image_bytes": max((f.stored_bytes for f in kind.features.values() if f.image), default=0),
        "record_bytes": len(_example(kind, features, label)),
        "outputs": model.output_shape,
    })
    keras.backend.clear_session()
print(json.dumps(built))
"""


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    found = python(_BUILD, json.dumps(CASES))
    return {f"{name} {words}": each for (name, words), each in zip(CASES, found, strict=True)}


def _facts(name: str, words: list[str]) -> Any:
    settings = read_settings(name, None, words)
    return resolve_model(
        settings.descriptor, sequence=settings.sequence, image_size=settings.image_size
    )


@pytest.mark.parametrize(("name", "words"), CASES)
def test_parameters_are_exact(built: dict[str, Any], name: str, words: list[str]) -> None:
    facts = _facts(name, words)
    if name == "bert" and words[0] == "preset=paper":
        assert facts.name == "bert-base"
    assert built[f"{name} {words}"]["parameters"] == facts.parameters


@pytest.mark.parametrize(("name", "words"), CASES)
def test_work_is_that_of_the_graph(built: dict[str, Any], name: str, words: list[str]) -> None:
    flops = _facts(name, words).forward_flops_per_sample
    assert built[f"{name} {words}"]["flops"] == pytest.approx(flops, rel=0.02)


@pytest.mark.parametrize(("name", "words"), CASES)
def test_a_record_holds_what_it_says(built: dict[str, Any], name: str, words: list[str]) -> None:
    one = built[f"{name} {words}"]
    # The names of its tensors, and the framing of a protocol buffer.
    assert one["record_bytes"] - 140 <= one["stored_bytes"]
    if not one["image_bytes"]:
        assert one["record_bytes"] >= one["stored_bytes"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("gpt", ["preset=paper"]), ("dlrm", ["preset=paper", "model.table_rows=26000"])],
)
def test_a_sample_has_the_bytes_that_the_zoo_says(
    built: dict[str, Any], name: str, words: list[str]
) -> None:
    zoo = resolve_model({"gpt": "gpt2"}.get(name, name))
    assert built[f"{name} {words}"]["stored_bytes"] == pytest.approx(zoo.sample_bytes, rel=0.03)


def test_the_network_that_is_written_out_has_the_parameters_of_its_descriptor() -> None:
    settings = read_settings("tape_network")
    script = """
import json
from workloads.models.tape_network import TwoLayers
print(json.dumps(sum(int(v.shape.num_elements()) for v in
                     TwoLayers(16, 32, 5, "relu", 0).trainable_variables)))
"""
    assert python(script) == resolve_model(settings.descriptor).parameters
