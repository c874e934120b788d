"""Every benchmark trains on a CPU in seconds, learns, and leaves what it promises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from workload_runs import Run, events, python, run

from domain.measurement import read_measurements

_ALL = """
import contextlib, io, json, sys
from pathlib import Path
from workloads.run import main
codes = {}
for name, words in json.loads(sys.argv[2]).items():
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        code = main([*words, "--out", str(Path(sys.argv[1]) / name)])
    codes[name] = [code, told.getvalue()]
print(json.dumps(codes))
"""
_MLP = ["mlp", "--set", "epochs=2", "--set", "samples=1024"]
_SMALL = {
    "small_cnn": ["small_cnn", "--set", "export=true"],
    "mlp": ["mlp"],
    "resnet50": ["resnet50"],
    "bert": ["bert"],
    "gpt": ["gpt", "--set", "epochs=2"],
    "dlrm": ["dlrm", "--set", "epochs=1"],
    "tape_network": ["tape_network", "--set", 'activations=["tanh"]', "--set", "steps=60"],
    "plain": [*_MLP],
    "accumulated": [*_MLP, "--set", "accumulate=4"],
    "fp16": [*_MLP, "--set", "precision=fp16"],
    "bf16": [*_MLP, "--set", "precision=bf16"],
    "pruned": [*_MLP, "--set", "prune_to=0.75", "--set", "epochs=6"],
    "stopped": [*_MLP, "--set", "epochs=60", "--set", "early_stopping_patience=1",
                "--set", "learning_rate=0.02"],
    "uneven": [*_MLP, "--set", "global_batch=30", "--set", "accumulate=4"],
    "too large": [*_MLP, "--set", "global_batch=5000"],
    "nowhere": [*_MLP, "--set", "dataset=/nowhere/at/all"],
    "no tpu": [*_MLP, "--set", "strategy=tpu"],
    "short": ["mlp", "--set", "epochs=1", "--set", "samples=100"],
    "exploding": ["mlp", "--set", "optimizer=sgd", "--set", "learning_rate=1e30"],
    "shrunk": [*_MLP, "--set", "l1=0.01", "--set", "l2=0.01", "--set", "schedule=cosine"],
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    root = tmp_path_factory.mktemp("runs")
    found = python(_ALL, root, json.dumps(_SMALL))
    return {name: Run(code, events(told), "", root / name) for name, (code, told) in found.items()}


# What a guess reaches, and what the benchmark must: well above it.
@pytest.mark.parametrize(
    ("name", "chance", "accuracy"),
    [("small_cnn", 0.5, 0.9), ("mlp", 0.1, 0.7), ("resnet50", 0.25, 0.6),
     ("bert", 0.03, 0.2), ("gpt", 0.016, 0.6), ("dlrm", 0.5, 0.7)],
)  # fmt: skip
def test_it_learns(runs: dict[str, Run], name: str, chance: float, accuracy: float) -> None:
    done = runs[name]
    assert done.code == 0
    assert done.report["last_loss"] < done.report["first_loss"]
    assert done.report["test"]["accuracy"] > accuracy > chance


@pytest.mark.parametrize("name", ["small_cnn", "mlp", "resnet50", "bert", "gpt", "dlrm"])
def test_the_measurement_can_be_read_again(runs: dict[str, Run], name: str) -> None:
    (measured,) = read_measurements(runs[name].out / "measurement.json")
    assert measured.workload.framework == "tensorflow"
    assert measured.step_seconds > 0
    assert measured.observed is not None
    assert measured.observed.warmup_steps == 5
    assert measured.observed.last_loss == pytest.approx(runs[name].report["last_loss"], rel=1e-4)
    assert measured.versions["tensorflow"].startswith("2.")
    steps = runs[name].report["steps"]
    assert len(runs[name].measurement["results"]["step_seconds"]) == steps - 5


def test_events_tell_the_run_from_start_to_end(runs: dict[str, Run]) -> None:
    told = runs["mlp"].events
    assert told[0] == {"event": "started", "step": 0, "steps": 132, "replicas": 1}
    assert told[-1] == {"event": "done", "measurement": "measurement.json"}
    progress = runs["mlp"].told("progress")
    assert [each["step"] for each in progress] == [*range(10, 140, 10), 132]
    assert set(progress[3]) == {"event", "step", "steps", "step_seconds", "loss"}


def test_the_cnn_scores_and_draws_its_curves(runs: dict[str, Run]) -> None:
    report = runs["small_cnn"].report
    assert set(report["test"]) == {"loss", "accuracy", "precision", "recall", "f1"}
    assert len(report["curves"]["validation"]) == 6
    picture = (runs["small_cnn"].out / "curves.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 10_000


_PREDICT = """
import json, sys
from pathlib import Path
import tensorflow as tf
from workloads.models import benchmark
from workloads.serving.export import Served
from workloads.settings import read_settings
served = Served(Path(sys.argv[1]))
kind = benchmark("small_cnn").samples(read_settings("small_cnn"))
right = 0
for number in range(5000, 5040):
    features, label = kind.draw(tf.constant(number, tf.int64))
    logit = served.predict({"image": features["image"][None]})[0, 0]
    right += int((logit > 0) == (int(label) == 1))
