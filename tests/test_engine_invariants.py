"""What holds in every flight, whatever the jobs, the nodes and the interruptions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine import PLACEMENTS, POLICIES, Flight, JobTable, PoolSpec, Streams, fly

SECONDS = st.floats(0, 500).map(lambda seconds: round(seconds, 3))


@st.composite
def pools(draw: st.DrawFn, spot: bool = True) -> PoolSpec:
    return PoolSpec(
        "pool",
        nodes=draw(st.integers(1, 4)),
        accelerators_per_node=draw(st.integers(1, 4)),
        spot_interruptions_per_node_second=draw(st.sampled_from([0, 1e-3, 5e-3])) if spot else 0.0,
        provisioning_seconds=draw(st.sampled_from([0, 30.0])),
        provisioning_cv=draw(st.sampled_from([0, 0.5])),
    )


@st.composite
def jobs_for(draw: st.DrawFn, pool: PoolSpec) -> JobTable:
    count = draw(st.integers(1, 25))

    def column(values: st.SearchStrategy[float]) -> list[float]:
        return draw(st.lists(values, min_size=count, max_size=count))

    return JobTable(
        job_id=np.arange(count),
        pool=np.zeros(count, dtype=np.int64),
        accelerators=np.array(column(st.integers(1, pool.accelerators))),
        submit_seconds=np.array(column(SECONDS)),
        duration_seconds=np.array(column(SECONDS)),
        checkpoint_interval_seconds=draw(st.sampled_from([np.nan, 20.0, 7.3])),
        checkpoint_write_seconds=draw(st.sampled_from([0.0, 1.5])),
        restart_seconds=draw(st.sampled_from([0.0, 4.0])),
    )


@st.composite
def flights(draw: st.DrawFn) -> tuple[PoolSpec, Flight]:
    pool = draw(pools())
    flight = fly(
        [pool],
        draw(jobs_for(pool)),
        policy=draw(st.sampled_from(sorted(POLICIES))),
        placement=draw(st.sampled_from(sorted(PLACEMENTS))),
        queue_limit=draw(st.sampled_from([None, 0, 3])),
        streams=Streams(draw(st.integers(0, 99))),
        horizon_seconds=draw(st.sampled_from([None, 300.0])),
    )
    return pool, flight


@settings(max_examples=200, deadline=None)
@given(flown=flights())
def test_time_is_accounted_for(flown: tuple[PoolSpec, Flight]) -> None:
    _, flight = flown
    told = flight.useful_seconds + flight.lost_seconds + flight.overhead_seconds
    assert told == pytest.approx(flight.held_seconds, abs=1e-6)
    for column in (
        flight.held_seconds,
        flight.useful_seconds,
        flight.lost_seconds,
        flight.overhead_seconds,
    ):
        assert (column >= -1e-9).all()
    done = np.isfinite(flight.end_seconds)
    assert flight.useful_seconds[done] == pytest.approx(flight.jobs.duration_seconds[done])
    assert not (done & flight.dropped).any()
    started = flight.start_seconds[np.isfinite(flight.start_seconds)]
    assert (flight.queueing_delay_seconds[np.isfinite(flight.start_seconds)] >= 0).all()
    assert (started <= flight.end_of_flight_seconds).all()
    span = flight.end_seconds[done] - flight.start_seconds[done]
    assert (span >= flight.held_seconds[done] - 1e-6).all()


@settings(max_examples=200, deadline=None)
@given(flown=flights())
def test_pools_add_up(flown: tuple[PoolSpec, Flight]) -> None:
    spec, flight = flown
    (pool,) = flight.pools
    held = float(np.sum(flight.held_seconds * flight.jobs.accelerators))
    assert pool.busy_accelerator_seconds == pytest.approx(held)
    assert pool.busy_accelerator_seconds <= pool.node_seconds * spec.accelerators_per_node + 1e-6
    lifetimes = pool.lifetimes
    assert (lifetimes.gone_seconds >= lifetimes.ready_seconds).all()
    assert (lifetimes.gone_seconds <= flight.end_of_flight_seconds).all()
    for node in range(spec.nodes):
        mine = lifetimes.node == node
        # A replacement comes only after its predecessor has gone.
        assert (lifetimes.ready_seconds[mine][1:] >= lifetimes.gone_seconds[mine][:-1]).all()


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_accelerators_are_never_lent_twice(data: st.DataObject) -> None:
    pool = data.draw(pools(spot=False))
    flight = fly([pool], data.draw(jobs_for(pool)), policy="sjf")
    changes = np.concatenate([flight.start_seconds, flight.end_seconds])
    accelerators = np.concatenate([flight.jobs.accelerators, -flight.jobs.accelerators])
    order = np.lexsort([accelerators, changes])  # at one instant, ends come first
    in_use = np.cumsum(accelerators[order])
    assert in_use.max(initial=0) <= pool.accelerators
    assert in_use[-1] == 0


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_fifo_starts_in_order_of_submission(data: st.DataObject) -> None:
    pool = data.draw(pools(spot=False))
    flight = fly([pool], data.draw(jobs_for(pool)))
    order = np.argsort(flight.jobs.submit_seconds, kind="stable")
    assert (np.diff(flight.start_seconds[order]) >= 0).all()


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_more_nodes_never_delay_single_accelerator_jobs(data: st.DataObject) -> None:
    pool = PoolSpec("pool", 1, 2)
    jobs = data.draw(jobs_for(pool))
    jobs = JobTable(
        jobs.job_id, jobs.pool, jobs.job_id * 0 + 1, jobs.submit_seconds, jobs.duration_seconds
    )
    makespans = [fly([PoolSpec("pool", nodes, 2)], jobs).makespan_seconds for nodes in range(1, 5)]
    assert (np.diff(makespans) <= 1e-9).all()


@settings(max_examples=50, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_flight(data: st.DataObject, seed: int) -> None:
    pool = data.draw(pools())
    jobs = data.draw(jobs_for(pool))
    one, two = (fly([pool], jobs, streams=Streams(seed, 1)) for _ in range(2))
    assert one.end_seconds.tobytes() == two.end_seconds.tobytes()
    lifetimes = [flight.pools[0].lifetimes.gone_seconds.tobytes() for flight in (one, two)]
    assert lifetimes[0] == lifetimes[1]


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_the_order_of_the_rows_is_kept(data: st.DataObject) -> None:
    pool = data.draw(pools(spot=False))
    jobs = data.draw(jobs_for(pool))
    flight = fly([pool], jobs)
    assert np.array_equal(flight.jobs.submit_seconds, jobs.submit_seconds)
    done = flight.end_seconds - flight.start_seconds
    assert done == pytest.approx(flight.held_seconds)
    assert flight.useful_seconds == pytest.approx(jobs.duration_seconds)
