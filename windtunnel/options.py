"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

ALL_CORES = os.cpu_count() or 1

ScenarioPath = Annotated[
    Path, typer.Argument(metavar="SCENARIO", help="Scenario file (see `windtunnel init`).")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Override a value of the file, like environment.pools.train.count=8. Repeatable.",
    ),
]
Replications = Annotated[
    int | None,
    typer.Option(
        "--replications",
        min=1,
        max=1_000_000,
        help="Independent flights; default from the scenario.",
    ),
]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, help="Seed of all randomness; same seed, same bytes.")
]
Workers = Annotated[
    int,
    typer.Option(
        "--workers",
        min=1,
        help="Processes to fly in, where that pays; the result is the same.",
        show_default="all cores",
    ),
]
PricesPath = Annotated[
    Path | None,
    typer.Option("--prices", metavar="FILE", help="Your own prices; they override the catalog's."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Also write the JSON to a file.")
]
CalibrationPath = Annotated[
    Path | None,
    typer.Option(
        "--calibration",
        metavar="FILE",
        help="What `windtunnel calibrate` wrote, instead of the calibration that is shipped.",
    ),
]
StackName = Annotated[
    str | None,
    typer.Option("--stack", metavar="STACK", help="A stack of a Pulumi program here, like dev."),
]
PreviewPath = Annotated[
    Path | None,
    typer.Option(
        "--preview",
        metavar="FILE",
        help="What `pulumi preview --json --show-sames` printed, or an engine's event log.",
    ),
]
StatePath = Annotated[
    Path | None,
    typer.Option("--state", metavar="FILE", help="What `pulumi stack export` printed."),
]
Project = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="FOLDER",
        help="The folder with Pulumi.yaml; otherwise here or above.",
    ),
]
OnScenario = Annotated[
    Path | None,
    typer.Option(
        "--scenario",
        metavar="SCENARIO",
        help="Fly the workloads of this scenario on exactly the hardware of the stack.",
    ),
]
RunsPerMonth = Annotated[
    float,
    typer.Option(
        "--runs-per-month",
        min=0.0,
        help="How often the scenario runs in a month, for what depends on usage.",
    ),
]
UsagePath = Annotated[
    Path | None,
    typer.Option(
        "--usage",
        metavar="FILE",
        help=(
            "What resources are used for in a month, in YAML; wins over a simulation "
            "(`windtunnel usage init` writes one)."
        ),
    ),
]
