"""What flying a scenario on the stack predicts: its cost, its time, how well it is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat

from domain.errors import CatalogError
from domain.figures import digits, duration, money, percent, size
from domain.frozen import Frozen
from domain.quantity import PositiveSeconds, PositiveUsd
from policies.predicted import NO_PREDICTION, figure, metric, workloads
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


class Utilisation(Frozen):
    """The least share of time that accelerators must be busy."""

    min_share: float = Field(default=0.3, ge=0, le=1)


class InputBound(Frozen):
    """The largest share of a step that accelerators may wait for their input."""

    max_share: float = Field(default=0.1, ge=0, le=1)


class CommunicationBound(Frozen):
    """The largest share of a step that accelerators may wait for each other."""

    max_share: float = Field(default=0.3, ge=0, le=1)


class MemoryFit(Frozen):
    """The share of accelerator memory to leave free: models of memory are a few per cent off."""

    headroom: float = Field(default=0.05, ge=0, lt=1)


class Latency(Frozen):
    """The slowest that one request in a hundred may be, once something is served."""

    max_p99: PositiveSeconds | None = None


class Interruptions(Frozen):
    """How often a run may be interrupted on average."""

    max_per_run: NonNegativeFloat = 5.0


def job_cost(world: World, settings: JobCost) -> Iterator[Judgement]:
    """A run costs no more than it may, and keeps to the budget of its scenario."""
    if world.prediction is None:
        yield NO_PREDICTION
        return
    goal = world.prediction.get("goal") or {}
    limit = figure(goal, "budget_usd")
    if settings.max_usd is not None:
        cost = metric(world.prediction, "cost_usd", settings.statistic)
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


def monthly_spend(world: World, settings: MonthlySpend) -> Iterator[Judgement]:
    """The runs of a month cost no more than their budget."""
    if world.prediction is None:
        yield NO_PREDICTION
        return
    if settings.max_usd_per_month is None:
        return
    cost = metric(world.prediction, "cost_usd")
    if cost is None:
        yield Undecided("the cost of a run is not known: a machine has no price")
    elif cost * settings.runs_per_month > settings.max_usd_per_month:
        yield Finding(
            f"{digits(settings.runs_per_month)} runs a month cost "
            f"{money(cost * settings.runs_per_month)}, {money(settings.max_usd_per_month)} are "
            "allowed"
        )


def deadline(world: World, settings: Deadline) -> Iterator[Judgement]:
    """The deadline of the scenario is kept in nearly all flights."""
    if world.prediction is None:
        yield NO_PREDICTION
        return
    goal = world.prediction.get("goal") or {}
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
        p95 = metric(world.prediction, "makespan_seconds", "p95")
        late = "" if p95 is None else f", one in twenty takes more than {duration(p95)}"
        yield Finding(
            f"the deadline of {duration(limit)} is kept in {percent(probability)} of the flights, "
            f"{percent(asked)} are asked for{late}"
        )


def longest(world: World, settings: Duration) -> Iterator[Judgement]:
    """A run takes no longer than the environment allows."""
    limit, name = settings.max_time, "makespan_seconds"
    yield from _not_longer(world, "a run takes", name, settings.statistic, limit)


def waiting(world: World, settings: Waiting) -> Iterator[Judgement]:
    """Jobs do not wait longer for their nodes than the environment allows."""
    limit, name = settings.max_time, "queueing_delay_seconds"
    yield from _not_longer(world, "a job waits", name, settings.statistic, limit)


def latency(world: World, settings: Latency) -> Iterator[Judgement]:
    """One request in a hundred at most is slower than its limit. Scenarios that serve nothing
    have no requests."""
    yield from _not_longer(
        world, "a request takes", "request_latency_seconds", "p99", settings.max_p99
    )


def _not_longer(
    world: World, what: str, name: str, statistic: Statistic, limit: float | None
) -> Iterator[Judgement]:
    if world.prediction is None:
        yield NO_PREDICTION
    elif limit is not None and name in world.prediction.get("metrics", {}):
        time = metric(world.prediction, name, statistic)
        if time is None:
            yield Undecided(f"how long {what} is not known: not all of it ends in the flight")
        elif time > limit:
            yield Finding(f"{what} {duration(time)} ({statistic}), {duration(limit)} are allowed")


def utilisation(world: World, settings: Utilisation) -> Iterator[Judgement]:
    """Accelerators are busy most of the time that they are paid for."""
    if world.prediction is None:
        yield NO_PREDICTION
        return
    share = metric(world.prediction, "accelerator_utilisation")
    if share is not None and share < settings.min_share:
        yield Finding(
            f"accelerators are busy {percent(share)} of the time, {percent(settings.min_share)} "
            "are asked for"
        )


def input_bound(world: World, settings: InputBound) -> Iterator[Judgement]:
    """Accelerators do not wait for storage or for the decoding of their input."""
    if world.prediction is None:
        yield NO_PREDICTION
        return
    for name, facts in workloads(world):
        parts = facts.get("step_parts_seconds", {})
        step = figure(facts, "step_seconds")
        known = {key: figure(parts, key) for key in _BUSY + _INPUT}
        if not step or None in known.values():
            yield Undecided(f"the parts of a step of '{name}' are not known")
            continue
        reading = max((known[key] or 0, key) for key in _INPUT)
        waits = reading[0] - sum(known[key] or 0 for key in _BUSY)
        if waits > settings.max_share * step:
            yield Finding(
                f"'{name}' waits for {reading[1].replace('_', ' ')} {percent(waits / step)} of "
                f"each step, {percent(settings.max_share)} are allowed"
            )


def communication_bound(world: World, settings: CommunicationBound) -> Iterator[Judgement]:
    """Accelerators do not wait for each other most of a step."""
    if world.prediction is None:
        yield NO_PREDICTION
        return
    for name, facts in workloads(world):
        waits = figure(facts.get("step_parts_seconds", {}), "communication_exposed")
        step = figure(facts, "step_seconds")
        if not step or waits is None:
            yield Undecided(f"the parts of a step of '{name}' are not known")
        elif waits > settings.max_share * step:
            yield Finding(
                f"'{name}' waits for communication {percent(waits / step)} of each step, "
                f"{percent(settings.max_share)} are allowed"
            )


def memory_fit(world: World, settings: MemoryFit) -> Iterator[Judgement]:
    """What a model needs fits into the memory of its accelerators, with room to spare."""
    if world.prediction is None:
        yield NO_PREDICTION
        return
    for name, facts in workloads(world):
        needed, has = figure(facts, "memory_needed_bytes"), _memory(world, facts.get("accelerator"))
        if needed is None or has is None:
            yield Undecided(f"the memory that '{name}' needs, or has, is not known")
        elif needed > has * (1 - settings.headroom):
            yield Finding(
                f"'{name}' needs {size(needed)} of the {size(has)} of each {facts['accelerator']}, "
                f"and {percent(settings.headroom)} are to stay free"
            )


def _memory(world: World, accelerator: object) -> float | None:
    try:
        return world.catalog.accelerator(str(accelerator)).memory_bytes
    except CatalogError:
        return None


def interruptions(world: World, settings: Interruptions) -> Iterator[Judgement]:
    """A run is not interrupted so often that it starts over more than it goes on."""
    if world.prediction is None:
        yield NO_PREDICTION
        return
    times = metric(world.prediction, "interruptions")
    if times is not None and times > settings.max_per_run:
        yield Finding(
            f"a run is interrupted {digits(times)} times, {digits(settings.max_per_run)} are "
            "allowed"
        )


def all_work_done(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """No job is turned away, and all end within the horizon."""
    if world.prediction is None:
        yield NO_PREDICTION
        return
    away = metric(world.prediction, "turned_away_jobs")
    if away:
        yield Finding(f"{digits(away)} jobs a flight are turned away: the queue is full")
    if metric(world.prediction, "makespan_seconds") is None:
        yield Finding("not all jobs end within the horizon of the scenario")


_BUSY = ("compute", "communication_exposed", "overhead")
_INPUT = ("storage", "input_decoding")


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
        id="predicted-utilisation",
        title="Accelerators are busy",
        category="outcome",
        severity="advisory",
        judge=utilisation,
        settings=Utilisation,
        remedy="take fewer accelerators, or mend what they wait for (see the bottleneck)",
    ),
    Rule(
        id="predicted-input-bound",
        title="Accelerators do not wait for their input",
        category="outcome",
        severity="advisory",
        judge=input_bound,
        settings=InputBound,
        remedy="cache the dataset on the nodes (local_nvme), take a faster file system, more CPUs, "
        "or fewer accelerators",
    ),
    Rule(
        id="predicted-communication-bound",
        title="Accelerators do not wait for each other",
        category="outcome",
        severity="advisory",
        judge=communication_bound,
        settings=CommunicationBound,
        remedy="set placement: cluster, take nodes with faster networks, or a larger batch",
    ),
    Rule(
        id="predicted-memory-fit",
        title="Models fit into accelerator memory with room to spare",
        category="outcome",
        judge=memory_fit,
        settings=MemoryFit,
        remedy="make the batch smaller, shard the optimizer, or take accelerators with more memory",
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
