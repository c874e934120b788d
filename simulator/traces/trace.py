"""A trace: what was asked of a cluster, and when, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Trace:
    """Recorded or generated jobs, one row each.

    Attributes:
        pools: names; the column ``pool`` indexes them.
        submit_seconds: since second 0 of the trace.
        duration_seconds: how long the job ran where it was recorded.
        origin: wall-clock time of second 0, where it is known.
    """

    pools: tuple[str, ...]
    job_id: NDArray[np.int64]
    pool: NDArray[np.int64]
    accelerators: NDArray[np.int64]
    submit_seconds: NDArray[np.float64]
    duration_seconds: NDArray[np.float64]
    origin: datetime | None = None

    def __len__(self) -> int:
        return len(self.job_id)
