"""Predicted beside measured, and past errors over time, as tables and as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from rich.console import Console
from rich.markup import escape

from domain.figures import duration, money, percent
from simulator.report.layout import Column, draw_table
from simulator.study.compare_measured import Comparison
from simulator.study.drift import Drift
from simulator.study.ledger import Entry, outcomes
from simulator.study.ledger_summary import Record

_SHOWN = 20


def draw_comparisons(console: Console, found: Sequence[Comparison]) -> None:
    """Each measured run beside what is predicted of it: model and batch, time, and then the wait
    for input and the cost, each predicted / measured."""
    draw_table(
        console,
        [
            Column("run", left=True),
            Column("on", left=True, spare=2),
            Column("predicted step"),
            Column("90 % interval"),
            Column("measured"),
            Column("error"),
            Column("inside", left=True),
            Column("input wait", spare=1),
            Column("$ a million", spare=3),
        ],
        [_comparison(each) for each in found],
    )
    errors = [abs(each.error) for each in found]
    inside = sum(each.is_inside for each in found)
    if len(found) > 1:
        console.print(
            f"median error {percent(median(errors))}; {inside} of {len(found)} inside their "
            "90 % interval"
        )
    left = [each.measurement.own_share for each in found if each.measurement.own_share < 1.0]
    if left:
        console.print(
            "measured times are those of hosts without other programs, which took "
            f"{percent(1 - max(left))} to {percent(1 - min(left))} of the processors"
        )
    for sentence in dict.fromkeys(each.supported.text for each in found):
        if sentence:
            console.print(escape(sentence))


def _comparison(found: Comparison) -> list[str]:
    what = found.measurement.workload
    machine = found.measurement.environment.machine or found.accelerator
    nodes = found.measurement.environment.nodes
    where = f"{nodes} × {machine}" if nodes > 1 else machine
    low, high = duration(found.lower90_step_seconds), duration(found.upper90_step_seconds)
    return [
        f"{found.model}, {what.global_batch:,}",
        where,
        duration(found.predicted_step_seconds),
        f"{low} … {high}",
        duration(found.measured_step_seconds),
        _signed(found.error),
        "yes" if found.is_inside else "no",
        f"{percent(found.predicted_input_share)} / {_share(found.measured_input_share)}",
        f"{_cost(found.predicted_usd_per_million)} / {_cost(found.measured_usd_per_million)}",
    ]


def draw_ledger(
    console: Console,
    entries: Sequence[Entry],
    records: Sequence[Record],
    warnings: Sequence[Drift],
) -> None:
    """Past errors by machine and model, the latest outcomes, and what has drifted."""
    predictions = sum(each.kind == "prediction" for each in entries)
    done = outcomes(entries)
    console.print(f"{predictions:,} predictions and {len(done):,} outcomes")
    if records:
        draw_table(
            console,
            [
                Column("machine", left=True),
                Column("model", left=True),
                Column("outcomes"),
                Column("median error"),
                Column("of the last 5"),
                Column("bias", spare=1),
                Column("inside 90 %"),
                Column("last", left=True, spare=2),
            ],
            [
                [
                    each.accelerator,
                    each.model or "all",
                    f"{each.outcomes:,}",
                    percent(each.median_error),
                    percent(each.recent_error),
                    _signed(each.bias),
                    f"{each.inside} of {each.scored}",
                    each.last[:10],
                ]
                for each in records
            ],
        )
        draw_table(
            console,
            [
                Column("measured", left=True),
                Column("model", left=True),
                Column("machine", left=True, spare=1),
                Column("batch", spare=3),
                Column("predicted step"),
                Column("measured step"),
                Column("error"),
                Column("inside", left=True),
                Column("calibration", left=True, spare=2),
            ],
            [_outcome(each) for each in done[-_SHOWN:]],
            title=f"the latest {min(len(done), _SHOWN)} outcomes",
        )
    for warning in warnings:
        console.print(f"[bold yellow]drift[/]: {escape(warning.text)}")
    if records and not warnings:
        console.print("no sign of drift")


def _outcome(entry: Entry) -> list[str]:
    return [
        entry.measured_at[:16].replace("T", " "),
        entry.model,
        entry.accelerator if entry.nodes == 1 else f"{entry.nodes} × {entry.accelerator}",
        f"{entry.global_batch:,}",
        duration(entry.predicted_step_seconds),
        duration(entry.measured_step_seconds),
        _signed(math.expm1(-entry.log_error)),
        "yes" if entry.is_inside else "no",
        entry.calibration,
    ]


def _signed(value: float) -> str:
    return f"{value * 100:+.0f} %"


def _share(value: float) -> str:
    return "–" if math.isnan(value) else percent(value)


def _cost(usd: float) -> str:
    return "–" if math.isnan(usd) else money(usd)
