"""What flying a scenario on the stack predicts of its runs: cost, time, interruptions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat

from domain.figures import digits, duration, money, percent
from domain.frozen import Frozen
from domain.quantity import PositiveSeconds, PositiveUsd
from policies.predicted import Prediction, figure, metric, of_prediction
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.world import World

Statistic = Literal["mean", "p50", "p95", "p99"]


class JobCost(Frozen):
    """The dearest that one run may be; the scenario's own budget is judged as well."""

    max_usd: PositiveUsd | None = None
    statistic: Statistic = "p95"


class MonthlySpend(Frozen):
    """What so many runs a month may cost."""

    runs_per_month: PositiveFloat = 30.0
    max_usd_per_month: PositiveUsd | None = None


class Deadline(Frozen):
    """How likely the scenario's deadline must be kept; otherwise its own ``confidence``."""

    min_probability: float | None = Field(default=None, gt=0, le=1)


class Duration(Frozen):
    """The longest that one run may take."""

    max_time: PositiveSeconds | None = None
    statistic: Statistic = "p95"


class Waiting(Frozen):
    """The longest that a job may wait for its nodes."""

    max_time: PositiveSeconds | None = None
    statistic: Statistic = "p95"


class Latency(Frozen):
    """The slowest that one request in a hundred may be, once something is served."""

    max_p99: PositiveSeconds | None = None


class Interruptions(Frozen):
    """How often a run may be interrupted on average."""

    max_per_run: NonNegativeFloat = 5.0


@of_prediction
def job_cost(world: World, settings: JobCost, prediction: Prediction) -> Iterator[Judgement]:
    """A run costs no more than it may, and keeps to the budget of its scenario."""
    goal = prediction.get("goal") or {}
    limit = figure(goal, "budget_usd")
    if settings.max_usd is not None:
        cost = metric(prediction, "cost_usd", settings.statistic)
        if cost is None:
            yield Undecided("the cost of a run is not known: a machine has no price")
        elif cost > settings.max_usd:
            yield Finding(
                f"a run costs {money(cost)} ({settings.statistic}), {money(settings.max_usd)} "
                "are allowed"
            )
    if limit is not None:
        probability = figure(goal, "budget_probability")
        asked = figure(goal, "confidence") or 0.95
        if probability is None:
            yield Undecided("whether the budget is kept is not known: a machine has no price")
        elif probability < asked:
            yield Finding(
                f"the budget of {money(limit)} is kept in {percent(probability)} of the flights, "
                f"{percent(asked)} are asked for"
            )


@of_prediction
def monthly_spend(
    world: World, settings: MonthlySpend, prediction: Prediction
) -> Iterator[Judgement]:
    """The runs of a month cost no more than their budget."""
    if settings.max_usd_per_month is None:
        return
    cost = metric(prediction, "cost_usd")
    if cost is None:
        yield Undecided("the cost of a run is not known: a machine has no price")
    elif cost * settings.runs_per_month > settings.max_usd_per_month:
        yield Finding(
            f"{digits(settings.runs_per_month)} runs a month cost "
            f"{money(cost * settings.runs_per_month)}, {money(settings.max_usd_per_month)} are "
            "allowed"
        )


@of_prediction
def deadline(world: World, settings: Deadline, prediction: Prediction) -> Iterator[Judgement]:
    """The deadline of the scenario is kept in nearly all flights."""
    goal = prediction.get("goal") or {}
    limit = figure(goal, "deadline_seconds")
    if limit is None:
        if settings.min_probability is not None:
            yield Undecided("the scenario sets no deadline (goal.deadline)")
        return
    asked = settings.min_probability or figure(goal, "confidence") or 0.95
    probability = figure(goal, "deadline_probability")
    if probability is None:
        yield Undecided("the probability of the deadline is not known")
    elif probability < asked:
        p95 = metric(prediction, "makespan_seconds", "p95")
        late = "" if p95 is None else f", one in twenty takes more than {duration(p95)}"
        yield Finding(
            f"the deadline of {duration(limit)} is kept in {percent(probability)} of the flights, "
            f"{percent(asked)} are asked for{late}"
        )


