"""What the engine is told about a pool of nodes."""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import ScenarioError


@dataclass(frozen=True, slots=True)
class PoolSpec:
    """Identical nodes behind one queue.

    Attributes:
        spot_interruptions_per_node_second: rate of the Poisson process that takes a running
            node away; 0 for on-demand and reserved capacity. Memoryless by assumption: real
            spot interruptions cluster by zone and by time of day.
        provisioning_seconds: mean time from the request of a node until it can run jobs.
        provisioning_cv: coefficient of variation of that time; 0 makes it fixed, otherwise
            it is gamma distributed.
    """

    name: str
    nodes: int
    accelerators_per_node: int
    spot_interruptions_per_node_second: float = 0.0
    provisioning_seconds: float = 0.0
    provisioning_cv: float = 0.0

    def __post_init__(self) -> None:
        for name, value, least in (
            ("nodes", self.nodes, 1),
            ("accelerators_per_node", self.accelerators_per_node, 1),
            ("spot_interruptions_per_node_second", self.spot_interruptions_per_node_second, 0),
            ("provisioning_seconds", self.provisioning_seconds, 0),
            ("provisioning_cv", self.provisioning_cv, 0),
        ):
            if not least <= value < float("inf"):
                raise ScenarioError(
                    f"{name} is {value}; it must be at least {least} and finite",
                    where=f"pool '{self.name}'",
                )

    @property
    def accelerators(self) -> int:
        """How many accelerators the pool has when every node runs."""
        return self.nodes * self.accelerators_per_node
