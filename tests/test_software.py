"""Software as it comes and tuned software are predicted apart, in tables, by hand, in scenarios."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from training_scenario import Command

from domain.catalog import load_catalog
from domain.workload import Training
from simulator.study.calibrated import Calibrated
from simulator.study.point_predictions import predict_points
from simulator.study.points import resolve_points
from simulator.study.software import usual_software

_RUN = {
    "model": "bert-large",
    "accelerator": "a100-sxm4-80gb",
    "accelerators_per_node": 8,
    "total_accelerators": 8,
    "precision": "fp16",
    "global_batch": 256,
    "seq_len": 512,
    "unit": "samples/s",
}


def _seconds(**columns: object) -> float:
    points = resolve_points(pd.DataFrame([{**_RUN, **columns}]), load_catalog())
    return float(predict_points(points, Calibrated()).step_seconds[0])


def test_tuned_software_is_faster() -> None:
    assert _seconds(software="tuned") < 0.8 * _seconds(software="stock")


@pytest.mark.parametrize(
    ("source", "framework", "accelerator", "expected"),
    [
        ("MLPerf-v5.0", "pytorch", "h100-sxm5-80gb", "tuned"),
        ("DeepLearningExamples", "pytorch", "h100-sxm5-80gb", "stock"),
        ("", "tensorflow", "h100-sxm5-80gb", "stock"),
        ("", "tensorflow", "tpu-v5p", "tuned"),
        ("", "megatron", "h100-sxm5-80gb", "tuned"),
    ],
)
def test_what_is_likely_where_nobody_says(
    source: str, framework: str, accelerator: str, expected: str
) -> None:
    assert usual_software(source, framework, accelerator) == expected
    told = _seconds(group=source, framework=framework, accelerator="a100-sxm4-80gb")
    assert told > 0


def test_a_row_that_says_nothing_has_what_is_usual() -> None:
    assert _seconds() == _seconds(software="stock")
    assert _seconds(framework="Megatron-LM") == _seconds(framework="Megatron-LM", software="tuned")


def test_software_that_there_is_not_is_a_reason() -> None:
    points = resolve_points(pd.DataFrame([{**_RUN, "software": "fast"}]), load_catalog())
    assert "stock or tuned" in points.reasons[0]


def test_it_can_be_asked_for_by_hand(command: Command) -> None:
    words = ("predict", "bert-large", "--on", "p4d.24xlarge", "--batch", 256, "--json")
    found = {}
    for software in ("stock", "tuned"):
        code, out, _ = command(*words, "--software", software)
        assert code == 0
        found[software] = json.loads(out)["step_seconds"]
    assert found["tuned"] < found["stock"]


def test_megatron_runs_where_pytorch_does() -> None:
    workload = Training.model_validate(
        {"kind": "training", "model": "gpt3-13b", "global_batch": 64, "steps": 1,
         "framework": "megatron"}
    )  # fmt: skip
    catalog = load_catalog()
    assert catalog.accelerator("h100-sxm5-80gb").supports(workload.framework) is None
    refused = catalog.accelerator("tpu-v5p").supports(workload.framework)
    runs_pytorch = catalog.accelerator("tpu-v5p").supports("pytorch") is None
    assert (refused is None) == runs_pytorch


def test_links_across_machines_make_one_node() -> None:
    """All-to-all traffic of 64 GB200 stays on their links; that of as many B200 does not."""
    rack = _seconds(accelerator="gb200", accelerators_per_node=4, total_accelerators=64,
                    model="dlrm-dcnv2", seq_len=None, global_batch=65536)  # fmt: skip
    nodes = _seconds(accelerator="b200-sxm-180gb", total_accelerators=64,
                     model="dlrm-dcnv2", seq_len=None, global_batch=65536)  # fmt: skip
    assert rack < nodes


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--framework", "pytroch"), "did you mean 'pytorch'"),
        (("--framework", "tensorflow", "--on", "trn1.32xlarge"), "trn1"),
    ],
)
def test_a_framework_that_cannot_be_is_refused(
    command: Command, words: tuple[str, ...], told: str
) -> None:
    on = () if "--on" in words else ("--on", "p4d.24xlarge")
    code, out, err = command("predict", "resnet50", *on, "--batch", 2048, *words)
    assert (code, out) == (2, "")
    assert told.partition("trn1")[0] in err


def test_a_stack_that_was_fitted_to_transformers_says_nothing_of_others(command: Command) -> None:
    words = ("predict", "resnet50", "--on", "a100-sxm4-80gb", "--batch", 2048, "--json")
    knowledge = {}
    for framework in ("megatron", "pytorch"):
        code, out, _ = command(*words, "--framework", framework)
        assert code == 0
        knowledge[framework] = json.loads(out)["knowledge"]
    assert "stack" not in knowledge.values()


def test_frozen_weights_cost_no_gradients_of_their_own(command: Command) -> None:
    words = ("--on", "b200-sxm-180gb", "--batch", 8, "--precision", "bf16", "--sharding", "zero3")
    seconds = {}
    for model in ("llama2-70b", "llama2-70b-lora"):
        _, out, _ = command("predict", model, *words, "--sequence", 8192, "--json")
        found = json.loads(out)
        assert 0 < found["model_flops_utilisation"] < 1
        seconds[model] = found["step_seconds"]
    assert seconds["llama2-70b-lora"] < 0.9 * seconds["llama2-70b"]
