"""Tables of training runs as CSV files: read as text, predicted, written with every input kept.

What was measured is blanked as a table is read; nothing that follows can see it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from domain.errors import InputError, near_misses
from simulator.study.point_predictions import PointPredictions
from simulator.study.points import ANSWERS, COLUMNS, NUMBERS, Points, numbers_of

ADDED = ("predicted", "lower90", "upper90", "bottleneck", "memory_fits", "reason")
"""Columns that a prediction adds to those of its table."""
_DIGITS = 6
_ROWS_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True)
class RunTable:
    """The rows of a file, every cell as it was written; answers are apart."""

    name: str
    cells: pa.Table
    answers: pa.Table

    def __len__(self) -> int:
        return int(self.cells.num_rows)

    def frame(self) -> pd.DataFrame:
        """The columns that predictions look at: text by its distinct values, figures as numbers.

        Raises:
            InputError: a cell that is no positive number and should be; says where.
        """
        found: dict[str, Any] = {}
        for name in COLUMNS:
            if name in NUMBERS and name in self.cells.column_names:
                found[name] = self._numbers(self.cells[name], name)
            elif name in self.cells.column_names:
                found[name] = _categories(self.cells[name].combine_chunks())
        return pd.DataFrame(found, index=range(len(self)))

    def measured(self, column: str) -> NDArray[np.float64]:
        """One of the columns that were blanked, as numbers; NaN where a cell is empty.

        Raises:
            InputError: the table has no such column, or a cell is no number.
        """
        if column not in self.answers.column_names:
            raise InputError(f"has no column '{column}' with what was measured", where=self.name)
        return self._numbers(self.answers[column], column)

    def _numbers(self, column: Any, name: str) -> NDArray[np.float64]:
        try:
            return numbers_of(pd.Series(_numbers(column.combine_chunks())), name).to_numpy(float)
        except InputError as error:
            raise error.at(self.name) from None

    def text(self, column: str) -> NDArray[np.object_]:
        """One column as text; empty where the table has none such."""
        if column not in self.cells.column_names:
            return np.full(len(self), "", dtype=object)
        values: NDArray[np.object_] = self.cells[column].to_numpy()
        return values


def read_run_table(path: Path) -> RunTable:
    """The table of a CSV file, its answers set apart.

    Raises:
        InputError: absent, empty, not CSV in UTF-8, a column twice, or a row of another length.
    """
    data = _bytes(path)
    names = _header(data, str(path))
    options = {
        "parse_options": arrow_csv.ParseOptions(newlines_in_values=True),
        "convert_options": arrow_csv.ConvertOptions(
            column_types={name: pa.string() for name in names}, strings_can_be_null=False
        ),
    }
    try:
        table = arrow_csv.read_csv(pa.BufferReader(data), **options)
    except pa.ArrowInvalid as error:
        raise InputError(_first_wrong_row(data, names, str(error)), where=str(path)) from None
    if not table.num_rows:
        raise InputError("has no rows below its header", where=str(path))
    answers = [name for name in table.column_names if name in ANSWERS]
    apart = table.select(answers)
    for name in answers:
        blank = pa.chunked_array([pa.array([""]).take(pa.array(np.zeros(len(table), np.int8)))])
        table = table.set_column(table.column_names.index(name), name, blank)
    return RunTable(str(path), table, apart)


def write_predictions(
    file: BinaryIO, table: RunTable, points: Points, found: PointPredictions
) -> None:
    """The table as CSV, with the columns of ``ADDED`` behind its own."""
    known = found.reasons == ""
    fits = np.where(found.forms.memory_fits, "true", "false")
    added: dict[str, Any] = {
        name: rounded(np.where(known, getattr(found, name), np.nan))
        for name in ("predicted", "lower90", "upper90")
    }
    added["bottleneck"] = np.where(known, found.forms.bottleneck, "")
    added["memory_fits"] = np.where(known & np.isfinite(points.memory_bytes), fits, "")
    added["reason"] = found.reasons
    whole = table.cells.select([name for name in table.cells.column_names if name not in ADDED])
    for name in ADDED:
        values = added[name]
        column = pa.array(values, from_pandas=True)
        whole = whole.append_column(name, column.cast(pa.string()).fill_null(""))
    file.write(_line(whole.column_names))
    for text in _lines(whole):
        file.write(text)


def predicted_rows(found: PointPredictions) -> int:
    """How many rows have a prediction."""
    return int((found.reasons == "").sum())


def rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Six digits: more than any prediction is worth, and the same alone and among others."""
    with np.errstate(divide="ignore", invalid="ignore"):
        places = _DIGITS - 1 - np.floor(np.log10(np.abs(values)))
    places = np.where(np.isfinite(places), np.clip(places, -22, 22), 0.0)
    up, down = 10.0 ** np.maximum(places, 0.0), 10.0 ** np.maximum(-places, 0.0)
    result: NDArray[np.float64] = np.round(values * up / down) * down / up
    return result


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        siblings = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = near_misses(path.name, siblings)
        raise InputError(f"there is no such table{hint}", where=str(path)) from None
    except OSError as failure:
        raise InputError(
            f"cannot be read: {failure.strerror or failure}", where=str(path)
        ) from None
    if not data.strip():
        raise InputError("is empty; a table is CSV with a header line", where=str(path))
    return data


