"""What was predicted and what became of it, kept in the project: ``.windtunnel/ledger/``.

Each append is a small Parquet file of its own, written under a temporary name and renamed, so
that two writers never touch one file and a reader sees whole files only. ``compact`` joins
small files; an entry that is in two files for a moment has one identity, and is read once.
"""

from __future__ import annotations

import math
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Literal

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from domain.errors import InputError

PROJECT_FOLDER = ".windtunnel"
_MANY_FILES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One prediction, or one outcome with what had been predicted of it.

    Times are of one step; costs are dollars of a million samples. NaN and 0 are what is not
    known.
    """

    kind: Literal["prediction", "outcome"]
    recorded_at: str
    """ISO, UTC."""
    command: str
    subject: str
    """The scenario, or the model that was asked for."""
    model: str
    framework: str = ""
    precision: str = ""
    accelerator: str
    machine: str = ""
    region: str = ""
    market: str = ""
    nodes: int = 1
    accelerators: int = 1
    global_batch: int = 0
    micro_batch: int = 0
    sequence: int = 0
    predicted_step_seconds: float
    lower90_step_seconds: float = math.nan
    upper90_step_seconds: float = math.nan
    predicted_input_share: float = math.nan
    predicted_usd_per_million: float = math.nan
    measured_step_seconds: float = math.nan
    measured_input_share: float = math.nan
    measured_usd_per_million: float = math.nan
    measured_at: str = ""
    predicted_at: str = ""
    """Of an outcome whose prediction was in the ledger before it ran: when; else empty, and the
    prediction is that of the calibration in use when the outcome was recorded."""
    calibration: str = ""
    knowledge: str = ""
    own_measurements: int = 0
    """Of the accelerator, that the prediction rested on."""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def foretells(self, outcome: Entry) -> bool:
        """Whether it is a prediction of the configuration of an outcome, made before it.

        What the prediction did not say (its framework, its sequence length) may be any.
        """
        alike = all(
            getattr(self, name) == getattr(outcome, name)
            for name in ("model", "precision", "accelerator", "accelerators", "global_batch")
        )
        return (
            alike
            and self.kind == "prediction"
            and self.recorded_at < outcome.measured_at
            and self.framework in ("", outcome.framework)
            and self.sequence in (0, outcome.sequence)
        )

    @property
    def log_error(self) -> float:
        """The logarithm of measured over predicted step time; NaN where it is not known."""
        if not (self.measured_step_seconds > 0 and self.predicted_step_seconds > 0):
            return math.nan
        return math.log(self.measured_step_seconds / self.predicted_step_seconds)

    @property
    def is_inside(self) -> bool:
        """Whether the measured time lies in the predicted interval."""
        return self.lower90_step_seconds <= self.measured_step_seconds <= self.upper90_step_seconds


_ARROW = {"str": pa.string(), "int": pa.int64(), "float": pa.float64()}
SCHEMA = pa.schema([(each.name, _ARROW.get(str(each.type), pa.string())) for each in fields(Entry)])


def find_project(start: Path) -> Path | None:
    """The nearest folder, from ``start`` upwards, that keeps a ledger."""
    for folder in (start, *start.parents):
        if (folder / PROJECT_FOLDER).is_dir():
            return folder
    return None


class Ledger:
    """The ledger of one project."""

    def __init__(self, project: Path) -> None:
        self.folder = project / PROJECT_FOLDER / "ledger"

    def append(self, entries: Sequence[Entry]) -> Path | None:
        """Writes entries as one new file; gives its path, or None where there are none.

        Raises:
            InputError: the folder cannot be written to.
        """
        if not entries:
            return None
        written = self._write(entries)
        if sum(1 for _ in self._files()) > _MANY_FILES:
            self.compact()
        return written

    def read(self) -> tuple[Entry, ...]:
        """Every entry, oldest first.

        Raises:
            InputError: a file that is no part of a ledger; names it.
        """
        found: dict[str, Entry] = {}
        for path in self._files():
            for entry in _entries(path):
                found[entry.id] = entry
        return tuple(sorted(found.values(), key=lambda each: (each.recorded_at, each.id)))

    def compact(self) -> None:
        """Joins all files into one. Entries that others append meanwhile stay as they are."""
        files = list(self._files())
        entries = {entry.id: entry for path in files for entry in _entries(path)}
        if len(files) > 1:
            self._write(tuple(entries.values()))
            for path in files:
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[Path]:
        if self.folder.is_dir():
            yield from sorted(self.folder.glob("*.parquet"))

    def _write(self, entries: Sequence[Entry]) -> Path:
        table = pa.Table.from_pylist([asdict(each) for each in entries], schema=SCHEMA)
        stamp = max(each.recorded_at for each in entries).replace(":", "").replace("+0000", "Z")
        path = self.folder / f"{stamp}-{uuid.uuid4().hex[:12]}.parquet"
        temporary = path.with_name(f".{path.name}.tmp")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                pq.write_table(table, temporary)
                with temporary.open("rb") as written:
                    os.fsync(written.fileno())
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(
                f"the ledger cannot be written: {error.strerror or error}", where=str(self.folder)
            ) from None
        return path


def _entries(path: Path) -> list[Entry]:
    """The entries of one file; none where another process has joined it meanwhile."""
    try:
        rows = pq.read_table(path, partitioning=None).to_pylist()
    except FileNotFoundError:
        return []
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"is no part of a ledger: {error}", where=str(path)) from None
    known = {each.name for each in fields(Entry)}
    found = []
    for row in rows:
        try:
            found.append(Entry(**{key: value for key, value in row.items() if key in known}))
        except TypeError as error:
            raise InputError(f"is no part of a ledger: {error}", where=str(path)) from None
    return found


def outcomes(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The outcomes whose error is known, in the order in which they were measured."""
    known = [each for each in entries if each.kind == "outcome" and math.isfinite(each.log_error)]
    return tuple(sorted(known, key=lambda each: (each.measured_at, each.recorded_at, each.id)))


def foretold(entries: Iterable[Entry], outcome: Entry) -> Entry:
    """An outcome with the last prediction of its configuration from before it was measured, or
    as it is where the ledger has none."""
    before = [
        each
        for each in entries
        if each.foretells(outcome) and math.isfinite(each.lower90_step_seconds)
    ]
    if not before:
        return outcome
    last = max(before, key=lambda each: each.recorded_at)
    told = {
        name: getattr(last, name)
        for name in (
            "predicted_step_seconds",
            "lower90_step_seconds",
            "upper90_step_seconds",
            "predicted_usd_per_million",
            "calibration",
            "knowledge",
            "own_measurements",
        )
    }
    return Entry(**{**asdict(outcome), **told, "predicted_at": last.recorded_at})
