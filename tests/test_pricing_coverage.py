"""Every type that has a coster is priced in a test, and no input of a program upsets one."""

from __future__ import annotations

import ast
import json
import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from declared import assert_adds_up, cost_of, declare, plan_of
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.costing import ResourceCost
from domain.costing.free import why_free
from domain.costing.kinds import usual_type
from domain.costing.registry import costers
from domain.costing.values import number
from domain.resources import UNKNOWN

TESTS = Path(__file__).resolve().parent
COSTING = TESTS.parent / "domain" / "costing"
TYPES = sorted(costers())


def named_in_tests() -> set[str]:
    """Every text of the tests of costers; comments do not count."""
    return {
        node.value
        for path in TESTS.glob("test_costing*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_type_with_a_coster_has_a_test_that_prices_it() -> None:
    named = named_in_tests()
    untested = [kind for kind in TYPES if kind not in named]
    assert untested == [], "\n".join(("types without a test:", *untested))


def test_types_are_registered_by_their_usual_name_by_one_service_and_not_free() -> None:
    assert [kind for kind in TYPES if usual_type(kind) != kind] == []
    assert [kind for kind in TYPES if why_free(kind)] == []


@cache
def names_that_costers_read() -> tuple[str, ...]:
    """The inputs of all resources, as the costers' own source names them."""
    read = re.compile(r"""(?:get|referred|is_waiting)\(\s*"([A-Za-z0-9]+)\"""")
    found = {name for path in COSTING.rglob("*.py") for name in read.findall(path.read_text())}
    assert len(found) > 200
    return tuple(sorted(found))


WORDS = [
    "", "1", "-1", "1e400", "NaN", "true", "g5.xlarge", "db.r6g.large", "cache.t3.micro", "gp3",
    "io2", "n1-standard-4", "custom-4-8192", "e2-custom-0-0", "nvidia-tesla-t4", "v5litepod-8",
    "2x4", "postgres", "ENTERPRISE", "us-east-1a", "europe-west1", "nowhere-9", "a/b/c",
    "arn:aws:x:us-east-1:1:y", "500m", "2Gi", "BUILD_GENERAL1_SMALL", UNKNOWN,
]  # fmt: skip
ATOMS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 10**6)
    | st.sampled_from([10**19, 10**400, 1e18, 1e300])
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(max_size=4)
)
INPUTS = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(names_that_costers_read()), inner, max_size=3)
    ),
    max_leaves=6,
)


def assert_is_payable(cost: ResourceCost) -> None:
    for line in cost.lines:
        for figure in (line.amount_usd, line.quantity, line.unit_price_usd):
            assert figure.is_finite()
            assert figure >= 0
    json.dumps(cost.to_json(), allow_nan=False)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(TYPES),
    st.dictionaries(st.sampled_from(names_that_costers_read()), INPUTS, max_size=8),
)
def test_whatever_a_program_writes_gets_an_answer(kind: str, inputs: dict[str, Any]) -> None:
    plan = plan_of(declare(kind, "one", inputs))
    assert_adds_up(plan)
    assert_is_payable(plan.resources[0])


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(names_that_costers_read()), INPUTS)
def test_every_coster_bears_any_value_of_any_input(name: str, value: Any) -> None:
    plan = plan_of(*(declare(kind, "one", {name: value}) for kind in TYPES))
    assert_adds_up(plan)
    for each in plan.resources:
        assert_is_payable(each)


@pytest.mark.parametrize("size", [10**400, 1e300, "1e400", -1, "many", [], {}, True])
def test_a_size_that_none_can_be_is_not_known(size: Any) -> None:
    assert number(size) is None
    cost = cost_of(declare("aws:fsx/lustreFileSystem:LustreFileSystem", "it",
                           {"storageCapacity": size}))  # fmt: skip
    assert cost.basis == "unpriced"


def test_a_line_that_nobody_could_pay_is_a_gap_and_leaves_the_others_alone() -> None:
    kind = "aws:fsx/windowsFileSystem:WindowsFileSystem"
    sane = {"storageCapacity": 100, "throughputCapacity": 8}
    plan = plan_of(
        declare(kind, "sane", sane), declare(kind, "slip", {**sane, "storageCapacity": 1e18})
    )
    assert plan.resources[1].unpriced[0].reason == (
        "its amount is beyond all bounds, like a slip of the keyboard"
    )
    assert plan.resources[0].monthly_usd == cost_of(declare(kind, "sane", sane)).monthly_usd
    assert plan.bill.total_usd < Decimal(1000)
