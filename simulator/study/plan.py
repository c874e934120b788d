"""From a scenario to what the engine flies: pools of nodes, and a table of jobs a replication."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.catalog import Catalog
from domain.errors import ScenarioError, TraceError
from domain.scenario import Scenario
from domain.workload import CsvTrace, PhillyTrace, SyntheticTrace, Training
from simulator.engine import JobTable, PoolSpec, Streams
from simulator.models.calibration import Calibration
from simulator.study.advice import job_notes, job_problem
from simulator.study.calibrated import Calibrated, load_calibrated
from simulator.study.hardware import PROVISIONING_CV, Hardware, pool_nodes, resolve_hardware
from simulator.study.synthetic import draw_trace
from simulator.study.training import (
    HardwareColumns,
    TrainingEstimate,
    estimate_training,
    model_of,
)
from simulator.traces import Trace, read_jobs_csv, read_philly

TraceKey = tuple[PhillyTrace | CsvTrace, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """A training workload as one gang job on one pool."""

    workload: Training
    pool: int
    hardware: Hardware
    estimate: TrainingEstimate
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlightPlan:
    """Everything that a replication needs; only its random streams are missing."""

    name: str
    scenario: Scenario
    hardware: tuple[Hardware, ...]
    pools: tuple[PoolSpec, ...]
    training: dict[str, TrainingJob]
    recorded: dict[str, Trace]
    synthetic: dict[str, tuple[SyntheticTrace, int]]
    calibration: Calibration
    """The parameters of all that has none of its own, under the version of the whole."""

    @property
    def is_random(self) -> bool:
        """Whether two replications can differ."""
        return bool(self.training or self.synthetic) or any(
            pool.spot_interruptions_per_node_second
            or (pool.provisioning_seconds and pool.provisioning_cv)
            for pool in self.pools
        )

    @property
    def workload_names(self) -> tuple[str, ...]:
        """Workloads in the order in which ``jobs`` lists them."""
        return (*self.training, *self.recorded, *self.synthetic)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed about the hardware, and what a user should know of the jobs."""
        assumed = [note for each in self.hardware for note in each.notes]
        of_jobs = [note for job in self.training.values() for note in job.notes]
        return tuple(dict.fromkeys((*assumed, *of_jobs)))

    def jobs(self, streams: Streams) -> JobTable:
        """The jobs of one replication, workload by workload."""
        tables = list(self._tables(streams))
        return tables[0] if len(tables) == 1 else _joined(tables)

    def owners(self, streams: Streams) -> NDArray[np.str_]:
        """The workload of each job of one replication."""
        return np.repeat(
            np.array(self.workload_names), [len(table) for table in self._tables(streams)]
        )

    def _tables(self, streams: Streams) -> Iterator[JobTable]:
        for name, job in self.training.items():
            yield _training_row(name, job, streams, self.calibration)
        for recorded in self.recorded.values():
            yield JobTable.of(recorded)
        for name, (trace, pool) in self.synthetic.items():
            yield JobTable.of(draw_trace(name, trace, pool, streams))


def plan_flight(
    name: str,
    scenario: Scenario,
    folder: Path,
    catalog: Catalog,
    *,
    traces: dict[TraceKey, Trace] | None = None,
    calibrated: Calibrated | None = None,
) -> FlightPlan:
    """Resolves hardware, predicts training jobs, reads traces.

    Args:
        folder: what the paths of traces are relative to.
        traces: recorded traces that were read before; read where absent.
        calibrated: what was fitted to measurements; otherwise what is shipped.

    Raises:
        InputError: anything in the scenario that cannot be flown.
    """
    calibrated = calibrated or load_calibrated()
    environment = scenario.environment
    hardware = tuple(resolve_hardware(environment, pool, catalog) for pool in environment.pools)
    pools = tuple(
        PoolSpec(
            name=each.pool,
            nodes=pool_nodes(environment, each.pool),
            accelerators_per_node=each.slots,
            spot_interruptions_per_node_second=each.interruptions_per_second,
            provisioning_seconds=each.provisioning_seconds,
            provisioning_cv=PROVISIONING_CV,
        )
        for each in hardware
    )
    index = {pool.name: position for position, pool in enumerate(pools)}
    training: dict[str, TrainingJob] = {}
    recorded: dict[str, Trace] = {}
    synthetic: dict[str, tuple[SyntheticTrace, int]] = {}
    for key, workload in scenario.workloads.items():
        if isinstance(workload, Training):
            pool = index[workload_pool(scenario, key, workload.pool)]
            training[key] = _training_job(
                key, workload, scenario, hardware[pool], pool, pools[pool].nodes, calibrated
            )
        elif isinstance(workload, SyntheticTrace):
            synthetic[key] = (workload, index[workload_pool(scenario, key, workload.pool)])
        else:
            before = (traces or {}).get(trace_key(workload, scenario))
            recorded[key] = read_trace(workload, scenario, folder) if before is None else before
    calibration = replace(calibrated.base, version=calibrated.version)
    return FlightPlan(name, scenario, hardware, pools, training, recorded, synthetic, calibration)


