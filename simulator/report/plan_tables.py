"""What a stack costs, and what a change to it costs, as tables for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from rich.console import Console
from rich.markup import escape

from domain.bill import Bill
from domain.costing.change import PlanChange, ResourceChange, component_changes
from domain.costing.plan import Plan, ResourceCost
from domain.costing.stated import stated_by
from domain.figures import digits, unit_price
from simulator.report.layout import Column, draw_table

HOURS_PER_MONTH = 730
_SIGNS = {"create": "+", "delete": "-", "update": "~", "replace": "±", "same": " ", "read": " "}
_COLOURS = {"create": "green", "delete": "red", "update": "yellow", "replace": "magenta"}
_FREE_TYPES_SHOWN = 6
_RESOURCES_SHOWN = 500
"""Nobody reads more, and laying out a table of ten thousand takes seconds."""


def short_type(token: str) -> str:
    """``aws:ec2/instance:Instance`` as people say it: ``aws ec2.Instance``."""
    package, _, rest = token.partition(":")
    module, _, name = rest.partition(":")
    return f"{package} {module.partition('/')[0]}.{name}" if name else token


def dollars(amount: Decimal | float) -> str:
    """``$1,234.50``; small amounts keep their digits."""
    value = float(amount)
    if value and abs(value) < 0.005:
        return f"{'-' if value < 0 else ''}${digits(abs(value))}"
    return f"{'-' if value < 0 else ''}${abs(value):,.2f}"


def signed(amount: Decimal | float | None) -> str:
    """``+$12.00``; a question mark where it is not known."""
    if amount is None:
        return "?"
    return f"+{dollars(amount)}" if amount > 0 else dollars(amount)


def draw_plan(console: Console, plan: Plan) -> None:
    """Each resource that costs money line by line, then totals, gaps and assumptions."""
    graph = plan.graph
    where = f" of {escape(graph.project)}" if graph.project else ""
    title = f"[bold]{escape(graph.stack or 'stack')}[/]{where}"
    console.print(f"{title}, from {escape(graph.origin)}: {len(plan.resources)} resources")
    rows, styles = [], []
    listed = [each for each in sorted(plan.resources, key=_dearest_first) if any(_lines(each))]
    for each in listed[:_RESOURCES_SHOWN]:
        for number, row in enumerate(_lines(each)):
            rows.append([_title(each) if number == 0 else "", *row])
            styles.append("" if row[-1].startswith("$") else "dim")
    if rows:
        draw_table(
            console,
            [
                Column("resource", words=True),
                Column("component", words=True),
                Column("quantity", spare=2),
                Column("unit", words=True, spare=3),
                Column("unit price", spare=1),
                Column("monthly"),
            ],
            rows,
            styles=styles,
        )
    rest = listed[_RESOURCES_SHOWN:]
    if rest:
        known = sum((each.monthly_usd or Decimal(0) for each in rest), Decimal(0))
        console.print(
            f"… and {len(rest):,} more resources, {dollars(known)} a month together; "
            "--json lists them"
        )
    left_out = f" without {graph.left_out} unchanged resources" if graph.left_out else ""
    console.print(f"total{left_out}: [bold]{headline(plan.bill)}[/]")
    _draw_usage(console, plan)
    _draw_free(console, plan)
    _draw_unpriced(console, plan)
    draw_price_dates(console, plan.bill)
    for note in dict.fromkeys((*graph.notes, *plan.notes)):
        console.print(f"note: {escape(note)}")


def headline(bill: Bill) -> str:
    """``$1,234.50 a month, $1.69 an hour; 3 lines depend on usage, 1 unpriced``."""
    waiting = [gap for gap in bill.unpriced if gap.unit_price_usd is not None]
    unknown = len(bill.unpriced) - len(waiting)
    gaps = []
    if waiting:
        count = len(waiting)
        gaps.append("1 line depends on usage" if count == 1 else f"{count} lines depend on usage")
    if unknown:
        gaps.append(f"{unknown} unpriced")
    if not bill.lines and bill.unpriced:
        return f"not known: {', '.join(gaps)}"
    total = bill.total_usd
    least = "≥ " if gaps else ""
    hourly = dollars(total / HOURS_PER_MONTH)
    told = f"{least}{dollars(total)} a month, {hourly} an hour while everything runs"
    return f"{told}; {', '.join(gaps)}" if gaps else told


def draw_price_dates(console: Console, bill: Bill) -> None:
    """How old the prices are, and what a price stands in for."""
    if bill.price_dates:
        oldest, newest = bill.price_dates
        span = f"{oldest}" if oldest == newest else f"{oldest} to {newest}"
        console.print(f"prices here were observed: {span}")
    assumed = Counter(line.note for line in bill.lines if line.note and "Assumed" in line.note)
    for note, count in assumed.items():
        lines = "1 line" if count == 1 else f"{count} lines"
        console.print(f"note: {lines}: {escape(note)}")
    for note in bill.notes:
        console.print(f"note: {escape(note)}")


def _dearest_first(cost: ResourceCost) -> tuple[int, Decimal, str]:
    known = cost.monthly_usd or Decimal(0)
    return (0 if known else 1, -known, cost.resource.name)


def _title(cost: ResourceCost) -> str:
    return f"{cost.resource.name}  {short_type(cost.resource.type)}"


def _lines(cost: ResourceCost) -> Iterable[list[str]]:
    for line in cost.lines:
        source = stated_by(line)
        yield [
            f"{line.component} ({source})" if source else line.component,
            digits(float(line.quantity)),
            line.unit,
            unit_price(line.unit_price_usd),
            dollars(line.amount_usd),
        ]
    for gap in cost.unpriced:
        yield [gap.component, "", "", "", "unpriced"]


def _draw_usage(console: Console, plan: Plan) -> None:
    """What waits for a quantity, the same on several resources once."""
    waiting: dict[tuple[str, str], list[str]] = {}
    for each in plan.resources:
        for gap in each.usage:
            price = "price not known"
            if gap.unit_price_usd is not None:
                price = f"{unit_price(gap.unit_price_usd)} per {gap.unit}"
            waiting.setdefault((gap.component, price), []).append(each.resource.name)
    if not waiting:
        return
    draw_table(
        console,
        [
            Column("by usage, not in the total", words=True),
            Column("unit price", left=True),
            Column("resources", words=True, spare=1),
        ],
        [[*key, ", ".join(dict.fromkeys(names))] for key, names in waiting.items()],
    )
    console.print("state usage with --usage FILE; 'windtunnel usage init' writes a first one")


def _draw_free(console: Console, plan: Plan) -> None:
    free = Counter(
        short_type(each.resource.type)
        for each in plan.resources
        if each.basis == "free" and each.resource.custom and not each.resource.is_provider
    )
    if not free:
        return
    shown = [f"{count} {name}" for name, count in free.most_common(_FREE_TYPES_SHOWN)]
    more = len(free) - len(shown)
    tail = f" and {more} more types" if more > 0 else ""
    console.print(f"free: {sum(free.values())} resources ({', '.join(shown)}{tail})")


def _draw_unpriced(console: Console, plan: Plan) -> None:
    for each in plan.resources:
        for gap in each.unpriced:
            console.print(
                f"[yellow]unpriced[/] {escape(each.resource.name)} "
                f"({escape(each.resource.type)}): {escape(gap.reason)}"
            )


def draw_change(console: Console, change: PlanChange) -> None:
    """What a change costs: totals first, then each resource whose cost or existence changes."""
    before, after = change.before.bill, change.after.bill
    console.print(
        f"[bold]{signed(change.change_usd)} a month[/]: "
        f"{dollars(before.total_usd)} before, {dollars(after.total_usd)} after"
    )
    rows, styles = [], []
    for each in sorted(telling(change), key=largest_first):
        rows.append(
            [
                f"{_SIGNS[each.operation]} {_title(each.cost)}",
                cost_side(each.before),
                cost_side(each.after),
                signed(each.change_usd),
            ]
        )
        styles.append(_COLOURS.get(each.operation, ""))
        for component, (old, new) in component_changes(each).items():
            if old != new:
                rows.append([f"    {component}", dollars(old), dollars(new), signed(new - old)])
                styles.append("dim")
    if rows:
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
    console.print(operations(change))
    for plan in (change.after,):
        _draw_unpriced(console, plan)
    draw_price_dates(console, after if after.lines else before)
    for note in dict.fromkeys(
        (*change.before.graph.notes, *change.after.graph.notes, *change.after.notes)
    ):
        console.print(f"note: {escape(note)}")


def telling(change: PlanChange) -> list[ResourceChange]:
    """The changes that a reader of a bill wants to see: those that cost, save, or might."""
    return [
        each
        for each in change.changed
        if each.is_of_cost
        or (each.operation in ("create", "delete", "replace") and each.cost.basis != "free")
    ]


def operations(change: PlanChange) -> str:
    """``3 to create, 1 to update, 60 unchanged``."""
    counts = Counter(each.operation for each in change.resources)
    same = counts.pop("same", 0) + counts.pop("read", 0)
    told = [f"{count} to {name}" for name, count in sorted(counts.items())]
    return ", ".join([*told, f"{same + change.after.graph.left_out} unchanged"])


def cost_side(cost: ResourceCost | None) -> str:
    """What one side of a change costs a month, or why that is not known."""
    if cost is None:
        return "–"
    if cost.monthly_usd is None:
        return "unpriced"
    return "by usage" if cost.basis == "usage" else dollars(cost.monthly_usd)


def largest_first(change: ResourceChange) -> tuple[Decimal, str]:
    """Sorts changes by how much they change the bill."""
    return (-abs(change.change_usd or Decimal(0)), change.cost.resource.name)
