"""Models that are split, and replicas that share: what must hold, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from domain.catalog import load_catalog
from domain.errors import InputError
from domain.located import parse, parse_yaml
from domain.model_facts import resolve_model
from domain.prediction import Choice
from domain.reading import ScenarioFile, load_scenario
from domain.scenario import Scenario
from domain.workload import Parallelism, Training
from simulator.models import PRIORS, StepInputs, StepPrediction, predict_training_step
from simulator.models.memory import Need, ways_to_fit
from simulator.models.model_parallel import SHARDINGS
from simulator.study.choose import choose
from simulator.study.simulate import Flown, simulate

TODAY = date(2026, 11, 23)

PODS: dict[str, Any] = {
    "peak_flops": 989e12,
    "memory_bytes_per_second": 3.35e12,
    "accelerator_memory_bytes": 80 * 2.0**30,
    "accelerators_per_node": 8,
    "nodes": 8,
    "global_batch": 512,
    "format_code": 3,
    "element_bytes": 2.0,
    "link_bytes_per_second": 450e9,
    "network_bytes_per_second": 400e9,
}

TEXT = """\
environment:
  provider: aws
  region: us-east-1
  pools:
    train: {machine: p5.48xlarge, count: 2}
workloads:
  llama:
    kind: training
    model: llama2-7b
    precision: bf16
    global_batch: 512
    steps: 100
    parallelism: {sharding: zero1}
    framework: pytorch
