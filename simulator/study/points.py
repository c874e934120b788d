"""Training runs as rows of a table, made into inputs of the step model.

A row says what ran where (the columns of ``COLUMNS``; what is absent or empty is filled in by
what is usual, each in one place below) and in which unit its speed is told. Rows of one model
are predicted together.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.catalog import Accelerator, Catalog
from domain.errors import InputError, ScenarioError
from domain.model_facts import ModelFacts, described_name, model_of_text, resolve_model
from domain.published_names import published_model, samples_per_unit
from simulator.models.model_parallel import Recompute
from simulator.models.training_step import StepInputs
from simulator.study.point_columns import ANSWERS as ANSWERS
from simulator.study.point_columns import COLUMNS as COLUMNS
from simulator.study.point_columns import NUMBERS as NUMBERS
from simulator.study.point_columns import categories, distinct_rows, prepared, spread
from simulator.study.point_columns import numbers_of as numbers_of
from simulator.study.point_hardware import HARDWARE, RATES, accelerator_of, hardware_of
from simulator.study.point_layout import (
    FILLED,
    LAID_OUT,
    lay_out,
    recomputes_of,
    shapes_of,
    state_bytes_of,
    variants_of,
)
from simulator.study.software import SOFTWARE, framework_family, stack_name, usual_software

UNPREDICTED_UNITS = {"minutes to train": "time to a wanted accuracy is not predicted"}

OF = " of "
"""Between a matrix format and the described accelerator that has one of its own."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one model that are trained alike, as inputs of the step model."""

    facts: ModelFacts
    recompute: Recompute
    rows: NDArray[np.intp]
    inputs: StepInputs


@dataclass(frozen=True, slots=True)
class Points:
    """A table of runs, resolved: every row is in one group or has a reason why it is not."""

    frame: pd.DataFrame
    groups: tuple[Group, ...]
    reasons: NDArray[np.object_]
    """Why a row cannot be predicted; empty where it can."""
    per_unit: Floats
    """Samples per second that one of the row's units means; NaN for seconds a step."""
    memory_bytes: Floats
    """Of one accelerator; NaN where it is not known."""
    keys: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)
    """What rows may have in common, as ``residuals.LEVELS`` names it."""
    described: Mapping[str, Accelerator] = field(default_factory=dict)
    """Accelerators that the catalog has from a description, by id."""

    def __len__(self) -> int:
        return len(self.frame)


def subset(points: Points, rows: NDArray[np.intp]) -> Points:
    """Some rows of a table, in their order."""
    places = np.full(len(points), -1, dtype=np.intp)
    places[rows] = np.arange(len(rows))
    groups = []
    for group in points.groups:
        kept = places[group.rows] >= 0
        if kept.any():
            inputs = replace(
                group.inputs,
                **{
                    name: np.asarray(value)[kept]
                    for name in group.inputs.__slots__
                    if np.ndim(value := getattr(group.inputs, name))
                },
            )
            groups.append(replace(group, rows=places[group.rows[kept]], inputs=inputs))
    return Points(
        points.frame.iloc[rows].reset_index(drop=True),
        tuple(groups),
        points.reasons[rows],
        points.per_unit[rows],
        points.memory_bytes[rows],
        {name: values[rows] for name, values in points.keys.items()},
        points.described,
    )


