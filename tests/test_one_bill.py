"""The bill of materials of an environment is the bill of what the program declares."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from environments import environments, project_with
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.catalog import load_catalog
from domain.costing.plan import cost_graph
from domain.costing.quantities import owner_of
from domain.environment import Environment
from domain.materials import month_of_materials
from domain.pricing import price
from domain.resources import ResourceGraph
from windtunnel.sources import graph_of_stack
from windtunnel.stack_config import read_environment

ROOT = Path(__file__).resolve().parent.parent
Lines = Counter[tuple[object, ...]]


def bill_of_environment(environment: Environment) -> Lines:
    """Every line and every gap of a month, by its owner."""
    catalog = load_catalog()
    bill = price(month_of_materials(environment, catalog), catalog)
    lines = Counter(
        (line.resource, line.component, round(line.quantity, 6), line.unit, line.unit_price_usd)
        for line in bill.lines
    )
    return lines + Counter((gap.resource, gap.component, gap.reason) for gap in bill.unpriced)


def bill_of_graph(graph: ResourceGraph) -> Lines:
    """The same of a resource graph, whose resources belong to the components around them."""
    lines: Lines = Counter()
    for cost in cost_graph(graph, load_catalog()).resources:
        owner = owner_of(cost.resource, graph)
        lines += Counter(
            (owner, line.component, round(line.quantity, 6), line.unit, line.unit_price_usd)
            for line in cost.lines
        )
        gaps = (*cost.usage, *cost.unpriced)
        lines += Counter((owner, gap.component, gap.reason) for gap in gaps)
    return lines


def assert_one_bill(project: Path, stack: str) -> None:
    environment = read_environment(project / f"Pulumi.{stack}.yaml")
    assert environment is not None
    declared = bill_of_graph(graph_of_stack(project, stack))
    planned = bill_of_environment(environment)
    assert dict(declared - planned) == {}, "declared by the program only"
    assert dict(planned - declared) == {}, "in the bill of materials only"


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_a_stack_costs_what_its_environment_costs(stack: str) -> None:
    assert_one_bill(ROOT, stack)


# A child process and an SDK's import for each environment: few are drawn here.
@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["aws", "gcp"]).flatmap(environments))
def test_any_environment_costs_what_is_declared_for_it(environment: dict[str, Any]) -> None:
    with TemporaryDirectory() as folder:
        assert_one_bill(project_with(Path(folder), environment), "drawn")
