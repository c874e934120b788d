"""`windtunnel ledger`: how well this project's predictions turned out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import InputError
from windtunnel.options import AsJson, CalibrationPath, Out

if TYPE_CHECKING:
    from simulator.study.ledger import Entry


def ledger(
    measurements: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[MEASUREMENT…]",
            help="Measured runs to compare with what was predicted of them, and to write down.",
        ),
    ] = None,
    start: Annotated[
        bool, typer.Option("--start", help="Begin to keep a ledger in the folder .windtunnel here.")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw errors over time: .png, .svg or .html."),
    ] = None,
    calibration: CalibrationPath = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Show past predictions beside their outcomes, errors over time, and warnings of drift.

    A project that keeps a ledger has every prediction of predict, simulate and choose in it,
    and every outcome that launch measures or that is given here.

    Example:  windtunnel ledger --start, then
    windtunnel ledger runs.jsonl --calibration ours.json --plot errors.png
    """
    from simulator.report.ledger_picture import check_suffix, draw_picture
    from simulator.report.measured_tables import draw_comparisons, draw_ledger
    from simulator.study.calibrated import load_calibrated
    from simulator.study.drift import find_drift
    from simulator.study.ledger import outcomes
    from simulator.study.ledger_summary import summarise
    from windtunnel.ledgers import project_ledger, record_outcomes, start_ledger
    from windtunnel.measured import compare_files
    from windtunnel.output import check_writable, emit, replacing

    if plot is not None:
        check_suffix(plot)
    for path in (plot, out):
        if path is not None:
            check_writable(path)
    found = start_ledger() if start else project_ledger()
    if found is None:
        raise InputError(
            "this project keeps no ledger; 'windtunnel ledger --start' in its folder begins one"
        )
    compared = compare_files(measurements or (), load_calibrated(calibration))
    recorded = record_outcomes(found, compared)
    entries = found.read()
    done = outcomes(entries)
    records, warnings = summarise(done), find_drift(done)
    if plot is not None:
        picture = draw_picture(done, warnings, plot.suffix)
        with replacing(plot) as temporary:
            temporary.write_bytes(picture)

    def draw(console: Any) -> None:
        if compared:
            draw_comparisons(console, compared)
            again = len(compared) - len(recorded)
            known = f", {again} were in it before" if again else ""
            console.print(f"{len(recorded)} outcomes were written down{known}\n")
        draw_ledger(console, entries, records, warnings)
        if plot is not None:
            console.print(f"drawn in {plot}", markup=False)

    result = {
        "predictions": sum(each.kind == "prediction" for each in entries),
        "outcomes": [_to_json(each) for each in done],
        "records": [each.to_json() for each in records],
        "drift": [each.to_json() for each in warnings],
        "recorded": len(recorded),
    }
    emit(result, as_json, out, draw)


def _to_json(entry: Entry) -> dict[str, Any]:
    from dataclasses import asdict

    plain = {
        key: None if isinstance(value, float) and math.isnan(value) else value
        for key, value in asdict(entry).items()
    }
    return {**plain, "error": math.expm1(-entry.log_error), "inside": entry.is_inside}
