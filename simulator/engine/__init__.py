"""The engine: jobs on pools of nodes, on a SimPy clock."""

from simulator.engine.flight import Flight, PoolFlight
from simulator.engine.flying import fly
from simulator.engine.jobs import JobTable
from simulator.engine.nodes import NodeLifetimes
from simulator.engine.placement import PLACEMENTS
from simulator.engine.policies import POLICIES
from simulator.engine.pools import PoolSpec
from simulator.engine.streams import Streams

__all__ = [
    "PLACEMENTS",
    "POLICIES",
    "Flight",
    "JobTable",
    "NodeLifetimes",
    "PoolFlight",
    "PoolSpec",
    "Streams",
    "fly",
]
