"""Where the accelerators of a gang come from.

A placement is a tuple of (node, accelerators). A job that is larger than a node takes whole
empty nodes, lowest index first, and its remainder comes from the next node in the order of
most free accelerators, which prefers another empty node over a partly used one that fits.
Ways to place differ for a job that one node can hold.
"""

from __future__ import annotations

from collections.abc import Callable

from domain.errors import ScenarioError, near_misses
from simulator.engine.capacity import FreeCapacity

Placement = tuple[tuple[int, int], ...]
Place = Callable[[FreeCapacity, int], Placement | None]


def packed(capacity: FreeCapacity, accelerators: int) -> Placement | None:
    """Best fit: the fullest node that still holds the job, so that empty nodes stay whole."""
    if accelerators > capacity.accelerators_per_node:
        return _whole_nodes(capacity, accelerators)
    node = capacity.tightest(accelerators)
    return None if node is None else ((node, accelerators),)


def spread(capacity: FreeCapacity, accelerators: int) -> Placement | None:
    """Worst fit: the emptiest node, so that jobs share hosts as little as possible."""
    if accelerators > capacity.accelerators_per_node:
        return _whole_nodes(capacity, accelerators)
    node = capacity.emptiest(accelerators)
    return None if node is None else ((node, accelerators),)


def _whole_nodes(capacity: FreeCapacity, accelerators: int) -> Placement | None:
    if accelerators > capacity.total_free:
        return None
    whole = capacity.accelerators_per_node
    count, remainder = divmod(accelerators, whole)
    if capacity.wholly_free() < count:
        return None
    nodes = capacity.lowest_wholly_free(count)
    placement = tuple((node, whole) for node in nodes)
    if not remainder:
        return placement
    last = capacity.emptiest_beside(nodes, remainder)
    return None if last is None else (*placement, (last, remainder))


PLACEMENTS: dict[str, Place] = {"packed": packed, "spread": spread}


def placement_named(name: str) -> Place:
    """The way to place that scenarios call ``name``."""
    if name not in PLACEMENTS:
        raise ScenarioError(
            f"placement '{name}' is not one of {', '.join(PLACEMENTS)}"
            f"{near_misses(name, PLACEMENTS)}",
            where="scheduler",
        )
    return PLACEMENTS[name]
