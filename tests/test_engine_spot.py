"""Nodes that take time to come, and go when the cloud wants them back."""

from __future__ import annotations

import math

import numpy as np
import pytest

from domain.errors import ScenarioError
from simulator.engine import Flight, JobTable, PoolSpec, Streams, fly


def jobs(
    *rows: tuple[float, float, int],
    interval: float = np.nan,
    write: float = 0.0,
    restart: float = 0.0,
) -> JobTable:
    """Rows of (submit, duration, accelerators) on the first pool."""
    submit, duration, accelerators = zip(*rows, strict=True)
    return JobTable(
        np.arange(len(rows)),
        np.zeros(len(rows), dtype=np.int64),
        np.array(accelerators),
        np.array(submit, dtype=np.float64),
        np.array(duration, dtype=np.float64),
        interval,
        write,
        restart,
    )


def test_a_job_waits_until_a_node_is_provisioned() -> None:
    flight = fly([PoolSpec("pool", 2, 4, provisioning_seconds=120.0)], jobs((10, 60, 4)))
    assert flight.start_seconds.tolist() == [120.0]
    assert flight.pools[0].lifetimes.ready_seconds.tolist() == [120.0, 120.0]
    assert flight.pools[0].node_seconds == 2 * 60.0
    assert flight.pools[0].utilisation == 0.5


def test_checkpoints_stall_the_job_but_not_after_its_last_stretch() -> None:
    pool = PoolSpec("pool", 1, 1)
    ends = [
        fly([pool], jobs((0, duration, 1), interval=100.0, write=5.0)).end_seconds[0]
        for duration in (99.0, 100.0, 101.0, 300.0)
    ]
    assert ends == [99.0, 100.0, 106.0, 310.0]


def interrupted_once(**saving: float) -> tuple[float, Flight]:
    """A gang on two spot nodes, and when the first of them went."""
    pool = PoolSpec("pool", 2, 8, spot_interruptions_per_node_second=1 / 4000)
    for seed in range(50):
        flight = fly([pool], jobs((0, 1000, 16), **saving), streams=Streams(seed))
        if flight.interruptions[0] == 1:
            return float(flight.pools[0].lifetimes.gone_seconds.min()), flight
    raise AssertionError("no seed interrupts once")


def test_an_interruption_costs_the_work_since_the_last_checkpoint() -> None:
    gone, flight = interrupted_once(interval=100.0, write=10.0, restart=30.0)
    cycles, rest = divmod(gone, 110.0)
    assert flight.lost_seconds[0] == pytest.approx(min(rest, 100.0))
    left = 1000 - 100 * cycles
    assert flight.end_seconds[0] == pytest.approx(gone + 30 + left + 10 * (left / 100 - 1))
    assert flight.useful_seconds[0] == 1000


def test_a_job_without_checkpoints_starts_from_scratch() -> None:
    gone, flight = interrupted_once()
    assert flight.lost_seconds[0] == pytest.approx(gone)
    assert flight.end_seconds[0] == pytest.approx(gone + 1000)


def test_an_interrupted_job_keeps_its_place_in_the_queue() -> None:
    pool = PoolSpec("pool", 1, 1, spot_interruptions_per_node_second=1 / 500)
    for seed in range(20):
        flight = fly([pool], jobs((0, 300, 1), (1, 300, 1), (2, 300, 1)), streams=Streams(seed))
        assert (np.diff(flight.end_seconds) > 0).all()
        # The second job starts only once the first is done.
        assert flight.start_seconds[1] >= flight.end_seconds[0]


def test_an_interruption_frees_the_gang_s_other_nodes() -> None:
    # A one-node job behind a two-node gang gets the node that the gang had to give up while
    # the replacement of the other is on its way.
    pool = PoolSpec(
        "pool",
        2,
        1,
        spot_interruptions_per_node_second=1 / 3000,
        provisioning_seconds=10.0,
    )
    rows = ((0, 2000, 2), (20, 5, 1))
    for seed in range(50):
        flight = fly([pool], jobs(*rows), policy="sjf", streams=Streams(seed))
        if flight.interruptions[0] == 1:
            gone = flight.pools[0].lifetimes.gone_seconds.min()
            assert flight.start_seconds[1] == pytest.approx(gone)
            assert flight.end_seconds[0] == pytest.approx(gone + 10 + 2000)
            return
    raise AssertionError("no seed interrupts once")


def test_without_interruptions_spot_is_on_demand() -> None:
    rows = jobs((0, 50, 3), (0, 70, 8), (3, 20, 1), interval=10.0, write=1.0, restart=5.0)
    plain = fly([PoolSpec("pool", 1, 8)], rows)
    rare = fly([PoolSpec("pool", 1, 8, spot_interruptions_per_node_second=1e-12)], rows)
    assert plain.end_seconds.tolist() == rare.end_seconds.tolist()


