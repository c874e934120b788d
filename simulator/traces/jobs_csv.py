"""Jobs of anybody's cluster, in the plainest table that can hold them.

Columns ``submit_seconds,duration_seconds,accelerators`` and, where there are several pools,
``pool``; other columns are ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from domain.errors import TraceError, near_misses
from simulator.traces.csv_columns import NAME, POSITIVE_WHOLE, SECONDS, line_of, read_columns
from simulator.traces.trace import Trace

_COLUMNS = {
    "submit_seconds": SECONDS,
    "duration_seconds": SECONDS,
    "accelerators": POSITIVE_WHOLE,
}


def read_jobs_csv(path: Path, pools: Sequence[str] | None) -> Trace:
    """The jobs of the file in its order; ``job_id`` is the 0-based row.

    Without ``pools`` those that the file names are all there are.

    Raises:
        TraceError: the file or a line of it cannot be read, or names a pool that is not there.
    """
    read = read_columns(path, _COLUMNS, optional={"pool": NAME})
    count = len(read["submit_seconds"])
    if not count:
        raise TraceError("has no jobs, only a line of column names", where=str(path))
    if pools is None:
        pools = sorted(set(read["pool"])) if "pool" in read else ["pool"]
    if "pool" not in read and len(pools) != 1:
        raise TraceError(
            f"no column 'pool', but there are {len(pools)} pools ({', '.join(pools)}); "
            "say which pool each job goes to",
            where=f"{path}:1",
        )
    names = read.get("pool", np.full(count, pools[0], dtype=object))
    index_of = {name: index for index, name in enumerate(pools)}
    pool = np.array([index_of.get(name, -1) for name in names], dtype=np.int64)
    if (unknown := np.flatnonzero(pool < 0)).size:
        name = names[unknown[0]]
        raise TraceError(
            f"pool '{name}' is not one of {', '.join(pools)}{near_misses(name, pools)}",
            where=f"{path}:{line_of(path, int(unknown[0]))}",
        )
    return Trace(
        pools=tuple(pools),
        job_id=np.arange(count, dtype=np.int64),
        pool=pool,
        accelerators=read["accelerators"].astype(np.int64),
        submit_seconds=read["submit_seconds"],
        duration_seconds=read["duration_seconds"],
    )
