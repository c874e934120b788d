"""Axes: which values of the scenario vary, and the candidates that they span."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import ScenarioError
from domain.located import Located, set_value

Axes = Mapping[str, Sequence[Any]]


def candidate_count(axes: Axes) -> int:
    """How many candidates the axes span; 1 without axes."""
    count = 1
    for values in axes.values():
        count *= len(values)
    return count


def index_columns(axes: Axes) -> dict[str, NDArray[np.intp]]:
    """Axis → for each candidate, in file order with the last axis fastest, the value's index."""
    if not axes:
        return {}
    shape = [len(values) for values in axes.values()]
    flat = np.indices(shape, dtype=np.intp).reshape(len(shape), -1)
    return dict(zip(axes, flat, strict=True))


def values_at(axes: Axes, columns: Mapping[str, NDArray[np.intp]], row: int) -> dict[str, Any]:
    """Axis → value of one candidate."""
    return {path: axes[path][columns[path][row]] for path in axes}


def carries_place(value: Any) -> bool:
    """Whether an axis value brings its own provider or region along with a machine."""
    return isinstance(value, Mapping) and "machine" in value


def apply_values(base: Located, values: Mapping[str, Any]) -> Located:
    """The scenario's data with one candidate's values put in.

    Machines that bring a provider and region go last: where they stand decides, and
    storage and network move along with the environment.

    Raises:
        ScenarioError: an axis that does not lead to a place in the file.
    """
    located = Located(copy.deepcopy(base.data), base.name, dict(base.places))
    located.data.pop("axes", None)
    for path, value in sorted(values.items(), key=lambda item: carries_place(item[1])):
        place = base.place(("axes", path))
        if carries_place(value):
            _move(located, path, value, place)
        else:
            set_value(located, path, copy.deepcopy(value), place)
    return located


def _move(located: Located, path: str, value: Mapping[str, Any], place: str) -> None:
    known = {"provider", "region", "machine"}
    if unknown := set(value) - known:
        raise ScenarioError(
            f"axis '{path}': a machine elsewhere has the keys provider, region and machine, "
            f"not '{sorted(unknown)[0]}'",
            where=place,
        )
    if not path.endswith(".machine"):
        raise ScenarioError(f"axis '{path}': only a pool's 'machine' can move", where=place)
    environment = located.data.get("environment", {})
    moves = "provider" in value and value["provider"] != environment.get("provider")
    if moves and "region" not in value and value["provider"] != "custom":
        raise ScenarioError(
            f"axis '{path}': a machine of another provider needs its 'region'", where=place
        )
    set_value(located, path, copy.deepcopy(value["machine"]), place)
    pool = path.removesuffix(".machine")
    for key in ("provider", "region"):
        if key in value:
            set_value(located, f"environment.{key}", value[key], place)
    if "region" in value:
        environment.pop("zones", None)
        name = pool.removeprefix("environment.pools.")
        environment.get("pools", {}).get(name, {}).pop("region", None)


def candidate_id(row: int) -> str:
    """The name of a candidate: its place in the order of the axes."""
    return f"c{row:04d}"