@of_prediction
def longest(world: World, settings: Duration, prediction: Prediction) -> Iterator[Judgement]:
    """A run takes no longer than the environment allows."""
    limit, name = settings.max_time, "makespan_seconds"
    yield from _not_longer(prediction, "a run takes", name, settings.statistic, limit)


@of_prediction
def waiting(world: World, settings: Waiting, prediction: Prediction) -> Iterator[Judgement]:
    """Jobs do not wait longer for their nodes than the environment allows."""
    limit, name = settings.max_time, "queueing_delay_seconds"
    yield from _not_longer(prediction, "a job waits", name, settings.statistic, limit)


@of_prediction
def latency(world: World, settings: Latency, prediction: Prediction) -> Iterator[Judgement]:
    """One request in a hundred at most is slower than its limit. Scenarios that serve nothing
    have no requests."""
    yield from _not_longer(
        prediction, "a request takes", "request_latency_seconds", "p99", settings.max_p99
    )


def _not_longer(
    prediction: Prediction, what: str, name: str, statistic: Statistic, limit: float | None
) -> Iterator[Judgement]:
    if limit is not None and name in prediction.get("metrics", {}):
        time = metric(prediction, name, statistic)
        if time is None:
            yield Undecided(f"how long {what} is not known: not all of it ends in the flight")
        elif time > limit:
            yield Finding(f"{what} {duration(time)} ({statistic}), {duration(limit)} are allowed")


@of_prediction
def interruptions(
    world: World, settings: Interruptions, prediction: Prediction
) -> Iterator[Judgement]:
    """A run is not interrupted so often that it starts over more than it goes on."""
    times = metric(prediction, "interruptions")
    if times is not None and times > settings.max_per_run:
        yield Finding(
            f"a run is interrupted {digits(times)} times, {digits(settings.max_per_run)} are "
            "allowed"
        )


@of_prediction
def all_work_done(
    world: World, settings: NoSettings, prediction: Prediction
) -> Iterator[Judgement]:
    """No job is turned away, and all end within the horizon."""
    away = metric(prediction, "turned_away_jobs")
    if away:
        yield Finding(f"{digits(away)} jobs a flight are turned away: the queue is full")
    if metric(prediction, "makespan_seconds") is None:
        yield Finding("not all jobs end within the horizon of the scenario")


RULES: tuple[Rule, ...] = (
    Rule(
        id="predicted-job-cost",
        title="A run stays within its budget",
        category="outcome",
        judge=job_cost,
        settings=JobCost,
        remedy="'windtunnel choose' finds hardware that keeps to the budget",
    ),
    Rule(
        id="predicted-monthly-spend",
        title="The runs of a month stay within their budget",
        category="outcome",
        judge=monthly_spend,
        settings=MonthlySpend,
        remedy="run less often, or on cheaper hardware; 'windtunnel choose' finds it",
    ),
    Rule(
        id="predicted-deadline",
        title="The deadline is kept",
        category="outcome",
        judge=deadline,
        settings=Deadline,
        remedy="take more or faster nodes, or none that can be taken back; 'windtunnel choose' "
        "finds the cheapest that keep the deadline",
    ),
    Rule(
        id="predicted-duration",
        title="A run does not take too long",
        category="outcome",
        judge=longest,
        settings=Duration,
        remedy="take more or faster nodes",
    ),
    Rule(
        id="predicted-waiting",
        title="Jobs do not wait too long for nodes",
        category="outcome",
        judge=waiting,
        settings=Waiting,
        remedy="take more nodes, or another scheduling policy",
    ),
    Rule(
        id="predicted-latency",
        title="Requests are answered in time",
        category="outcome",
        judge=latency,
        settings=Latency,
        remedy="serve from more replicas, or smaller batches",
    ),
    Rule(
        id="predicted-interruptions",
        title="Runs are not interrupted too often",
        category="outcome",
        severity="advisory",
        judge=interruptions,
        settings=Interruptions,
        remedy="buy on demand, take fewer nodes, or write checkpoints more often",
    ),
    Rule(
        id="predicted-work-done",
        title="All work is done",
        category="outcome",
        judge=all_work_done,
        remedy="take more nodes, a longer queue, or a longer horizon",
    ),
)
