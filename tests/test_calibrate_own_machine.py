"""A calibration learns a machine that no catalog has, from a few runs and from probes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_machine import HOST, MLP, foreseen, run, write, write_host
from training_scenario import Command

from domain.catalog.described import described_accelerator
from domain.described import DescribedAccelerator, described_of
from domain.measurement import Measurement
from domain.probe import Probes
from domain.probe import describe as describe_probes
from simulator.models.calibration import Calibration
from simulator.study.calibrated import load_calibrated
from simulator.study.measurement_tables import read_measurement_table, write_measurement_table
from simulator.study.probe_fit import fit_probes

# Models of different kinds, all slower by much than foreseen.
SLOW_HOST = 2.6
KINDS: tuple[tuple[Any, int], ...] = (
    ("resnet50", 8),
    (MLP, 128),
    ({"kind": "mlp", "layers": [784, 2048, 2048, 10]}, 64),
    ("bert-base", 4),
    ("vgg16", 4),
)


def own_predicted(command: Command, model: str, batch: int, *words: object) -> dict[str, Any]:
    how = ("--precision", "fp32", "--framework", "tensorflow", "--batch", batch)
    code, text, err = command("predict", model, "--on", *words, *how, "--json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(text)
    return found


def own_runs(count: int, **more: Any) -> list[Measurement]:
    jitter = (0.9, 1.1, 1.0, 1.15, 0.85)
    return [
        run(model, batch, SLOW_HOST * jitter[place] * foreseen(model, batch, **more), **more)
        for place, (model, batch) in enumerate(KINDS[:count])
    ]


@pytest.mark.parametrize(("count", "within"), [(1, 0.55), (3, 0.3), (5, 0.25)])
def test_a_few_runs_of_a_new_machine_move_its_other_predictions(
    command: Command, tmp_path: Path, count: int, within: float
) -> None:
    write(tmp_path / "m.jsonl", own_runs(count))
    assert command("calibrate", "m.jsonl", "--out", "ours.json")[0] == 0
    found = own_predicted(command, "resnet152", 8, "lab-host", "--calibration", "ours.json")
    # The host is known by its id from the calibration alone.
    before = own_predicted(command, "resnet152", 8, write_host(tmp_path / "host.yaml"))
    factor = found["step_seconds"] / before["step_seconds"]
    assert abs(factor / SLOW_HOST - 1) < within
    assert found["knowledge"] == "accelerator"
    assert found["support"] == {
        "measurements_of_accelerator": count,
        "measurements_of_model": 0,
        "last": "2026-11-20",
    }


def test_what_was_measured_on_one_s_own_machine_leaves_others_alone(
    command: Command, tmp_path: Path
) -> None:
    write(tmp_path / "m.jsonl", own_runs(5))
    assert command("calibrate", "m.jsonl", "--out", "ours.json")[0] == 0
    elsewhere = ("resnet50", 8, "a10g", "--accelerators-per-node", 1)
    before = own_predicted(command, *elsewhere)["step_seconds"]
    after = own_predicted(command, *elsewhere, "--calibration", "ours.json")["step_seconds"]
    assert after / before == pytest.approx(1.0, abs=0.06)


def test_runs_that_waited_for_input_or_ran_on_several_hosts_spoil_nothing(
    command: Command, tmp_path: Path
) -> None:
    clean = own_runs(5)
    stalled = [
        run(model, batch, each.step_seconds * 4, observed={"input_stall_share": 0.75})
        for each, (model, batch) in zip(clean, KINDS, strict=True)
    ]
    spread = run(MLP, 128, 50 * foreseen(MLP, 128, nodes=2), nodes=2)
    write(tmp_path / "clean.jsonl", clean)
    write(tmp_path / "mixed.jsonl", [*stalled, spread])
    for name in ("clean", "mixed"):
        assert command("calibrate", f"{name}.jsonl", "--out", f"{name}.json")[0] == 0
    clean_one, mixed = (
        own_predicted(command, "resnet152", 8, "lab-host", "--calibration", f"{name}.json")
        for name in ("clean", "mixed")
    )
    assert mixed["step_seconds"] / clean_one["step_seconds"] == pytest.approx(1.0, abs=0.2)


def test_runs_that_only_waited_are_left_out(command: Command, tmp_path: Path) -> None:
    waited = run(MLP, 128, 9.0, observed={"input_stall_share": 0.97})
    write(tmp_path / "m.jsonl", [*own_runs(2), waited])
    result = json.loads(command("calibrate", "m.jsonl", "--json")[1])
    assert result["rows"] == 2
    assert "did little but wait" in result["notes"][0]


def test_intervals_narrow_with_measurements(command: Command, tmp_path: Path) -> None:
    def width(found: dict[str, Any]) -> float:
        return float(found["upper90"] / found["lower90"])

    runs = [each for _ in range(4) for each in own_runs(3)]
    write(tmp_path / "m.jsonl", runs)
    assert command("calibrate", "m.jsonl", "--out", "ours.json")[0] == 0
    host = write_host(tmp_path / "host.yaml")
    before = own_predicted(command, "resnet50", 8, host)
    after = own_predicted(command, "resnet50", 8, "lab-host", "--calibration", "ours.json")
    assert after["knowledge"] == "model, framework, accelerator"
    assert width(after) < 0.5 * width(before)


def test_measurements_in_parquet_are_as_good(command: Command, tmp_path: Path) -> None:
    runs = own_runs(3)
    write(tmp_path / "m.jsonl", runs)
    write_measurement_table(runs, tmp_path / "m.parquet")
    assert read_measurement_table(tmp_path / "m.parquet") == tuple(runs)
    told = [
        json.loads(command("calibrate", f"m.{kind}", "--json")[1]) for kind in ("jsonl", "parquet")
    ]
    assert told[0] == told[1]
    (tmp_path / "wrong.parquet").write_text("no")
    code, _, err = command("calibrate", "wrong.parquet")
    assert code == 2
    assert "is no Parquet file" in err


def probes(peak: float, gemm: float, ramp: float, rate: float, launch: float) -> dict[str, Any]:
    """What a host would tell whose kernels follow the closed form exactly."""

    def seconds(flops: float, efficiency: float) -> float:
        return launch + ramp + flops / (peak * efficiency)

    sizes = (64, 128, 256, 512, 1024, 2048)
    matmul = [
        {"precision": "fp32", "m": n, "n": n, "k": n, "seconds": seconds(2.0 * n**3, gemm)}
        for n in sizes
    ]
    shape = {"precision": "fp32", "batch": 8, "channels_in": 64, "channels_out": 64, "kernel": 3}
    convolution = [
        {**shape, "size": n, "seconds": seconds(8 * n * n * 2.0 * 64 * 64 * 9, gemm / 2)}
        for n in (7, 14, 28, 56)
    ]
    memory = [{"bytes": n, "seconds": launch + n / rate} for n in (1e7, 1e8, 4e8)]
    return {
        "machine": {"processor": "A fine CPU @ 3 GHz", "vcpu": 2, "memory_bytes": 8e9},
        "matmul": matmul,
        "convolution": convolution,
        "memory": memory,
        "launch_seconds": launch,
    }


@settings(max_examples=15, deadline=None)
@given(
    gemm=st.floats(0.3, 0.9),
    ramp=st.floats(1e-5, 1e-3),
    share=st.floats(0.3, 0.95),
    launch=st.floats(1e-6, 1e-4),
)
def test_probes_give_back_the_parameters_that_made_them(
    gemm: float, ramp: float, share: float, launch: float
) -> None:
    chip = described_accelerator(
        DescribedAccelerator.model_validate(
            {**HOST, "peak_flops": {"fp32": "1 TFLOP/s"}, "memory_bandwidth": "20 GB/s"}
        )
    )
    told = Probes.model_validate(probes(1e12, gemm, ramp, 20e9 * share, launch))
    found = fit_probes(told, chip, Calibration())
    assert found.gemm_efficiency_fp32 == pytest.approx(gemm, rel=0.02)
    assert found.convolution_efficiency_fp32 == pytest.approx(gemm / 2, rel=0.02)
    assert found.kernel_ramp_seconds == pytest.approx(ramp, rel=0.05)
    assert found.memory_efficiency == pytest.approx(share, rel=0.02)
    assert found.kernel_launch_seconds == launch


def test_probes_alone_make_a_machine_known(command: Command, tmp_path: Path) -> None:
    (tmp_path / "probes.json").write_text(json.dumps(probes(1e11, 0.8, 1e-5, 10e9, 1e-5)))
    words = ("--accelerator", "lab-host", "--out", "ours.json", "--describe", "host.yaml")
    code, text, err = command("calibrate", "probes.json", *words)
    assert code == 0, err
    assert "lab-host is described by its probes" in text
    by_name = own_predicted(command, "resnet50", 8, "lab-host", "--calibration", "ours.json")
    assert by_name["knowledge"] == "probes"
    by_file = own_predicted(command, "resnet50", 8, "host.yaml", "--calibration", "ours.json")
    assert by_file["step_seconds"] == by_name["step_seconds"]
    # Runs go on top of probes, in one call or in two.
    write(tmp_path / "m.jsonl", own_runs(2))
    assert command("calibrate", "m.jsonl", "--from", "ours.json", "--out", "two.json")[0] == 0
    both = ("probes.json", "m.jsonl", "--accelerator", "lab-host", "--out", "one.json")
    assert command("calibrate", *both)[0] == 0
    one, two = (
        own_predicted(command, "resnet50", 8, "lab-host", "--calibration", f"{name}.json")
        for name in ("one", "two")
    )
    assert one["step_seconds"] == pytest.approx(two["step_seconds"], rel=1e-4)
    code, _, err = command("calibrate", "probes.json", "--from", "two.json", *words[:2])
    assert code == 2
    assert "calibrate with the probes first" in err


def test_storage_is_read_at_the_rates_that_were_probed(command: Command, tmp_path: Path) -> None:
    reads = [
        {"kind": "s3", "parallelism": n, "bytes": n * 1e8, "seconds": 0.1 + n * 1e8 / rate}
        | {"first_byte_seconds": 0.1}
        for n, rate in ((1, 5e7), (8, 3e8))
    ]
    (tmp_path / "probes.json").write_text(json.dumps({"storage": reads}))
    assert command("calibrate", "probes.json", "--out", "ours.json")[0] == 0
    base = load_calibrated(tmp_path / "ours.json").base
    assert base.connection_bytes_per_second == pytest.approx(5e7)
    assert base.connections_per_node == pytest.approx(6.0)
    assert base.first_byte_seconds == pytest.approx(0.1)


LAB = """
environment:
  provider: custom
  pools: {lab: {machine: {accelerators: 1, accelerator: lab-host, price: $2/h}, count: 1}}
