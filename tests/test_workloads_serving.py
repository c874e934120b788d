"""A trained model, exported, loaded again and asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from workload_runs import Run, run

from domain.measurement import read_measurements, to_rows


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Run:
    words = ["serve", "--set", "serving.requests=200", "--set", "serving.batch=8",
             "--set", 'training={"epochs": 1}']  # fmt: skip
    return run(words, tmp_path_factory.mktemp("served"))


def test_it_tells_latency_and_throughput(served: Run) -> None:
    assert served.code == 0, served.errors
    report = served.report
    latency = report["latency_seconds"]
    assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["largest"]
    assert 1 <= report["mean_batch"] <= 8
    rate = report["requests"] / report["seconds"]
    assert report["throughput_samples_per_second"] == pytest.approx(rate, rel=1e-3)
    assert (served.out / "curves.png").is_file()


def test_a_measured_inference_is_no_row_of_trainings(served: Run) -> None:
    from domain.catalog import load_catalog

    found = read_measurements(served.out / "measurement.json")
    assert found[0].workload.phase == "inference"
    assert to_rows(found, load_catalog()) == []


def test_strangers_may_ask_at_random_times(served: Run, tmp_path: Path) -> None:
    words = ["serve", "--set", f"saved_model={served.out / 'saved_model'}", "--set",
             "serving.arrivals=poisson", "--set", "serving.requests_per_second=150", "--set",
             "serving.requests=150"]  # fmt: skip
    done = run(words, tmp_path)
    assert done.code == 0, done.errors
    # No faster than they come: 150 requests at 150 a second.
    assert done.report["throughput_samples_per_second"] < 250
    assert not (tmp_path / "saved_model").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["saved_model=/nowhere"], "is no exported model"),
        (["served=nothing"], "'nothing' is not one of"),
        (['training={"epochs": "many"}'], "'many' is not a whole number"),
    ],
)
def test_wrong_input_leaves_with_two(tmp_path: Path, words: list[str], message: str) -> None:
    done = run(["serve", *(part for word in words for part in ("--set", word))], tmp_path)
    assert done.code == 2
    assert message in done.errors


def test_a_model_of_other_samples_is_refused(served: Run, tmp_path: Path) -> None:
    words = ["serve", "--set", f"saved_model={served.out / 'saved_model'}", "--set", "served=gpt"]
    done = run(words, tmp_path)
    assert done.code == 2
    assert "set served and training as the model was trained" in done.errors
