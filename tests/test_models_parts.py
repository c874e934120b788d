"""Collectives, precision, storage, memory and failures, each against its own truth."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import ScenarioError
from domain.model_facts import resolve_model
from simulator.models import PRIORS, choose_precision
from simulator.models.calibration import describe_parameters
from simulator.models.collectives import (
    Fabric,
    all_reduce_seconds,
    all_to_all_seconds,
    torus_all_reduce_seconds,
)
from simulator.models.failures import (
    daly_interval_seconds,
    expected_seconds,
    interruption_rate_per_second,
    least_seconds,
    young_interval_seconds,
)
from simulator.models.memory import optimizer_bytes_moved, state_bytes
from simulator.models.storage import (
    ObjectStore,
    cached_reads,
    file_system_rate,
    object_store_rate,
)

V100 = {"fp32": 15.7e12, "tf32": None, "fp16": 125e12, "bf16": None, "fp8": None}
A100 = {"fp32": 19.5e12, "tf32": 156e12, "fp16": 312e12, "bf16": 312e12, "fp8": math.nan}
TPU = {"bf16": 275e12}


ONE_NODE = Fabric(
    ranks_per_node=8, nodes=1, link_bytes_per_second=300e9, network_bytes_per_second=math.nan
)


def reduce_seconds(size: float, ranks: int, nodes: int) -> float:
    fabric = Fabric(
        ranks_per_node=ranks,
        nodes=nodes,
        link_bytes_per_second=300e9,
        network_bytes_per_second=50e9,
    )
    return float(all_reduce_seconds(size, fabric, PRIORS))


@given(st.floats(1, 1e11), st.floats(1, 1e11), st.sampled_from([1, 2, 8, 16]), st.integers(1, 512))
def test_all_reduce_grows_with_its_size(
    first: float, second: float, ranks: int, nodes: int
) -> None:
    smaller, larger = sorted((first, second))
    assert reduce_seconds(smaller, ranks, nodes) <= reduce_seconds(larger, ranks, nodes)
    assert (reduce_seconds(smaller, ranks, nodes) > 0) == (ranks * nodes > 1)


def test_a_large_all_reduce_over_nics_approaches_twice_the_bytes_over_the_rate() -> None:
    seconds = reduce_seconds(1e12, 8, 1024)
    assert seconds == pytest.approx(2e12 / (50e9 * PRIORS.network_efficiency), rel=0.01)


def test_reducing_switches_send_the_buffer_once() -> None:
    ring = all_reduce_seconds(1e12, ONE_NODE, PRIORS)
    switch = all_reduce_seconds(1e12, replace(ONE_NODE, switch_reduces=True), PRIORS)
    assert ring / switch == pytest.approx(1.75 / 1.125, rel=0.01)


def test_all_to_all_sends_each_byte_to_another_rank_once() -> None:
    seconds = all_to_all_seconds(1e12, ONE_NODE, PRIORS)
    assert seconds == pytest.approx(1e12 * 7 / 8 / (300e9 * PRIORS.link_efficiency), rel=0.01)


def test_a_mesh_without_wrap_around_is_half_a_torus() -> None:
    torus, mesh = (
        torus_all_reduce_seconds(
            1e12,
            chips=16,
            dimensions=2,
            wraps=wraps,
            link_bytes_per_second=200e9,
            calibration=PRIORS,
        )
        for wraps in (True, False)
    )
    assert mesh / torus == pytest.approx(2.0, rel=1e-3)


@pytest.mark.parametrize(
    ("wanted", "peaks", "matrix_format", "element_bytes"),
    [
        ("fp16", V100, "fp16", 2.0),
        ("mixed_float16", A100, "fp16", 2.0),
        ("fp16", TPU, "bf16", 2.0),
        ("fp32", A100, "tf32", 4.0),
        ("fp32", V100, "fp32", 4.0),
        ("fp32", TPU, "bf16", 4.0),
        ("bfloat16", A100, "bf16", 2.0),
    ],
)
def test_precision_picks_a_peak(
    wanted: str, peaks: dict[str, float | None], matrix_format: str, element_bytes: float
) -> None:
    chosen = choose_precision(wanted, peaks)
    assert (chosen.matrix_format, chosen.element_bytes) == (matrix_format, element_bytes)
    assert chosen.peak_flops == peaks[matrix_format]
    assert chosen.reason is None


def test_strict_fp32_stays_out_of_the_tensor_cores() -> None:
    assert choose_precision("fp32", A100, strict_fp32=True).peak_flops == 19.5e12


@pytest.mark.parametrize(
    ("wanted", "peaks", "reason"),
    [
        ("bf16", V100, "no bf16 rate known here; this accelerator has fp32, fp16"),
        ("fp8", A100, "no fp8 rate known here"),
        ("fp16", {"fp32": None}, "no peak of this accelerator"),
    ],
)
def test_a_precision_that_is_not_there_gives_a_reason(
    wanted: str, peaks: dict[str, float | None], reason: str
) -> None:
    chosen = choose_precision(wanted, peaks)
    assert math.isnan(chosen.peak_flops)
    assert chosen.reason is not None
    assert reason in chosen.reason


def test_misspelt_precision_says_what_is_near() -> None:
    with pytest.raises(ScenarioError, match="did you mean"):
        choose_precision("fp61", A100)


def test_adam_is_sixteen_bytes_a_parameter() -> None:
    facts = resolve_model("bert-base")
    assert state_bytes(facts, "adam", 1) == 16 * facts.parameters
    assert optimizer_bytes_moved(1.0, "adam") == 28


def test_tables_are_spread_over_the_accelerators() -> None:
    facts = resolve_model("dlrm")
    one, eight = (float(state_bytes(facts, "sgd", count)) for count in (1, 8))
    assert one - eight == pytest.approx(4 * facts.sparse_parameters * 7 / 8)


def test_object_store_is_bound_by_connections_then_requests_then_the_nic() -> None:
    store = ObjectStore(
        first_byte_seconds=0.1,
        connection_bytes_per_second=100e6,
        requests_per_second=5500,
        instance_bytes_per_second=12.5e9,
    )

    def rate(object_bytes: float, connections: int, nodes: int) -> float:
        return float(
            object_store_rate(
                store,
                object_bytes=object_bytes,
                connections_per_node=connections,
                nodes=nodes,
                nic_bytes_per_second=3.125e9,
            )
        )

    assert rate(10e6, 8, 1) == pytest.approx(8 * 10e6 / 0.2)
    assert rate(100e3, 4096, 4) == pytest.approx(5500 * 100e3 / 4)
    assert rate(100e6, 256, 1) == 3.125e9


def test_file_system_is_shared_by_the_nodes() -> None:
    rate = file_system_rate(
        size_tib=12.0, bytes_per_second_per_tib=250e6, nodes=4, nic_bytes_per_second=12.5e9
    )
    assert rate == 750e6


def test_cache_pays_one_slow_epoch() -> None:
    reads = cached_reads(
        dataset_bytes=150e9,
        nodes=2,
        cache_bytes_per_node=1e12,
        cache_bytes_per_second=4e9,
        source_bytes_per_second=1e9,
    )
    assert reads.hit_ratio == 1.0
    assert reads.first_epoch_bytes_per_second == pytest.approx(1e9)
    assert reads.later_epoch_bytes_per_second == pytest.approx(4e9)


def test_cache_that_holds_half_reads_both_halves_at_once() -> None:
    reads = cached_reads(
        dataset_bytes=100e9,
        nodes=1,
        cache_bytes_per_node=50e9,
        cache_bytes_per_second=4e9,
        source_bytes_per_second=1e9,
    )
    assert reads.later_epoch_bytes_per_second == pytest.approx(2e9)


@settings(deadline=None)
@given(
    work=st.floats(1, 1e5),
    rate=st.floats(0, 1e-3),
    interval=st.floats(10, 1e5),
    write=st.floats(0, 100),
    restart=st.floats(0, 600),
    downtime=st.floats(0, 600),
)
def test_interruptions_never_help_and_the_quick_bound_is_below(
    work: float, rate: float, interval: float, write: float, restart: float, downtime: float
) -> None:
    costs = {
        "checkpoint_interval_seconds": interval,
        "checkpoint_seconds": write,
        "restart_seconds": restart,
        "downtime_seconds": downtime,
    }
    exact = expected_seconds(work, rate_per_second=rate, **costs)
    assert exact >= work * (1 - 1e-9)
    assert least_seconds(work, rate_per_second=rate, **costs) <= exact * (1 + 1e-9)


def test_starting_over_takes_the_mean_of_the_textbook() -> None:
    rate, work = 1e-3, 2000.0
    expected = math.expm1(rate * work) / rate
    assert expected_seconds(work, rate_per_second=rate) == pytest.approx(expected)


def test_expected_time_agrees_with_a_simulation() -> None:
    rate, work, interval, write, restart, downtime = 1 / 900, 2500.0, 600.0, 30.0, 60.0, 120.0
    generator = np.random.default_rng(7)

    def one_run() -> float:
        clock, done = 0.0, 0.0
        ready = 0.0
        while done < work:
            left = work - done
            stretch = interval + write if left > interval else left
            life = generator.exponential(1 / rate)
            if life >= ready + stretch:
                clock += ready + stretch
                done += min(interval, left)
                ready = 0.0
            else:
                clock += life + downtime
                ready = restart
        return clock

    runs = np.array([one_run() for _ in range(4000)])
    half_width = 3.3 * runs.std() / math.sqrt(len(runs))
    expected = expected_seconds(
        work,
        rate_per_second=rate,
        checkpoint_interval_seconds=interval,
        checkpoint_seconds=write,
        restart_seconds=restart,
        downtime_seconds=downtime,
    )
    assert abs(runs.mean() - float(expected)) < half_width


def test_daly_interval_is_near_the_best() -> None:
    write, mean = 60.0, 4 * 3600.0
    interval = float(daly_interval_seconds(write, mean))
    intervals = np.linspace(0.5, 1.5, 201) * interval
    # Long work, so that the last, shorter stretch does not matter.
    times = expected_seconds(
        1e8,
        rate_per_second=1 / mean,
        checkpoint_interval_seconds=intervals,
        checkpoint_seconds=write,
    )
    assert intervals[np.argmin(times)] == pytest.approx(interval, rel=0.02)
    assert float(young_interval_seconds(write, mean)) == pytest.approx(interval, rel=0.1)


def test_monthly_share_is_the_probability_of_not_lasting_a_month() -> None:
    rate = interruption_rate_per_second(0.2)
    assert 1 - math.exp(-rate * 730 * 3600) == pytest.approx(0.2)
    assert interruption_rate_per_second(0.0) == 0.0
    with pytest.raises(ScenarioError, match="at least 0 and below 1"):
        interruption_rate_per_second(1.0)


def test_every_parameter_says_its_unit_and_source() -> None:
    parameters = describe_parameters()
    assert len(parameters) >= 25
    assert all(value > 0 and unit and source for _, value, unit, source in parameters)