workloads:
  job: {kind: training, model: resnet50, precision: fp32, global_batch: 8, steps: 99}
goal: {minimise: cost}
axes: {workloads.job.global_batch: [8, 16]}
"""


def test_scenarios_learn_as_much_and_say_what_supports_them(
    command: Command, tmp_path: Path
) -> None:
    write(tmp_path / "m.jsonl", own_runs(5))
    (tmp_path / "lab.yaml").write_text(LAB)
    assert command("calibrate", "m.jsonl", "--out", "ours.json")[0] == 0
    code, text, err = command("simulate", "lab.yaml", "--calibration", "ours.json", "--json")
    assert code == 0, err
    told = json.loads(text)
    one = own_predicted(command, "resnet50", 8, "lab-host", "--calibration", "ours.json")
    assert told["workloads"]["job"]["step_seconds"] == pytest.approx(one["step_seconds"], rel=1e-3)
    sentence = (
        "supported by 5 measurements of your own on lab-host, 1 of this model, last 2026-11-20"
    )
    assert told["calibration"]["support"] == sentence
    code, table, err = command("choose", "lab.yaml", "--calibration", "ours.json")
    assert code == 0, err
    assert sentence in " ".join(table.split())
    # Without what describes it, the name means nothing.
    code, _, err = command("simulate", "lab.yaml")
    assert code == 2
    assert "no accelerator 'lab-host'" in err


def test_a_host_that_was_not_told_its_name_is_known_by_its_probes(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "probes.json").write_text(json.dumps(probes(1e11, 0.8, 1e-5, 10e9, 1e-5)))
    plain = run(MLP, 128, 0.02).model_dump(mode="json")
    plain["environment"] = {"accelerator": "A fine CPU @ 3 GHz", "accelerators_per_node": 1}
    plain["machine"] = {"processor": "A fine CPU @ 3 GHz", "vcpu": 2}
    (tmp_path / "m.json").write_text(json.dumps(plain))
    code, _, err = command("calibrate", "m.json")
    assert code == 2
    assert "no accelerator 'A fine CPU @ 3 GHz'" in err
    code, text, err = command("calibrate", "probes.json", "m.json", "--json", "--out", "ours.json")
    assert code == 0, err
    assert json.loads(text)["accelerators"] == ["a-fine-cpu-3-ghz-2-vcpu"]
    assert command("ledger", "m.json", "--start", "--calibration", "ours.json")[0] == 0


def test_several_probings_of_one_machine_count_together(command: Command, tmp_path: Path) -> None:
    for name, busy in (("a", 1.0), ("b", 0.5), ("c", 0.98)):
        told = probes(1e11 * busy, 0.8, 1e-5, 10e9 * busy, 1e-5)
        (tmp_path / f"{name}.json").write_text(json.dumps(told))
    words = ("--accelerator", "lab-host", "--out")
    assert command("calibrate", "a.json", *words, "one.json")[0] == 0
    code, _, err = command("calibrate", "a.json", "b.json", "c.json", *words, "all.json")
    assert code == 0, err
    one, together = (
        own_predicted(command, "resnet50", 8, "lab-host", "--calibration", f"{name}.json")
        for name in ("one", "all")
    )
    # Nearer to the two that agree than to the one that was taken while others were busy.
    assert 1.0 < together["step_seconds"] / one["step_seconds"] < 1.3


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"accelerators": [{"id": "lab"}]}, "needs the key 'peak_flops'"),
        ({"accelerators": [3]}, "is no description of an accelerator"),
        ({"probed": {"lab": {"gemm_eficiency": 1}}}, "no parameter 'gemm_eficiency'"),
        ({"support": [{"runs": 3}]}, "is no whole calibration"),
    ],
)
def test_a_calibration_that_was_spoilt_is_refused(
    command: Command, tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    whole = load_calibrated().to_json()
    (tmp_path / "ours.json").write_text(json.dumps(whole | changes))
    code, out, err = command("predict", "resnet50", "--on", "a10g", "--calibration", "ours.json")
    assert (code, out) == (2, "")
    assert "ours.json" in err
    assert told in err
    assert "Traceback" not in err


def test_what_other_programs_took_of_processors_is_taken_off(
    command: Command, tmp_path: Path
) -> None:
    def busy(each: Measurement, machine: dict[str, Any]) -> Measurement:
        whole = each.model_dump(mode="json")
        whole["results"]["step_seconds"]["mean"] /= 0.4
        whole["observed"] = {"other_utilisation": {"mean": 0.6, "largest": 0.9}}
        return Measurement.model_validate({**whole, "machine": machine})

    alone = own_runs(3)
    write(tmp_path / "alone.jsonl", alone)
    write(tmp_path / "busy.jsonl", [busy(each, {"processor": "CPU"}) for each in alone])
    gpu = {"processor": "CPU", "accelerator": "A GPU", "accelerators": 1}
    write(tmp_path / "gpu.jsonl", [busy(each, gpu) for each in alone])
    steps = {}
    for name in ("alone", "busy", "gpu"):
        assert command("calibrate", f"{name}.jsonl", "--out", f"{name}.json")[0] == 0
        words = ("resnet152", 8, "lab-host", "--calibration", f"{name}.json")
        steps[name] = own_predicted(command, *words)["step_seconds"]
    assert steps["busy"] == pytest.approx(steps["alone"], rel=1e-3)
    assert steps["gpu"] > 1.5 * steps["alone"]
    told = json.loads(command("calibrate", "busy.jsonl", "--json")[1])["notes"]
    assert "other programs took 60% of the host's processors, which was taken off" in told[0]


def test_probes_of_a_busy_host_tell_of_the_host_alone() -> None:
    alone = Probes.model_validate(probes(1e11, 0.8, 1e-5, 10e9, 1e-5))
    slow = probes(4e10, 0.8, 2.5e-5, 4e9, 2.5e-5)
    slow["other_utilisation"] = {"mean": 0.6, "largest": 0.9}
    told, same = describe_probes(alone, "lab"), describe_probes(Probes.model_validate(slow), "lab")
    for key in ("peak_flops", "memory_bandwidth"):
        assert (
            described_of(told, "a").model_dump()[key] == described_of(same, "b").model_dump()[key]
        )
    slow["machine"] = {**slow["machine"], "accelerator": "A GPU", "accelerators": 1}
    beside = described_of(describe_probes(Probes.model_validate(slow), "lab"), "c")
    assert beside.peak_flops["fp32"] < 0.5 * described_of(told, "a").peak_flops["fp32"]
