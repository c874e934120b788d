"""Synthetic jobs have the rate, the spread and the mix that were asked for."""

from __future__ import annotations

import numpy as np
import pytest

from domain.errors import ScenarioError
from simulator.engine import Streams
from simulator.traces import (
    DailyCycle,
    Deterministic,
    DurationLaw,
    Erlang,
    Exponential,
    Hyperexponential,
    Lognormal,
    SyntheticJobs,
    describe,
    generate,
)

DAY = 86_400.0


@pytest.mark.parametrize(
    "law",
    [
        Deterministic(30.0),
        Exponential(30.0),
        Lognormal(30.0, 1.5),
        Hyperexponential(30.0, 2.0),
        Erlang(30.0, 4),
    ],
    ids=lambda law: type(law).__name__,
)
def test_a_law_has_the_mean_and_the_spread_that_it_says(law: DurationLaw) -> None:
    drawn = law.draw(np.random.default_rng(1), 400_000)
    assert drawn.min() > 0
    assert drawn.mean() == pytest.approx(30.0, rel=0.01)
    assert drawn.std() / drawn.mean() == pytest.approx(law.cv, rel=0.03, abs=1e-12)


def test_a_day_of_a_shared_cluster() -> None:
    jobs = SyntheticJobs(
        jobs_per_second=0.5,
        horizon_seconds=4 * DAY,
        duration=Lognormal(3600.0, 2.0),
        accelerator_mix={1: 7, 2: 1, 8: 2},
        cycle=DailyCycle(peak_to_trough=3.0, peak_hour=15.0),
    )
    summary = describe(generate(jobs, Streams(3).generator), {"pool": 4000})
    assert summary.jobs == pytest.approx(4 * DAY * 0.5, rel=0.02)
    shares = {size: n / summary.jobs for size, n in summary.jobs_by_accelerators.items()}
    assert shares == pytest.approx({1: 0.7, 2: 0.1, 8: 0.2}, abs=0.01)
    by_hour = np.array(summary.jobs_by_hour)
    assert by_hour[14:16].sum() / by_hour[2:4].sum() == pytest.approx(3.0, rel=0.05)
    assert summary.offered_load == pytest.approx(0.5 * 3600 * 2.5 / 4000, rel=0.05)


def test_the_same_job_is_as_long_when_more_of_them_arrive() -> None:
    slow = SyntheticJobs(0.01, DAY, Exponential(60.0))
    fast = SyntheticJobs(0.02, DAY, Exponential(60.0))
    few, many = (generate(jobs, Streams(5).generator) for jobs in (slow, fast))
    assert len(many) > len(few)
    assert np.array_equal(many.duration_seconds[: len(few)], few.duration_seconds)


def test_a_summary_of_the_pools_adds_up_to_that_of_the_trace() -> None:
    trace = generate(SyntheticJobs(0.1, DAY, Erlang(100.0, 4)), Streams(1).generator)
    summary = describe(trace)
    assert summary.offered_load is None
    assert summary.pools["pool"].jobs == summary.jobs == sum(summary.jobs_by_hour)
    assert summary.accelerator_hours == pytest.approx(float(trace.duration_seconds.sum()) / 3600)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"jobs_per_second": 0}, "jobs_per_second is 0; it must be more than 0"),
        ({"horizon_seconds": float("inf")}, "horizon_seconds is inf"),
        ({"accelerator_mix": {0: 1.0}}, "accelerator_mix is {0: 1.0}"),
        ({"cycle": DailyCycle(0.5)}, "peak_to_trough is 0.5; it must be at least 1"),
        ({"duration": Exponential(0.0)}, "mean duration is 0.0"),
    ],
)
def test_nonsense_is_refused(change: dict[str, object], said: str) -> None:
    good: dict[str, object] = {
        "jobs_per_second": 1.0,
        "horizon_seconds": 10.0,
        "duration": Exponential(1.0),
    }
    with pytest.raises(ScenarioError, match="synthetic jobs") as raised:
        SyntheticJobs(**(good | change))  # type: ignore[arg-type]
    assert said in raised.value.message
