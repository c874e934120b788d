"""`windtunnel calibrate`: from measured runs to predictions that have learnt from them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from training_scenario import Command

from domain.catalog import load_catalog
from domain.errors import InputError
from domain.measurement import Measurement, read_measurements, to_rows, write_measurements
from simulator.study.calibrated import load_calibrated
from simulator.study.point_places import find_place
from simulator.study.point_runs import Run
from simulator.study.single_point import predict_point

SLOWER = 3.0
TRAINED = ("--on", "g5.12xlarge", "--precision", "bf16", "--framework", "pytorch")


def measurement(nodes: int, batch: int, seconds: float, **more: Any) -> dict[str, Any]:
    return {
        "environment": {"provider": "aws", "machine": "g5.12xlarge", "nodes": nodes},
        "workload": {
            "model": "resnet50",
            "framework": "pytorch",
            "precision": "bf16",
            "global_batch": 4 * nodes * batch,
            "micro_batch": batch,
        },
        "results": {"step_seconds": [seconds * 0.9, seconds * 1.1]},
        "versions": {"torch": "2.9.0"},
        "taken_at": "2026-05-04T03:02:01Z",
        **more,
    }


def predicted(command: Command, nodes: int, batch: int, *words: object) -> float:
    batches = ("--nodes", nodes, "--batch", 4 * nodes * batch, "--micro-batch", batch)
    code, text, err = command("predict", "resnet50", *TRAINED, *batches, *words, "--json")
    assert code == 0, err
    return float(json.loads(text)["step_seconds"])


@pytest.fixture(scope="module")
def slow_system() -> str:
    """Runs of a system that is three times slower than is predicted."""
    place = find_place("g5.12xlarge", load_catalog())
    found = []
    for nodes in (1, 2, 4):
        for batch in (16, 32, 64):
            run = Run(
                model="resnet50",
                place=place,
                nodes=nodes,
                global_batch=4 * nodes * batch,
                micro_batch=batch,
                precision="bf16",
                framework="pytorch",
            )
            seconds = predict_point(run, load_calibrated(), load_catalog()).step_seconds
            found.append(Measurement.model_validate(measurement(nodes, batch, SLOWER * seconds)))
    return write_measurements(found)


@pytest.fixture
def slow_runs(tmp_path: Path, slow_system: str) -> Path:
    path = tmp_path / "runs.jsonl"
    path.write_text(slow_system)
    return path


def test_predictions_learn_from_measurements(command: Command, slow_runs: Path) -> None:
    code, table, err = command("calibrate", slow_runs, "--out", "ours.json")
    assert code == 0, err
    assert "held out" in table
    before = predicted(command, 2, 48)
    after = predicted(command, 2, 48, "--calibration", "ours.json")
    assert after / before == pytest.approx(SLOWER, rel=0.15)


def test_errors_are_told_beside_those_before(command: Command, slow_runs: Path) -> None:
    result = json.loads(command("calibrate", slow_runs, "--json")[1])
    assert result["rows"] == 9
    assert result["written"] is None
    (group,) = result["held_out"]
    assert group["rows"] == 9
    assert group["mape"] < 0.2
    assert group["baseline"] == pytest.approx(1 - 1 / SLOWER, abs=0.05)


def test_the_same_runs_give_the_same_bytes_in_any_order(
    command: Command, slow_runs: Path, tmp_path: Path
) -> None:
    assert command("calibrate", slow_runs, "--out", "a.json")[0] == 0
    assert command("calibrate", slow_runs, "--out", "b.json")[0] == 0
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    version = json.loads((tmp_path / "a.json").read_text())["version"]
    slow_runs.write_text("".join(slow_runs.read_text().splitlines(keepends=True)[::-1]))
    assert json.loads(command("calibrate", slow_runs, "--json")[1])["calibration"] == version


def test_a_calibration_is_not_written_over(
    command: Command, slow_runs: Path, tmp_path: Path
) -> None:
    (tmp_path / "ours.json").write_text("kept")
    code, _, err = command("calibrate", slow_runs, "--out", "ours.json")
    assert code == 2
    assert "--force" in err
    assert (tmp_path / "ours.json").read_text() == "kept"
    assert command("calibrate", slow_runs, "--out", "ours.json", "--force")[0] == 0
    assert json.loads((tmp_path / "ours.json").read_text())["format"] == 2


def test_one_calibration_starts_from_another(command: Command, slow_runs: Path) -> None:
    assert command("calibrate", slow_runs, "--out", "first.json")[0] == 0
    result = json.loads(command("calibrate", slow_runs, "--from", "first.json", "--json")[1])
    assert result["from"] == json.loads(Path("first.json").read_text())["version"]
    assert result["held_out"][0]["baseline"] < 0.2


def test_a_table_of_measured_runs_is_as_good(
    command: Command, slow_runs: Path, tmp_path: Path
) -> None:
    rows = to_rows(read_measurements(slow_runs), load_catalog())
    columns = list(rows[0])
    lines = [",".join("" if row[c] is None else str(row[c]) for c in columns) for row in rows]
    spoilt = lines[0].rpartition(",")[0] + ",1e9,suspect: misread"
    text = [",".join([*columns, "quality"]), *(f"{line},ok" for line in lines), spoilt]
    (tmp_path / "runs.csv").write_text("\n".join(text) + "\n")
    result = json.loads(command("calibrate", "runs.csv", "--json")[1])
    told = json.loads(command("calibrate", slow_runs, "--json")[1])
    assert result["rows"] == 9
    assert result["held_out"][0]["mape"] == pytest.approx(told["held_out"][0]["mape"], rel=0.01)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("absent.json", None, "there is no such"),
        ("m.json", "", "is not JSON"),
        ("m.json", "[]", "holds no measurement"),
        ("m.json", "[1]", "measurement 1: is no measurement"),
        ("m.jsonl", "{}\n{\n", "m.jsonl:2"),
        ("m.csv", "model,accelerator\nresnet50,A100\n", "no column 'throughput'"),
        ("m.csv", "model,accelerator,throughput\nresnet50,A100,fast\n", "line 2: throughput"),
        ("m.csv", "model,accelerator,throughput\nwhat,A100,5\n", "no model 'what'"),
    ],
)
def test_bad_measurements_get_one_sentence(
    command: Command, tmp_path: Path, name: str, text: str | None, told: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    code, out, err = command("calibrate", name, "--out", "o.json")
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
    assert not (tmp_path / "o.json").exists()


def with_results(**results: Any) -> dict[str, Any]:
    return {**measurement(1, 32, 1.0), "results": results}


@pytest.mark.parametrize(
    ("results", "seconds"),
    [
        ({"step_seconds": [1.0, 3.0]}, 2.0),
        ({"step_seconds": {"mean": 2.0, "standard_deviation": 0.1, "steps": 50}}, 2.0),
        ({"throughput_samples_per_second": 64.0}, 2.0),
    ],
)
def test_a_measurement_tells_its_speed_in_one_of_three_ways(
    results: dict[str, Any], seconds: float
) -> None:
    found = Measurement.model_validate(with_results(**results))
    assert found.step_seconds == seconds
    (row,) = to_rows([found], load_catalog())
    assert row["throughput"] == 128 / seconds
    assert (row["accelerator"], row["accelerators_per_node"]) == ("a10g", 4)


@pytest.mark.parametrize(
    "results",
    [
        {},
        {"step_seconds": []},
        {"step_seconds": [1.0], "throughput_samples_per_second": 5.0},
        {"throughput_samples_per_second": 0.0},
    ],
)
def test_a_measurement_without_one_speed_is_refused(
    results: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "m.json"
    path.write_text(
        json.dumps([with_results(throughput_samples_per_second=1), with_results(**results)])
    )
    with pytest.raises(InputError, match="measurement 2"):
        read_measurements(path)


def test_measurements_are_read_as_they_were_written(tmp_path: Path) -> None:
    whole = Measurement.model_validate(measurement(2, 16, 0.5, notes="warm, 50 steps"))
    assert whole.taken_at == datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    path = tmp_path / "m.jsonl"
    path.write_text(write_measurements([whole, whole]))
    assert read_measurements(path) == (whole, whole)
    path.write_text(write_measurements([whole]))
    assert read_measurements(path) == (whole,)
