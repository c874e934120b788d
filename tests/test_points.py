"""Rows of a table as inputs of the step model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from domain.catalog import load_catalog
from domain.errors import InputError
from simulator.study.calibrated import Calibrated
from simulator.study.point_predictions import predict_points
from simulator.study.points import ANSWERS, COLUMNS, Points, resolve_points

ROW: dict[str, Any] = {
    "model": "bert-large",
    "accelerator": "a100-sxm4-80gb",
    "accelerators_per_node": 8,
    "nodes": 2,
    "precision": "fp16",
    "per_device_batch": 16,
    "unit": "samples/s",
}


def points_of(*rows: dict[str, Any]) -> Points:
    return resolve_points(pd.DataFrame([{**ROW, **row} for row in rows]), load_catalog())


def throughputs(*rows: dict[str, Any]) -> list[float]:
    found = predict_points(points_of(*rows), Calibrated())
    assert list(found.reasons) == [""] * len(rows)
    return [float(value) for value in found.predicted]


def test_answers_are_no_inputs() -> None:
    assert not set(ANSWERS) & set(COLUMNS)
    assert not set(ANSWERS) & set(points_of({"throughput": 5.0}).frame.columns)


def test_what_is_absent_follows_from_what_is_there() -> None:
    whole, counted, batched = throughputs(
        {},
        {"nodes": None, "total_accelerators": 16},
        {"per_device_batch": None, "global_batch": 256},
    )
    assert whole == counted == batched


def test_units_are_of_the_same_run() -> None:
    samples, steps, tokens = throughputs({}, {"unit": "s/step"}, {"unit": "tokens/s"})
    assert samples == pytest.approx(16 * 16 / steps)
    assert tokens == pytest.approx(samples * 512)


def test_text_by_its_values_and_as_it_is_are_one() -> None:
    plain = pd.DataFrame([ROW, {**ROW, "model": "resnet50"}, {**ROW, "precision": None}])
    encoded = plain.assign(
        **{name: plain[name].astype("category") for name in ("model", "accelerator", "precision")}
    )
    one, other = (resolve_points(each, load_catalog()) for each in (plain, encoded))
    first, second = (predict_points(each, Calibrated()).predicted for each in (one, other))
    np.testing.assert_array_equal(first, second)
    for name, values in one.keys.items():
        assert list(values) == list(other.keys[name])


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"accelerator": "an-unknown-chip"}, "no accelerator 'an-unknown-chip'"),
        ({"model": "an-unknown-model"}, "no model 'an-unknown-model'"),
        ({"precision": "fp8"}, "no fp8 rate"),
        ({"tp": 3, "pp": 1, "dp": 2}, "tp · pp · dp"),
        ({"per_device_batch": None}, "neither global_batch nor per_device_batch"),
        ({"sharding": "sideways"}, "no such way of sharding"),
        ({"unit": "furlongs/s"}, "furlongs/s"),
        ({"unit": "minutes to train"}, "time to a wanted accuracy"),
    ],
)
def test_a_row_that_cannot_be_says_why(changed: dict[str, Any], reason: str) -> None:
    points = points_of({}, changed)
    assert points.reasons[0] == ""
    assert reason in points.reasons[1]


@pytest.mark.parametrize(
    ("value", "told"), [("x", "is not a number"), (0, "more than 0"), (-2, "more than 0")]
)
def test_a_number_that_is_none_is_refused_with_its_line(value: Any, told: str) -> None:
    with pytest.raises(InputError, match=f"line 3: nodes: .*{told}"):
        points_of({}, {"nodes": value})


def test_published_runs_resolve_whatever_their_order(shared_data: Path) -> None:
    table = pd.read_csv(shared_data / "training" / "throughput_dev.csv", low_memory=False)
    table = table.drop(columns=list(ANSWERS))
    shuffled = table.sample(frac=1.0, random_state=1)
    one = predict_points(resolve_points(table, load_catalog()), Calibrated())
    other = predict_points(
        resolve_points(shuffled.reset_index(drop=True), load_catalog()), Calibrated()
    )
    places = shuffled.index.to_numpy()
    np.testing.assert_allclose(other.predicted, one.predicted[places], rtol=1e-9)
    assert list(other.reasons) == list(one.reasons[places])
    scorable = (table["quality"] == "ok") & (table["unit"] != "minutes to train")
    assert (one.reasons[scorable] == "").mean() > 0.95
