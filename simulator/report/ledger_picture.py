"""Past errors over time as a picture: PNG, SVG, or an HTML page that holds the latter."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

from domain.errors import InputError
from simulator.study.drift import Drift
from simulator.study.ledger import Entry
from simulator.study.ledger_summary import errors_of, running_median

SUFFIXES = (".png", ".svg", ".html")


def draw_picture(outcomes: Sequence[Entry], warnings: Sequence[Drift], suffix: str) -> bytes:
    """Errors of outcomes in the order in which they were measured, machine by machine.

    Raises:
        InputError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError(
            "a picture needs matplotlib; install it, like 'pip install matplotlib'"
        ) from None
    figure = Figure(figsize=(9.0, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for name in sorted({each.accelerator for each in outcomes}):
        mine = [each for each in outcomes if each.accelerator == name]
        errors = errors_of(mine)
        places = [place for place, each in enumerate(outcomes, 1) if each.accelerator == name]
        (line,) = axes.plot(places, running_median(errors) * 100, label=f"{name}, running median")
        inside = [each.is_inside for each in mine]
        for wanted, marker, said in ((True, "o", "inside"), (False, "x", "outside")):
            shown = [at for at, each in enumerate(inside) if each is wanted]
            axes.scatter(
                [places[at] for at in shown],
                [abs(errors[at]) * 100 for at in shown],
                marker=marker,
                color=line.get_color(),
                label=f"{name}, {said} its interval" if shown else None,
            )
    axes.set_xlabel("outcome, in the order in which they were measured")
    axes.set_ylabel("error of the step time, per cent")
    axes.set_ylim(bottom=0)
    axes.set_title("; ".join(f"drift on {each.accelerator}" for each in warnings) or "past errors")
    axes.legend(fontsize="small")
    written = io.BytesIO()
    figure.savefig(written, format="png" if suffix == ".png" else "svg", dpi=144)
    picture = written.getvalue()
    return _page(picture, warnings) if suffix == ".html" else picture


def _page(picture: bytes, warnings: Sequence[Drift]) -> bytes:
    svg = picture.decode("utf-8")
    told = "".join(f"<p><b>drift</b>: {escape(each.text)}</p>" for each in warnings)
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Windtunnel: past errors"
        f"</title><body>{svg[svg.index('<svg') :]}{told}</body></html>\n"
    ).encode()


def check_suffix(path: Path) -> None:
    """Refuses a picture of a format that is not drawn.

    Raises:
        InputError: says which are.
    """
    if path.suffix not in SUFFIXES:
        raise InputError(
            f"'{path.suffix}' is not a format of pictures here; use {', '.join(SUFFIXES)}",
            where=str(path),
        )
