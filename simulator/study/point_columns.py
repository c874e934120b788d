"""The columns of a table of runs, with one type each, and its rows by what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.errors import InputError

COLUMNS = (
    "model",
    "task",
    "framework",
    "software",
    "accelerator",
    "accelerators_per_node",
    "nodes",
    "total_accelerators",
    "precision",
    "global_batch",
    "per_device_batch",
    "grad_accum",
    "seq_len",
    "image_size",
    "tp",
    "pp",
    "dp",
    "sharding",
    "recompute",
    "input_data",
    "unit",
    "group",
    "canonical_accelerator",
    "notes",
    "source_path",
)
"""Input columns that are looked at. ``model`` and an accelerator are needed."""

ANSWERS = (
    "throughput",
    "throughput_std_samples_per_s",
    "time_to_train_min",
    "mfu_pct",
    "hfu_pct",
)
"""Columns that tell what was measured: blanked before anything is predicted."""

TEXTS = (
    "model",
    "task",
    "framework",
    "software",
    "accelerator",
    "precision",
    "sharding",
    "recompute",
    "input_data",
    "unit",
    "group",
    "canonical_accelerator",
    "notes",
    "source_path",
)

NUMBERS = tuple(name for name in COLUMNS if name not in TEXTS)
"""The columns of ``COLUMNS`` that hold numbers."""


def prepared(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns that are looked at, with one type each: numbers, and text by its distinct
    values. Answers are gone."""
    if "model" not in frame or not {"accelerator", "canonical_accelerator"} & set(frame.columns):
        raise InputError(
            "the table needs the columns 'model' and 'accelerator'; it has "
            + ", ".join(map(str, frame.columns[:12]))
        )
    data: dict[str, Any] = {}
    for name in COLUMNS:
        if name not in frame:
            absent = pd.Categorical.from_codes(np.zeros(len(frame), np.int8), _EMPTY)
            data[name] = absent if name in TEXTS else np.full(len(frame), np.nan)
        elif name in TEXTS:
            data[name] = categories(frame[name])
        else:
            data[name] = numbers_of(frame[name], name).to_numpy()
    return pd.DataFrame(data, index=range(len(frame)))


_EMPTY = pd.Index([""], dtype=object)


def categories(column: pd.Series[Any]) -> pd.Categorical:
    """Text by its distinct values; what is absent is empty."""
    codes, values = pd.factorize(column)
    texts = ["", *map(str, values)]
    names = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    places = np.array([names[text] for text in texts])
    return pd.Categorical.from_codes(places[codes + 1], pd.Index(list(names), dtype=object))


def spread(column: pd.Series[Any], change: Callable[[str], Any]) -> NDArray[np.object_]:
    """What each row's text becomes, worked out once for each distinct text."""
    changed = np.empty(len(column.cat.categories), dtype=object)
    changed[:] = [change(text) for text in column.cat.categories]
    spread: NDArray[np.object_] = changed[column.cat.codes.to_numpy()]
    return spread


def numbers_of(column: pd.Series[Any], name: str) -> pd.Series[Any]:
    """A column of positive numbers; NaN where a cell is empty.

    Raises:
        InputError: a cell that is no number, or not a positive one; says in which line of a
            table with one line of header.
    """
    found = pd.to_numeric(column, errors="coerce")
    wrong = found.isna() & column.notna()
    if column.dtype != np.float64:
        wrong &= column.astype(str).str.strip() != ""
    if wrong.any():
        row = int(np.flatnonzero(wrong.to_numpy())[0])
        raise InputError(f"{name}: {column.iloc[row]!r} is not a number", where=f"line {row + 2}")
    wrong = (found <= 0) | np.isinf(found)
    if wrong.any():
        row = int(np.flatnonzero(wrong.to_numpy())[0])
        raise InputError(
            f"{name}: {column.iloc[row]} must be finite and more than 0", where=f"line {row + 2}"
        )
    return found.astype(float)


def distinct_rows(
    frame: pd.DataFrame, columns: Iterable[str]
) -> tuple[list[NDArray[np.intp]], list[dict[str, Any]]]:
    """The rows of each combination of values, and the combination."""
    numbers = combined_codes(frame, columns)
    order = np.argsort(numbers, kind="stable")
    bounds = np.flatnonzero(np.diff(numbers[order])) + 1
    rows = np.split(order, bounds) if len(order) else []
    firsts = frame[list(columns)].iloc[[each[0] for each in rows]]
    records: list[dict[str, Any]] = firsts.astype(object).to_dict("records")  # type: ignore[assignment]
    return rows, records


def combined_codes(frame: pd.DataFrame, columns: Iterable[str]) -> NDArray[np.intp]:
    """The number of each row's combination of values, in the order in which they appear."""
    numbers: NDArray[np.intp] = np.zeros(len(frame), dtype=np.intp)
    for name in columns:
        column = frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            codes, size = column.cat.codes.to_numpy(np.intp), len(column.cat.categories)
        else:
            codes, values = pd.factorize(column, use_na_sentinel=False)
            size = len(values)
        if size > 1:
            numbers = pd.factorize(numbers * size + codes)[0]
    return numbers
