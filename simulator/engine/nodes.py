"""The nodes of a pool as they come and go: requested, running, interrupted, replaced.

All nodes are requested at second 0. A spot node that is interrupted is gone, and its
replacement is requested at that moment; spot capacity is assumed to be there whenever asked
for, only late by the provisioning time. Each node position draws its own provisioning times
and lifetimes, so a pool that grows keeps the fate of the nodes that it had.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from simpy import Environment
from simpy.events import Event, Timeout

from simulator.engine.jobs import Floats, Integers
from simulator.engine.pools import PoolSpec
from simulator.engine.streams import Streams


@dataclass(frozen=True, slots=True)
class NodeLifetimes:
    """Every instance that ran in one pool, in the order in which they became ready.

    An instance is billed from ready to gone; one that was still being provisioned when the
    flight ended is not listed.
    """

    node: Integers
    ready_seconds: Floats
    gone_seconds: Floats
    interrupted: NDArray[np.bool_]


class NodeGroup:
    """Provisions the nodes of one pool, takes spot nodes away, and remembers who ran when.

    Args:
        on_ready, on_gone: called with the node's index after it joined and after it left.
    """

    __slots__ = (
        "_env",
        "_gone",
        "_instance_of",
        "_lifetime_streams",
        "_node",
        "_on_gone",
        "_on_ready",
        "_provisioning_streams",
        "_ready",
        "_spec",
    )

    def __init__(
        self,
        env: Environment,
        spec: PoolSpec,
        streams: Streams,
        on_ready: Callable[[int], None],
        on_gone: Callable[[int], None],
    ) -> None:
        self._env = env
        self._spec = spec
        self._on_ready = on_ready
        self._on_gone = on_gone
        self._instance_of = [-1] * spec.nodes
        self._node: list[int] = []
        self._ready: list[float] = []
        self._gone: list[float] = []
        self._lifetime_streams = (
            [streams.generator(f"interruptions/{spec.name}", node) for node in range(spec.nodes)]
            if spec.spot_interruptions_per_node_second
            else []
        )
        self._provisioning_streams = (
            [streams.generator(f"provisioning/{spec.name}", node) for node in range(spec.nodes)]
            if spec.provisioning_seconds and spec.provisioning_cv
            else []
        )

    def request_all(self) -> None:
        """Ask for every node of the pool."""
        for node in range(self._spec.nodes):
            self._request(node)

    def lifetimes(self, end_seconds: float) -> NodeLifetimes:
        """Who ran when, in a flight that ended at ``end_seconds``."""
        gone = np.array(self._gone, dtype=np.float64)
        interrupted = np.isfinite(gone)
        return NodeLifetimes(
            np.array(self._node, dtype=np.int64),
            np.array(self._ready, dtype=np.float64),
            np.where(interrupted, gone, end_seconds),
            interrupted,
        )

    def _request(self, node: int) -> None:
        delay = self._spec.provisioning_seconds
        if self._provisioning_streams:
            cv2 = self._spec.provisioning_cv**2
            delay = float(self._provisioning_streams[node].gamma(1 / cv2, delay * cv2))
        if delay:
            Timeout(self._env, delay, node).callbacks.append(self._become_ready)
        else:
            self._run(node)

    def _become_ready(self, event: Event) -> None:
        self._run(cast(int, event.value))

    def _run(self, node: int) -> None:
        self._instance_of[node] = len(self._node)
        self._node.append(node)
        self._ready.append(self._env.now)
        self._gone.append(np.inf)
        if self._lifetime_streams:
            rate = self._spec.spot_interruptions_per_node_second
            lifetime = self._lifetime_streams[node].standard_exponential() / rate
            Timeout(self._env, lifetime, node).callbacks.append(self._interrupt)
        self._on_ready(node)

    def _interrupt(self, event: Event) -> None:
        node = cast(int, event.value)
        self._gone[self._instance_of[node]] = self._env.now
        self._on_gone(node)
        self._request(node)
