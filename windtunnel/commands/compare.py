"""`windtunnel compare`: scenarios side by side, with paired differences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import InputError
from windtunnel.options import (
    ALL_CORES,
    AsJson,
    Out,
    PricesPath,
    Replications,
    Seed,
    Settings,
    Workers,
)


def compare(
    scenarios: Annotated[
        list[Path], typer.Argument(metavar="A B ...", help="Scenario files; A is the baseline.")
    ],
    settings: Settings = None,
    replications: Replications = None,
    seed: Seed = None,
    workers: Workers = ALL_CORES,
    prices: PricesPath = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Predict several scenarios with the same random numbers and show the differences.

    All fly with the seed and the replications of the first, unless given here, so a
    difference is due to the scenarios and not to luck.

    Example:  windtunnel compare examples/team_queue.yaml my_queue.yaml
    """
    from domain.reading import load_scenario
    from simulator.report.comparison_tables import draw_comparison
    from simulator.study.compare import paired_differences
    from windtunnel.flying import fly_scenario
    from windtunnel.output import emit
    from windtunnel.progress import progress_bar

    if len(scenarios) < 2:
        raise InputError("compare needs two scenario files or more")
    files = [load_scenario(path, settings or ()) for path in scenarios]
    if len({file.name for file in files}) < len(files):
        # Two of one name would be told apart by nobody.
        files = [
            replace(file, called=f"{file.name} ({path})")
            for file, path in zip(files, scenarios, strict=True)
        ]
    first = files[0].scenario
    flown = []
    with progress_bar("flying") as progress:
        for file in files:
            flown.append(
                fly_scenario(
                    file,
                    prices,
                    replications=replications or first.replications,
                    seed=first.seed if seed is None else seed,
                    workers=workers,
                    progress=progress,
                )
            )
    differences = paired_differences(flown)
    predictions = [each.prediction for each in flown]
    emit(
        {
            "predictions": [prediction.to_json() for prediction in predictions],
            "differences": [each.to_json() for each in differences],
        },
        as_json,
        out,
        lambda console: draw_comparison(console, predictions, differences),
    )