def test_the_fate_of_a_node_does_not_depend_on_the_rest() -> None:
    rows = jobs((0, 5000, 1))
    small, large = (
        fly(
            [PoolSpec("pool", nodes, 1, 1 / 2000)],
            rows,
            horizon_seconds=20_000.0,
            streams=Streams(4),
        )
        .pools[0]
        .lifetimes
        for nodes in (2, 6)
    )
    for node in range(2):
        mine, theirs = (each.gone_seconds[each.node == node] for each in (small, large))
        assert mine.tolist() == theirs.tolist()


def test_a_horizon_cuts_the_flight() -> None:
    flight = fly([PoolSpec("pool", 1, 1)], jobs((0, 60, 1), (0, 60, 1)), horizon_seconds=100.0)
    assert flight.end_seconds[0] == 60.0
    assert math.isnan(flight.end_seconds[1])
    assert math.isnan(flight.makespan_seconds)
    assert flight.held_seconds.tolist() == [60.0, 40.0]
    assert flight.pools[0].node_seconds == 100.0
    assert flight.pools[0].utilisation == 1.0


def test_a_job_that_ends_at_the_horizon_has_ended() -> None:
    flight = fly([PoolSpec("pool", 1, 1)], jobs((0, 60, 1)), horizon_seconds=60.0)
    assert flight.end_seconds.tolist() == [60.0]


def test_arrivals_beyond_the_queue_are_dropped_latest_first() -> None:
    rows = jobs((0, 10, 1), (1, 10, 1), (1, 10, 1), (10, 10, 1))
    flight = fly([PoolSpec("pool", 1, 1)], rows, queue_limit=1)
    assert flight.dropped.tolist() == [False, False, True, False]
    assert flight.end_of_flight_seconds == 30.0
    assert flight.makespan_seconds == 30.0


@pytest.mark.parametrize(("work", "mean_time_to_interruption"), [(100.0, 100.0), (200.0, 100.0)])
def test_time_to_get_through_without_checkpoints(
    work: float, mean_time_to_interruption: float
) -> None:
    """E[T] = (e^{λw} - 1)/λ for work w under Poisson interruptions at rate λ."""
    rate = 1 / mean_time_to_interruption
    count = 2000
    # Each job has a node of its own from the start, and all start at second 0.
    pool = PoolSpec("pool", count, 1, spot_interruptions_per_node_second=rate)
    flight = fly([pool], jobs(*[(0.0, work, 1)] * count), streams=Streams(11))
    expected = (math.exp(rate * work) - 1) / rate
    error = flight.end_seconds.std(ddof=1) / math.sqrt(count)
    assert abs(flight.end_seconds.mean() - expected) < 3.3 * error
    assert error < 0.03 * expected


def test_time_to_get_through_with_checkpoints() -> None:
    """E[T] = n·(e^{λ(τ+c)} - 1)/λ for n stretches of τ work and a write of c each.

    The engine writes no checkpoint after the last stretch, so that one is τ alone.
    """
    rate, interval, write, stretches, count = 1 / 14_400, 1200.0, 60.0, 10, 3000
    pool = PoolSpec("pool", count, 1, spot_interruptions_per_node_second=rate)
    rows = jobs(*[(0.0, interval * stretches, 1)] * count, interval=interval, write=write)
    flight = fly([pool], rows, streams=Streams(7))
    stretch = (math.exp(rate * (interval + write)) - 1) / rate
    expected = (stretches - 1) * stretch + (math.exp(rate * interval) - 1) / rate
    error = flight.end_seconds.std(ddof=1) / math.sqrt(count)
    assert abs(flight.end_seconds.mean() - expected) < 3.3 * error
    assert error < 0.01 * expected


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (jobs((0, 1, 9)), "job 0: needs 9 accelerators at once, but pool 'pool' has 8 (2 nodes"),
        (jobs((0, 1, 0)), "job 0: accelerators is 0; it must be at least 1"),
        (jobs((0, 1, 1), (-1, 1, 1)), "job 1: submit_seconds is -1.0; it must be at least 0"),
        (jobs((0, np.nan, 1)), "job 0: duration_seconds is nan"),
        (jobs((0, 1, 1), interval=0.0), "checkpoint_interval_seconds is 0.0; it must be more"),
        (jobs((0, 1e6, 1)), "would be interrupted about"),
    ],
)
def test_a_job_that_no_flight_can_take_is_refused(rows: JobTable, said: str) -> None:
    pool = PoolSpec("pool", 2, 4, spot_interruptions_per_node_second=1e-3)
    with pytest.raises(ScenarioError) as raised:
        fly([pool], rows)
    assert said in str(raised.value)


def test_misspelt_names_are_refused() -> None:
    pool = PoolSpec("pool", 1, 1)
    with pytest.raises(ScenarioError, match=r"policy 'fifa' .* did you mean 'fifo'"):
        fly([pool], jobs((0, 1, 1)), policy="fifa")
    with pytest.raises(ScenarioError, match=r"placement 'pack' .* did you mean 'packed'"):
        fly([pool], jobs((0, 1, 1)), placement="pack")
    with pytest.raises(ScenarioError, match="pool 'pool': nodes is 0; it must be at least 1"):
        PoolSpec("pool", 0, 1)
