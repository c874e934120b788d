"""What a change costs: two plans side by side, resource by resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from domain.costing.plan import Plan, ResourceCost
from domain.resources import STACK_TYPE, Operation, Step

LEAST_TOLD_USD = Decimal("0.005")
"""A change of less a month, half a cent, is nobody's concern."""


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource on both sides; None where it is not there.

    What is imported exists and is paid before, only not in this stack: its cost is not new.
    """

    operation: Operation
    before: ResourceCost | None
    after: ResourceCost | None
    reasons: tuple[str, ...] = ()

    @property
    def cost(self) -> ResourceCost:
        """The newer side, or the older where the resource goes."""
        side = self.after or self.before
        assert side is not None, "a change has at least one side"
        return side

    @property
    def change_usd(self) -> Decimal | None:
        """More or less a month; None where one side has no price."""
        if self.is_imported:
            return Decimal(0)
        sides = [Decimal(0) if side is None else side.monthly_usd for side in self._sides]
        old, new = sides
        return None if old is None or new is None else new - old

    @property
    def is_of_cost(self) -> bool:
        """Whether it changes what is paid, by half a cent a month or by what is not known yet;
        or what the stack is told to cost, as an import does."""
        if self.is_imported:
            return self.cost.basis != "free"
        if self.changes_usage:
            return True
        if self.change_usd is None:
            return self.operation != "same"
        return abs(self.change_usd) >= LEAST_TOLD_USD

    @property
    def is_imported(self) -> bool:
        """Whether it exists already and comes into the stack."""
        return self.operation == "import"

    @property
    def changes_usage(self) -> bool:
        """Whether other things depend on usage than before, or at other prices."""
        old, new = self._usage
        return not self.is_imported and old != new

    @property
    def adds_usage(self) -> bool:
        """Whether something depends on usage that did not before, or at another price."""
        old, new = self._usage
        return not self.is_imported and bool(new - old)

    @property
    def _usage(self) -> tuple[set[tuple[str, Decimal | None]], set[tuple[str, Decimal | None]]]:
        old, new = (
            {(gap.component, gap.unit_price_usd) for gap in side.usage} if side else set()
            for side in self._sides
        )
        return old, new

    @property
    def _sides(self) -> tuple[ResourceCost | None, ResourceCost | None]:
        return self.before, self.after

    def to_json(self) -> dict[str, Any]:
        """Plain data; money a month of 730 hours, null where it is not known."""
        resource = self.cost.resource
        return {
            "op": self.operation,
            "urn": resource.urn,
            "type": resource.type,
            "name": resource.name,
            "before_monthly_usd": _money(self.before),
            "after_monthly_usd": _money(self.after),
            "change_monthly_usd": None if self.change_usd is None else float(self.change_usd),
            "reasons": list(self.reasons),
            "before": None if self.before is None else self.before.to_json(),
            "after": None if self.after is None else self.after.to_json(),
        }


@dataclass(frozen=True, slots=True)
class PlanChange:
    """Two plans, and what became of each resource, in the order of the newer plan."""

    before: Plan
    after: Plan
    resources: tuple[ResourceChange, ...]

    @property
    def change_usd(self) -> Decimal:
        """More or less a month, of what has a price on its side; what is imported is not new."""
        return self.after.bill.total_usd - self.before.bill.total_usd - self.imported_usd

    @property
    def imported_usd(self) -> Decimal:
        """What is imported costs a month, of what has a price."""
        lines = (line for each in self.resources if each.is_imported for line in each.cost.lines)
        return sum((line.amount_usd for line in lines), Decimal(0))

    @property
    def changed(self) -> tuple[ResourceChange, ...]:
        """What is not the same on both sides: by its operation, or by its cost."""
        return tuple(each for each in self.resources if each.operation != "same" or each.change_usd)

    def to_json(self) -> dict[str, Any]:
        """Plain data: both bills, their difference, and every resource with its operation.

        What is imported is in the bill after and not in the difference, but told beside it.
        """
        monthly = float(self.change_usd)
        return {
            "before": self.before.bill_json(),
            "after": self.after.bill_json(),
            "change": {
                "hourly_usd": round(monthly / 730, 6),
                "monthly_usd": monthly,
                "imported_monthly_usd": float(self.imported_usd),
                "lines": [
                    {
                        "resource": each.cost.resource.urn,
                        "component": component,
                        "before_usd": float(old),
                        "after_usd": float(new),
                        "change_usd": float(new - old),
                    }
                    for each in self.resources
                    for component, (old, new) in component_changes(each).items()
                    if old != new
                ],
                "unpriced": [
                    {"resource": each.cost.resource.urn, "reason": gap.reason}
                    for each in self.changed
                    if each.after is not None
                    for gap in each.cost.unpriced
                ],
            },
            "resources": [each.to_json() for each in self.resources],
        }


def compare_plans(before: Plan, after: Plan, steps: Sequence[Step] = ()) -> PlanChange:
    """Joins two plans by resource.

    Resources are the same where type, parents and name are: the stack and the project may
    differ, so that two environments can be compared. ``steps`` of a preview say which are
    replaced; otherwise a resource whose inputs differ is updated, because of those.
    """
    old = {_identity(each.resource.urn): each for each in before.resources}
    new = {_identity(each.resource.urn): each for each in after.resources}
    planned = {_identity(step.urn): step for step in steps}
    changes = []
    for key in dict.fromkeys([*new, *old]):
        was, now, step = old.get(key), new.get(key), planned.get(key)
        operation = step.operation if step else _operation(was, now)
        reasons = step.reasons if step else _differing(was, now)
        changes.append(ResourceChange(operation, was, now, reasons))
    return PlanChange(before, after, tuple(changes))


def component_changes(change: ResourceChange) -> Mapping[str, tuple[Decimal, Decimal]]:
    """Component → dollars a month before and after; what is absent on a side costs nothing.

    What is imported costs the same before.
    """
    amounts: dict[str, tuple[Decimal, Decimal]] = {}
    before = change.after if change.is_imported else change.before
    for index, side in enumerate((before, change.after)):
        for line in side.lines if side else ():
            sides = list(amounts.get(line.component, (Decimal(0), Decimal(0))))
            sides[index] += line.amount_usd
            amounts[line.component] = (sides[0], sides[1])
    return amounts


def _operation(was: ResourceCost | None, now: ResourceCost | None) -> Operation:
    if was is None:
        return "create"
    if now is None:
        return "delete"
    return "same" if was.resource.inputs == now.resource.inputs else "update"


def _differing(was: ResourceCost | None, now: ResourceCost | None) -> tuple[str, ...]:
    """The inputs that are not the same on both sides."""
    if was is None or now is None:
        return ()
    old, new = was.resource.inputs, now.resource.inputs
    return tuple(key for key in sorted({*old, *new}) if old.get(key) != new.get(key))


def _identity(urn: str) -> str:
    """What stays of a URN from stack to stack: types and name."""
    own = urn.split("::", 2)[-1]
    return STACK_TYPE if own.startswith(STACK_TYPE) and "$" not in own else own


def _money(side: ResourceCost | None) -> float | None:
    if side is None:
        return 0.0
    return None if side.monthly_usd is None else float(side.monthly_usd)
