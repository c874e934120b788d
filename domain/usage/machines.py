"""Machines: billed by how long each node was up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.environment import Market


@dataclass(frozen=True, slots=True)
class MachineHours:
    """Machines of one type on one market: how long each node was billed.

    ``usd_per_hour`` is the price of a machine that no catalog has.
    """

    resource: str
    provider: str
    region: str
    machine: str
    market: Market
    node_seconds: Sequence[float]
    usd_per_hour: float | None = None