def resolve_points(frame: pd.DataFrame, catalog: Catalog) -> Points:
    """The rows of a table as inputs of the step model.

    Raises:
        InputError: a column that is needed is not there.
    """
    frame = prepared(frame)
    count = len(frame)
    reasons = np.full(count, "", dtype=object)
    per_unit = np.full(count, np.nan)
    zoo = np.full(count, "", dtype=object)
    chip_ids = np.full(count, "", dtype=object)
    formats = np.full(count, "", dtype=object)
    columns = {name: np.full(count, np.nan) for name in HARDWARE}
    states = np.full(count, np.nan)
    is_transformer = np.zeros(count, dtype=bool)

    places, distinct = distinct_rows(frame, ("accelerator", "canonical_accelerator", "group"))
    found = [accelerator_of(row, catalog) for row in distinct]
    for place, rows in enumerate(places):
        chip, reason = found[place]
        if chip is None:
            reasons[rows] = reason
        else:
            chip_ids[rows] = chip.id
    by_id = {chip.id: chip for chip, _ in found if chip is not None}

    models: dict[str, tuple[ModelFacts, Any]] = {}
    model_of = np.full(count, "", dtype=object)
    wanted = ("model", "task", "framework", "group", "source_path", "unit", "seq_len", "image_size")
    places, distinct = distinct_rows(frame, wanted)
    filled = {name: frame[name].to_numpy(float, copy=True) for name in FILLED}
    for rows, row in zip(places, distinct, strict=True):
        answer = _model(row)
        if isinstance(answer, str):
            reasons[rows] = np.where(reasons[rows] == "", answer, reasons[rows])
            continue
        facts, published, rate = answer
        key = f"{facts.name}|{row['seq_len']}|{row['image_size']}"
        models[key] = (facts, published)
        model_of[rows], zoo[rows], per_unit[rows] = key, facts.name, rate
        states[rows], is_transformer[rows] = state_bytes_of(facts), facts.width > 0
        if published is not None and published.batch_per_device is not None:
            held = filled["per_device_batch"][rows]
            filled["per_device_batch"][rows] = np.where(
                np.isnan(held), published.batch_per_device, held
            )

    frame = frame.assign(chip=categories(pd.Series(chip_ids)), is_transformer=is_transformer)
    places, distinct = distinct_rows(frame, ("precision", "group", "chip", "is_transformer"))
    for rows, row in zip(places, distinct, strict=True):
        chip = by_id.get(row["chip"])
        if chip is None:
            continue
        values, matrix_format, reason = hardware_of(chip, row)
        if reason:
            reasons[rows] = np.where(reasons[rows] == "", reason, reasons[rows])
        formats[rows] = matrix_format
        for name, value in values.items():
            columns[name][rows] = value

    layout = lay_out(frame, filled, by_id, chip_ids, states, columns["accelerator_memory_bytes"])
    for reason, wrong in layout.problems:
        reasons[wrong & (reasons == "")] = reason
    recompute = recomputes_of(frame["recompute"])
    groups = []
    usable = np.flatnonzero(reasons == "")
    alike = {"model": model_of[usable], "recompute": recompute[usable]}
    places, distinct = distinct_rows(
        pd.DataFrame({name: categories(pd.Series(values)) for name, values in alike.items()}),
        alike,
    )
    for rows, row in zip(places, distinct, strict=True):
        index = usable[rows]
        facts = models[row["model"]][0]
        inputs = StepInputs(
            **{name: columns[name][index] for name in RATES},
            # What was asked for runs, or is said not to: times do not depend on it.
            accelerator_memory_bytes=np.inf,
            format_code=columns["format_code"][index].astype(np.intp),
            link_is_pcie=columns["link_is_pcie"][index] > 0,
            network_bytes_per_second=columns["network_bytes_per_second"][index]
            * layout.columns["trays"][index],
            switch_reduces=columns["switch_reduces"][index] > 0,
            torus_wraps=layout.columns["torus_wraps"][index] > 0,
            sequence_parallel=False,
            **{name: layout.columns[name][index] for name in LAID_OUT},
        )
        groups.append(Group(facts, row["recompute"], index, inputs))
    keys = {
        "model": zoo,
        "accelerator": chip_ids,
        "format": formats,
        "framework": spread(frame["framework"], framework_family),
        "task": spread(frame["task"], str),
        "group": spread(frame["group"], str),
        "variant": variants_of(frame["notes"]),
        "shape": shapes_of(frame, layout.columns["micro_batch"]),
    }
    keys["software"], keys["stack"] = _software(frame, keys["framework"], reasons)
    described = {name: chip for name, chip in by_id.items() if chip.is_described}
    return Points(
        frame,
        tuple(groups),
        reasons,
        per_unit,
        columns["accelerator_memory_bytes"],
        _with_described(keys, described),
        described,
    )


