"""`windtunnel simulate`: one prediction."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import GoalNotMet, InputError
from windtunnel.options import (
    ALL_CORES,
    AsJson,
    CalibrationPath,
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
    calibration: CalibrationPath = None,
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
    from domain.catalog import load_catalog
    from domain.located import locate
    from domain.reading import load_prices, load_scenario
    from simulator.report.prediction_tables import draw_prediction
    from simulator.study.calibrated import load_calibrated
    from simulator.study.judging import out_by_flight
    from simulator.study.ledger_entries import entries_of_scenario
    from simulator.study.simulate import simulate as simulate_scenario
    from windtunnel.flying import check_jobs_path, write_jobs
    from windtunnel.ledgers import note_predictions
    from windtunnel.output import check_writable, emit
    from windtunnel.progress import progress_bar

    file = load_scenario(scenario, settings or ())
    if out is not None:
        check_writable(out)
    if jobs_out is not None:
        check_jobs_path(jobs_out)
    read = file.scenario
    if prices is not None:
        read = read.model_copy(update={"prices": load_prices(prices)})
    calibrated = load_calibrated(calibration) if calibration else None
    catalog = load_catalog()
    if calibrated is not None:
        catalog = catalog.with_accelerators(calibrated.accelerators.values())
    with progress_bar("flying") as progress:
        try:
            flown = simulate_scenario(
                file.name,
                read,
                file.folder,
                catalog,
                today=date.today(),
                replications=replications,
                seed=seed,
                workers=workers,
                progress=progress,
                with_jobs=jobs_out is not None,
                calibrated=calibrated,
            )
        except InputError as error:
            raise locate(error, file.located) from None
    if jobs_out is not None:
        write_jobs(flown, jobs_out)
    emit(
        flown.prediction.to_json(),
        as_json,
        out,
        lambda console: draw_prediction(console, flown.prediction),
    )
    note_predictions(
        lambda moment: entries_of_scenario(flown.prediction, file.scenario, "simulate", moment)
    )
    goal = file.scenario.goal
    limited = goal.deadline is not None or goal.budget is not None
    missed = out_by_flight(flown, goal) if limited else None
    if missed is not None:
        raise GoalNotMet(f"the goal is not met: it {missed.reason}")
