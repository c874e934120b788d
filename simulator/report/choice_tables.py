"""A choice as tables: the frontier, the recommendation, and why the others lost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from domain.figures import duration, money
from domain.prediction import Candidate, Choice
from simulator.report.labels import describe_value, describe_values, row_labels
from simulator.report.layout import Column, draw_table, needed_width
from simulator.report.prediction_tables import draw_bill, draw_footing, interval, what_it_rests_on

_TIME_NAMES = {"makespan_seconds": "time", "job_completion_time_seconds": "mean completion"}
_REASON_NAMES = {
    "dominated": "another is no slower and no dearer",
    "too_slow": "too slow",
    "over_budget": "over budget",
    "over_hourly_cap": "over the hourly cap",
    "does_not_fit": "does not fit in accelerator memory",
    "cannot_be_split": "the model cannot be split so",
    "does_not_divide": "does not divide evenly",
    "batch_too_small": "batch too small for so many",
    "framework": "framework does not run there",
    "precision": "no such precision there",
    "no_accelerator": "no accelerator",
    "not_offered": "not offered there",
    "unpriced": "no price known",
    "spot_share": "too much spot",
    "region": "region not allowed",
    "turned_away": "turns jobs away",
    "invalid": "not a valid scenario",
    "unknown": "not enough known to predict",
}


def draw_choice(console: Console, choice: Choice) -> None:
    """The frontier, the recommendation with its reasons and bill, why the others lost."""
    lost = Counter(each.rejection.code for each in choice.rejected if each.rejection)
    console.print(
        f"[bold]{escape(choice.scenario)}[/]  {choice.candidates} candidates, "
        f"{choice.flown} flown, {choice.replications} replications each, seed {choice.seed}"
    )
    if choice.choice is None:
        draw_misses(console, choice)
    else:
        shown = sorted(
            [choice.choice, *choice.frontier], key=lambda each: each.metrics["cost_usd"].mean
        )
        _draw_frontier(console, choice, shown)
        console.print(
            f"[bold green]recommended: {choice.choice.id}[/]  "
            f"{escape(describe_values(choice.choice.values))}"
        )
        for reason in (*choice.reasons, *what_it_rests_on(choice.calibration)):
            console.print(Padding(f"• {escape(reason)}", (0, 0, 0, 2)))
        console.print()
        if choice.choice.prediction:
            draw_bill(console, choice.choice.prediction.bill)
        _draw_runners_up(console, choice)
    rows = []
    for code, count in lost.most_common():
        example = next(each for each in choice.rejected if _code(each) == code)
        reason = example.rejection.reason if example.rejection else ""
        name = _REASON_NAMES.get(code, code.replace("_", " "))
        rows.append([name, str(count), f"{example.id}: {reason}"])
    if rows:
        columns = [
            Column("why the others lost", words=True),
            Column("candidates"),
            Column("for example", words=True),
        ]
        draw_table(console, columns, rows)
    draw_footing(console, choice)


def _code(candidate: Candidate) -> str:
    return candidate.rejection.code if candidate.rejection else ""


def _draw_frontier(console: Console, choice: Choice, shown: Sequence[Candidate]) -> None:
    chosen = choice.choice.id if choice.choice else ""
    rows = []
    for each in shown:
        time, cost = each.metrics[choice.time_metric], each.metrics["cost_usd"]
        rows.append(
            [
                f"{'→' if each.id == chosen else ' '} {each.id}",
                duration(time.mean),
                money(cost.mean),
                interval("cost_usd", cost, choice.replications),
            ]
        )
    figures = [
        Column(_TIME_NAMES[choice.time_metric]),
        Column("cost"),
        Column("95 % interval", spare=1),
    ]
    styles = ["bold green" if each.id == chosen else "" for each in shown]
    _draw_candidates(console, "Pareto frontier", shown, figures, rows, styles)


def _draw_candidates(
    console: Console,
    title: str,
    shown: Sequence[Candidate],
    figures: Sequence[Column],
    rows: Sequence[Sequence[str]],
    styles: Sequence[str] = (),
) -> None:
    """Candidates with a column for each axis, or with all values in one where room is short."""
    names, labels = row_labels(shown)
    apart = [Column("", left=True), *(Column(name, left=True) for name in names), *figures]
    together = [Column("", left=True), Column("candidate", words=True), *figures]
    wide = [[row[0], *label, *row[1:]] for row, label in zip(rows, labels, strict=True)]
    narrow = [[row[0], ", ".join(label), *row[1:]] for row, label in zip(rows, labels, strict=True)]
    if needed_width(apart, wide) <= console.width:
        draw_table(console, apart, wide, title=title, styles=styles)
    else:
        draw_table(console, together, narrow, title=title, styles=styles)


def _draw_runners_up(console: Console, choice: Choice, limit: int = 12) -> None:
    """The cheapest that lost of each value of the first axis: why not that machine?"""
    best: dict[str, Candidate] = {}
    for each in choice.rejected:
        key = describe_value(next(iter(each.values.values()), ""))
        if key not in best or _cost(each) < _cost(best[key]):
            best[key] = each
    rows = sorted(best.values(), key=_cost)
    if rows:
        _draw_rejected(console, "runners-up, and why they lost", rows[:limit], choice.time_metric)


def _cost(candidate: Candidate) -> float:
    metric = candidate.metrics.get("cost_usd")
    return metric.mean if metric and metric.mean == metric.mean else math.inf


def draw_misses(console: Console, choice: Choice, limit: int = 8) -> None:
    """Where no candidate meets the goal: those that came nearest, and by how much."""
    console.print("[bold red]no candidate meets the goal[/]")
    missed = [
        (each.rejection.miss, each)
        for each in choice.rejected
        if each.rejection and not math.isnan(each.rejection.miss)
    ]
    nearest = [each for _, each in sorted(missed, key=lambda pair: pair[0])]
    if nearest:
        _draw_rejected(console, "nearest misses", nearest[:limit], choice.time_metric)


def _draw_rejected(
    console: Console, title: str, shown: Sequence[Candidate], time_metric: str
) -> None:
    rows = []
    for each in shown:
        least = "≥ " if each.basis == "closed_form" else ""
        time = each.metrics.get(time_metric) or each.metrics.get("makespan_seconds")
        cost = each.metrics.get("cost_usd")
        rows.append(
            [
                each.id,
                f"{least}{duration(time.mean)}" if time else "–",
                f"{least}{money(cost.mean)}" if cost and not math.isnan(cost.mean) else "–",
                each.rejection.reason if each.rejection else "",
            ]
        )
    figures = [Column(_TIME_NAMES[time_metric]), Column("cost"), Column("reason", words=True)]
    _draw_candidates(console, title, shown, figures, rows)
