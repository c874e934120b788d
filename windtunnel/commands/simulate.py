"""`windtunnel simulate`: one prediction."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.errors import GoalNotMet
from windtunnel.options import (
    ALL_CORES,
    AsJson,
    Out,
    PricesPath,
    Replications,
    ScenarioPath,
    Seed,
    Settings,
    Workers,
)


def simulate(
    scenario: ScenarioPath,
    settings: Settings = None,
    replications: Replications = None,
    seed: Seed = None,
    workers: Workers = ALL_CORES,
    prices: PricesPath = None,
    jobs_out: Annotated[
        Path | None,
        typer.Option(
            "--jobs-out",
            metavar="FILE",
            help="Write a record of each job of the first replication, .csv or .parquet.",
        ),
    ] = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Predict time, cost, queueing and utilisation of one scenario.

    Exits with 1 when the prediction misses the scenario's deadline or budget.

    Example:  windtunnel simulate examples/team_queue.yaml --set scheduler.policy=sjf
    """
    from domain.reading import load_scenario
    from simulator.report.prediction_tables import draw_prediction
    from simulator.study.judging import out_by_flight
    from windtunnel.flying import check_jobs_path, fly_scenario, write_jobs
    from windtunnel.output import check_writable, emit
    from windtunnel.progress import progress_bar

    file = load_scenario(scenario, settings or ())
    if out is not None:
        check_writable(out)
    if jobs_out is not None:
        check_jobs_path(jobs_out)
    with progress_bar("flying") as progress:
        flown = fly_scenario(
            file,
            prices,
            replications=replications,
            seed=seed,
            workers=workers,
            progress=progress,
            with_jobs=jobs_out is not None,
        )
    if jobs_out is not None:
        write_jobs(flown, jobs_out)
    emit(
        flown.prediction.to_json(),
        as_json,
        out,
        lambda console: draw_prediction(console, flown.prediction),
    )
    goal = file.scenario.goal
    limited = goal.deadline is not None or goal.budget is not None
    missed = out_by_flight(flown, goal) if limited else None
    if missed is not None:
        raise GoalNotMet(f"the goal is not met: it {missed.reason}")
