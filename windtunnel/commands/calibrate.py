"""`windtunnel calibrate`: predictions that have learnt from your own measurements."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import InputError
from windtunnel.options import AsJson

if TYPE_CHECKING:
    from windtunnel.learning import Learnt


def calibrate(
    measurements: Annotated[
        list[Path],
        typer.Argument(
            metavar="MEASUREMENT…",
            help=(
                "Measured runs (JSON, JSON lines, Parquet, or a CSV table with a column "
                "`throughput`) and probes (JSON)."
            ),
        ),
    ],
    prior: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="The calibration to start from, instead of ours."
        ),
    ] = None,
    accelerator: Annotated[
        str | None,
        typer.Option(
            "--accelerator",
            metavar="ID",
            help="What probes are of: an accelerator of the catalog, or an id of your own.",
        ),
    ] = None,
    describe: Annotated[
        Path | None,
        typer.Option(
            "--describe",
            metavar="FILE.yaml",
            help="Also write what probes describe, for `predict --on` and scenarios.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the calibration here.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a calibration that is there already.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fit to measured runs and probes, and say how far off predictions are on runs held out.

    Example:  windtunnel calibrate runs.jsonl --out ours.json, then
    windtunnel predict bert-large --on p4d.24xlarge --calibration ours.json
    """
    from simulator.report.training_tables import draw_fit
    from simulator.study.calibrated import load_calibrated
    from windtunnel.learning import learn
    from windtunnel.output import check_writable, emit, to_json, write_atomically

    for path in (out, describe):
        if path is not None:
            check_writable(path)
            if path.exists() and not force:
                raise InputError("is there already; --force replaces it", where=str(path))
    before = load_calibrated(prior)
    learnt = learn(measurements, before, accelerator=accelerator)
    if describe is not None:
        write_atomically(describe, _description(learnt, before.accelerators))
    if out is not None:
        write_atomically(out, to_json(learnt.calibrated.to_json()))

    def draw(console: Any) -> None:
        for note in learnt.notes:
            console.print(note, markup=False)
        if learnt.fit is not None:
            draw_fit(console, learnt.fit, before.version)
        if out is None:
            console.print("nothing was written; --out FILE keeps it")
        else:
            console.print(f"written to {out}", markup=False)

    emit(_to_json(learnt, before.version, out), as_json, None, draw)


def _description(learnt: Learnt, before: Any) -> str:
    """The accelerator that was described anew, as a file.

    Raises:
        InputError: none was, or several were.
    """
    from domain.described import description_text

    new = [each for name, each in learnt.calibrated.accelerators.items() if name not in before]
    if len(new) != 1:
        raise InputError(
            f"{len(new)} accelerators were described anew; a file holds one", where="--describe"
        )
    return description_text(new[0])


def _to_json(learnt: Learnt, before: str, out: Path | None) -> dict[str, Any]:
    fit = learnt.fit
    return {
        "calibration": learnt.calibrated.version,
        "from": before,
        "rows": fit.rows if fit else 0,
        "held_out": [
            {
                "group": each.name,
                "rows": each.rows,
                "mape": each.mape,
                "median": each.median,
                "bias": each.bias,
                "baseline": each.baseline,
            }
            for each in (fit.held_out if fit else ())
        ],
        "curve": [
            {"measurements": count, "median_error": error}
            for count, error in (fit.curve if fit else ())
        ],
        "accelerators": sorted(learnt.calibrated.accelerators),
        "notes": list(learnt.notes),
        "written": None if out is None else str(out),
    }
