"""Whether the engine starts every job of the Philly trace in the second that it should.

Run with ``python -m validation.philly``. Truth are the start seconds that a published
scheduler simulator (HeliosArtifact) gives on the real cluster of 352 nodes, and those of a
restatement of it on 83 nodes, where most jobs wait. The baseline starts every job at once.
"""

from __future__ import annotations

import time
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from simulator.engine import Flight, JobTable, PoolSpec, fly
from simulator.traces import Trace, read_philly
from validation import Check, print_checks, shared_data

_WINDOW = (date(2017, 10, 1), date(2017, 11, 30))
_COLUMNS = ["vc", "gpus", "submit_s", "duration_s"]


class Cluster(NamedTuple):
    """Files of one cluster, in the folder of scheduling data."""

    nodes: str
    starts: str


CLUSTERS = {
    "real": Cluster("philly_vc_nodes.csv", "oracle/philly_2017-10_11_fifo_sjf_starts.csv.gz"),
    "tight": Cluster("philly_vc_nodes_tight.csv", "oracle/philly_tight_starts.csv.gz"),
}


class Replay(NamedTuple):
    """One flight, and the true start seconds in the order of its jobs."""

    flight: Flight
    true_start_seconds: pd.Series[float]
    cpu_seconds: float

    @property
    def mismatches(self) -> int:
        """Jobs that did not start in their true second."""
        return int((self.flight.start_seconds != self.true_start_seconds.to_numpy()).sum())


def philly_pools(folder: Path, cluster: str) -> list[PoolSpec]:
    """A pool of 8-accelerator nodes per virtual cluster."""
    nodes = pd.read_csv(folder / CLUSTERS[cluster].nodes, dtype={"vc": str})
    return [
        PoolSpec(f"vc-{name}", int(count), 8)
        for name, count in nodes.itertuples(index=False, name=None)
    ]


@cache
def philly_trace(path: Path, pools: tuple[str, ...]) -> Trace:
    """The jobs of October and November 2017."""
    return read_philly(path, pools, _WINDOW)


def replay(folder: Path, cluster: str, policy: str) -> Replay:
    """Fly the trace, and look up when each job should have started."""
    pools = philly_pools(folder, cluster)
    names = tuple(pool.name for pool in pools)
    trace = philly_trace(folder / "philly_pollux_82k.csv.gz", names)
    begin = time.process_time()
    flight = fly(pools, JobTable.of(trace), policy=policy)
    seconds = time.process_time() - begin
    return Replay(flight, _true_starts(folder, cluster, policy, trace), seconds)


def _true_starts(folder: Path, cluster: str, policy: str, trace: Trace) -> pd.Series[float]:
    """The n-th of identical jobs in the trace is the n-th in the truth (by start)."""
    truth = pd.read_csv(folder / CLUSTERS[cluster].starts, dtype={"vc": str})
    column = f"{policy}_start_s"
    ours = pd.DataFrame(
        {
            "vc": [trace.pools[index].removeprefix("vc-") for index in trace.pool],
            "gpus": trace.accelerators,
            "submit_s": trace.submit_seconds.astype(np.int64),
            "duration_s": trace.duration_seconds.astype(np.int64),
        }
    )
    truth = truth.sort_values([*_COLUMNS, column])
    for table in (ours, truth):
        table["twin"] = table.groupby(_COLUMNS).cumcount()
    joined = ours.merge(truth, on=[*_COLUMNS, "twin"], how="left", validate="one_to_one")
    return joined[column].astype(np.float64)


def replays(folder: Path | None = None) -> dict[tuple[str, str], Replay]:
    """Both clusters under both policies."""
    scheduling = (folder or shared_data()) / "scheduling"
    return {
        (cluster, policy): replay(scheduling, cluster, policy)
        for cluster in CLUSTERS
        for policy in ("fifo", "sjf")
    }


def run(flown: dict[tuple[str, str], Replay] | None = None) -> list[Check]:
    """Mismatching starts, of all jobs."""
    checks = []
    for (cluster, policy), replayed in (flown or replays()).items():
        submit = replayed.flight.jobs.submit_seconds
        checks.append(
            Check(
                model=f"Philly, {cluster} cluster, {policy}",
                rows=len(submit),
                measure="jobs that start in another second",
                error=replayed.mismatches,
                bar=0,
                baseline=int((replayed.true_start_seconds.to_numpy() != submit).sum()),
            )
        )
    return checks


def main() -> None:
    """Print the checks, then mean queueing delays and speed."""
    flown = replays()
    print_checks(run(flown))
    print(f"\n{'replay':16}{'mean queueing delay s':>24}{'true':>16}{'jobs per CPU second':>24}")
    for (cluster, policy), replayed in flown.items():
        submit = replayed.flight.jobs.submit_seconds
        print(
            f"{cluster + ' ' + policy:16}{replayed.flight.queueing_delay_seconds.mean():>24,.3f}"
            f"{(replayed.true_start_seconds - submit).mean():>16,.3f}"
            f"{len(submit) / replayed.cpu_seconds:>24,.0f}"
        )


if __name__ == "__main__":
    main()
