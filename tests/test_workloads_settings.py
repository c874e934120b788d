"""What a benchmark may be set to, without TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workload_runs import environment

from domain.errors import InputError
from domain.model_facts import resolve_model
from workloads.settings import BENCHMARKS, Training, read_settings
from workloads.settings.presets import PRESETS
from workloads.training.cluster import Cluster, read_cluster
from workloads.training.history import History
from workloads.training.schedules import learning_rate

TRAINED = [name for name in BENCHMARKS if name != "serve"]


@pytest.mark.parametrize("name", TRAINED)
def test_every_preset_can_be_predicted(name: str) -> None:
    for preset in PRESETS[name]:
        settings = read_settings(name, None, [f"preset={preset}"])
        facts = resolve_model(settings.descriptor)
        assert facts.parameters > 0


@pytest.mark.parametrize(
    ("name", "words", "known"),
    [
        ("small_cnn", [], "small_cnn"),
        ("resnet50", ["model.image_size=160"], "resnet50"),
        ("bert", ["model.layers=24", "model.width=1024", "model.heads=16"], "bert-large"),
        ("bert", ["model.sequence=128"], "bert-base"),
        ("gpt", [], "gpt2"),
        ("mlp", [], "mlp"),
        ("dlrm", [], "dlrm"),
    ],
)
def test_sizes_of_the_zoo_have_its_name(name: str, words: list[str], known: str) -> None:
    assert read_settings(name, None, ["preset=paper", *words]).descriptor == known


def test_words_win_over_the_file_and_the_file_over_the_preset(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"global_batch": 8, "model": {"layers": 3, "width": 32}}))
    settings = read_settings("gpt", file, ["model.layers=1", "precision=bf16"])
    assert settings.global_batch == 8
    assert settings.precision == "bf16"
    assert settings.model_dump()["model"] | {"dropout": 0} == {
        "layers": 1, "width": 32, "heads": 4, "sequence": 32, "vocabulary": 64, "dropout": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("smal_cnn", [], "smal_cnn: there is no such benchmark; did you mean 'small_cnn'?"),
        ("gpt", ["preset=huge"], "'huge' is no preset of gpt; it has small, paper"),
        ("gpt", ["model.widht=3"], "unknown key 'widht'; did you mean 'width'?"),
        ("gpt", ["model.layers=few"], "'few' is not a whole number"),
        ("gpt", ["model.width=30", "model.heads=4"], "must be a multiple of heads"),
        ("gpt", ["steps"], "is not like key=value"),
        ("mlp", ["precision=fp8"], "'fp8' is not one of fp32, fp16, bf16"),
        ("mlp", ["validation_share=0.6", "test_share=0.5"], "leave nothing to train on"),
        ("mlp", ["steps=5"], "must be more than warmup_steps 5"),
        ("small_cnn", ["model.image_size=12"], "too small for 3 blocks"),
        ("dlrm", ["model.top=[8, 2]"], "it must end in 1"),
    ],
)
def test_a_wrong_setting_is_told_in_one_sentence(name: str, words: list[str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_settings(name, None, words)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gtp"], "there is no such benchmark"),
        (["gpt", "--set", "model.layers=0"], "0 must be more than 0"),
        (["gpt", "--config", "absent.json"], "there is no such file of settings"),
    ],
)
def test_wrong_input_leaves_with_two(tmp_path: Path, words: list[str], message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "workloads.run", *words, "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["event"] == "failed"
    # TensorFlow is not even loaded to say so.
    assert "cuda" not in done.stderr.lower()


def test_the_chief_is_worker_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = {"chief": ["a:1"], "worker": ["b:1", "c:1"]}
    numbers = []
    for kind, index in (("chief", 0), ("worker", 0), ("worker", 1)):
        config = {"cluster": cluster, "task": {"type": kind, "index": index}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
        numbers.append(read_cluster())
    assert numbers == [Cluster(3, 0), Cluster(3, 1), Cluster(3, 2)]
    assert [each.is_chief for each in numbers] == [True, False, False]


@pytest.mark.parametrize(
    "config",
    ["{", "[]", '{"cluster": {"worker": ["a:1"]}}',
     '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 3}}',
     '{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}'],
)  # fmt: skip
def test_a_wrong_cluster_is_told(monkeypatch: pytest.MonkeyPatch, config: str) -> None:
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(InputError, match="TF_CONFIG"):
        read_cluster()


@given(
    st.sampled_from(["constant", "cosine", "exponential", "steps"]),
    st.integers(0, 50),
    st.integers(60, 500),
)
def test_a_rate_rises_while_it_warms_up_and_falls_after(
    schedule: str, warmup: int, steps: int
) -> None:
    settings = Training.model_validate(
        {"learning_rate": 0.1, "schedule": schedule, "schedule_warmup_steps": warmup}
    )
    rates = [learning_rate(settings, step, steps) for step in range(steps)]
    assert rates[:warmup] == sorted(rates[:warmup])
    assert rates[warmup:] == sorted(rates[warmup:], reverse=True)
    assert max(rates) == pytest.approx(0.1)
    assert min(rates[warmup:]) >= 0


@given(st.lists(st.floats(0, 10), min_size=1, max_size=30), st.integers(1, 5))
def test_training_stops_early_after_patience_without_a_lower_loss(
    losses: list[float], patience: int
) -> None:
    history = History()
    for step, loss in enumerate(losses):
        history.note_validation(step, loss, {})
        since = step - losses.index(min(losses[: step + 1]))
        assert history.should_stop(patience) == (since >= patience)
    assert History.from_notes(json.loads(json.dumps(history.notes()))) == history
