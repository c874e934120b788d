"""What a scenario's trace asks of its pools, before anything flies."""

from __future__ import annotations

from dataclasses import replace

from domain.catalog import Catalog
from domain.errors import ScenarioError
from domain.reading import ScenarioFile
from domain.workload import SyntheticTrace, Training
from simulator.engine import Streams
from simulator.study.hardware import pool_nodes, resolve_hardware
from simulator.study.plan import read_trace, workload_pool
from simulator.study.synthetic import draw_trace
from simulator.traces import TraceSummary, describe


def summarise_trace(file: ScenarioFile, catalog: Catalog) -> TraceSummary:
    """Summary of the one trace of a scenario, with the load that it puts on the pools.

    A synthetic trace is the draw of the first replication.

    Raises:
        ScenarioError: the scenario has no trace, or several.
    """
    scenario = file.scenario
    found = {
        name: workload
        for name, workload in scenario.workloads.items()
        if not isinstance(workload, Training)
    }
    if len(found) != 1:
        raise ScenarioError(
            f"has {len(found)} workloads of kind trace; describe takes a scenario with one",
            where=file.located.name,
        )
    (name, workload), environment = next(iter(found.items())), scenario.environment
    pools = list(environment.pools)
    if isinstance(workload, SyntheticTrace):
        pool = pools.index(workload_pool(scenario, name, workload.pool))
        drawn = draw_trace(name, workload, pool, Streams(scenario.seed))
        trace = replace(drawn, pools=tuple(pools))
    else:
        trace = read_trace(workload, scenario, file.folder)
    capacity = {
        pool: pool_nodes(environment, pool) * resolve_hardware(environment, pool, catalog).slots
        for pool in pools
    }
    return describe(trace, capacity)