def _with_described(
    keys: dict[str, NDArray[np.object_]], described: Mapping[str, Accelerator]
) -> dict[str, NDArray[np.object_]]:
    """The keys of rows on described accelerators: such a machine is a source of its own, and what
    runs elsewhere taught of matrix formats and of models in a framework is of other vendors'
    kernels."""
    own: NDArray[np.object_] = np.full(len(keys["accelerator"]), "", dtype=object)
    if described:
        rows = np.isin(keys["accelerator"].astype(str), list(described))
        own[rows] = keys["accelerator"][rows]
        keys = {
            **keys,
            "format": np.where(rows, keys["format"] + OF + own, keys["format"]),
            "task": np.where(keys["task"] == "", own, keys["task"]),
            "group": np.where(keys["group"] == "", own, keys["group"]),
        }
    return {**keys, "described": own}


def _software(
    frame: pd.DataFrame, families: NDArray[np.object_], reasons: NDArray[np.object_]
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """What a row says of its software, or what is likely, and the name of its stack; ``reasons``
    takes what is unknown."""
    frame = frame.assign(family=categories(pd.Series(families)))
    software, stacks = (np.full(len(frame), "", dtype=object) for _ in range(2))
    wanted = ("software", "group", "family", "chip", "is_transformer")
    for rows, row in zip(*distinct_rows(frame, wanted), strict=True):
        told, family, chip = row["software"], row["family"], row["chip"]
        if told and told not in SOFTWARE:
            unknown = f"no software '{told}'; it is stock or tuned"
            reasons[rows] = np.where(reasons[rows] == "", unknown, reasons[rows])
            told = ""
        software[rows] = told or usual_software(row["group"], family, chip)
        stacks[rows] = stack_name(chip, family, is_transformer=bool(row["is_transformer"]))
    return software, stacks


def _model(row: Mapping[str, Any]) -> tuple[ModelFacts, Any, float] | str:
    """Facts, what is published of the name, samples a unit; or why there are none."""
    unit = row["unit"] or "samples/s"
    if unit in UNPREDICTED_UNITS:
        return UNPREDICTED_UNITS[unit]
    is_described = row["model"].startswith("{")
    published = (
        None
        if is_described
        else published_model(
            row["model"],
            group=row["group"],
            task=row["task"],
            framework=row["framework"],
            source_path=row["source_path"],
        )
    )
    sequence = _whole(row["seq_len"]) or (published.sequence if published else None)
    image = _whole(row["image_size"]) or (published.image_size if published else None)
    try:
        facts = _resolved(published.name if published else row["model"], sequence, image)
    except ScenarioError as error:
        return str(error)
    except InputError:
        return f"no model '{row['model']}' in the catalog (windtunnel catalog show --models)"
    rate = samples_per_unit(facts, unit, sequence)
    if rate is None and unit != "s/step":
        return f"how many samples of {facts.name} one of '{unit}' means is not known"
    factor = published.unit_factor if published else 1.0
    return facts, published, math.nan if rate is None else rate * factor


@cache
def _resolved(text: str, sequence: int | None, image: int | None) -> ModelFacts:
    model = model_of_text(text)
    facts = resolve_model(model)
    if facts.sequence and sequence:
        facts = resolve_model(model, sequence=sequence)
    elif image and facts.sample_unit == "image":
        with contextlib.suppress(InputError):  # counted at one size only
            facts = resolve_model(model, image_size=image)
    return facts if isinstance(model, str) else replace(facts, name=described_name(model))


def _whole(value: Any) -> int | None:
    return None if value is None or math.isnan(value) else int(value)
