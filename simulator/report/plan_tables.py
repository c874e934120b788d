"""What a stack costs, as tables for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from rich.console import Console
from rich.markup import escape

from domain.bill import Bill
from domain.costing.plan import Plan, ResourceCost
from domain.costing.stated import stated_by
from domain.figures import digits, unit_price
from simulator.report.gaps import left_out, listed
from simulator.report.layout import Column, draw_table

HOURS_PER_MONTH = 730
_FREE_TYPES_SHOWN = 6
_REASONS_SHOWN = 100
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


def draw_plan(console: Console, plan: Plan) -> None:
    """Each resource that costs money line by line, then totals, gaps and assumptions."""
    graph = plan.graph
    where = f" of {escape(graph.project)}" if graph.project else ""
    stack = f"[bold]{escape(graph.stack or 'stack')}[/]{where}"
    console.print(f"{stack}, from {escape(graph.origin)}: {len(plan.resources)} resources")
    rows, styles = [], []
    listed = [each for each in sorted(plan.resources, key=_dearest_first) if any(_lines(each))]
    for each in listed[:_RESOURCES_SHOWN]:
        for number, row in enumerate(_lines(each)):
            rows.append([title(each) if number == 0 else "", *row])
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


def title(cost: ResourceCost) -> str:
    """A resource by its name and type."""
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
    waiting = [each for each in left_out(plan.resources) if each.awaits_usage]
    if not waiting:
        return
    draw_table(
        console,
        [
            Column("by usage, not in the total", words=True),
            Column("unit price", left=True),
            Column("resources", words=True, spare=1),
        ],
        [[each.what, each.price, listed(each.resources)] for each in waiting],
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
    """Why something has no price, the same of several resources of a type once."""
    names: dict[tuple[str, str], dict[str, None]] = {}
    for each in plan.resources:
        for gap in each.unpriced:
            names.setdefault((each.resource.type, gap.reason), {})[each.resource.name] = None
    for (kind, reason), several in list(names.items())[:_REASONS_SHOWN]:
        console.print(
            f"[yellow]unpriced[/] {escape(listed(several))} ({escape(kind)}): {escape(reason)}"
        )
    rest = len(names) - _REASONS_SHOWN
    if rest > 0:
        console.print(f"[yellow]unpriced[/] … for {rest:,} more reasons; --json lists them")
