"""Fitting the collective parameters to what a user's nccl-tests printed."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from domain.errors import ScenarioError
from simulator.models import PRIORS
from simulator.models.collectives import Fabric, all_reduce_seconds
from simulator.models.collectives.fit import (
    SPREADS,
    CollectivePrior,
    Timings,
    fit_collective,
    fit_collectives,
)

ONE_NODE = Fabric(
    ranks_per_node=8, nodes=1, link_bytes_per_second=300e9, network_bytes_per_second=np.nan
)
TWO_NODES = replace(ONE_NODE, nodes=2, network_bytes_per_second=50e9)
SIZES = 2.0 ** np.arange(3, 33)
MACHINE = replace(
    PRIORS,
    link_efficiency=0.7,
    network_efficiency=0.8,
    network_latency_seconds=60e-6,
    bulk_launch_seconds=30e-6,
    low_latency_bandwidth_share=0.1,
)


def test_every_second_size_tells_the_others() -> None:
    seconds = all_reduce_seconds(SIZES, TWO_NODES, MACHINE)
    fitted = fit_collective(SIZES[::2], seconds[::2], CollectivePrior(fabric=TWO_NODES))
    predicted = all_reduce_seconds(SIZES, TWO_NODES, fitted)
    assert np.abs(predicted / seconds - 1)[1::2].mean() < 0.02


def test_one_node_tells_nothing_of_the_network() -> None:
    seconds = all_reduce_seconds(SIZES[::3], ONE_NODE, MACHINE)
    fitted = fit_collective(SIZES[::3], seconds, CollectivePrior(fabric=ONE_NODE))
    assert fitted.link_efficiency == pytest.approx(0.7, rel=0.03)
    assert fitted.network_efficiency == pytest.approx(PRIORS.network_efficiency, rel=1e-3)
    assert fitted.network_latency_seconds == pytest.approx(PRIORS.network_latency_seconds, rel=1e-3)


def test_a_single_bad_run_does_not_spoil_the_fit() -> None:
    seconds = all_reduce_seconds(SIZES, TWO_NODES, MACHINE)
    disturbed = seconds.copy()
    disturbed[20] *= 5
    fitted = fit_collective(SIZES, disturbed, CollectivePrior(fabric=TWO_NODES))
    error = np.abs(all_reduce_seconds(SIZES, TWO_NODES, fitted) / seconds - 1)
    assert np.median(error) < 0.02


def test_several_measurements_are_fitted_at_once() -> None:
    few = SIZES[::4]
    measured = [
        Timings("all_reduce", joined, few, all_reduce_seconds(few, joined, MACHINE))
        for joined in (ONE_NODE, TWO_NODES)
    ]
    fitted = fit_collectives(measured)
    assert fitted.link_efficiency == pytest.approx(0.7, rel=0.05)
    assert fitted.network_latency_seconds == pytest.approx(60e-6, rel=0.1)


def test_only_collective_parameters_move() -> None:
    seconds = all_reduce_seconds(SIZES[::6], ONE_NODE, MACHINE)
    fitted = fit_collective(SIZES[::6], seconds, CollectivePrior(fabric=ONE_NODE))
    same = {
        each.name: getattr(fitted, each.name) == getattr(PRIORS, each.name)
        for each in fields(PRIORS)
        if each.name not in SPREADS
    }
    assert all(same.values())


@pytest.mark.parametrize(
    ("sizes", "seconds", "message"),
    [
        ([8, 16], [1e-5], "2 sizes and 1 times of all_reduce: give one time for each size"),
        ([8, 0], [1e-5, 1e-5], "all_reduce of 0 bytes in 1e-05 s: both must be above 0"),
        ([8, 16], [1e-5, -1], "all_reduce of 16 bytes in -1 s: both must be above 0"),
        ([], [], "no timings of all_reduce"),
    ],
)
def test_what_is_no_measurement_is_said(
    sizes: list[float], seconds: list[float], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        fit_collective(sizes, seconds, CollectivePrior(fabric=ONE_NODE))


def test_measured_kinds_are_predicted_within_a_tenth(shared_data: Path) -> None:
    from validation.collectives import read_all_reduces

    timings = read_all_reduces(shared_data)
    measured = timings.measured_seconds[timings.held_out]
    error, baseline = (
        np.abs(seconds[timings.held_out] / measured - 1)
        for seconds in (timings.predict(PRIORS), timings.bandwidth_only_seconds())
    )
    assert error.mean() < 0.10
    assert error.mean() < 0.25 * baseline.mean()
