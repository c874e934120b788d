"""A machine that no catalog has can be described wherever an accelerator is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_machine import HOST, MLP, foreseen, run, write, write_host
from training_scenario import Command

from domain.catalog import load_catalog
from domain.described import DescribedAccelerator, description_text
from domain.errors import CatalogError
from domain.located import parse_yaml
from domain.measurement import Measurement, read_measurements
from domain.quantity import OPERATIONS

SCENARIO = """
environment:
  provider: custom
  pools:
    lab:
      machine:
        accelerators: 2
        accelerator: {ACCELERATOR}
        network: 10 Gbit/s
        price: $2/h
      count: 2
workloads:
  mlp:
    kind: training
    model: {kind: mlp, layers: [784, 512, 10]}
    precision: fp32
    global_batch: 256
    steps: 1000
"""


def predict(command: Command, *words: object) -> dict[str, Any]:
    code, text, err = command("predict", *words, "--json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_file_describes_where_a_model_is_predicted(command: Command, tmp_path: Path) -> None:
    host = write_host(tmp_path / "host.yaml")
    words = ("resnet50", "--on", host, "--precision", "fp32", "--batch", 16)
    found = predict(command, *words)
    assert found["accelerator"] == "lab-host"
    assert (found["accelerators"], found["knowledge"]) == (1, "nothing")
    assert found["lower90"] < found["throughput"] < found["upper90"]
    faster = write_host(
        tmp_path / "fast.yaml", peak_flops={"fp32": "12 TFLOP/s"}, memory_bandwidth="1500 GB/s"
    )
    quick = predict(command, "resnet50", "--on", faster, "--precision", "fp32", "--batch", 16)
    assert 50 < found["step_seconds"] / quick["step_seconds"] < 110


def test_a_machine_of_several_is_described_with_its_price(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    machine = {"accelerators": 2, "accelerator": {**HOST, "link": "8 GB/s"}, "price": "$3.6/h"}
    path.write_text(json.dumps(machine))
    found = predict(command, "resnet50", "--on", path, "--precision", "fp32", "--batch", 256)
    assert found["accelerators"] == 2
    paid = 3.6 / 3600 * found["step_seconds"] / 256 * 1e6
    assert found["usd_per_million_samples"] == pytest.approx(paid)


def test_a_model_may_be_described_in_a_file(command: Command, tmp_path: Path) -> None:
    host = write_host(tmp_path / "host.yaml")
    (tmp_path / "mlp.yaml").write_text(json.dumps(MLP))
    how = ("--precision", "fp32", "--batch", 128, "--framework", "tensorflow")
    found = predict(command, "mlp.yaml", "--on", host, *how)
    assert found["model"].startswith("mlp-")
    assert found["step_seconds"] == pytest.approx(foreseen(MLP, 128), rel=1e-6)


def test_a_scenario_describes_the_accelerator_of_its_machine(
    command: Command, tmp_path: Path
) -> None:
    chip = json.dumps({**HOST, "link": "8 GB/s"})
    (tmp_path / "s.yaml").write_text(SCENARIO.replace("{ACCELERATOR}", chip))
    code, text, err = command("simulate", "s.yaml", "--json")
    assert code == 0, err
    told = json.loads(text)["workloads"]["mlp"]
    assert (told["accelerator"], told["accelerators"]) == ("lab-host", 4)
    assert told["step_seconds"] > 0


@pytest.mark.parametrize(
    ("chip", "told"),
    [
        ("{id: lab, peak_flops: {fp32: 1 TFLOP/s}}", "memory_bandwidth"),
        ("{id: lab, peak_flops: {}, memory_bandwidth: 1 GB/s}", "give at least one"),
        ("{id: lab, peak_flops: {fp64: 1 TFLOP/s}, memory_bandwidth: 1 GB/s}", "'fp64' is not one"),
        ("{id: lab, peak_flops: {fp32: 1 GB/s}, memory_bandwidth: 1 GB/s}", "312 TFLOP/s"),
        ("{id: lab, peak_flops: {fp32: 1 TFLOP/s}, memory_bandwidth: 5}", "has no unit"),
        ("{id: My Lab, peak_flops: {fp32: 1 TFLOP/s}, memory_bandwidth: 5 GB/s}", "'My Lab' is no"),
        (
            "{id: a10g, peak_flops: {fp32: 1 TFLOP/s}, memory_bandwidth: 5 GB/s}",
            "is an accelerator of the catalog",
        ),
    ],
)
def test_a_wrong_description_gets_a_sentence_with_its_line(
    command: Command, tmp_path: Path, chip: str, told: str
) -> None:
    (tmp_path / "s.yaml").write_text(SCENARIO.replace("{ACCELERATOR}", chip))
    code, out, err = command("simulate", "s.yaml")
    assert (code, out) == (2, "")
    assert told in err
    assert "s.yaml:8" in err or "environment.pools.lab.machine" in err
    assert "Traceback" not in err


def test_a_description_file_that_is_wrong_names_itself(command: Command, tmp_path: Path) -> None:
    host = write_host(tmp_path / "host.yaml", memory_bandwith="3 GB/s")
    code, _, err = command("predict", "resnet50", "--on", host)
    assert code == 2
    assert "host.yaml:1" in err
    assert "did you mean 'memory_bandwidth'" in err
    code, _, err = command("predict", "resnet50", "--on", "absent.yaml")
    assert code == 2
    assert "there is no such" in err


def test_a_measurement_describes_where_it_ran_and_what(tmp_path: Path) -> None:
    measured = run(MLP, 128, 0.005)
    (read,) = read_measurements(write(tmp_path / "m.jsonl", [measured]))
    assert read == measured
    assert Measurement.model_validate_json(measured.model_dump_json()) == measured


def test_one_id_has_one_description() -> None:
    one = DescribedAccelerator.model_validate(HOST)
    other = DescribedAccelerator.model_validate({**HOST, "memory": "32 GB"})
    catalog = load_catalog().with_accelerators([one, one])
    assert catalog.accelerator("Lab_Host").memory_bytes == 16e9
    assert catalog.snapshot != load_catalog().snapshot
    with pytest.raises(CatalogError, match="two descriptions"):
        catalog.with_accelerators([other])


@settings(max_examples=50, deadline=None)
@given(
    peak=st.floats(1e9, 1e16),
    rate=st.floats(1e8, 1e13),
    memory=st.one_of(st.none(), st.floats(1e8, 1e12)),
)
def test_a_description_survives_being_written(
    peak: float, rate: float, memory: float | None
) -> None:
    described = DescribedAccelerator.model_construct(
        id="x", peak_flops={"fp32": peak}, memory_bandwidth=rate, memory=memory
    )
    text = description_text(described)
    again = DescribedAccelerator.model_validate(parse_yaml(text, "x.yaml").data)
    assert again.peak_flops["fp32"] == peak
    assert (again.memory_bandwidth, again.memory) == (rate, memory)


@given(st.floats(1.0, 1e20))
def test_a_rate_of_operations_is_read_as_it_was_written(value: float) -> None:
    assert OPERATIONS.parse(OPERATIONS.write(value)) == value
