"""Choosing where parts interact: several jobs, regions, queues, prices that are missing."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from domain.errors import ScenarioError
from domain.located import parse, parse_yaml
from domain.prediction import Candidate, Choice
from domain.reading import ScenarioFile
from domain.scenario import Scenario
from simulator.study import choose as choosing

TODAY = date(2026, 11, 23)

JOB = """\
    kind: training
    model: bert-large
    dataset: {samples: 400000, sample_size: 700 B, kind: tokens}
    precision: fp16
    global_batch: 256
    epochs: 1
"""
ONE_JOB = (
    """\
environment:
  provider: aws
  region: us-east-1
  pools: {train: {machine: p4d.24xlarge, count: 1}}
  storage: {dataset: {kind: object_store}}
workloads:
  w:
"""
    + JOB
    + "replications: 5\n"
)


def choose(text: str, folder: Path = Path()) -> Choice:
    located = parse_yaml(text, "s.yaml")
    return choosing.choose(ScenarioFile(parse(Scenario, located), located, folder), today=TODAY)


def every_candidate(choice: Choice) -> list[Candidate]:
    chosen = [choice.choice] if choice.choice else []
    return [*chosen, *choice.frontier, *choice.rejected]


def unpruned(text: str, monkeypatch: pytest.MonkeyPatch) -> Choice:
    with monkeypatch.context() as patch:
        patch.setattr(choosing, "out_by_bounds", lambda *_: None)
        patch.setattr(
            choosing, "dominated_beyond", lambda low, *_: np.full(len(low), -1, dtype=np.intp)
        )
        return choose(text)


@pytest.mark.parametrize("minimise", ["cost", "time", "cost_per_sample", "{cost: 1, time: 2}"])
def test_every_candidate_appears_once_whatever_the_objective(minimise: str) -> None:
    choice = choose(
        ONE_JOB + f"goal: {{minimise: {minimise}}}\n" + "axes:\n"
        "  environment.pools.train.market: [on_demand, spot]\n"
        "  environment.pools.train.count: [1, 2]\n"
        "  workloads.w.global_batch: [256, 512]\n"
    )
    ids = [each.id for each in every_candidate(choice)]
    assert len(ids) == len(set(ids)) == choice.candidates == 8
    assert choice.choice is not None
    assert choice.choice.rejection is None


def test_of_equally_fast_candidates_the_cheaper_is_chosen() -> None:
    choice = choose(
        ONE_JOB
        + "goal: {minimise: time}\n"
        + "prices: {machines: [{provider: aws, machine: p4d.24xlarge, market: reserved, "
        + "price: $1/h}]}\n"
        + "axes: {environment.pools.train.market: [on_demand, reserved]}\n"
    )
    assert choice.choice is not None
    assert choice.choice.values["environment.pools.train.market"] == "reserved"


@pytest.mark.parametrize(
    "text",
    [
        # Two jobs that may run side by side.
        ONE_JOB.replace("count: 1", "count: 2").replace("  w:\n", "  v:\n" + JOB + "  w:\n")
        + "axes:\n  workloads.v.accelerators: [16, 8]\n  workloads.w.accelerators: [16, 8]\n",
        # Data that is far from some of the machines.
        ONE_JOB.replace("{kind: object_store}", "{kind: object_store, region: us-east-1}").replace(
            "sample_size: 700 B", "sample_size: 500 kB"
        )
        + "axes:\n  environment.region: [us-east-1, us-west-2]\n"
        "  environment.pools.train.machine: [p4d.24xlarge, g4dn.12xlarge]\n",
        # A job that is submitted late.
        ONE_JOB.replace("    epochs: 1\n", "    epochs: 1\n    submit: 10 h\n")
        + "goal: {deadline: 5 h, budget: $400}\n"
        "axes: {environment.pools.train.machine: [p4d.24xlarge, g5.48xlarge]}\n",
        # Small objects, whose requests cost more than the machine.
        ONE_JOB.replace("kind: tokens}", "kind: tokens, object_size: 700 B}")
        + "axes: {environment.pools.train.machine: [p4d.24xlarge, g5.48xlarge, g4dn.12xlarge]}\n",
    ],
    ids=["two jobs", "far data", "late submission", "small objects"],
)
def test_pruning_never_costs_the_winner(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pruned, flown = choose(text), unpruned(text, monkeypatch)
    assert pruned.choice is not None
    assert flown.choice is not None
    assert pruned.choice.id == flown.choice.id
    assert [each.id for each in pruned.frontier] == [each.id for each in flown.frontier]


TRACE = """\
environment: {provider: custom, pools: {p: {machine: {accelerators: 8, price: $8/h}, count: 1}}}
workloads: {w: {kind: trace, format: csv, path: a.csv}}
"""


def test_an_axis_over_a_trace_flies_each_of_them(tmp_path: Path) -> None:
    for name, seconds in (("a", 100), ("b", 9000)):
        (tmp_path / f"{name}.csv").write_text(
            f"submit_seconds,duration_seconds,accelerators\n0,{seconds},1\n"
        )
    choice = choose(TRACE + "axes: {workloads.w.path: [a.csv, b.csv]}\n", tmp_path)
    times = [each.metrics["makespan_seconds"].mean for each in every_candidate(choice)]
    assert sorted(times) == [100.0, 9000.0]


def test_turning_jobs_away_is_no_way_to_be_cheap(tmp_path: Path) -> None:
    rows = "".join(f"{second},1000,8\n" for second in range(5))
    (tmp_path / "a.csv").write_text("submit_seconds,duration_seconds,accelerators\n" + rows)
    choice = choose(TRACE + "axes: {scheduler.queue_limit: [0, 1000]}\n", tmp_path)
    assert choice.choice is not None
    assert choice.choice.values["scheduler.queue_limit"] == 1000
    assert "turns away 4 jobs" in choice.rejected[0].rejection.reason  # type: ignore[union-attr]


def test_an_unknown_price_is_neither_cheap_nor_within_a_cap(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("submit_seconds,duration_seconds,accelerators\n0,100,1\n")
    axes = (
        "axes: {environment.pools.p.machine: [{accelerators: 8}, {accelerators: 4, price: $4/h}]}\n"
    )
    capped = choose(TRACE + "goal: {minimise: time, max_usd_per_hour: $5/h}\n" + axes, tmp_path)
    assert capped.choice is not None
    assert capped.choice.id == "c0001"
    assert capped.rejected[0].rejection.code == "unpriced"  # type: ignore[union-attr]
    fastest = choose(TRACE + "goal: {minimise: time}\n" + axes, tmp_path)
    assert fastest.choice is not None
    assert fastest.choice.id == "c0001"
    assert math.isnan(fastest.rejected[0].metrics["cost_usd"].mean)


def test_a_bill_with_gaps_loses_to_one_without() -> None:
    choice = choose(
        ONE_JOB + "axes:\n"
        "  environment.storage.scratch:\n"
        "    - {kind: object_store, size: 1 TB}\n"
        "    - {kind: file_system, size: 40 TiB, throughput_per_tib: 9 GB/s}\n"
    )
    assert choice.choice is not None
    assert choice.choice.id == "c0000"
    assert choice.rejected[0].rejection.code == "unpriced"  # type: ignore[union-attr]


def test_parts_that_are_only_valid_together() -> None:
    choice = choose(
        ONE_JOB + "axes:\n"
        "  environment.storage.far: [{kind: object_store, region: us-west-2}]\n"
        "  workloads.w.dataset.storage: [dataset, far]\n"
    )
    codes = {each.rejection.code for each in choice.rejected if each.rejection}
    assert "invalid" not in codes
    assert choice.flown == 2


def test_limits_hold_for_parts_that_are_only_valid_together() -> None:
    axes = (
        "axes:\n"
        "  environment.storage.far: [{kind: object_store, region: us-west-2}]\n"
        "  workloads.w.dataset.storage: [dataset, far]\n"
    )
    for goal, code in (
        ("{regions: [eu-west-1]}", "region"),
        ("{max_usd_per_hour: $1/h}", "over_hourly_cap"),
    ):
        choice = choose(ONE_JOB + f"goal: {goal}\n" + axes)
        assert choice.choice is None
        assert {each.rejection.code for each in choice.rejected if each.rejection} == {code}


def test_confidence_is_a_share_of_the_replications() -> None:
    text = ONE_JOB.replace("replications: 5", "replications: 10") + (
        "axes: {environment.pools.train.market: [on_demand]}\n"
    )
    found = choose(text + "goal: {minimise: cost}\n").choice
    assert found is not None
    # Nine of ten replications are within the second-longest time, so 0.95 is not reached.
    almost = found.metrics["makespan_seconds"].p95
    strict = choose(text + f"goal: {{deadline: {almost} s, confidence: 0.95}}\n")
    lenient = choose(text + f"goal: {{deadline: {almost} s, confidence: 0.9}}\n")
    assert strict.choice is None
    assert lenient.choice is not None


def test_an_axis_over_dates_is_json(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(
        "timestamp,duration,num_gpus,gpu_time,cluster\n"
        "2017-10-01 00:00:00,60.0,1,60.0,a\n2017-10-02 00:00:00,60.0,1,60.0,a\n"
    )
    choice = choose(
        "environment: {provider: custom, pools: {vc-a: {machine: {accelerators: 1, price: $1/h}, "
        "count: 1}}}\n"
        "workloads: {w: {kind: trace, format: philly, path: p.csv}}\n"
        "axes: {workloads.w.window: [[2017-10-01, 2017-10-01], [2017-10-01, 2017-10-02]]}\n",
        tmp_path,
    )
    assert "2017-10-02" in json.dumps(choice.to_json())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("global_batch: 256", "global_batch: 1000000000000000000000000", "must be at most"),
        ("replications: 5", "horizon: 1e300 year", "is too large"),
        ("count: 1}", "count: 100000000}", "must be at most 100000"),
        ("replications: 5", "goal: {budget: $0}", "must be more than 0"),
    ],
)
def test_figures_that_nothing_real_has(old: str, new: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        choose(ONE_JOB.replace(old, new))


def test_a_file_that_holds_itself() -> None:
    with pytest.raises(ScenarioError, match=r"s\.yaml:1: holds itself through an anchor"):
        parse_yaml("environment: &x {pools: *x}\n", "s.yaml")


def test_a_queue_is_judged_by_how_long_its_jobs_take(tmp_path: Path) -> None:
    rows = "0,1000,8\n1,3000,8\n2,10,8\n3,10,8\n4,4000,8\n"
    (tmp_path / "a.csv").write_text("submit_seconds,duration_seconds,accelerators\n" + rows)
    choice = choose(
        TRACE + "goal: {minimise: time}\naxes: {scheduler.policy: [fifo, sjf]}\n", tmp_path
    )
    assert choice.time_metric == "job_completion_time_seconds"
    assert choice.choice is not None
    assert choice.choice.values["scheduler.policy"] == "sjf"


def test_a_gang_that_fills_its_nodes_is_faster_than_one_that_does_not() -> None:
    choice = choose(
        ONE_JOB.replace("count: 1", "count: 2")
        + "axes: {workloads.w.accelerators: [8, 9, 12, 16]}\n"
    )
    steps = {
        each.values["workloads.w.accelerators"]: each.metrics["makespan_seconds"].mean
        for each in every_candidate(choice)
    }
    # Eight fill one node; nine need the network between two.
    assert steps[9] > steps[12] > steps[16]
