"""`windtunnel trace describe`: what is in a trace, before it is replayed."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from windtunnel.options import AsJson, Out, Settings

if TYPE_CHECKING:
    from rich.console import Console

    from simulator.traces import TraceSummary

app = typer.Typer(no_args_is_help=True, help="Recorded and synthetic job traces.")


@app.callback()
def _group() -> None:
    pass


class TraceFormat(StrEnum):
    """Formats that can be read without a scenario."""

    PHILLY = "philly"
    CSV = "csv"


@app.command("describe")
def describe(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="TRACE|SCENARIO",
            help="A trace file, or a scenario (.yaml) whose traces and pools to use.",
        ),
    ],
    trace_format: Annotated[
        TraceFormat | None,
        typer.Option("--format", help="Of a trace file; otherwise told from its columns."),
    ] = None,
    settings: Settings = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Print how many jobs a trace has, of what size and length, when they come, and the load.

    Example:  windtunnel trace describe philly_trace.csv.gz
    """
    from windtunnel.output import emit
    from windtunnel.trace_files import summarise_path

    summary = summarise_path(path, trace_format.value if trace_format else None, settings or ())
    emit(asdict(summary), as_json, out, lambda console: _draw(console, path, summary))


def _draw(console: Console, path: Path, summary: TraceSummary) -> None:
    from rich.markup import escape

    from domain.figures import digits, duration
    from simulator.report.layout import Column, draw_table

    console.print(
        f"[bold]{escape(str(path))}[/]  {summary.jobs:,} jobs over "
        f"{duration(summary.span_seconds)}, {digits(summary.accelerator_hours)} accelerator-hours"
    )
    rows = [
        [
            name,
            f"{pool.jobs:,}",
            digits(pool.accelerator_hours),
            *(duration(pool.duration_seconds[level]) for level in ("p50", "p90", "p99")),
            str(max(pool.jobs_by_accelerators, default=0)),
            "–" if pool.offered_load is None else f"{pool.offered_load:.2f}",
        ]
        for name, pool in {**summary.pools, "all": summary}.items()
    ]
    columns = [
        Column("pool", left=True),
        Column("jobs"),
        Column("accelerator-hours", spare=1),
        Column("p50"),
        Column("p90", spare=3),
        Column("p99", spare=2),
        Column("largest"),
        Column("load"),
    ]
    draw_table(console, columns, rows, styles=[""] * len(summary.pools) + ["bold"])
    sizes = ", ".join(
        f"{size}: {count:,}" for size, count in sorted(summary.jobs_by_accelerators.items())
    )
    console.print(f"jobs by accelerators  {sizes}")
    console.print(f"arrivals by hour      {_sparkline(summary.jobs_by_hour)}  (0 h to 23 h)")


def _sparkline(counts: list[int]) -> str:
    bars = "▁▂▃▄▅▆▇█"
    most = max(counts, default=0) or 1
    return "".join(bars[round(count / most * (len(bars) - 1))] for count in counts)
