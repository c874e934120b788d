"""Which axes bear on which part of a scenario, so that each part is resolved once.

A hundred thousand candidates are combinations of a few dozen machines, a few counts, a few
batches. Each part (place, nodes, storage, work) is parsed once for each combination of the
axes that bear on it; a candidate is then only four small integers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import InputError
from domain.located import Located, parse
from domain.prediction import Rejection
from domain.scenario import Scenario
from simulator.study.axes import Axes, apply_values

Indices = NDArray[np.intp]

_NODES = re.compile(r"environment\.pools\.[^.]+\.(count|min|max|initial)")
_PARTS = ("place", "nodes", "storage", "work")


@dataclass(frozen=True, slots=True)
class Lens:
    """One part of the scenario: its variants, and for each candidate which one it has.

    A variant that cannot be parsed is the rejection that says why.
    """

    variants: tuple[Scenario | Rejection, ...]
    index: Indices


def part_of(path: str) -> tuple[str, ...]:
    """The parts that an axis bears on; all of them where that is not sure."""
    if _NODES.fullmatch(path):
        return ("nodes",)
    if path.startswith("workloads.") or path == "scheduler.queue_limit":
        return ("work",)
    if path.startswith("scheduler."):
        return ()
    if path.startswith("environment.storage."):
        return ("storage",)
    if re.fullmatch(r"environment\.(region|pools\.[^.]+\.(machine|market|region|disk.*))", path):
        return ("place",)
    return _PARTS


def look_through(
    base: Located, axes: Axes, columns: Mapping[str, Indices], part: str, count: int
) -> Lens:
    """The variants of one part, over the axes that bear on it."""
    paths = [path for path in axes if part in part_of(path)]
    if not paths:
        return Lens((read_candidate(base, {}),), np.zeros(count, dtype=np.intp))
    shape = [len(axes[path]) for path in paths]
    variants = [
        read_candidate(base, dict(zip(paths, values, strict=True)))
        for values in product(*(axes[path] for path in paths))
    ]
    index = np.ravel_multi_index([columns[path] for path in paths], shape)
    return Lens(tuple(variants), np.asarray(index, dtype=np.intp))


def read_candidate(base: Located, values: Mapping[str, Any]) -> Scenario | Rejection:
    """The scenario of one candidate, or why there is none."""
    try:
        return parse(Scenario, apply_values(base, values))
    except InputError as error:
        return Rejection("parse", "invalid", str(error).splitlines()[0])
