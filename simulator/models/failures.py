"""How long a job takes when machines are taken away, and how often it should checkpoint.

Interruptions are a Poisson process: each node is lost at a constant rate, a job on ``n``
nodes at ``n`` times that rate, and it loses what it did since its last checkpoint.

Where it is wrong: real spot interruptions come in bursts per zone, and depend on the hour.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from domain.errors import ScenarioError
from simulator.models.compute import Values

_MONTH_SECONDS = 730.0 * 3600.0


def interruption_rate_per_second(monthly_share: float) -> float:
    """Interruptions per second of one instance from the share interrupted in a month.

    ``λ = -ln(1 - p) / month``, so that a share ``p`` of the instances does not survive a
    month of 730 hours. AWS's Spot Instance Advisor prints the share as a bucket (below 5 %
    to above 20 %); which point of a bucket is taken is the caller's assumption. The
    published traces of V100 instances of 2022 and 2023 survived hours, far less than any
    bucket says: scarce accelerators need a measured rate.

    Raises:
        ScenarioError: a share outside 0 … 1.
    """
    if not 0.0 <= monthly_share < 1.0:
        raise ScenarioError(
            f"a monthly interruption share of {monthly_share:g} is not possible; it is at least "
            "0 and below 1"
        )
    return -math.log1p(-monthly_share) / _MONTH_SECONDS


def young_interval_seconds(checkpoint_seconds: Values, mean_seconds_to_failure: Values) -> Any:
    """Work between checkpoints, ``√(2 δ M)`` (Young, 1974)."""
    return np.sqrt(2.0 * np.asarray(checkpoint_seconds) * mean_seconds_to_failure)


def daly_interval_seconds(checkpoint_seconds: Values, mean_seconds_to_failure: Values) -> Any:
    """Work between checkpoints to a higher order (Daly, 2006, eq. 37).

    ``√(2 δ M) · (1 + √(δ / 2M) / 3 + (δ / 2M) / 9) - δ`` where ``δ < 2 M``, else ``M``.
    """
    delta = np.asarray(checkpoint_seconds, dtype=np.float64)
    mean = np.asarray(mean_seconds_to_failure, dtype=np.float64)
    ratio = delta / (2.0 * mean)
    interval = np.sqrt(2.0 * delta * mean) * (1.0 + np.sqrt(ratio) / 3.0 + ratio / 9.0) - delta
    return np.where(ratio < 1.0, interval, mean)


def expected_seconds(
    work_seconds: Values,
    *,
    rate_per_second: Values,
    checkpoint_interval_seconds: Values = np.inf,
    checkpoint_seconds: Values = 0.0,
    restart_seconds: Values = 0.0,
    downtime_seconds: Values = 0.0,
) -> Any:
    """Exact mean time to finish ``work_seconds`` of work under Poisson interruptions.

    A stretch of ``a`` seconds that starts over when interrupted takes
    ``e^{λR} (1/λ + D) (e^{λa} - 1)`` on average, with ``D`` to get a new machine (not itself
    interrupted) and ``R`` to restart from the checkpoint (Bougeret, Casanova, Rabie, Robert
    and Vivien, "Checkpointing strategies for parallel jobs", 2011). The work is cut into
    stretches of one interval and a checkpoint; the last needs no checkpoint. Without an
    interval the job starts from scratch. Infinite where the mean overflows a float.
    """
    work = np.asarray(work_seconds, dtype=np.float64)
    rate = np.asarray(rate_per_second, dtype=np.float64)
    # The work is a whole number of intervals plus a last stretch of at most one interval.
    checkpoints = np.maximum(np.ceil(work / checkpoint_interval_seconds) - 1.0, 0.0)
    interval = np.where(checkpoints > 0, checkpoint_interval_seconds, 0.0)
    last = work - checkpoints * interval
    stretch = interval + checkpoint_seconds
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        grown = checkpoints * np.expm1(rate * stretch) + np.expm1(rate * last)
        interrupted = np.exp(rate * restart_seconds) * (grown / rate + downtime_seconds * grown)
    # Below this a quotient of denormal numbers loses its digits, and no job is interrupted.
    return np.where(rate > 1e-100, interrupted, checkpoints * stretch + last)


def least_seconds(
    work_seconds: Values,
    *,
    rate_per_second: Values,
    checkpoint_interval_seconds: Values = np.inf,
    checkpoint_seconds: Values = 0.0,
    restart_seconds: Values = 0.0,
    downtime_seconds: Values = 0.0,
) -> Any:
    """A bound below ``expected_seconds`` that cannot overflow, for dropping candidates early.

    The job runs at least its work and checkpoint writes; while it runs it is interrupted at
    ``λ``, and each interruption costs at least a new machine and a restart.
    """
    work = np.asarray(work_seconds, dtype=np.float64)
    checkpoints = np.maximum(np.ceil(work / checkpoint_interval_seconds) - 1.0, 0.0)
    uptime = work + checkpoints * checkpoint_seconds
    return uptime * (1.0 + rate_per_second * (downtime_seconds + np.asarray(restart_seconds)))
