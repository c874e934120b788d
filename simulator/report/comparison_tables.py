"""Scenarios side by side, and their paired differences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console

from domain.prediction import Prediction
from simulator.report.layout import Column, draw_table
from simulator.report.prediction_tables import METRIC_NAMES, ONLY_IF_ANY, draw_footing, figure
from simulator.study.compare import Difference


def draw_comparison(
    console: Console,
    predictions: Sequence[Prediction],
    differences: Sequence[Difference],
) -> None:
    """Predictions side by side, and paired differences against the first."""
    names = [prediction.scenario for prediction in predictions]
    rows = []
    for metric in predictions[0].metrics:
        values = [each.metrics.get(metric) for each in predictions]
        if metric in ONLY_IF_ANY and all(value and value.mean == 0 for value in values):
            continue
        row = [figure(metric, value.mean) if value else "–" for value in values]
        rows.append([METRIC_NAMES.get(metric, metric), *row])
    rows.append(["bottleneck", *(prediction.bottleneck for prediction in predictions)])
    draw_table(
        console,
        [Column("metric", words=True), *(Column(name, words=True) for name in names)],
        rows,
    )
    paired = []
    for each in differences:
        low, high = each.ci95
        if low == high == 0:
            continue
        paired.append(
            [
                METRIC_NAMES.get(each.metric, each.metric),
                f"{each.scenario} − {each.baseline}",
                _signed(each.metric, each.mean),
                "–"
                if math.isnan(low)
                else f"{_signed(each.metric, low)} … {_signed(each.metric, high)}",
                "significant" if each.is_significant else "",
            ]
        )
    columns = [
        Column("difference", words=True),
        Column("scenarios", words=True),
        Column("mean"),
        Column("95 % interval"),
        Column("", left=True),
    ]
    if paired:
        draw_table(console, columns, paired)
    draw_footing(console, predictions[0])


def _signed(name: str, value: float) -> str:
    text = figure(name, value).replace("-0 %", "0 %")
    return f"+{text}" if value > 0 else text
