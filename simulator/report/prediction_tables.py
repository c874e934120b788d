"""A prediction and its bill as tables for people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from domain.bill import Bill
from domain.figures import digits, duration, money, percent, unit_price
from domain.prediction import CalibrationUsed, Choice, Metric, Prediction
from simulator.report.layout import Column, draw_table

METRIC_NAMES = {
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

_GAPS_SHOWN = 3
ONLY_IF_ANY = ("interruptions", "lost_accelerator_seconds", "turned_away_jobs")


def figure(name: str, value: float) -> str:
    """One value of a metric, in the unit that its name ends in."""
    if name.endswith("_seconds"):
        return duration(value)
    if name.endswith("_usd"):
        return money(value)
    if name.endswith("_utilisation"):
        return percent(value)
    return digits(value) if value == value else "–"


def interval(name: str, metric: Metric, replications: int) -> str:
    """The 95 % interval of the mean; "exact" where one replication says it all."""
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
        if name in ONLY_IF_ANY and metric.mean == 0:
            continue
        rows.append(
            [
                METRIC_NAMES.get(name, name),
                figure(name, metric.mean),
                interval(name, metric, prediction.replications),
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
    for told in what_it_rests_on(prediction.calibration):
        console.print(escape(told))
    draw_footing(console, prediction)


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
                f"{name} on {facts['accelerators']} × {facts['accelerator']}"
                f"{_split_told(facts['parallelism'])}",
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


def _split_told(split: Mapping[str, Any]) -> str:
    """``: data 4 × tensor 8, zero1``; empty where nothing is split or shared out."""
    degrees = [f"{name} {split[name]}" for name in ("tensor", "pipeline") if split[name] > 1]
    shared = [split["sharding"]] if split["sharding"] != "none" else []
    if not degrees and not shared:
        return ""
    return ": " + ", ".join([" × ".join([f"data {split['data']}", *degrees]), *shared])


def draw_bill(console: Console, bill: Bill) -> None:
    """Line items, what has no price, the total, how old the prices are and what was assumed."""
    rows = [
        [
            line.resource,
            line.component,
            digits(float(line.quantity)),
            line.unit,
            unit_price(line.unit_price_usd),
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


def what_it_rests_on(used: CalibrationUsed) -> list[str]:
    """How well step times like the predicted one were predicted, and the user's own
    measurements that support it; empty where there are none."""
    told = [used.support] if used.support else []
    if used.typical_error is not None:
        whose = "" if used.support else "public "
        told.append(
            f"step times like this one were within {used.typical_error:.0%} (median) on "
            f"{whose}runs it was not fitted on"
        )
    return told


def draw_footing(console: Console, result: Prediction | Choice) -> None:
    """Notes, the catalog and the model that the result rests on."""
    for note in result.notes:
        console.print(f"note: {escape(note)}")
    version = escape(result.calibration.version)
    console.print(f"[dim]catalog {result.catalog_snapshot}; model {version}[/]")