print(json.dumps(right / 40))
"""


def test_the_exported_model_predicts_images_it_never_saw(runs: dict[str, Run]) -> None:
    assert python(_PREDICT, runs["small_cnn"].out / "saved_model") > 0.85


def test_the_tape_network_is_compared_in_every_combination(runs: dict[str, Run]) -> None:
    table = runs["tape_network"].report["table"]
    assert {(row["loss"], row["optimizer"]) for row in table} == {
        (loss, optimizer)
        for loss in ("mse", "cross_entropy")
        for optimizer in ("sgd", "momentum", "rmsprop", "adam")
    }
    assert all(row["last_loss"] < row["first_loss"] for row in table)
    assert (runs["tape_network"].out / "curves.png").is_file()


def _losses(done: Run) -> list[float]:
    return [each["loss"] for each in done.told("progress")]


def test_accumulated_gradients_are_those_of_the_whole_batch(runs: dict[str, Run]) -> None:
    assert _losses(runs["accumulated"]) == pytest.approx(_losses(runs["plain"]), rel=1e-3)
    assert runs["accumulated"].measurement["workload"]["micro_batch"] == 16


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_lower_precision_learns_alike(runs: dict[str, Run], precision: str) -> None:
    assert _losses(runs[precision]) == pytest.approx(_losses(runs["plain"]), rel=0.1)
    assert runs[precision].measurement["workload"]["precision"] == precision


def test_pruning_keeps_the_promised_share_and_the_skill(runs: dict[str, Run]) -> None:
    report = runs["pruned"].report
    assert report["zeros_share"] == pytest.approx(0.75, abs=0.002)
    assert report["test"]["accuracy"] > 0.4


def test_training_stops_when_validation_gets_no_better(runs: dict[str, Run]) -> None:
    report = runs["stopped"].report
    assert report["stopped_early"]
    losses = [each["loss"] for each in report["curves"]["validation"]]
    assert losses[-1] > min(losses)
    assert losses.index(min(losses)) == len(losses) - 2


def test_penalties_and_schedules_have_their_effect(runs: dict[str, Run]) -> None:
    assert _losses(runs["shrunk"])[0] > _losses(runs["plain"])[0] * 1.5
    rates = [each["learning_rate"] for each in runs["shrunk"].report["curves"]["training"]]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.01 * rates[0]


_FOLDER = """
import json, sys
from pathlib import Path
from workloads.data.folders import write_image_folder
from workloads.models import benchmark
from workloads.settings import read_settings
kind = benchmark("small_cnn").samples(read_settings("small_cnn"))
write_image_folder(Path(sys.argv[1]), kind, {"train": 260, "validation": 64, "test": 64})
print("1")
"""


def test_the_cnn_learns_from_image_folders(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    python(_FOLDER, folder)
    words = ["small_cnn", "--set", f"dataset={folder}", "--set", "augmentation=true"]
    done = run([*words, "--set", "epochs=9"], tmp_path / "out")
    assert done.code == 0, done.errors
    assert done.report["test"]["accuracy"] > 0.8
    assert done.measurement["observed"]["read_bytes"] > 1e6
    assert done.measurement["workload"]["input_data"] == f"auto: {folder}"


def test_two_devices_train_like_one(runs: dict[str, Run], tmp_path: Path) -> None:
    done = run([*_MLP, "--set", "devices=2"], tmp_path)
    assert done.code == 0, done.errors
    assert done.told("started")[0]["replicas"] == 2
    assert _losses(done) == pytest.approx(_losses(runs["plain"]), rel=1e-3)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("uneven", "global_batch 30 cannot be divided by 1 replicas times accumulate 4; use 28 or"),
        ("too large", "global_batch 5000 is more than the 716 samples to train on"),
        ("nowhere", "/nowhere/at/all: there is no such file or folder"),
        ("no tpu", "strategy tpu, but there is none here"),
        ("short", "1 epochs are 1 steps, of which the first 5 (warmup_steps) are not timed"),
    ],
)
def test_settings_that_do_not_fit_leave_with_two(
    runs: dict[str, Run], name: str, message: str
) -> None:
    assert runs[name].code == 2
    assert message in runs[name].events[-1]["reason"]
    assert runs[name].events[-1]["event"] == "failed"


def test_a_loss_that_explodes_fails_the_run(runs: dict[str, Run]) -> None:
    done = runs["exploding"]
    assert done.code == 1
    assert "try a lower learning_rate" in done.events[-1]["reason"]
    assert not (done.out / "measurement.json").exists()


def test_where_it_ran_is_what_the_launcher_says(tmp_path: Path) -> None:
    stated: dict[str, Any] = {"provider": "aws", "machine": "p3.2xlarge", "region": "us-east-1"}
    extra = {"WINDTUNNEL_ENVIRONMENT": json.dumps(stated), "WINDTUNNEL_USD_PER_HOUR": "3.06"}
    done = run(_MLP, tmp_path, extra)
    assert done.measurement["environment"] == stated
    assert done.measurement["observed"]["usd"] > 0
    wrong = run(_MLP, tmp_path, {"WINDTUNNEL_ENVIRONMENT": '{"provider": "azure"}'})
    assert wrong.code == 2
    assert "WINDTUNNEL_ENVIRONMENT" in wrong.errors
