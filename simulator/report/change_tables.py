"""What a change to a stack costs, as tables for people."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from domain.costing.change import LEAST_TOLD_USD, PlanChange, component_changes
from simulator.report import change_words
from simulator.report.gaps import listed
from simulator.report.layout import Column, draw_table
from simulator.report.plan_tables import draw_price_dates, title

_SIGNS = {"create": "+", "import": "=", "delete": "-", "update": "~", "replace": "±"}
_COLOURS = {"create": "green", "delete": "red", "update": "yellow", "replace": "magenta"}
_MOST_ROWS = 500
"""Nobody reads more, and laying out a table of ten thousand takes seconds."""


def draw_change(console: Console, change: PlanChange) -> None:
    """What a change costs: totals first, then each resource whose cost changes, then gaps."""
    before, after = change.before.bill, change.after.bill
    console.print(
        f"[bold]{change_words.headline(change)}[/]: "
        f"{change_words.total(before)} before, {change_words.total(after)} after"
    )
    _draw_resources(console, change)
    console.print(change_words.operations(change))
    others = change_words.at_same_cost(change)
    if others:
        names = listed(f"{each.operation} {each.cost.resource.name}" for each in others)
        console.print(f"at the same cost: {escape(names)}")
    _draw_gaps(console, change)
    draw_price_dates(console, after if after.lines else before)
    for note in dict.fromkeys(
        (*change.before.graph.notes, *change.after.graph.notes, *change.after.notes)
    ):
        console.print(f"note: {escape(note)}")


def _draw_resources(console: Console, change: PlanChange) -> None:
    costly = change_words.of_cost(change)
    rows, styles = [], []
    for each in costly[:_MOST_ROWS]:
        rows.append(
            [
                f"{_SIGNS.get(each.operation, ' ')} {title(each.cost)}",
                change_words.side(each.before),
                change_words.side(each.after),
                change_words.difference(each),
            ]
        )
        styles.append(_COLOURS.get(each.operation, ""))
        for component, (old, new) in component_changes(each).items():
            if abs(new - old) >= LEAST_TOLD_USD:
                sides = (change_words.dollars(old), change_words.dollars(new))
                rows.append([f"    {component}", *sides, change_words.signed(new - old)])
                styles.append("dim")
    if not rows:
        return
    draw_table(
        console,
        [
            Column("resource", words=True),
            Column("before", spare=2),
            Column("after", spare=1),
            Column("monthly change"),
        ],
        rows,
        styles=styles,
    )
    rest = len(costly) - _MOST_ROWS
    if rest > 0:
        console.print(f"… and {rest:,} more resources; --json lists them")


def _draw_gaps(console: Console, change: PlanChange) -> None:
    gaps = change_words.gaps(change_words.of_cost(change))
    if not gaps:
        return
    draw_table(
        console,
        [
            Column("not in the total", words=True),
            Column("price", words=True),
            Column("resources", words=True, spare=1),
        ],
        [[each.what, each.price, listed(each.resources)] for each in gaps[:_MOST_ROWS]],
    )
    rest = len(gaps) - _MOST_ROWS
    if rest > 0:
        console.print(f"… and {rest:,} more; --json lists them")
