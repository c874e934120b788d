"""Predicted training runs and fitted calibrations as tables for people."""

from __future__ import annotations

import math

from rich.console import Console
from rich.markup import escape

from domain.figures import digits, duration, money, percent, size
from simulator.report.layout import Column, draw_table
from simulator.study.calibrate import Fit
from simulator.study.single_point import PointPrediction

_PARTS = {
    "compute": "compute",
    "pipeline_idle": "pipeline idle",
    "exposed_communication": "exposed communication",
    "overhead": "overhead and stragglers",
}


def draw_point(console: Console, found: PointPrediction) -> None:
    """One run: how fast, what it needs and costs, where its time goes, what it rests on."""
    run, place = found.run, found.run.place
    where = f" ({place.region}, {place.market})" if place.region else ""
    console.print(
        f"[bold]{escape(found.model)}[/] on {run.nodes} × {escape(place.name)}{escape(where)}, "
        f"{_layout(found)}"
    )
    tokens = ""
    if found.tokens_per_sample > 1:
        tokens = f" ({digits(found.throughput * found.tokens_per_sample)} tokens/s)"
    rows = [
        ["step time", duration(found.step_seconds)],
        ["throughput", f"{digits(found.throughput)} {found.unit}{tokens}"],
        ["90 % interval", f"{digits(found.lower90)} … {digits(found.upper90)} {found.unit}"],
        ["model FLOPs utilisation", percent(found.model_flops_utilisation)],
        ["memory needed", _memory(found)],
        ["bottleneck", found.bottleneck],
        ["cost of a million samples", _cost(found)],
    ]
    draw_table(console, [Column("figure", left=True), Column("predicted", left=True)], rows)
    draw_table(
        console,
        [Column("where the time goes", left=True), Column("of a step"), Column("share")],
        [
            [_PARTS[name], duration(seconds), percent(seconds / found.step_seconds)]
            for name, seconds in found.seconds.items()
            if seconds > 0
        ],
    )
    if found.hidden_communication_seconds > 0:
        hidden = duration(found.hidden_communication_seconds)
        console.print(f"{hidden} of communication is hidden behind compute")
    console.print("reading and decoding input are not in it; a scenario counts both")
    console.print(escape(_rests_on(found)))
    if found.run.software and found.knowledge == "stack":
        console.print("they are of this software as it was measured; --software does not count")
    if found.supported.text:
        console.print(escape(found.supported.text))
    if found.fits is False:
        _draw_advice(console, found)


def _layout(found: PointPrediction) -> str:
    run = found.run
    parts = [f"batch {run.global_batch:,}", f"micro batch {run.micro_batch:,}"]
    degrees = {
        "data": run.replicas,
        "tensor": run.tensor_parallel,
        "pipeline": run.pipeline_parallel,
    }
    parts += [f"{name}-parallel {degree}" for name, degree in degrees.items() if degree > 1]
    parts.append(run.precision)
    return ", ".join(parts)


def _memory(found: PointPrediction) -> str:
    if found.fits is None:
        return f"{size(found.needed_bytes)}; what there is is not known"
    verdict = "" if found.fits else ": does not fit"
    return (
        f"{size(found.needed_bytes)} of {size(found.usable_bytes)} usable "
        f"({size(found.accelerator_bytes)} in all){verdict}"
    )


def _cost(found: PointPrediction) -> str:
    if math.isnan(found.usd_per_million_samples):
        return f"– ({found.run.place.unpriced})"
    return money(found.usd_per_million_samples)


def _rests_on(found: PointPrediction) -> str:
    if found.knowledge == "nothing":
        known = "no measured run of this model or accelerator"
    elif found.knowledge == "probes":
        known = "probes of this accelerator"
    elif found.knowledge == "stack":
        known = "parameters of this accelerator and framework"
    else:
        *first, last = found.knowledge.split(", ")
        known = f"measured runs of the same {', '.join(first)}{' and ' if first else ''}{last}"
    typical = ""
    if not math.isnan(found.typical_error):
        typical = f"; such predictions are typically {percent(found.typical_error)} off"
    return f"rests on {known}{typical} (calibration {found.calibration})"


def _draw_advice(console: Console, found: PointPrediction) -> None:
    short = size(found.needed_bytes - found.usable_bytes)
    console.print(f"\n[bold]does not fit by {short}[/] in each accelerator; what would:")
    for each in found.advice:
        console.print(f"  • {escape(each.text)}")
    if not found.advice:
        console.print("  • nothing that was tried: take more accelerators or a smaller model")


def draw_fit(console: Console, fit: Fit, before: str) -> None:
    """A calibration: its errors on runs held out, beside those of the one before."""
    console.print(
        f"[bold]{escape(fit.calibrated.version)}[/]: fitted on {fit.rows:,} measured runs; "
        "errors are of runs held out"
    )
    draw_table(
        console,
        [
            Column("source", left=True),
            Column("runs"),
            Column("median"),
            Column("MAPE"),
            Column("bias", spare=1),
            Column(f"MAPE of {before}"),
        ],
        [
            [
                each.name,
                f"{each.rows:,}",
                percent(each.median),
                percent(each.mape),
                f"{each.bias * 100:+.0f} %",
                percent(each.baseline),
            ]
            for each in fit.held_out
        ],
    )
    if fit.curve:
        draw_table(
            console,
            [Column("runs measured on a new accelerator"), Column("median error on its others")],
            [[str(count), percent(error)] for count, error in fit.curve],
        )
