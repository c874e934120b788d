"""The usage file that a command is given, as it is about the resources that it prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.catalog import Catalog
    from domain.costing import Plan
    from domain.costing.usage_file import UsageOn
    from domain.resources import ResourceGraph


def stated_usage(
    path: Path | None, graphs: Sequence[ResourceGraph], catalog: Catalog
) -> list[UsageOn]:
    """What a usage file states of each graph; nothing where none is given.

    Raises:
        InputError: the file, one of its keys or one of its amounts is wrong.
    """
    from domain.costing.usage_file import UsageOn, read_usage, usage_on

    if path is None:
        return [UsageOn() for _ in graphs]
    return usage_on(read_usage(path), graphs, catalog)


def with_notes(plan: Plan, stated: UsageOn) -> Plan:
    """The plan, with what people should know of the usage file."""
    return replace(plan, notes=(*plan.notes, *stated.notes))
