"""Predictions, bills and choices as tables for people."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from domain.bill import Bill
from domain.figures import digits, duration, money, percent
from domain.prediction import Candidate, Choice, Metric, Prediction
from simulator.report.labels import describe_value, describe_values, row_labels
from simulator.study.compare import Difference

_METRIC_NAMES = {
    "job_completion_time_seconds": "job completion time",
    "queueing_delay_seconds": "queueing delay",
    "makespan_seconds": "makespan",
    "accelerator_utilisation": "accelerator utilisation",
    "cost_usd": "cost",
    "interruptions": "interruptions",
    "lost_accelerator_seconds": "lost accelerator time",
    "turned_away_jobs": "jobs turned away",
    "cost_per_million_samples_usd": "cost per million samples",
}
_REASON_NAMES = {
    "dominated": "another is no slower and no dearer",
    "too_slow": "too slow",
    "over_budget": "over budget",
    "over_hourly_cap": "over the hourly cap",
    "does_not_fit": "does not fit in accelerator memory",
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

_GAPS_SHOWN = 3
_ONLY_IF_ANY = ("interruptions", "lost_accelerator_seconds", "turned_away_jobs")


def figure(name: str, value: float) -> str:
    """One value of a metric, in the unit that its name ends in."""
    if name.endswith("_seconds"):
        return duration(value)
    if name.endswith("_usd"):
        return money(value)
    if name.endswith("_utilisation"):
        return percent(value)
    return digits(value) if value == value else "–"


def _table(*columns: str, left: int = 1, title: str | None = None) -> Table:
    table = Table(
        box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False
    )
    for index, column in enumerate(columns):
        side: JustifyMethod = "left" if index < left else "right"
        table.add_column(column, justify=side, no_wrap=column != "reason")
    return table


def _interval(name: str, metric: Metric, replications: int = 2) -> str:
    low, high = metric.ci95
    if low == high and replications == 1:
        return "exact"
    return f"{figure(name, low)} … {figure(name, high)}" if low == low else "–"


def draw_prediction(console: Console, prediction: Prediction) -> None:
    """Metrics with intervals, training jobs, the bill, and what it rests on."""
    times = "replication" if prediction.replications == 1 else "replications"
    console.print(
        f"[bold]{escape(prediction.scenario)}[/]  "
        f"{prediction.replications} {times}, seed {prediction.seed}"
    )
    table = _table("metric", "mean", "95 % interval", "p50", "p95", "p99")
    for name, metric in prediction.metrics.items():
        if name in _ONLY_IF_ANY and metric.mean == 0:
            continue
        values = [figure(name, value) for value in (metric.p50, metric.p95, metric.p99)]
        table.add_row(
            _METRIC_NAMES.get(name, name),
            figure(name, metric.mean),
            _interval(name, metric, prediction.replications),
            *values,
        )
    console.print(table)
    _draw_steps(console, prediction)
    draw_bill(console, prediction.bill)
    console.print(f"bottleneck: [bold]{escape(prediction.bottleneck)}[/]")
    _draw_footing(console, prediction)


def _draw_steps(console: Console, prediction: Prediction) -> None:
    if not prediction.workloads:
        return
    table = _table(
        "training job", "step", "samples/s", "batch/device", "memory", "bounded by", left=1
    )
    for name, facts in prediction.workloads.items():
        memory = facts["memory_needed_bytes"]
        table.add_row(
            f"{escape(name)} on {facts['accelerators']} × {facts['accelerator']}",
            duration(facts["step_seconds"] or float("nan")),
            digits(facts["throughput_samples_per_second"] or 0.0),
            str(facts["per_device_batch"]),
            f"{memory / 2**30:.1f} GiB" if memory else "–",
            facts["bottleneck"],
        )
    console.print(table)


def draw_bill(console: Console, bill: Bill) -> None:
    """Line items, what has no price, the total."""
    table = _table("resource", "component", "quantity", "unit", "unit price", "amount", left=2)
    for line in bill.lines:
        table.add_row(
            escape(line.resource),
            escape(line.component),
            digits(float(line.quantity)),
            line.unit,
            f"${float(line.unit_price_usd):.6g}",
            money(float(line.amount_usd)),
        )
    for gap in bill.unpriced:
        table.add_row(
            escape(gap.resource), escape(gap.component), "", "", "", "[yellow]unpriced[/]"
        )
    if table.row_count:
        console.print(table)
    console.print(f"total: [bold]{bill.headline}[/]")
    for gap in bill.unpriced[:_GAPS_SHOWN]:
        text = f"[yellow]unpriced[/] {escape(gap.resource)}: {escape(gap.reason)}"
        console.print(Padding(text, (0, 0, 0, 2)))
    if len(bill.unpriced) > _GAPS_SHOWN:
        console.print(f"  … and {len(bill.unpriced) - _GAPS_SHOWN} more")
    if bill.price_dates:
        oldest, newest = bill.price_dates
        span = f"{oldest}" if oldest == newest else f"{oldest} to {newest}"
        console.print(f"prices here were observed: {span}")
    for note in bill.notes:
        console.print(f"[yellow]{escape(note)}[/]")


def _draw_footing(console: Console, result: Prediction | Choice) -> None:
    for note in result.notes:
        console.print(f"note: {escape(note)}")
    error = result.calibration.step_time_error
    known = (
        f"median step-time error {error:.0%} on published runs it was not fitted on"
        if error is not None
        else "its error is not known"
    )
    console.print(
        f"[dim]catalog {result.catalog_snapshot}; model {result.calibration.version}, {known}[/]"
    )


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
        _draw_frontier(console, shown, choice.choice.id)
        console.print(
            f"[bold green]recommended: {choice.choice.id}[/]  "
            f"{escape(describe_values(choice.choice.values))}"
        )
        for reason in choice.reasons:
            console.print(Padding(f"• {escape(reason)}", (0, 0, 0, 2)))
        console.print()
        if choice.choice.prediction:
            draw_bill(console, choice.choice.prediction.bill)
        _draw_runners_up(console, choice)
    table = _table("why the others lost", "candidates", "for example", left=1)
    table.columns[2].justify = "left"
    table.columns[2].no_wrap = False
    for code, count in lost.most_common():
        example = next(
            each for each in choice.rejected if each.rejection and each.rejection.code == code
        )
        assert example.rejection
        table.add_row(
            _REASON_NAMES.get(code, code.replace("_", " ")),
            str(count),
            f"{example.id}: {escape(example.rejection.reason)}",
        )
    if lost:
        console.print(table)
    _draw_footing(console, choice)


def _draw_frontier(console: Console, shown: Sequence[Candidate], chosen: str) -> None:
    labels = row_labels(shown)
    table = _table(
        "",
        *labels[0],
        "time",
        "cost",
        "95 % interval",
        left=1 + len(labels[0]),
        title="Pareto frontier",
    )
    for each, label in zip(shown, labels[1], strict=True):
        time, cost = each.metrics["makespan_seconds"], each.metrics["cost_usd"]
        style = "bold green" if each.id == chosen else ""
        table.add_row(
            f"{'→' if each.id == chosen else ' '} {each.id}",
            *map(escape, label),
            duration(time.mean),
            money(cost.mean),
            _interval("cost_usd", cost),
            style=style,
        )
    console.print(table)


def _draw_runners_up(console: Console, choice: Choice, limit: int = 12) -> None:
    """The cheapest that lost of each value of the first axis: why not that machine?"""
    best: dict[str, Candidate] = {}
    for each in choice.rejected:
        key = describe_value(next(iter(each.values.values()), ""))
        if key not in best or _cost(each) < _cost(best[key]):
            best[key] = each
    rows = sorted(best.values(), key=_cost)
    if rows:
        _draw_rejected(console, "runners-up, and why they lost", rows[:limit])


def _cost(candidate: Candidate) -> float:
    metric = candidate.metrics.get("cost_usd")
    return metric.mean if metric and metric.mean == metric.mean else math.inf


def draw_misses(console: Console, choice: Choice, limit: int = 8) -> None:
    """Where no candidate meets the goal: those that came nearest, and by how much."""
    console.print("[bold red]no candidate meets the goal[/]")
    missed = [
        each
        for each in choice.rejected
        if each.rejection and each.rejection.miss == each.rejection.miss
    ]
    missed.sort(key=lambda each: each.rejection.miss if each.rejection else 0.0)
    if missed:
        _draw_rejected(console, "nearest misses", missed[:limit])


def _draw_rejected(console: Console, title: str, rows: Iterable[Candidate]) -> None:
    rows = list(rows)
    labels = row_labels(rows)
    table = _table("", *labels[0], "time", "cost", "reason", left=1 + len(labels[0]), title=title)
    table.columns[-1].justify = "left"
    for each, label in zip(rows, labels[1], strict=True):
        time, cost = each.metrics.get("makespan_seconds"), each.metrics.get("cost_usd")
        least = "≥ " if each.basis == "closed_form" else ""
        table.add_row(
            each.id,
            *map(escape, label),
            f"{least}{duration(time.mean)}" if time else "–",
            f"{least}{money(cost.mean)}" if cost else "–",
            escape(each.rejection.reason) if each.rejection else "",
        )
    console.print(table)


def draw_comparison(
    console: Console,
    predictions: Sequence[Prediction],
    differences: Sequence[Difference],
) -> None:
    """Predictions side by side, and paired differences against the first."""
    names = [prediction.scenario for prediction in predictions]
    table = _table("metric", *names)
    for metric in predictions[0].metrics:
        row = [
            figure(metric, prediction.metrics[metric].mean) if metric in prediction.metrics else "–"
            for prediction in predictions
        ]
        table.add_row(_METRIC_NAMES.get(metric, metric), *row)
    table.add_row("bottleneck", *(prediction.bottleneck for prediction in predictions))
    console.print(table)
    paired = _table("difference", "scenarios", "mean", "95 % interval", "", left=2)
    for each in differences:
        low, high = each.ci95
        known = low == low
        paired.add_row(
            _METRIC_NAMES.get(each.metric, each.metric),
            f"{each.scenario} − {each.baseline}",
            _signed(each.metric, each.mean),
            f"{_signed(each.metric, low)} … {_signed(each.metric, high)}" if known else "–",
            "significant" if each.is_significant else "",
        )
    console.print(paired)


def _signed(name: str, value: float) -> str:
    text = figure(name, value)
    return f"+{text}" if value > 0 else text
