"""Which candidates no other beats in both time and cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def frontier(time: ArrayLike, cost: ArrayLike) -> NDArray[np.bool_]:
    """True where no other point is as good in both and better in one.

    Of equal points all stay. O(n log n): by time, a point stays if it is cheaper than
    everything faster.
    """
    times, costs = np.asarray(time, float), np.asarray(cost, float)
    order = np.lexsort((costs, times))
    kept = np.zeros(times.size, dtype=bool)
    best_cost, best_time = np.inf, np.nan
    for index in order:
        if costs[index] < best_cost or (costs[index] == best_cost and times[index] == best_time):
            kept[index] = True
            best_cost, best_time = costs[index], times[index]
    return kept


def dominated_beyond(
    time_low: ArrayLike, cost_low: ArrayLike, time_high: ArrayLike, cost_high: ArrayLike
) -> NDArray[np.intp]:
    """For each point the index of one that surely beats it, or -1.

    Surely: even at its worst (``_high``) the other is no slower and no dearer than this
    one at its best (``_low``), and better in one.
    """
    t_low, c_low = np.asarray(time_low, float), np.asarray(cost_low, float)
    t_high, c_high = np.asarray(time_high, float), np.asarray(cost_high, float)
    by_time = np.argsort(t_high, kind="stable")
    # The cheapest worst case among all whose worst time is at most t.
    cheapest = np.minimum.accumulate(c_high[by_time])
    is_new = np.r_[True, cheapest[1:] < cheapest[:-1]]
    holder = by_time[np.maximum.accumulate(np.where(is_new, np.arange(by_time.size), 0))]
    position = np.searchsorted(t_high[by_time], t_low, side="right") - 1
    rival = np.where(position >= 0, holder[np.maximum(position, 0)], -1)
    beaten = (rival >= 0) & (c_high[rival] <= c_low)
    strictly = (c_high[rival] < c_low) | (t_high[rival] < t_low)
    return np.where(beaten & strictly, rival, -1)
