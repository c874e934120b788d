"""The published training runs as points, answers kept apart, known errors of the table mended."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.catalog import load_catalog
from simulator.study.calibrated import Calibrated
from simulator.study.point_predictions import closed_forms, seconds_of
from simulator.study.points import ANSWERS, Points, resolve_points, subset

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PublicRuns:
    """Runs that can be predicted: what the models see, and what was measured."""

    points: Points
    seconds: Floats
    """Measured time of a step."""
    ids: NDArray[np.object_]
    scorable: int
    """Rows of the table that ought to be predicted, also those that cannot be."""
    coverage: dict[str, tuple[int, int]]
    """Part of the table → rows predicted, rows in all."""


def read_table(data: Path) -> pd.DataFrame:
    """Every scorable row, with the errors mended that the table's own notes name."""
    table = pd.read_csv(data / "training" / "throughput_dev.csv", low_memory=False)
    table = table[(table["quality"] == "ok") & (table["unit"] != "minutes to train")]
    table = table.reset_index(drop=True)
    # A batch for each of two phases was read as one number.
    misread = table["id"].between("T00851", "T00860")
    table.loc[misread, "per_device_batch"] = 128.0
    table.loc[misread, "global_batch"] = 128.0 * table.loc[misread, "total_accelerators"]
    # Millions of samples.
    millions = table["id"].between("T00907", "T00912")
    table.loc[millions, "throughput"] *= 1e6
    return table


@cache
def read_public_runs(data: Path) -> PublicRuns:
    """The scorable runs of the shared table."""
    table = read_table(data)
    points = resolve_points(table.drop(columns=list(ANSWERS)), load_catalog())
    forms = closed_forms(points, Calibrated())
    seconds = seconds_of(points, forms, table["throughput"].to_numpy(float))
    good = np.isfinite(seconds) & np.isfinite(forms.step_seconds) & (points.reasons == "")
    rows = np.flatnonzero(good)
    zoo = pd.read_csv(data / "training" / "model_zoo.csv").set_index("model")["family"]
    family = table["model"].map(zoo).fillna("")
    parts = {
        "all": np.ones(len(table), dtype=bool),
        "TensorFlow": table["framework"].str.startswith("TensorFlow").to_numpy(bool),
        "GPT-like": (family == "transformer language model").to_numpy(bool),
        "MLPerf": table["group"].str.startswith("MLPerf").to_numpy(bool),
    }
    return PublicRuns(
        points=subset(points, rows),
        seconds=seconds[rows],
        ids=table["id"].to_numpy(object)[rows],
        scorable=len(table),
        coverage={
            name: (int(np.sum(part & good)), int(part.sum())) for name, part in parts.items()
        },
    )
