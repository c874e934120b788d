"""Traces by path: which format a file has, which pools its jobs ask for."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import TraceError

if TYPE_CHECKING:
    from simulator.traces import TraceSummary


def summarise_path(path: Path, trace_format: str | None, settings: Sequence[str]) -> TraceSummary:
    """Summary of a trace file, or of the traces of a scenario on its pools.

    Raises:
        InputError: the file cannot be read, or is neither.
    """
    from simulator.traces import describe, read_jobs_csv, read_philly

    if path.suffix in (".yaml", ".yml"):
        return _summarise_scenario(path, settings)
    header = _header(path)
    found = trace_format or ("philly" if "num_gpus" in header else "csv")
    if found == "philly":
        return describe(read_philly(path, _names(path, "cluster", "vc-")))
    pools = _names(path, "pool", "") if "pool" in header else ["pool"]
    return describe(read_jobs_csv(path, pools))


def _summarise_scenario(path: Path, settings: Sequence[str]) -> TraceSummary:
    from domain.catalog import load_catalog
    from domain.reading import load_scenario
    from simulator.study.capacity import summarise_trace

    file = load_scenario(path, settings)
    return summarise_trace(file, load_catalog())


def _rows(path: Path) -> list[list[str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", newline="", encoding="utf-8") as stream:
            return list(csv.reader(stream))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TraceError(f"cannot be read: {reason}", where=str(path)) from None


def _header(path: Path) -> list[str]:
    rows = _rows(path)
    if not rows:
        raise TraceError("is empty; a trace has a line of column names", where=str(path))
    return rows[0]


def _names(path: Path, column: str, prefix: str) -> list[str]:
    header, *rows = _rows(path)
    if column not in header:
        raise TraceError(f"has no column '{column}'; it has {', '.join(header)}", where=str(path))
    at = header.index(column)
    return sorted({prefix + row[at] for row in rows if len(row) > at})
