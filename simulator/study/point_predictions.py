"""Runs of a table predicted: closed forms of their stack, times what was learnt of their kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulator.models.bottleneck import BOTTLENECKS
from simulator.models.memory import usable_bytes
from simulator.models.training_step import predict_training_step
from simulator.study.calibrated import Calibrated
from simulator.study.points import Points
from simulator.study.residuals import CELL, LEVELS, SEPARATOR, Level, joined, kinds_of

Floats = NDArray[np.float64]

# What is known of a row, best first: the most particular level that was fitted to runs like it.
KNOWLEDGE = (
    "stack",
    "model, framework, accelerator",
    "model, framework",
    "model, accelerator",
    "model",
    "accelerator",
    "nothing",
)
NOTHING = KNOWLEDGE[-1]
KNOWLEDGE_OF_DESCRIBED = ("model, framework, accelerator", "accelerator", "probes", NOTHING)
"""The same of an accelerator that a user described: runs elsewhere say little of it."""


@dataclass(frozen=True, slots=True)
class ClosedForms:
    """What the closed forms alone say of each row; NaN where it cannot be predicted."""

    step_seconds: Floats
    global_batch: Floats
    micro_batch: Floats
    nodes: Floats
    accelerators: Floats
    memory_needed_bytes: Floats
    memory_fits: NDArray[np.bool_]
    bottleneck: NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class PointPredictions:
    """Each row of a table; times in seconds, ``predicted`` and its interval in the row's unit.

    ``knowledge`` says from what runs it was predicted (``KNOWLEDGE``).
    """

    forms: ClosedForms
    step_seconds: Floats
    predicted: Floats
    lower90: Floats
    upper90: Floats
    knowledge: NDArray[np.object_]
    reasons: NDArray[np.object_]


def stack_of(points: Points) -> NDArray[np.object_]:
    """``accelerator|framework`` of each row; of models that cannot be split, no framework."""
    return points.keys["stack"]


_STACK = Level("stack", ("stack", "software"), (0.0, 0.0, 0.0, 0.0))


def closed_forms(points: Points, calibrated: Calibrated) -> ClosedForms:
    """Every row by the parameters of its stack, or by those of all."""
    count = len(points)
    numbers = {
        name: np.full(count, np.nan)
        for name in (
            "step_seconds",
            "global_batch",
            "micro_batch",
            "nodes",
            "accelerators",
            "memory_needed_bytes",
        )
    }
    fits = np.zeros(count, dtype=bool)
    bottleneck = np.full(count, "", dtype=object)
    codes, kinds, _ = kinds_of(points.keys, (_STACK,), count)
    calibrations = [
        calibrated.parameters(stack, software, points.described.get(stack.partition(SEPARATOR)[0]))
        for stack, software in zip(kinds["stack"], kinds["software"], strict=True)
    ]
    distinct = list({id(each): each for each in calibrations}.values())
    of_kind = np.array([[each is one for one in distinct].index(True) for each in calibrations])
    of_row = of_kind[codes]
    names = np.array(BOTTLENECKS, dtype=object)
    for group in points.groups:
        own = of_row[group.rows]
        for at in np.unique(own):
            calibration = distinct[at]
            part = np.flatnonzero(own == at)
            rows = group.rows[part]
            inputs = replace(
                group.inputs,
                **{
                    name: np.asarray(value)[part]
                    for name in group.inputs.__slots__
                    if np.ndim(value := getattr(group.inputs, name))
                },
            )
            step = predict_training_step(
                group.facts,
                inputs,
                recompute=group.recompute,
                decode="none",
                calibration=calibration,
            )
            numbers["step_seconds"][rows] = step.step_seconds
            numbers["micro_batch"][rows] = step.micro_batch
            numbers["global_batch"][rows] = inputs.global_batch
            numbers["nodes"][rows] = inputs.nodes
            numbers["accelerators"][rows] = np.asarray(inputs.accelerators_per_node) * inputs.nodes
            numbers["memory_needed_bytes"][rows] = step.memory_needed_bytes
            usable = usable_bytes(points.memory_bytes[rows], calibration)
            fits[rows] = step.memory_needed_bytes <= usable
            bottleneck[rows] = names[step.bottleneck]
    return ClosedForms(**numbers, memory_fits=fits, bottleneck=bottleneck)


def features_of(points: Points, forms: ClosedForms, batch_centres: Mapping[str, float]) -> Floats:
    """The columns of ``residuals.FEATURES``: a model that was never measured has no batch to
    compare with, and its batch counts as usual."""
    batch = np.log(forms.micro_batch)
    codes, models = pd.factorize(points.keys["model"])
    centres = np.array([batch_centres.get(name, np.nan) for name in models])[codes]
    usual = np.where(np.isnan(centres), 0.0, batch - centres)
    columns = (
        np.ones(len(points)),
        np.log2(np.maximum(forms.accelerators, 1.0)),
        np.log2(np.maximum(forms.nodes, 1.0)),
        usual,
    )
    found: Floats = np.nan_to_num(np.stack(columns, axis=1))
    return found


def predict_points(points: Points, calibrated: Calibrated) -> PointPredictions:
    """Every row of a table in its own unit, with the interval that holds nine of ten."""
    forms = closed_forms(points, calibrated)
    features = features_of(points, forms, calibrated.batch_centres)
    knowledge = knowledge_of(points, calibrated)
    own = knowledge == "stack"
    effects = np.where(own, 0.0, calibrated.effects.of(points.keys, features))
    seconds = forms.step_seconds * np.exp(effects)
    predicted = in_units(points, forms, seconds)
    width = half_widths(points, calibrated, knowledge)
    slower = in_units(points, forms, seconds * np.exp(width))
    faster = in_units(points, forms, seconds * np.exp(-width))
    reasons = points.reasons.copy()
    unknown = (reasons == "") & ~np.isfinite(predicted)
    reasons[unknown] = "a rate of the hardware that is needed is not known"
    return PointPredictions(
        forms=forms,
        step_seconds=seconds,
        predicted=predicted,
        lower90=np.minimum(slower, faster),
        upper90=np.maximum(slower, faster),
        knowledge=knowledge,
        reasons=reasons,
    )


def in_units(points: Points, forms: ClosedForms, seconds: Floats) -> Floats:
    """Step times in the unit of each row."""
    each, is_time = _kinds_of_unit(points)
    rate = forms.global_batch / seconds / points.per_unit
    rate = np.where(each, rate / forms.accelerators, rate)
    return np.where(is_time, seconds, rate)


def seconds_of(points: Points, forms: ClosedForms, measured: Floats) -> Floats:
    """Measured figures, each in its row's unit, as seconds of a step."""
    each, is_time = _kinds_of_unit(points)
    whole = np.where(each, measured * forms.accelerators, measured)
    return np.where(is_time, measured, forms.global_batch / (whole * points.per_unit))


