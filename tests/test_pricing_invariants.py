"""What must hold for every bill."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import load_catalog
from domain.pricing import (
    DiskUsage,
    Egress,
    MachineHours,
    NatGateway,
    ObjectStorage,
    Usage,
    price,
)

CATALOG = load_catalog()
GIB = 2.0**30
MICRO = Decimal("0.000001")

seconds = st.floats(0, 1e7)
sizes = st.floats(0, 1e15)
regions = st.sampled_from([("aws", "us-east-1"), ("aws", "eu-west-1"), ("gcp", "us-central1")])
machine_names = st.sampled_from(["p4d.24xlarge", "g5.xlarge", "a2-highgpu-8g", "no-such-machine"])


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    provider, region = draw(regions)
    name = f"r{draw(st.integers(0, 9))}"
    kind = draw(st.integers(0, 4))
    if kind == 0:
        lifetimes = draw(st.lists(seconds, max_size=5))
        return MachineHours(name, provider, region, draw(machine_names), "on_demand", lifetimes)
    if kind == 1:
        return DiskUsage(name, provider, region, "balanced", draw(sizes), draw(seconds))
    if kind == 2:
        return ObjectStorage(name, provider, region, draw(sizes), draw(seconds), draw(sizes))
    if kind == 3:
        return Egress(name, provider, region, draw(sizes), period_seconds=draw(seconds))
    return NatGateway(name, provider, region, draw(seconds), draw(sizes), machines=3)


def egress(amount: float) -> Decimal:
    return price([Egress("out", "aws", "us-east-1", amount)], CATALOG).total_usd


@given(st.lists(usages(), max_size=8))
def test_lines_add_up_to_the_total_in_whole_micro_dollars(used: list[Usage]) -> None:
    bill = price(used, CATALOG)
    assert bill.total_usd == sum((line.amount_usd for line in bill.lines), Decimal(0))
    assert all(line.amount_usd >= 0 for line in bill.lines)
    assert all(line.amount_usd == line.amount_usd.quantize(MICRO) for line in bill.lines)
    written = bill.to_json()
    nothing_priced = bill.unpriced and not bill.lines
    assert written["total_usd"] == (None if nothing_priced else float(bill.total_usd))


@given(
    st.lists(usages(), max_size=8).flatmap(
        lambda all_: st.tuples(st.just(all_), st.permutations(all_))
    )
)
def test_the_order_of_usage_does_not_matter(orders: tuple[list[Usage], list[Usage]]) -> None:
    one, other = (price(order, CATALOG) for order in orders)
    assert one.total_usd == other.total_usd
    assert sorted(map(repr, one.lines)) == sorted(map(repr, other.lines))
    assert sorted(map(repr, one.unpriced)) == sorted(map(repr, other.unpriced))


@given(sizes, sizes)
def test_more_egress_never_costs_less(one: float, more: float) -> None:
    # Each of the four tiers may round by half a micro-dollar.
    assert egress(one + more) >= egress(one) - 2 * MICRO


@given(st.sampled_from([10240, 51200, 153600]), st.floats(0, 1e-3))
def test_tiers_join_without_a_step(edge_gib: int, step_gib: float) -> None:
    below, above = (egress((edge_gib + sign * step_gib) * GIB) for sign in (-1, 1))
    assert above - below <= Decimal("0.09") * Decimal(2 * step_gib) + 4 * MICRO


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=5), st.floats(0, 1e6))
def test_more_hours_never_cost_less(lifetimes: list[float], more: float) -> None:
    def cost(node_seconds: list[float]) -> Decimal:
        usage = MachineHours("pool", "aws", "us-east-1", "g5.xlarge", "spot", node_seconds)
        return price([usage], CATALOG).total_usd

    assert cost([lifetimes[0] + more, *lifetimes[1:]]) >= cost(lifetimes)
    assert cost([*lifetimes, more]) >= cost(lifetimes)
