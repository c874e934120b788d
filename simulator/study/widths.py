"""How wide the interval of a prediction must be to hold nine of ten runs.

Split-conformal: the quantile of errors on runs held out (Lei et al., "Distribution-Free
Predictive Inference for Regression", 2018), of errors in units of what the posterior itself is
unsure of, so that what is known well gets a narrow interval and what is known badly a wide one
(normalised: Papadopoulos, Gammerman and Vovk, 2008). Editions of one source (MLPerf by round)
share the quantile, each stretched by how far its own runs were off.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST = 20
"""Held-out rows that a width of its own needs."""
_EDITION = re.compile(r"-v[\d.]+$")
# As many runs that are off as is usual join those of each edition.
_USUAL_RUNS = 10.0
# Of the usual error, the most that one run may say of its edition.
_MOST = 4.0


def conformal(errors: Floats, share: float = 0.9) -> float:
    """The half width that holds ``share`` of new rows: their quantile with one more row."""
    count = len(errors)
    level = min(1.0, np.ceil((count + 1) * share) / count)
    return float(np.quantile(np.abs(errors), level, method="higher"))


def cell_deviations(cells: NDArray[np.object_], deviations: Floats) -> dict[str, float]:
    """Each cell's posterior standard deviation over that of all rows, both root mean squares."""
    squares = pd.Series(deviations**2)
    whole = float(squares.mean())
    of_cells = squares.groupby(cells).mean()
    return {str(name): float(np.sqrt(value / whole)) for name, value in of_cells.items()}


def source_widths(
    errors: Floats, relative: Floats, sources: NDArray[np.object_]
) -> dict[str, float]:
    """The half width of each source for a row whose deviation is as usual.

    Args:
        errors: of the logarithm of time, on rows held out.
        relative: each row's deviation over the usual one; widths are to be multiplied by it.
        sources: of each row; those with too few runs among their editions get none.
    """
    ratios = np.abs(errors) / relative
    families = np.array([_EDITION.sub("", str(name)) for name in sources])
    found: dict[str, float] = {}
    for family in np.unique(families):
        mine = families == family
        usual = float(np.median(ratios[mine]))
        if mine.sum() < FEWEST or not usual:
            continue
        stretch = np.ones(len(ratios))
        for name in np.unique(sources[mine].astype(str)):
            own = mine & (sources == name)
            off = np.minimum(ratios[own], _MOST * usual).sum() + _USUAL_RUNS * usual
            stretch[own] = off / (own.sum() + _USUAL_RUNS) / usual
        width = conformal((ratios / stretch)[mine])
        for name in np.unique(sources[mine].astype(str)):
            if name:
                found[name] = width * float(stretch[mine & (sources == name)][0])
    return found
