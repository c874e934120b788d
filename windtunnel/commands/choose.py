"""`windtunnel choose`: explore the axes, recommend one candidate."""

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


def choose(
    scenario: ScenarioPath,
    settings: Settings = None,
    replications: Replications = None,
    seed: Seed = None,
    workers: Workers = ALL_CORES,
    prices: PricesPath = None,
    calibration: CalibrationPath = None,
    write: Annotated[
        str | None,
        typer.Option(
            "--write",
            metavar="STACK",
            help="Put the chosen environment into Pulumi.STACK.yaml.",
        ),
    ] = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Try every combination of the axes; print the Pareto frontier and one recommendation.

    Exits with 1 when no candidate meets the goal, and lists the nearest misses.

    Example:  windtunnel choose examples/resnet50_imagenet.yaml --write dev
    """
    from domain.located import locate
    from domain.reading import load_prices, load_scenario
    from domain.scenario import Scenario
    from simulator.report.choice_tables import draw_choice
    from simulator.study.calibrated import load_calibrated
    from simulator.study.choose import choose as choose_candidate
    from simulator.study.ledger_entries import entries_of_scenario
    from simulator.study.lenses import read_candidate
    from windtunnel.ledgers import note_predictions
    from windtunnel.output import check_writable, emit
    from windtunnel.progress import progress_bar
    from windtunnel.stack_config import holds_environment, stack_config_path, write_environment

    file = load_scenario(scenario, settings or ())
    config = stack_config_path(write, Path.cwd()) if write is not None else None
    # What cannot be written is said before the work, not after it.
    for path in (out, config):
        if path is not None:
            check_writable(path)
    if config is not None:
        holds_environment(config)
    calibrated = load_calibrated(calibration) if calibration else None
    with progress_bar("flying candidates") as progress:
        try:
            choice = choose_candidate(
                file,
                load_prices(prices) if prices else None,
                today=date.today(),
                replications=replications,
                seed=seed,
                workers=workers,
                progress=progress,
                calibrated=calibrated,
            )
        except InputError as error:
            raise locate(error, file.located) from None
    if config is not None and choice.choice and choice.choice.environment:
        removed = write_environment(config, choice.choice.environment)
        gone = f"; removed from it: {', '.join(removed)}" if removed else ""
        told = f"wrote the environment of {choice.choice.id} into {config.name}{gone}"
        typer.echo(told, err=True)
    emit(choice.to_json(), as_json, out, lambda console: draw_choice(console, choice))
    chosen = choice.choice
    if chosen is not None and chosen.prediction is not None:
        flown, at = chosen.prediction, read_candidate(file.located, chosen.values)
        if isinstance(at, Scenario):
            note_predictions(lambda moment: entries_of_scenario(flown, at, "choose", moment))
    if choice.choice is None:
        raise GoalNotMet(
            f"none of {choice.candidates} candidates meets the goal; relax it or widen the axes"
        )
