"""Resource graphs made by hand, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from domain.catalog import load_catalog
from domain.costing import Plan, Quantities, ResourceCost, cost_graph
from domain.resources import Resource, ResourceGraph

Inputs = Mapping[str, Any]


def urn_of(kind: str, name: str) -> str:
    return f"urn:pulumi:test::project::{kind}::{name}"


def declare(
    kind: str,
    name: str,
    inputs: Inputs | None = None,
    *,
    uses: Mapping[str, Resource] | None = None,
    **more: Any,
) -> Resource:
    """A resource; ``uses`` says which resource an input refers to, as Pulumi records it."""
    dependencies = {key: (target.urn,) for key, target in (uses or {}).items()}
    return Resource(
        urn=urn_of(kind, name),
        type=kind,
        inputs=inputs or {},
        property_dependencies=dependencies,
        **more,
    )


def graph_of(*resources: Resource, region: str | None = None) -> ResourceGraph:
    config = {"aws:region": region or "us-east-1", "gcp:region": region or "us-central1"}
    return ResourceGraph(resources, config=config)


def plan_of(*resources: Resource, quantities: Mapping[str, Quantities] | None = None) -> Plan:
    return cost_graph(graph_of(*resources), load_catalog(), quantities=quantities)


def cost_of(resource: Resource, *around: Resource) -> ResourceCost:
    """What one resource costs among others."""
    plan = plan_of(resource, *around)
    return next(each for each in plan.resources if each.resource is resource)


def amounts(cost: ResourceCost) -> dict[str, tuple[float, float]]:
    """Component → quantity and dollars a month, same components added up."""
    found: dict[str, tuple[float, float]] = {}
    for line in cost.lines:
        quantity, dollars = found.get(line.component, (0.0, 0.0))
        found[line.component] = (
            quantity + float(line.quantity),
            round(dollars + float(line.amount_usd), 6),
        )
    return found


def month(cost: ResourceCost) -> float | None:
    """Dollars a month that are known without usage."""
    return None if cost.monthly_usd is None else float(cost.monthly_usd)


def waiting(cost: ResourceCost) -> dict[str, float | None]:
    """Component → unit price of what waits for a quantity."""
    return {
        gap.component: None if gap.unit_price_usd is None else float(gap.unit_price_usd)
        for gap in cost.usage
    }


def reasons(cost: ResourceCost) -> list[str]:
    """Why parts of it have no price."""
    return [gap.reason for gap in cost.unpriced]


def assert_adds_up(plan: Plan) -> None:
    """The parts are the whole, and each resource is what its basis says."""
    parts = [each.monthly_usd for each in plan.resources if each.monthly_usd is not None]
    known = [line.amount_usd for each in plan.resources if each.unpriced for line in each.lines]
    assert plan.bill.total_usd == sum(parts, Decimal(0)) + sum(known, Decimal(0))
    assert len(plan.resources) == len(plan.graph.resources)
    for each in plan.resources:
        assert (each.monthly_usd is None) == (each.basis == "unpriced") == bool(each.unpriced)
        assert all(line.resource == each.resource.urn for line in each.lines)
        if each.basis == "free":
            assert not each.lines
            assert not each.usage
            assert each.notes, "free for a reason"
        if each.basis == "usage":
            assert each.usage
