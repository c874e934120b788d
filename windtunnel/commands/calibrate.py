"""`windtunnel calibrate`: predictions that have learnt from your own measurements."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import InputError
from windtunnel.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.study.calibrate import Fit

_TABLES = (".csv",)


def calibrate(
    measurements: Annotated[
        list[Path],
        typer.Argument(
            metavar="MEASUREMENT…",
            help="Measured runs: JSON, JSON lines, or a CSV table with a column `throughput`.",
        ),
    ],
    prior: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="The calibration to start from, instead of ours."
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
    """Fit to measured runs, and say how far off predictions are on runs held out.

    Example:  windtunnel calibrate runs.jsonl --out ours.json, then
    windtunnel predict bert-large --on p4d.24xlarge --calibration ours.json
    """
    from simulator.report.training_tables import draw_fit
    from simulator.study.calibrated import load_calibrated
    from windtunnel.output import check_writable, emit, to_json, write_atomically

    if out is not None:
        check_writable(out)
        if out.exists() and not force:
            raise InputError("is there already; --force replaces it", where=str(out))
    before = load_calibrated(prior)
    fit = _fit(measurements, before)
    if out is not None:
        write_atomically(out, to_json(fit.calibrated.to_json()))

    def draw(console: Any) -> None:
        draw_fit(console, fit, before.version)
        if out is None:
            console.print("nothing was written; --out FILE keeps it")
        else:
            console.print(f"written to {out}", markup=False)

    emit(_to_json(fit, before.version, out), as_json, None, draw)


def _fit(paths: Sequence[Path], before: Any) -> Fit:
    """A fit to all measurements of some files.

    Raises:
        InputError: nothing to fit to, or a file that cannot be read.
    """
    import pandas as pd

    from domain.catalog import load_catalog
    from simulator.study.calibrate import calibrate as fit_to
    from simulator.study.point_predictions import closed_forms, seconds_of
    from simulator.study.points import resolve_points

    catalog = load_catalog()
    frames = [_table(path) if path.suffix in _TABLES else _timed(path) for path in paths]
    frame = pd.concat(frames, ignore_index=True)
    measured = frame.pop("throughput").to_numpy(float)
    points = resolve_points(frame, catalog)
    forms = closed_forms(points, before)
    seconds = seconds_of(points, forms, measured)
    usable = (points.reasons == "") & (seconds > 0)
    if not usable.any():
        why = next((text for text in points.reasons if text), "no row has a throughput")
        raise InputError(f"there is no measured run that could be predicted: {why}")
    return fit_to(
        points,
        seconds,
        prior=before,
        version=_version(frame[usable], measured[usable]),
        fitted_on={"files": sorted(path.name for path in paths), "from": before.version},
        names=_names(frame),
    )


def _table(path: Path) -> Any:
    """The rows of a CSV table that are fit to learn from."""
    from simulator.study.point_tables import read_run_table

    table = read_run_table(path)
    frame = table.frame().assign(throughput=table.measured("throughput"))
    quality = table.text("quality")
    return frame[(quality == "ok") | (quality == "")].astype(
        {name: object for name, kind in frame.dtypes.items() if kind == "category"}
    )


def _timed(path: Path) -> Any:
    """The measurements of a JSON file as rows."""
    import pandas as pd

    from domain.catalog import load_catalog
    from domain.measurement import read_measurements, to_rows

    try:
        return pd.DataFrame(to_rows(read_measurements(path), load_catalog()))
    except InputError as error:
        named = error.where is not None and error.where.startswith(str(path))
        raise error if named else error.at(str(path)) from None


def _names(frame: Any) -> Any:
    """A name for each run that no other file or order changes: all that it was asked for."""
    from simulator.study.points import COLUMNS

    columns = [name for name in COLUMNS if name != "notes"]
    texts = frame.reindex(columns=columns).astype(object).map(_text)
    return (texts + "|").sum(axis=1).to_numpy(object)


def _text(cell: Any) -> str:
    """One text for 8, 8.0 and "8", and none for what is absent."""
    if cell is None or cell != cell:
        return ""
    return f"{cell:.12g}" if isinstance(cell, (int, float)) else str(cell)


def _version(frame: Any, measured: Any) -> str:
    """Names what it was fitted on: the same measurements, the same version."""
    from hashlib import sha256

    rows = sorted(
        f"{name}|{value:.9g}" for name, value in zip(_names(frame), measured, strict=True)
    )
    return f"own-{len(rows)}-{sha256(chr(10).join(rows).encode()).hexdigest()[:8]}"


def _to_json(fit: Fit, before: str, out: Path | None) -> dict[str, Any]:
    return {
        "calibration": fit.calibrated.version,
        "from": before,
        "rows": fit.rows,
        "held_out": [
            {
                "group": each.name,
                "rows": each.rows,
                "mape": each.mape,
                "median": each.median,
                "bias": each.bias,
                "baseline": each.baseline,
            }
            for each in fit.held_out
        ],
        "curve": [{"measurements": count, "median_error": error} for count, error in fit.curve],
        "written": None if out is None else str(out),
    }