def _kinds_of_unit(points: Points) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each row's unit is of one chip, and whether it is a time."""
    units = points.frame["unit"].cat
    names, codes = [str(each) for each in units.categories], units.codes.to_numpy()
    of_chip = np.array([each.endswith("/chip") for each in names], dtype=bool)
    return of_chip[codes], np.array([each == "s/step" for each in names], dtype=bool)[codes]


_DESCRIBED = next(each for each in LEVELS if each.name == "described")


def knowledge_of(points: Points, calibrated: Calibrated) -> NDArray[np.object_]:
    """From what runs each row is predicted."""
    levels = [each for each in LEVELS if each.name in KNOWLEDGE]
    codes, kinds, count = kinds_of(points.keys, [*levels, _DESCRIBED, _STACK], len(points))
    found = np.full(count, "nothing", dtype=object)
    for name in reversed(KNOWLEDGE[1:-1]):
        found[calibrated.effects.knows(kinds, name, count)] = name
    found[np.isin(kinds["stack"].astype(str), list(calibrated.stacks))] = "stack"
    own = kinds["described"] != ""
    if own.any():
        found[own & ~np.isin(found.astype(str), KNOWLEDGE_OF_DESCRIBED)] = NOTHING
        runs = own & calibrated.effects.knows(kinds, "accelerator", count)
        found[runs & (found == NOTHING)] = "accelerator"
        probed = np.isin(kinds["accelerator"].astype(str), list(calibrated.probed))
        found[probed & (found == NOTHING)] = "probes"
    known: NDArray[np.object_] = found[codes]
    return known


def half_widths(points: Points, calibrated: Calibrated, knowledge: NDArray[np.object_]) -> Floats:
    """Half the width of each row's interval, as a logarithm.

    Of a source whose runs were held out, and whose kind of row is known, the source's own
    width, narrower where the kind is known well; else that of what is known. Without any, a
    factor of two. A described accelerator has widths of its own once it was measured.
    """
    usual = np.log(2.0)
    codes, names = pd.factorize(knowledge)
    places, sources = pd.factorize(points.keys["group"])
    of_name = np.array([calibrated.half_widths.get(each, usual) for each in names])
    of_source = np.array(
        [calibrated.half_widths.get(f"source: {each}", np.nan) for each in sources]
    )
    known = np.isin(names.astype(str), KNOWLEDGE[:2])[codes]
    own = of_source[places] * cell_deviations_of(points, calibrated)
    widths = np.where(known & ~np.isnan(own), own, of_name[codes])
    for name in points.described:
        rows = np.flatnonzero(points.keys["accelerator"] == name)
        particular = [calibrated.half_widths.get(f"{knowledge[row]}: {name}") for row in rows]
        widths[rows] = np.where(
            [each is None for each in particular], widths[rows], np.array(particular, dtype=float)
        )
    return widths


def cell_deviations_of(points: Points, calibrated: Calibrated) -> Floats:
    """What is unsure of each row over what is usual; 1 where nothing is known of its kind."""
    level = next(each for each in LEVELS if each.name == CELL)
    codes, kinds, count = kinds_of(points.keys, (level,), len(points))
    own, names = joined(kinds, level.keys, count)
    table = calibrated.cell_deviations
    of_cells = np.array([table.get(name, 1.0) for name in names])
    return np.asarray(of_cells[own][codes])
