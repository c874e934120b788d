"""Columns of a CSV file, or the first line that is wrong.

Reading is vectorised. Only when a column does not read does a second, slow pass walk the
file line by line to say which line it is.
"""

from __future__ import annotations

import csv
import gzip
import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import TraceError, near_misses

if TYPE_CHECKING:
    import pandas as pd

_TIMESTAMP = "%Y-%m-%d %H:%M:%S"
_UNREADABLE = (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error)


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """What a column holds: one cell at a time, and all at once."""

    rule: str
    accepts: Callable[[str], bool]
    convert: Callable[[pd.Series[Any]], NDArray[Any]]
    right: Callable[[NDArray[Any]], NDArray[np.bool_]]


def _number(text: str) -> float:
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def _is_timestamp(text: str) -> bool:
    try:
        datetime.strptime(text, _TIMESTAMP)
    except ValueError:
        return False
    return True


def _to_numbers(column: pd.Series[Any]) -> NDArray[Any]:
    import pandas as pd

    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _to_timestamps(column: pd.Series[Any]) -> NDArray[Any]:
    import pandas as pd

    stamps = pd.to_datetime(column, format=_TIMESTAMP, errors="coerce")
    return stamps.to_numpy(dtype="datetime64[s]")


def _to_names(column: pd.Series[Any]) -> NDArray[Any]:
    return column.fillna("").astype(str).to_numpy(dtype=object)


SECONDS = ColumnKind(
    "a number of seconds, at least 0",
    lambda text: 0 <= _number(text) < math.inf,
    _to_numbers,
    lambda values: (values >= 0) & np.isfinite(values),
)
WHOLE = ColumnKind(
    "a whole number",
    lambda text: math.isfinite(_number(text)) and _number(text) == int(_number(text)),
    _to_numbers,
    lambda values: np.isfinite(values) & (values == np.floor(values)),
)
POSITIVE_WHOLE = ColumnKind(
    "a whole number, at least 1",
    lambda text: WHOLE.accepts(text) and _number(text) >= 1,
    _to_numbers,
    lambda values: WHOLE.right(values) & (values >= 1),
)
TIMESTAMP = ColumnKind(
    "a time like 2017-10-01 00:00:45",
    _is_timestamp,
    _to_timestamps,
    lambda values: ~np.isnat(values),
)
NAME = ColumnKind("a name", lambda text: bool(text), _to_names, lambda values: values != "")


def read_columns(
    path: Path, columns: Mapping[str, ColumnKind], optional: Mapping[str, ColumnKind] | None = None
) -> dict[str, NDArray[Any]]:
    """The asked columns of a CSV file, plain or gzip-compressed; blank lines do not count.

    A column of ``optional`` that the file lacks is left out of the answer.

    Raises:
        TraceError: the file cannot be read, lacks a column, or has a line that is wrong.
    """
    import pandas as pd

    header, first = _first_two_lines(path)
    if missing := [name for name in columns if name not in header]:
        raise TraceError(
            f"no column '{missing[0]}' among {', '.join(header)}{near_misses(missing[0], header)}",
            where=f"{path}:1",
        )
    if first is not None and len(first) > len(header):
        # pandas would take the first cells of every line as row labels.
        raise _first_wrong_line(path, header, columns)
    present = {n: k for n, k in (optional or {}).items() if n in header}
    wanted = {**columns, **present}
    text = {name: str for name, kind in wanted.items() if kind is NAME}
    try:
        frame = pd.read_csv(path, dtype=text, keep_default_na=False, low_memory=False)
        read = {name: kind.convert(frame[name]) for name, kind in wanted.items()}
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error
    except (pd.errors.ParserError, ValueError) as error:
        raise _first_wrong_line(path, header, wanted) from error
    if not all(kind.right(read[name]).all() for name, kind in wanted.items()):
        raise _first_wrong_line(path, header, wanted)
    return read


def line_of(path: Path, row: int) -> int:
    """The line in the file of the ``row``-th data row, counted from 0."""
    with _open(path) as lines:
        reader = csv.reader(lines)
        rows = (reader.line_num for cells in reader if cells)
        for _ in range(row + 1):
            next(rows)
        return next(rows)


def _open(path: Path) -> Any:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _unreadable(path: Path, error: Exception) -> TraceError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return TraceError(f"cannot be read: {reason}", where=str(path))


def _first_two_lines(path: Path) -> tuple[list[str], list[str] | None]:
    try:
        with _open(path) as lines:
            rows = (cells for cells in csv.reader(lines) if cells)
            header, first = next(rows, None), next(rows, None)
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error
    if header is None:
        raise TraceError("the file is empty; its first line names the columns", where=str(path))
    return header, first


def _first_wrong_line(
    path: Path, header: list[str], wanted: Mapping[str, ColumnKind]
) -> TraceError:
    with _open(path) as lines:
        reader = csv.reader(lines)
        rows = (cells for cells in reader if cells)
        next(rows)
        for cells in rows:
            where = f"{path}:{reader.line_num}"
            if len(cells) != len(header):
                return TraceError(
                    f"{len(cells)} cells, but the first line names {len(header)} columns",
                    where=where,
                )
            for name, text in zip(header, cells, strict=True):
                if name in wanted and not wanted[name].accepts(text):
                    return TraceError(f"{name} '{text}' is not {wanted[name].rule}", where=where)
    return TraceError("is not a table of comma-separated values", where=str(path))