def _header(data: bytes, name: str) -> list[str]:
    """The names of the columns, each once."""
    try:
        text = data[:1_000_000].decode("utf-8-sig", errors="ignore")
        data[:1000].decode("utf-8", errors="strict" if len(data) <= 1000 else "ignore")
        names = next(csv.reader(io.StringIO(text)))
    except (UnicodeDecodeError, csv.Error, StopIteration):
        raise InputError("is not CSV in UTF-8; a table of runs is", where=name) from None
    twice = [each for index, each in enumerate(names) if each in names[:index]]
    if twice:
        raise InputError(f"the header has the column '{twice[0]}' twice", where=f"{name}: line 1")
    return names


def _first_wrong_row(data: bytes, names: list[str], told: str) -> str:
    """Which row cannot be read, and why."""
    if "UTF8" in told or "UTF-8" in told:
        return "is not text in UTF-8; a table of runs is"
    wrong = []

    def note(row: Any) -> str:
        wrong.append(row)
        return "skip"

    try:
        arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(use_threads=False),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
        )
    except pa.ArrowInvalid as error:
        told = str(error)
    if wrong:
        row = wrong[0]
        return f"row {row.number} has {row.actual_columns} cells, the header {len(names)}"
    return f"is not CSV: {told.splitlines()[0]}"


def _categories(column: Any) -> pd.Categorical:
    encoded = column.dictionary_encode()
    return pd.Categorical.from_codes(
        encoded.indices.to_numpy(zero_copy_only=False),
        categories=pd.Index(encoded.dictionary.to_pylist(), dtype=object),
    )


def _numbers(column: Any) -> Any:
    stated = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
    try:
        return stated.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return stated.to_numpy(zero_copy_only=False)


def _lines(table: pa.Table) -> Iterator[Any]:
    """The text of the rows, a batch at a time."""
    for batch in table.combine_chunks().to_batches(max_chunksize=_ROWS_AT_ONCE):
        cells = [_quoted(column) for column in batch.columns]
        cells[-1] = pc.binary_join_element_wise(cells[-1], "\n", "")
        joined = pc.binary_join_element_wise(*cells, ",")
        yield _text_of(joined)


def _text_of(column: Any) -> bytes:
    """All texts of a column, one behind the other, as they lie in memory."""
    _, places, data = column.buffers()
    if data is None:
        return b""
    bounds = np.frombuffer(places, np.int32)[[column.offset, column.offset + len(column)]]
    return bytes(memoryview(data)[bounds[0] : bounds[1]])


def _quoted(column: Any) -> Any:
    """Cells as CSV writes them: in quotes where they hold a comma, a quote or a line's end."""
    text = _text_of(column)
    if not any(each in text for each in (b",", b'"', b"\n", b"\r")):
        return column
    special = pc.match_substring_regex(column, '[",\r\n]')
    doubled = pc.replace_substring(column, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise('"', doubled, '"', ""), column)


def _line(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()
