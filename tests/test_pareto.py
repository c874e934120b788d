"""The frontier keeps what no other beats, and pruning never drops a winner."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulator.study.pareto import dominated_beyond, frontier

POINTS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=40)


@given(POINTS)
def test_the_frontier_is_what_no_other_beats(points: list[tuple[int, int]]) -> None:
    kept = frontier([t for t, _ in points], [c for _, c in points])
    for (t, c), stays in zip(points, kept, strict=True):
        beaten = any(a <= t and b <= c and (a, b) != (t, c) for a, b in points)
        assert stays == (not beaten)


@given(POINTS, st.floats(0, 0.5))
def test_nothing_that_might_win_is_pruned(points: list[tuple[int, int]], error: float) -> None:
    time = np.array([t for t, _ in points], float)
    cost = np.array([c for _, c in points], float)
    rivals = dominated_beyond(time, cost, time * (1 + error), cost * (1 + error))
    for index, rival in enumerate(rivals):
        surely = (time * (1 + error) <= time[index]) & (cost * (1 + error) <= cost[index])
        surely &= (time * (1 + error) < time[index]) | (cost * (1 + error) < cost[index])
        assert (rival >= 0) == bool(surely.any())
        if rival >= 0:
            assert surely[rival]
