"""Predictions, bills and choices as tables for people."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from domain.bill import Bill
from domain.figures import digits, duration, money, percent
from domain.prediction import Candidate, Choice, Metric, Prediction
from simulator.report.labels import describe_value, describe_values, row_labels
from simulator.report.layout import Column, draw_table, needed_width
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

_TIME_NAMES = {"makespan_seconds": "time", "job_completion_time_seconds": "mean completion"}
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
    rows = []
    for name, metric in prediction.metrics.items():
        if name in _ONLY_IF_ANY and metric.mean == 0:
            continue
        rows.append(
            [
                _METRIC_NAMES.get(name, name),
                figure(name, metric.mean),
                _interval(name, metric, prediction.replications),
                *(figure(name, value) for value in (metric.p50, metric.p95, metric.p99)),
            ]
        )
    draw_table(
        console,
        [
            Column("metric", words=True),
            Column("mean"),
            Column("95 % interval", spare=1),
            Column("p50", spare=2),
            Column("p95"),
            Column("p99", spare=3),
        ],
        rows,
    )
    _draw_steps(console, prediction)
    draw_bill(console, prediction.bill)
    console.print(f"bottleneck: [bold]{escape(prediction.bottleneck)}[/]")
    _draw_footing(console, prediction)


def _draw_steps(console: Console, prediction: Prediction) -> None:
    if not prediction.workloads:
        return
    rows = []
    for name, facts in prediction.workloads.items():
        memory = facts["memory_needed_bytes"]
        batch = str(facts["per_device_batch"])
        if facts["micro_batches"] > 1:
            batch += f" in {facts['micro_batches']} parts"
        rows.append(
            [
                f"{name} on {facts['accelerators']} × {facts['accelerator']}",
                duration(facts["step_seconds"] or math.nan),
                digits(facts["throughput_samples_per_second"] or 0.0),
                batch,
                f"{memory / 2**30:.1f} GiB" if memory else "–",
                facts["bottleneck"],
            ]
        )
    draw_table(
        console,
        [
            Column("training job", words=True),
            Column("step"),
            Column("samples/s"),
            Column("batch/device", spare=2),
            Column("memory", spare=1),
            Column("bounded by", words=True),
        ],
        rows,
    )


def draw_bill(console: Console, bill: Bill) -> None:
    """Line items, what has no price, the total, how old the prices are and what was assumed."""
    rows = [
        [
            line.resource,
            line.component,
            digits(float(line.quantity)),
            line.unit,
            f"${float(line.unit_price_usd):.6g}",
            money(float(line.amount_usd)),
        ]
        for line in bill.lines
    ]
    rows += [[gap.resource, gap.component, "", "", "", "unpriced"] for gap in bill.unpriced]
    if rows:
        draw_table(
            console,
            [
                Column("resource", words=True, spare=3),
                Column("component", words=True),
                Column("quantity"),
                Column("unit", words=True),
                Column("unit price", spare=1),
                Column("amount"),
            ],
            rows,
        )
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
    own = sorted({line.source for line in bill.lines if line.source.startswith("prices: ")})
    for source in own:
        console.print(f"own {escape(source)}")
    assumed = {line.component: line.note for line in bill.lines if "Assumed" in (line.note or "")}
    for component, note in assumed.items():
        console.print(f"[yellow]{escape(component)}[/]: {escape(note or '')}")
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
        _draw_frontier(console, choice, shown)
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
    _draw_footing(console, choice)


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
                _interval("cost_usd", cost, choice.replications),
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


def draw_comparison(
    console: Console,
    predictions: Sequence[Prediction],
    differences: Sequence[Difference],
) -> None:
    """Predictions side by side, and paired differences against the first."""
    names = [prediction.scenario for prediction in predictions]
    rows = []
    for metric in predictions[0].metrics:
        values = [each.metrics.get(metric) for each in predictions]
        if metric in _ONLY_IF_ANY and all(value and value.mean == 0 for value in values):
            continue
        row = [figure(metric, value.mean) if value else "–" for value in values]
        rows.append([_METRIC_NAMES.get(metric, metric), *row])
    rows.append(["bottleneck", *(prediction.bottleneck for prediction in predictions)])
    draw_table(
        console,
        [Column("metric", words=True), *(Column(name, words=True) for name in names)],
        rows,
    )
    paired = []
    for each in differences:
        low, high = each.ci95
        if low == high == 0:
            continue
        paired.append(
            [
                _METRIC_NAMES.get(each.metric, each.metric),
                f"{each.scenario} − {each.baseline}",
                _signed(each.metric, each.mean),
                "–"
                if math.isnan(low)
                else f"{_signed(each.metric, low)} … {_signed(each.metric, high)}",
                "significant" if each.is_significant else "",
            ]
        )
    columns = [
        Column("difference", words=True),
        Column("scenarios", words=True),
        Column("mean"),
        Column("95 % interval"),
        Column("", left=True),
    ]
    if paired:
        draw_table(console, columns, paired)
    _draw_footing(console, predictions[0])


def _signed(name: str, value: float) -> str:
    text = figure(name, value).replace("-0 %", "0 %")
    return f"+{text}" if value > 0 else text