goal: {minimise: cost}
seed: 1
replications: 2
"""


def step(model: str = "llama2-7b", recompute: Any = "full", **changed: Any) -> StepPrediction:
    return predict_training_step(
        resolve_model(model), StepInputs(**PODS | changed), recompute=recompute
    )


def file_of(text: str) -> ScenarioFile:
    located = parse_yaml(text, "s.yaml")
    return ScenarioFile(parse(Scenario, located), located, Path())


def fly(text: str) -> Flown:
    return simulate("s", file_of(text).scenario, Path(), load_catalog(), today=TODAY)


def refused(text: str) -> str:
    with pytest.raises(InputError) as caught:
        fly(text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def chosen(axes: str, text: str = TEXT, workers: int = 1) -> Choice:
    return choose(file_of(f"{text}axes:\n{axes}"), today=TODAY, workers=workers)


def reasons(choice: Choice) -> dict[Any, tuple[str, str]]:
    return {
        next(iter(each.values.values())): (each.rejection.code, each.rejection.reason)
        for each in choice.rejected
        if each.rejection
    }


def test_a_tensor_group_shares_the_memory() -> None:
    needed = [float(step(tensor_parallel=t, micro_batch=1).memory_needed_bytes) for t in (1, 2, 8)]
    assert needed[0] > needed[1] > needed[2]
    assert needed[2] < needed[0] / 4


def test_splitting_the_sequence_too_saves_more() -> None:
    kept = {"recompute": "none", "tensor_parallel": 8, "micro_batch": 1}
    whole, split = (step(**kept, sequence_parallel=each) for each in (False, True))
    assert split.memory_needed_bytes < whole.memory_needed_bytes


def test_the_more_is_shared_out_the_less_each_replica_keeps() -> None:
    needed = [
        float(step(sharding=code, micro_batch=1).memory_needed_bytes)
        for code in range(len(SHARDINGS))
    ]
    assert needed == sorted(needed, reverse=True)
    assert len(set(needed)) == len(SHARDINGS)


def test_more_micro_batches_shrink_the_bubble_of_a_pipeline() -> None:
    def over_plain(global_batch: int) -> float:
        alike = {"global_batch": global_batch, "micro_batch": 1, "sharding": 1}
        split, plain = step(**alike, pipeline_parallel=4), step(**alike)
        return float(split.compute_seconds / plain.compute_seconds)

    assert over_plain(256) > over_plain(1024) > over_plain(8192)


def test_interleaved_stages_fill_sooner() -> None:
    alike = {"micro_batch": 1, "pipeline_parallel": 4, "global_batch": 256}
    assert step(**alike, interleave=4).compute_seconds < step(**alike).compute_seconds


def test_selective_recomputation_lies_between_none_and_full() -> None:
    none, selective, full = (
        step("gpt3-1.3b", recompute=each, micro_batch=1) for each in ("none", "selective", "full")
    )
    assert full.memory_needed_bytes < selective.memory_needed_bytes < none.memory_needed_bytes
    assert selective.compute_seconds < full.compute_seconds


def test_truth_values_say_all_or_nothing() -> None:
    def workload(recompute: Any) -> Training:
        return Training.model_validate(
            {
                "kind": "training",
                "model": "gpt2",
                "global_batch": 8,
                "steps": 1,
                "recompute": recompute,
            }
        )

    assert [workload(each).recompute for each in (True, False, "full", "selective")] == [
        True,
        False,
        "full",
        "selective",
    ]


def test_a_pipeline_takes_micro_batches_that_fill_it() -> None:
    def facts(setting: str) -> dict[str, Any]:
        split = "recompute: full\n    parallelism: {pipeline: 4, sharding: zero1}"
        return fly(
            TEXT.replace("parallelism: {sharding: zero1}", split + setting)
        ).prediction.workloads["llama"]

    by_itself = facts("")
    assert by_itself["parallelism"]["data"] == 4
    assert by_itself["micro_batches"] > 4
    for micro_batch in (1, 2, 4, 8):
        asked = facts(f"\n    micro_batch: {micro_batch}")
        assert by_itself["step_seconds"] <= asked["step_seconds"] * (1 + 1e-9)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("{sharding: zero1}", "{tensor: 3}", "32 attention heads cannot be shared out by tensor 3"),
        (
            "{sharding: zero1}",
            "{pipeline: 4, interleave: 3}",
            "32 layers cannot be cut into pipeline 4 × interleave 3 equal parts",
        ),
        (
            "{sharding: zero1}",
            "{tensor: 8, pipeline: 4}",
            "tensor 8 × pipeline 4 needs a multiple of 32 accelerators, and there are 16",
        ),
        ("batch: 512", "batch: 500", "a global batch of 500 is no multiple of 16 accelerators"),
        ("batch: 512", "batch: 8", "a global batch of 8 leaves some of 16 accelerators without"),
        (
            "batch: 512",
            "batch: 512\n    micro_batch: 3",
            "a global batch of 512 is no multiple of 16 accelerators × micro batch 3",
        ),
    ],
)
def test_what_cannot_be_divided_is_one_clear_error(old: str, new: str, sentence: str) -> None:
    assert sentence in refused(TEXT.replace(old, new))


def test_a_model_that_is_no_transformer_may_share_but_not_be_split() -> None:
    text = TEXT.replace("llama2-7b", "resnet50")
    assert fly(text).prediction.workloads["llama"]["parallelism"]["sharding"] == "zero1"
    assert "resnet50 is no transformer" in refused(text.replace("zero1", "zero1, tensor: 2"))


def test_a_choice_rejects_what_cannot_be_divided_and_says_why() -> None:
    choice = chosen("  workloads.llama.parallelism.tensor: [1, 2, 3, 32]\n")
    told = reasons(choice)
    assert choice.choice is not None
    assert told[3] == ("cannot_be_split", "32 attention heads cannot be shared out by tensor 3")
    assert told[32][0] == "does_not_divide"


def test_a_plain_job_needs_no_batch_that_divides() -> None:
    text = TEXT.replace("    parallelism: {sharding: zero1}\n", "").replace("llama2-7b", "gpt2")
    assert fly(text.replace("batch: 512", "batch: 500")).prediction.metrics


def test_what_does_not_fit_says_what_would() -> None:
    told = reasons(chosen("  workloads.llama.parallelism.sharding: [none, zero1]\n"))["none"]
    assert told[0] == "does_not_fit"
    assert "'sharding: zero1', 'sharding: zero2' or accelerators of at least" in told[1]


def test_every_way_that_is_told_does_fit() -> None:
    memory = 80 * 2.0**30
    need = Need(
        model=resolve_model("gpt3-6.7b"),
        optimizer="adam",
        element_bytes=2.0,
        accelerators=64.0,
        recompute="full",
        micro_batch=32.0,
    )
    *ways, bigger = ways_to_fit(need, memory, PRIORS)
    assert ways
    assert bigger.startswith("accelerators of at least")
    for way in ways:
        for change in way.replace("'", "").split(" with "):
            key, value = change.split(": ")
            number = SHARDINGS.index(value) if value in SHARDINGS else int(value)
            need = replace(need, **{key: number})
        assert need.bytes_needed(PRIORS) < memory
        step_needs = step(
            "gpt3-6.7b",
            micro_batch=need.micro_batch,
            tensor_parallel=need.tensor,
            sharding=need.sharding,
            global_batch=64 * 32,
        )
        assert step_needs.fits


def test_a_split_job_is_the_same_on_any_number_of_workers() -> None:
    axes = "  workloads.llama.parallelism.tensor: [1, 2, 4]\n"
    one, two = (chosen(axes, workers=workers).to_json() for workers in (1, 2))
    assert one == two


def test_a_split_of_one_is_plain_data_parallelism() -> None:
    plain = step("gpt3-1.3b", micro_batch=1)
    arrays = step(
        "gpt3-1.3b",
        micro_batch=1,
        tensor_parallel=np.array([1, 1]),
        pipeline_parallel=np.array([1, 1]),
    )
    assert Parallelism() == Parallelism(tensor=1, sharding="none")
    assert arrays.step_seconds == pytest.approx(float(plain.step_seconds))


def test_the_example_finds_a_split_on_any_of_its_machines() -> None:
    path = Path(__file__).resolve().parent.parent / "examples" / "llm_pretraining.yaml"
    file = load_scenario(path)
    axes = {
        name: values[:1] if name.endswith((".count", ".market")) else values
        for name, values in file.scenario.axes.items()
    }
    few = replace(file, scenario=file.scenario.model_copy(update={"axes": axes}))
    choice = choose(few, today=TODAY, replications=2)
    assert choice.choice is not None
    assert {each.rejection.code for each in choice.rejected if each.rejection} >= {"dominated"}
    assert all(
        each.rejection is None or each.rejection.code != "invalid" for each in choice.rejected
    )
