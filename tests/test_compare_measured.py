"""What was predicted of a run stands beside what was measured of it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_machine import MLP, foreseen, run
from rich.console import Console

from domain.catalog import load_catalog
from domain.errors import InputError
from domain.measurement import Measurement
from simulator.report.measured_tables import draw_comparisons
from simulator.study.calibrated import load_calibrated
from simulator.study.compare_measured import Comparison, compare


def compared(measurement: Measurement) -> Comparison:
    return compare(measurement, load_calibrated(), load_catalog())


@settings(max_examples=20, deadline=None)
@given(st.floats(0.2, 5.0))
def test_the_error_is_of_the_predicted_time_over_the_measured_one(factor: float) -> None:
    expected = foreseen("resnet50", 16)
    found = compared(run("resnet50", 16, expected * factor))
    assert found.error == pytest.approx(1 / factor - 1)
    low, high = found.lower90_step_seconds, found.upper90_step_seconds
    assert low < found.predicted_step_seconds < high
    assert found.is_inside == (low <= expected * factor <= high)


def test_a_run_that_a_cloud_sells_costs_what_the_catalog_asks() -> None:
    measured = Measurement.model_validate(
        {
            "environment": {"provider": "aws", "machine": "g5.12xlarge", "region": "us-east-1"},
            "workload": {
                "model": "resnet50",
                "framework": "tensorflow",
                "precision": "fp16",
                "global_batch": 512,
                "micro_batch": 128,
            },
            "results": {"step_seconds": [0.4]},
            "taken_at": "2026-11-20T12:00:00Z",
        }
    )
    found = compared(measured)
    asked = load_catalog().offer("aws", "us-east-1", "g5.12xlarge").on_demand_usd_per_hour
    assert found.usd_per_hour == asked
    assert found.measured_usd_per_million == pytest.approx(found.usd_per_hour / 3600 * 0.4 / 512e-6)
    assert found.predicted_usd_per_million / found.measured_usd_per_million == pytest.approx(
        1 + found.error
    )


def test_what_was_paid_wins_over_what_the_catalog_asks() -> None:
    paid = {"observed": {"usd": 0.02, "run_seconds": 36.0}}
    assert compared(run(MLP, 128, 0.01, **paid)).usd_per_hour == pytest.approx(2.0)
    assert math.isnan(compared(run(MLP, 128, 0.01)).measured_usd_per_million)


def test_hosts_that_decode_slowly_let_accelerators_wait() -> None:
    def decoding(vcpu: int) -> Comparison:
        whole = run("resnet50", 16, 4.0, machine={"vcpu": vcpu}).model_dump()
        whole["workload"]["input_data"] = "image folder"
        whole["environment"]["accelerator"]["peak_flops"] = {"fp32": "100 TFLOP/s"}
        whole["environment"]["accelerator"]["memory_bandwidth"] = "1000 GB/s"
        return compared(Measurement.model_validate(whole))

    few, many = decoding(1), decoding(512)
    assert few.predicted_input_share > 0.5
    assert many.predicted_input_share == 0.0
    assert few.predicted_step_seconds > many.predicted_step_seconds


def test_what_is_not_known_is_named() -> None:
    whole = run("resnet50", 16, 1.0).model_dump()
    whole["environment"]["accelerator"] = "nothing-like"
    elsewhere = Measurement.model_validate(whole)
    with pytest.raises(
        InputError, match=r"environment\.accelerator: no accelerator 'nothing-like'"
    ):
        compared(elsewhere)
    with pytest.raises(InputError, match="no model 'resnet51'"):
        compared(run("resnet51", 16, 1.0))


def test_the_table_holds_both_sides_and_the_verdict() -> None:
    expected = foreseen("resnet50", 16)
    found = [
        compared(run("resnet50", 16, expected)),
        compared(run(MLP, 128, foreseen(MLP, 128) * 20)),
    ]
    console = Console(width=140, highlight=False)
    with console.capture() as drawn:
        draw_comparisons(console, found)
    text = drawn.get()
    assert "resnet50, 16" in text
    assert "lab-host" in text
    assert "+0 %" in text
    assert "1 of 2 inside" in text


def test_what_is_printed_for_machines_is_plain() -> None:
    told = compared(run(MLP, 128, 0.01, observed={"input_stall_share": 0.25})).to_json()
    assert told["measured"]["input_share"] == 0.25
    assert told["predicted"]["usd_per_million_samples"] is None
    assert told["support"]["measurements_of_accelerator"] == 0
