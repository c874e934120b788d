"""Measurements as a Parquet file: a row each, whole as JSON, with what people sort by beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from domain.errors import InputError
from domain.measurement import Measurement, measurement_of
from domain.model_facts import model_text

_WHOLE = "measurement"


def write_measurement_table(measurements: Iterable[Measurement], path: Path) -> None:
    """Writes a file; the caller renames it into its place."""
    rows = [_row(each) for each in measurements]
    pq.write_table(pa.Table.from_pylist(rows), path)


def read_measurement_table(path: Path) -> tuple[Measurement, ...]:
    """The measurements of a file.

    Raises:
        InputError: absent, not Parquet, without measurements, or one that does not hold together.
    """
    try:
        table = pq.read_table(path, partitioning=None)
    except FileNotFoundError:
        raise InputError("there is no such file of measurements", where=str(path)) from None
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"is no Parquet file: {error}", where=str(path)) from None
    if _WHOLE not in table.column_names or not table.num_rows:
        raise InputError(f"holds no measurement: no rows with a column '{_WHOLE}'", where=str(path))
    texts = table.column(_WHOLE).to_pylist()
    return tuple(_read(text, f"{path}: row {number}") for number, text in enumerate(texts, 1))


def _row(measurement: Measurement) -> dict[str, Any]:
    what, where = measurement.workload, measurement.environment
    return {
        "taken_at": measurement.taken_at,
        "model": model_text(what.model),
        "framework": what.framework,
        "precision": what.precision,
        "machine": where.machine,
        "accelerator": measurement.accelerator_name,
        "nodes": where.nodes,
        "global_batch": what.global_batch,
        "step_seconds": measurement.step_seconds,
        "input_stall_share": measurement.input_stall_share,
        _WHOLE: json.dumps(measurement.model_dump(mode="json", exclude_defaults=True)),
    }


def _read(text: Any, place: str) -> Measurement:
    try:
        document = json.loads(text or "")
    except ValueError as error:
        raise InputError(f"is not JSON: {error}", where=place) from None
    return measurement_of(document, place)
