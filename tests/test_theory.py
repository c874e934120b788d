"""Closed forms of queues against proven figures, and the engine against the closed forms."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from simulator.models.queueing import (
    erlang_b,
    erlang_c,
    mg1_wait_seconds,
    mm1_sojourn_quantile_seconds,
    mm1k_loss,
    mm1k_sojourn_seconds,
    mmc_wait_quantile_seconds,
    mmc_wait_seconds,
    offered_load,
)
from simulator.traces import Erlang, Exponential, Hyperexponential
from validation.estimation import controlled_mean, controlled_quantile
from validation.queueing import Truth, measure
from validation.queueing_systems import System, replicate

SPREADS = {"M/M/1": 1.0, "M/D/1": 0.0}


def closed_form(model: str, parameters: dict[str, float], metric: str) -> float:
    arrivals, service = parameters["lambda"], 1 / parameters["mu"]
    servers = int(parameters.get("c", 1))
    offered = arrivals * service
    if model == "M/M/1/K":
        places = int(parameters["K"])
        loss = float(mm1k_loss(arrivals, service, places))
        answers = {
            "P_loss": loss,
            "throughput": arrivals * (1 - loss),
            "W_accepted_mean": float(mm1k_sojourn_seconds(arrivals, service, places)),
        }
        return answers[metric]
    if model in ("M/M/c", "M/M/c/c"):
        wait = float(mmc_wait_seconds(arrivals, service, servers))
    else:
        spread = SPREADS.get(model, parameters.get("cs2", math.nan))
        wait = float(mg1_wait_seconds(arrivals, service, spread))
    match metric:
        case "rho":
            return float(offered_load(arrivals, service, servers))
        case "Wq_mean":
            return wait
        case "W_sojourn_mean":
            return wait + service
        case "L_mean":
            return arrivals * (wait + service)
        case "P_wait(ErlangC)":
            return float(erlang_c(offered, servers))
        case "P_block(ErlangB)":
            return float(erlang_b(offered, servers))
        case "Wq_p99":
            return float(mmc_wait_quantile_seconds(0.99, arrivals, service, servers))
    quantile = int(metric.removeprefix("W_sojourn_p")) / 100
    return float(mm1_sojourn_quantile_seconds(quantile, arrivals, service))


def test_every_proven_figure_of_a_queue(shared_data: Path) -> None:
    models = {"M/M/1", "M/D/1", "M/G/1", "M/M/c", "M/M/c/c", "M/M/1/K"}
    with (shared_data / "theory_expected.csv").open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["model"] in models]
    assert len(rows) == 104
    for row in rows:
        pairs = (pair.split("=") for pair in row["params"].split(";"))
        parameters = {key: float(value) for key, value in pairs}
        ours = closed_form(row["model"], parameters, row["metric"])
        assert ours == pytest.approx(float(row["value"]), rel=1e-8, abs=1e-12), row


def test_closed_forms_agree_where_they_overlap() -> None:
    arrivals = np.array([0.2, 0.5, 0.95])
    assert mmc_wait_seconds(arrivals, 1.0) == pytest.approx(mg1_wait_seconds(arrivals, 1.0, 1.0))
    assert erlang_c(arrivals, 1) == pytest.approx(arrivals)
    assert erlang_b(2.0, 2) == pytest.approx(0.4)
    assert mm1k_loss(2.0, 1.0, 2) == pytest.approx(4 / 7)


def test_an_overloaded_queue_has_no_steady_state() -> None:
    assert math.isinf(float(mmc_wait_seconds(3.0, 1.0, 2)))
    assert math.isinf(float(mg1_wait_seconds(1.0, 1.0, 4.0)))
    assert float(erlang_c(3.0, 2)) == 1.0


@pytest.mark.parametrize(
    "truth",
    [
        Truth(System("M/M/1", 0.5, Exponential(1.0), values="sojourn"), "W_sojourn_p90", 4.605170),
        Truth(System("M/M/1", 0.5, Exponential(1.0)), "rho", 0.5),
        Truth(System("M/G/1", 0.5, Hyperexponential(1.0, 2.0)), "Wq_mean", 2.5),
        Truth(System("M/G/1", 0.5, Erlang(1.0, 4)), "Wq_mean", 0.625),
        Truth(System("M/M/4", 3.2, Exponential(1.0), 4), "P_wait(ErlangC)", 0.5964325),
        Truth(System("M/M/2/2", 1.6, Exponential(1.0), 2, 0), "P_block(ErlangB)", 0.3298969),
        Truth(System("M/M/1/5", 0.8, Exponential(1.0), 1, 4), "P_loss", 0.08881950),
    ],
    ids=lambda truth: f"{truth.system.name} {truth.metric}",
)
def test_the_engine_agrees_with_theory(truth: Truth) -> None:
    (figure,) = measure([truth], half_width=0.05, workers=1)
    assert figure.relative_half_width <= 0.05
    assert figure.covered(0.9999)


def test_a_replication_is_the_same_on_every_run() -> None:
    system = System("M/M/1", 0.5, Exponential(1.0), values="sojourn")
    assert replicate(system, 3).means == replicate(system, 3).means
    assert replicate(system, 3).means != replicate(system, 4).means


def test_known_means_narrow_an_interval() -> None:
    draw = np.random.default_rng(2)
    known = draw.normal(0.0, 1.0, (200, 1))
    values = 7 + 3 * known[:, 0] + draw.normal(0.0, 0.5, 200)
    plain, controlled = controlled_mean(values, known[:, :0]), controlled_mean(values, known)
    assert controlled.half_width(0.99) < plain.half_width(0.99) / 4
    assert controlled.covers(7.0, 0.9999)


def test_a_quantile_of_counts() -> None:
    draw = np.random.default_rng(3)
    bins = np.minimum(draw.exponential(200, (40, 20_000)).astype(int), 2_999)
    counts = np.array([np.bincount(row, minlength=3_000) for row in bins])
    estimate = controlled_quantile(0.9, counts, 0.005, np.zeros((40, 0)))
    assert estimate.covers(math.log(10), 0.9999)
    assert estimate.half_width(0.99) < 0.02
