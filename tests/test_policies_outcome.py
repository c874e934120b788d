"""Rules on what is predicted: for each a prediction that breaks it and one that does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from declared import graph_of

from policies.registry import rule_of
from policies.rule import Finding, Undecided
from policies.rules import outcome, outcome_regression, outcome_steps
from policies.world import World

GB = 1e9
IDS = sorted(
    rule.id for module in (outcome, outcome_regression, outcome_steps) for rule in module.RULES
)


def same(value: float | None) -> dict[str, Any]:
    return dict.fromkeys(("mean", "p50", "p95", "p99"), value) | {"ci95": [value, value]}


def prediction(
    goal: Mapping[str, Any] | None = None,
    parts: Mapping[str, float] | None = None,
    memory: float | None = 10 * GB,
    **metrics: float | None,
) -> dict[str, Any]:
    """A run of two hours for $100 on A100s of 40 GB that are busy 80 % of the time."""
    usual: dict[str, float | None] = {
        "cost_usd": 100.0,
        "makespan_seconds": 7200.0,
        "queueing_delay_seconds": 60.0,
        "accelerator_utilisation": 0.8,
        "interruptions": 0.5,
        "turned_away_jobs": 0.0,
    }
    step = {"compute": 0.8, "communication_exposed": 0.1, "overhead": 0.1}
    step |= {"storage": 0.2, "input_decoding": 0.5} | dict(parts or {})
    busy = step["compute"] + step["communication_exposed"] + step["overhead"]
    return {
        "metrics": {name: same(value) for name, value in (usual | metrics).items()},
        "goal": goal,
        "workloads": {
            "resnet": {
                "accelerator": "a100-sxm4-40gb",
                "memory_needed_bytes": memory,
                "step_seconds": max(busy, step["storage"], step["input_decoding"]),
                "step_parts_seconds": step,
            }
        },
    }


def limited(probability: float | None) -> dict[str, Any]:
    return {
        "deadline_seconds": 3600.0,
        "deadline_probability": probability,
        "budget_usd": 90.0,
        "budget_probability": probability,
        "confidence": 0.9,
    }


def judged(rule_id: str, settings: Mapping[str, Any], **seen: Any) -> list[Any]:
    rule = rule_of(rule_id)
    return list(rule.judge(World(graph_of(), **seen), rule.settings.model_validate(settings)))


# Rule, its settings, a prediction that breaks it, one that does not.
CASES: tuple[tuple[str, Mapping[str, Any], dict[str, Any], dict[str, Any]], ...] = (
    ("predicted-job-cost", {"max_usd": "$150"}, prediction(cost_usd=151), prediction()),
    ("predicted-job-cost", {}, prediction(limited(0.89)), prediction(limited(0.9))),
    (
        "predicted-monthly-spend",
        {"runs_per_month": 20, "max_usd_per_month": "$2000"},
        prediction(cost_usd=101),
        prediction(),
    ),
    ("predicted-deadline", {}, prediction(limited(0.89)), prediction(limited(0.9))),
    (
        "predicted-deadline",
        {"min_probability": 0.99},
        prediction(limited(0.98)),
        prediction(limited(1.0)),
    ),
    ("predicted-duration", {"max_time": "3 h"}, prediction(makespan_seconds=1.1e4), prediction()),
    (
        "predicted-waiting",
        {"max_time": "5 min"},
        prediction(queueing_delay_seconds=301),
        prediction(),
    ),
    (
        "predicted-latency",
        {"max_p99": "200 ms"},
        prediction(request_latency_seconds=0.3),
        prediction(request_latency_seconds=0.1),
    ),
    ("predicted-utilisation", {}, prediction(accelerator_utilisation=0.2), prediction()),
    (
        "predicted-input-bound",
        {},
        prediction(parts={"input_decoding": 1.3}),
        prediction(parts={"input_decoding": 1.05}),
    ),
    (
        "predicted-communication-bound",
        {},
        prediction(parts={"communication_exposed": 0.6}),
        prediction(),
    ),
    ("predicted-memory-fit", {}, prediction(memory=42 * GB), prediction()),
    ("predicted-interruptions", {}, prediction(interruptions=6), prediction()),
    ("predicted-work-done", {}, prediction(turned_away_jobs=3), prediction()),
    ("predicted-work-done", {}, prediction(makespan_seconds=None), prediction()),
)


@pytest.mark.parametrize(
    ("rule_id", "settings", "broken", "fine"),
    CASES,
    ids=[f"{case[0]}-{number}" for number, case in enumerate(CASES)],
)
def test_a_rule_tells_what_breaks_it_from_what_does_not(
    rule_id: str, settings: Mapping[str, Any], broken: dict[str, Any], fine: dict[str, Any]
) -> None:
    found = judged(rule_id, settings, prediction=broken)
    assert found
    assert all(isinstance(each, Finding) for each in found)
    assert judged(rule_id, settings, prediction=fine) == []


def test_every_rule_has_a_case() -> None:
    assert set(IDS) == {case[0] for case in CASES} | {"predicted-regression"}


@pytest.mark.parametrize("rule_id", IDS)
def test_without_a_prediction_nothing_is_decided(rule_id: str) -> None:
    (only,) = judged(rule_id, {})
    assert isinstance(only, Undecided)
    assert "--scenario" in only.reason


@pytest.mark.parametrize(
    ("rule_id", "settings", "seen"),
    [
        ("predicted-job-cost", {"max_usd": "$1"}, prediction(cost_usd=None)),
        ("predicted-job-cost", {}, prediction(limited(None))),
        ("predicted-duration", {"max_time": "1 s"}, prediction(makespan_seconds=None)),
        ("predicted-deadline", {"min_probability": 0.9}, prediction()),
        ("predicted-memory-fit", {}, prediction(memory=None)),
    ],
)
def test_a_figure_that_is_not_known_decides_nothing(
    rule_id: str, settings: Mapping[str, Any], seen: dict[str, Any]
) -> None:
    (only,) = judged(rule_id, settings, prediction=seen)
    assert isinstance(only, Undecided)


def difference(metric: str, mean: float, low: float | None, high: float | None) -> dict[str, Any]:
    return {"metric": metric, "mean": mean, "ci95": [low, high]}


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        (difference("cost_usd", 20.0, 10.0, 30.0), Finding),
        (difference("cost_usd", 20.0, 4.0, 36.0), None),  # may be less than the 5 % allowed
        (difference("cost_usd", -20.0, -30.0, -10.0), None),  # cheaper
        (difference("cost_usd", 20.0, None, None), Undecided),  # a single replication
        (difference("accelerator_utilisation", -0.2, -0.25, -0.15), Finding),
        (difference("accelerator_utilisation", 0.1, 0.05, 0.15), None),
    ],
)
def test_a_regression_is_beyond_the_tolerance_and_beyond_noise(
    changed: dict[str, Any], kind: type | None
) -> None:
    found = judged(
        "predicted-regression",
        {"tolerance": {changed["metric"]: 0.05}},
        prediction=prediction(),
        baseline=prediction(),
        differences=(changed,),
    )
    assert [type(each) for each in found] == ([] if kind is None else [kind])
