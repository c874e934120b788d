"""The calibration that is shipped: ``python -m validation.training_calibration`` writes it.

Fitted to all public runs that can be predicted; what single configurations share is fitted as
well and left out of the file, so that it holds parameters and not measurements. Takes some
minutes.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import simulator
from simulator.study.calibrate import Fit, calibrate
from simulator.study.calibrated import SHIPPED
from validation import shared_data
from validation.public_runs import read_public_runs

VERSION = "public-runs-1"


def fit_public_runs(data: Path) -> Fit:
    """The calibration of all public runs, with what their configurations share left out."""
    runs = read_public_runs(data)
    sources = sorted(set(runs.points.keys["group"].tolist()))
    fit = calibrate(
        runs.points,
        runs.seconds,
        version=VERSION,
        fitted_on={
            "what": "published training throughputs, quality ok",
            "sources": sources,
            "method": "stacks by maximum a posteriori, effects by partial pooling",
        },
        names=runs.ids,
        thorough=True,
    )
    shipped = replace(fit.calibrated, effects=fit.calibrated.effects.without_configurations())
    return replace(fit, calibrated=shipped)


def main() -> None:
    """Writes the file, prints the held-out errors."""
    fit = fit_public_runs(shared_data())
    path = Path(simulator.__file__).parent / SHIPPED
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(fit.calibrated.to_json(), indent=1) + "\n", encoding="utf-8")
    print(f"{fit.rows} runs -> {path}")
    for each in fit.held_out:
        print(
            f"{each.name:28}{each.rows:>6} rows  MAPE {each.mape:.1%}  median {each.median:.1%}  "
            f"bias {each.bias:+.1%}  before {each.baseline:.1%}"
        )


if __name__ == "__main__":
    main()