def read_trace(workload: PhillyTrace | CsvTrace, scenario: Scenario, folder: Path) -> Trace:
    """The jobs of a recorded trace, on the pools of the scenario.

    Raises:
        TraceError: the file, or a row of it, cannot be read.
    """
    path = folder / workload.path
    if not path.exists():
        name = next(key for key, each in scenario.workloads.items() if each is workload)
        raise TraceError(
            f"there is no such trace; say where it is, like --set workloads.{name}.path=FILE",
            where=str(path),
        )
    pools = list(scenario.environment.pools)
    if isinstance(workload, PhillyTrace):
        return read_philly(path, pools, workload.window)
    return read_jobs_csv(path, pools)


def trace_key(workload: PhillyTrace | CsvTrace, scenario: Scenario) -> TraceKey:
    """What the jobs of a recorded trace depend on: where it lies, and the pools' names."""
    return workload, tuple(scenario.environment.pools)


def read_traces(scenarios: Iterable[Scenario], folder: Path) -> dict[TraceKey, Trace]:
    """Every recorded trace of the scenarios, each read once."""
    traces: dict[TraceKey, Trace] = {}
    for scenario in scenarios:
        for workload in scenario.workloads.values():
            if isinstance(workload, PhillyTrace | CsvTrace):
                key = trace_key(workload, scenario)
                if key not in traces:
                    traces[key] = read_trace(workload, scenario, folder)
    return traces


def workload_pool(scenario: Scenario, name: str, pool: str | None) -> str:
    """The pool that a workload runs on.

    Raises:
        ScenarioError: it names none and there are several.
    """
    pools = scenario.environment.pools
    if pool is not None:
        return pool
    if len(pools) > 1:
        raise ScenarioError(
            f"there are {len(pools)} pools; say on which it runs: {', '.join(pools)}",
            where=f"workloads.{name}.pool",
        )
    return next(iter(pools))


def _training_job(
    name: str,
    workload: Training,
    scenario: Scenario,
    hardware: Hardware,
    pool: int,
    nodes: int,
    calibrated: Calibrated,
) -> TrainingJob:
    model_of(name, workload)
    columns = HardwareColumns.of([hardware], workload)
    where = f"workloads.{name}"
    if (problem := columns.problems[0]) is not None:
        raise ScenarioError(problem.reason, where=where)
    estimate = estimate_training(
        workload,
        scenario.environment.storage,
        columns,
        np.zeros(1, np.intp),
        np.array([float(nodes)]),
        calibrated,
    )
    if (problem := job_problem(estimate, 0, workload, hardware)) is not None:
        raise ScenarioError(problem.reason, where=where)
    if not np.isfinite(estimate.run_seconds[0]):
        raise ScenarioError(
            f"its time on {nodes} × {hardware.machine} cannot be predicted: {columns.unknown(0)}",
            where=where,
        )
    return TrainingJob(
        workload, pool, hardware, estimate, tuple(job_notes(name, workload, hardware, estimate))
    )


def _training_row(
    name: str, job: TrainingJob, streams: Streams, calibration: Calibration
) -> JobTable:
    """A job of one row; runs differ from each other, and all of them from what is predicted."""
    variation = float(job.estimate.variation[0])
    spread = np.sqrt(np.log1p(variation**2))
    # A factor whose mean is 1, so that the mean run takes the predicted time.
    factor = np.exp(
        spread * streams.generator(f"run-to-run/{name}").standard_normal() - spread**2 / 2
    )
    estimate = job.estimate
    return JobTable(
        job_id=np.zeros(1, np.int64),
        pool=np.array([job.pool], np.int64),
        accelerators=np.array([int(estimate.accelerators[0])], np.int64),
        submit_seconds=np.array([job.workload.submit]),
        duration_seconds=estimate.run_seconds * factor,
        checkpoint_interval_seconds=estimate.checkpoint_interval_seconds,
        checkpoint_write_seconds=np.nan_to_num(estimate.checkpoint_write_seconds),
        restart_seconds=np.nan_to_num(estimate.restart_seconds, nan=calibration.startup_seconds),
    )


def _joined(tables: list[JobTable]) -> JobTable:
    def column(name: str) -> np.ndarray:
        return np.concatenate(
            [np.broadcast_to(getattr(table, name), len(table)) for table in tables]
        )

    return JobTable(**{name: column(name) for name in JobTable.__dataclass_fields__})
