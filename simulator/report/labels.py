"""Short names for candidates: what sets them apart, not whole paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from domain.prediction import Candidate


def describe_value(value: Any) -> str:
    """An axis value as a person says it; a machine elsewhere with its region."""
    if isinstance(value, Mapping) and "machine" in value:
        place = value.get("region") or value.get("provider")
        machine = describe_value(value["machine"])
        return f"{machine} ({place})" if place else machine
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {describe_value(each)}" for key, each in value.items())
    return "none" if value is None else str(value)


def describe_values(values: Mapping[str, Any]) -> str:
    """All values of a candidate: ``machine p4d.24xlarge, count 4, market spot``."""
    return ", ".join(
        f"{short} {describe_value(value)}"
        for short, value in zip(short_names(list(values)), values.values(), strict=True)
    )


def short_names(paths: Sequence[str]) -> list[str]:
    """The last step of each path, or as many steps as tell them apart.

    Where the paths lead into several pools or workloads, their names are told too.
    """
    owners = {tuple(path.split(".")[:-1]) for path in paths if path.count(".") > 1}
    kinds = {owner[:-1] for owner in owners}
    least = 1 if len(owners) == len(kinds) else 2
    for steps in range(least, 1 + max((path.count(".") + 1 for path in paths), default=1)):
        names = [".".join(path.split(".")[-steps:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return list(paths)


def row_labels(candidates: Sequence[Candidate]) -> tuple[list[str], list[list[str]]]:
    """Column names and one row of labels a candidate."""
    if not candidates:
        return [], []
    rows = [[describe_value(value) for value in each.values.values()] for each in candidates]
    return short_names(list(candidates[0].values)), rows
