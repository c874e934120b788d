"""Traces by path: a trace file of either format, or a scenario with a trace in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import TraceError

if TYPE_CHECKING:
    from simulator.traces import TraceSummary


def summarise_path(path: Path, trace_format: str | None, settings: Sequence[str]) -> TraceSummary:
    """Summary of a trace file, or of the trace of a scenario on its pools.

    Without a format the columns tell: Philly's where they are there, else the plain ones.

    Raises:
        InputError: the file cannot be read, or is neither.
    """
    from simulator.traces import describe, read_jobs_csv, read_philly

    if path.suffix in (".yaml", ".yml"):
        return _summarise_scenario(path, settings)
    if trace_format == "csv":
        return describe(read_jobs_csv(path, None))
    try:
        return describe(read_philly(path, None))
    except TraceError as error:
        if trace_format == "philly" or not _lacks_a_column(error):
            raise
    return describe(read_jobs_csv(path, None))


def _lacks_a_column(error: TraceError) -> bool:
    return error.message.startswith("no column")


def _summarise_scenario(path: Path, settings: Sequence[str]) -> TraceSummary:
    from domain.catalog import load_catalog
    from domain.reading import load_scenario
    from simulator.study.capacity import summarise_trace

    return summarise_trace(load_scenario(path, settings), load_catalog())
