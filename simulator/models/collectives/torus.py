"""Collectives over a slice of chips joined by a mesh or a torus of links.

The buffer is cut so that the rings of all dimensions work at once, in both directions: the
bandwidth is the sum of one chip's links; a mesh that does not wrap around has half of it
(Austin et al., "How to Scale Your Model", 2025). Latency counts the hops around each
dimension of a cube. ``link_bytes_per_second`` is one chip's, one direction, all links.

Where it is wrong: slices that are no cube, and nothing of it was fitted to measurements.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.models.calibration import Calibration
from simulator.models.collectives.costs import all_reduce_factor
from simulator.models.compute import Values


def torus_all_reduce_seconds(
    size_bytes: Values,
    *,
    chips: Values,
    dimensions: Values,
    wraps: Any,
    link_bytes_per_second: Values,
    calibration: Calibration,
) -> Any:
    """Seconds of one all-reduce: once around to reduce and once to gather."""
    hops = dimensions * chips ** (1.0 / dimensions)
    rate = link_bytes_per_second * calibration.torus_efficiency * np.where(wraps, 1.0, 0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        bandwidth = all_reduce_factor(chips) * size_bytes / rate
    return np.where(chips > 1, 2.0 * hops * calibration.torus_hop_seconds + bandwidth, 0.0)


def torus_all_gather_seconds(
    size_bytes: Values,
    *,
    chips: Values,
    dimensions: Values,
    wraps: Any,
    link_bytes_per_second: Values,
    calibration: Calibration,
) -> Any:
    """Seconds to gather ``size_bytes`` on every chip, or to reduce and scatter as many."""
    both = torus_all_reduce_seconds(
        size_bytes,
        chips=chips,
        dimensions=dimensions,
        wraps=wraps,
        link_bytes_per_second=link_bytes_per_second,
        calibration=calibration,
    )
    return 0.5 * both
