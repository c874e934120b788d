"""Where what is stated meets the lines: amounts for those that wait, and who states them.

Common quantities reach a line through its coster, which may reckon with them. Every other
amount is put in here, so that a coster that yields a line without an amount needs to know
nothing of usage files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from domain.bill import LineItem
from domain.costing.context import Context
from domain.costing.quantities import COMMON_KEYS, quantities_of
from domain.costing.usage_keys import LineId, broken_down, line_id, usage_keys
from domain.usage import Charge, Usage

_QUANTITY = "Quantity: "


def quantity_note(sources: Iterable[str]) -> str:
    """The note of a line whose quantity is stated."""
    return f"{_QUANTITY}{', '.join(sources)}."


def stated_by(line: LineItem) -> str | None:
    """Who states the quantity of a line, where somebody does."""
    _, is_stated, sources = (line.note or "").rpartition(_QUANTITY)
    return sources.removesuffix(".") if is_stated else None


def with_stated(usages: Sequence[Usage], context: Context) -> tuple[Usage, ...]:
    """The same usage, with what a usage file states of this resource's own keys."""
    stated = context.survey.usage.get(context.resource.urn, {})
    if all(name in COMMON_KEYS for name in stated):
        return tuple(usages)
    amounts: dict[LineId, float] = {
        line: stated[key.name].amount
        for key in usage_keys(context)
        if key.common is None and key.name in stated
        for line in key.lines
    }
    return tuple(_filled(usage, amounts) for usage in broken_down(usages, context))


def _filled(usage: Usage, amounts: Mapping[LineId, float]) -> Usage:
    if not isinstance(usage, Charge) or usage.amount is not None or usage.gap is not None:
        return usage
    amount = amounts.get(line_id(usage))
    return usage if amount is None else replace(usage, amount=amount)


def who_states(context: Context) -> Mapping[str, list[str]]:
    """Component → who states what its quantity depends on: lines of a file, a simulation."""
    stated = context.survey.usage.get(context.resource.urn, {})
    known = quantities_of(context.resource, context.graph, context.survey.stated)
    if not stated and not known.source:
        return {}
    found: dict[str, list[str]] = {}
    for key in usage_keys(context):
        source = stated[key.name].source if key.name in stated else ""
        if not source and key.common and getattr(known, key.common.field) is not None:
            source = known.source
        for component in {charge.component for charge in key.charges} if source else ():
            told = found.setdefault(component, [])
            if source not in told:
                told.append(source)
    return found
