"""What a change costs in a few words: the same in a terminal and in a comment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from domain.bill import Bill
from domain.costing.change import LEAST_TOLD_USD, PlanChange, ResourceChange
from domain.costing.plan import ResourceCost
from domain.resources import STACK_TYPE
from simulator.report.gaps import LeftOut, left_out

_UNSAFE_FIRST = ("delete", "replace", "update", "create", "import")


def headline(change: PlanChange) -> str:
    """``+$325.22 a month, plus usage and 1 unpriced``."""
    paid = [each for each in change.resources if each.is_of_cost and not each.is_imported]
    told = _paid(change.change_usd, paid) if paid else "no change in cost"
    if change.imported_usd < LEAST_TOLD_USD:
        return told
    return f"{told}; {dollars(change.imported_usd)} a month is imported and paid already"


def _paid(change_usd: Decimal, paid: Sequence[ResourceChange]) -> str:
    more = ["usage"] if any(each.after and each.adds_usage for each in paid) else []
    # What is deleted goes away, whatever it cost.
    unpriced = sum(each.after is not None and each.change_usd is None for each in paid)
    if unpriced:
        more.append(f"{unpriced:,} unpriced")
    if more:
        return f"{signed(change_usd)} a month, plus {' and '.join(more)}"
    if abs(change_usd) < LEAST_TOLD_USD and all(_is_uncounted(each) for each in paid):
        return "less, by an amount that is not known"
    return f"{signed(change_usd)} a month"


def _is_uncounted(each: ResourceChange) -> bool:
    return abs(each.change_usd or Decimal(0)) < LEAST_TOLD_USD


def total(bill: Bill) -> str:
    """``≥ $396.10``: what one side costs a month."""
    if bill.unpriced and not bill.lines:
        return "an unknown amount"
    return f"{'≥ ' if bill.unpriced else ''}{dollars(bill.total_usd)}"


def operation(each: ResourceChange) -> str:
    """What becomes of a resource.

    Where nobody edits it, what it costs follows from another, as a gateway's from its machines.
    """
    return "follows" if each.operation == "same" else each.operation


def side(cost: ResourceCost | None) -> str:
    """What one side of a change costs a month, or why that is not known."""
    if cost is None:
        return "–"
    if cost.monthly_usd is None:
        return "unpriced"
    return "by usage" if cost.basis == "usage" else dollars(cost.monthly_usd)


def difference(each: ResourceChange) -> str:
    """How much more or less a resource costs a month, or why that is not known."""
    if each.is_imported:
        return "exists already"
    is_counted = each.change_usd is not None and abs(each.change_usd) >= LEAST_TOLD_USD
    if is_counted and not each.adds_usage:
        return signed(each.change_usd or Decimal(0))
    if each.after is None:
        return "goes away"
    if each.change_usd is None:
        return "not known"
    if not each.adds_usage:
        return "its usage goes away" if each.changes_usage else signed(each.change_usd)
    return f"{signed(each.change_usd)} plus usage" if is_counted else "by usage"


def of_cost(change: PlanChange) -> list[ResourceChange]:
    """What changes the bill, the largest first."""
    return sorted((each for each in change.resources if each.is_of_cost), key=_largest_first)


def at_same_cost(change: PlanChange) -> list[ResourceChange]:
    """What changes without changing the bill, the riskiest first."""
    return sorted(filter(_is_told, change.resources), key=_unsafe_first)


def gaps(costly: Iterable[ResourceChange]) -> list[LeftOut]:
    """What the total of a change leaves out; what is deleted leaves nothing out."""
    return left_out(each.cost for each in costly if each.after is not None)


def operations(change: PlanChange) -> str:
    """``3 to create, 1 to update, 60 unchanged``."""
    counts = Counter(each.operation for each in change.resources)
    same = counts.pop("same", 0) + counts.pop("read", 0)
    told = [f"{count} to {name}" for name, count in sorted(counts.items())]
    return ", ".join([*told, f"{same + change.after.graph.left_out} unchanged"])


def dollars(amount: Decimal) -> str:
    """To the cent, which is the least that is told of a change."""
    return f"{'-' if amount <= -LEAST_TOLD_USD else ''}${abs(amount):,.2f}"


def signed(amount: Decimal) -> str:
    """``+$12.00``."""
    return dollars(amount) if amount <= -LEAST_TOLD_USD else f"+{dollars(amount)}"


def _is_told(each: ResourceChange) -> bool:
    """Whether it changes at the same cost; what only groups others is not told."""
    resource = each.cost.resource
    if each.operation in ("same", "read") or each.is_of_cost or resource.type == STACK_TYPE:
        return False
    if resource.is_provider:
        return not resource.name.startswith("default")
    return resource.custom


def _unsafe_first(each: ResourceChange) -> tuple[int, str]:
    order = _UNSAFE_FIRST.index(each.operation) if each.operation in _UNSAFE_FIRST else 0
    return order, each.cost.resource.name


def _largest_first(each: ResourceChange) -> tuple[Decimal, str]:
    return (-abs(each.change_usd or Decimal(0)), each.cost.resource.name)
