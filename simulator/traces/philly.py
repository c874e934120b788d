"""Jobs of Microsoft's Philly cluster, as its public trace tells them.

Source: M. Jeon et al., "Analysis of Large-Scale Multi-Tenant GPU Clusters for DNN Training
Workloads", USENIX ATC 2019, in the table form that later schedulers were evaluated on:
columns ``timestamp,duration,num_gpus,gpu_time,cluster``, one row per job, any order. Each
virtual cluster had its own queue and becomes the pool ``vc-`` + cluster.

Where it is wrong: timestamps are naive local time (no daylight-saving step), and a duration
is what the job took on the placement that it happened to get.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from domain.errors import TraceError
from simulator.traces.csv_columns import NAME, SECONDS, TIMESTAMP, WHOLE, read_columns
from simulator.traces.trace import Trace

_COLUMNS = {"timestamp": TIMESTAMP, "duration": SECONDS, "num_gpus": WHOLE, "cluster": NAME}


def read_philly(
    path: Path, pools: Sequence[str] | None, window: tuple[date, date] | None = None
) -> Trace:
    """The jobs of the virtual clusters that are pools, in the order of the file.

    Rows of other virtual clusters, without a GPU, or outside the window (both days included)
    are left out; without pools every virtual cluster is one. Second 0 is the first job kept;
    ``job_id`` is the 0-based row of the file.

    Raises:
        TraceError: the file or a line of it cannot be read, or no job is left.
    """
    read = read_columns(path, _COLUMNS)
    stamp = read["timestamp"]
    if pools is None:
        pools = sorted({f"vc-{name}" for name in read["cluster"]})
    index_of = {name.removeprefix("vc-"): i for i, name in enumerate(pools) if name[:3] == "vc-"}
    pool = np.array([index_of.get(name, -1) for name in read["cluster"]], dtype=np.int64)
    kept = (pool >= 0) & (read["num_gpus"] > 0)
    if not kept.any():
        clusters = sorted({f"vc-{name}" for name in read["cluster"]})
        raise TraceError(
            f"no job belongs to the pools {', '.join(pools)}; "
            f"the trace has jobs of {', '.join(clusters)}",
            where=str(path),
        )
    if window is not None:
        first, last = window
        kept &= (stamp >= np.datetime64(first)) & (stamp < np.datetime64(last + timedelta(days=1)))
        if not kept.any():
            raise TraceError(
                f"no job of the pools was submitted from {first} to {last}; the trace runs from "
                f"{str(stamp.min())[:10]} to {str(stamp.max())[:10]}",
                where=str(path),
            )
    origin = stamp[kept].min()
    return Trace(
        pools=tuple(pools),
        job_id=np.flatnonzero(kept).astype(np.int64),
        pool=pool[kept],
        accelerators=read["num_gpus"][kept].astype(np.int64),
        submit_seconds=(stamp[kept] - origin).astype(np.float64),
        duration_seconds=read["duration"][kept],
        origin=origin.item(),
    )
