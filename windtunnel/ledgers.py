"""The ledger of the project that a command runs in.

A prediction is written down where the project keeps a ledger, a folder ``.windtunnel`` here or
above, and nowhere else: asking a question leaves no files behind, and a project that wants to
know how well it was answered says so once (`windtunnel ledger --start`; a launch does so too).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import InputError

if TYPE_CHECKING:
    from simulator.study.compare_measured import Comparison
    from simulator.study.ledger import Entry, Ledger


def project_ledger() -> Ledger | None:
    """The ledger of the project here, or None where it keeps none."""
    from simulator.study.ledger import Ledger, find_project

    project = find_project(Path.cwd())
    return None if project is None else Ledger(project)


def start_ledger() -> Ledger:
    """The ledger of the project here; one begins where there is none.

    Raises:
        InputError: its folder cannot be made.
    """
    from simulator.study.ledger import PROJECT_FOLDER, Ledger

    found = project_ledger()
    if found is not None:
        return found
    folder = Path.cwd() / PROJECT_FOLDER
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror or error}", where=str(folder)) from None
    return Ledger(Path.cwd())


def note_predictions(entries: Callable[[datetime], Iterable[Entry]]) -> None:
    """Writes predictions down where the project keeps a ledger.

    A ledger that cannot be written is told of, and the prediction stands all the same.
    """
    try:
        ledger = project_ledger()
        if ledger is not None:
            ledger.append(tuple(entries(datetime.now(UTC))))
    except InputError as error:
        print(f"windtunnel: {error}; this prediction is not in it", file=sys.stderr)


def record_outcomes(ledger: Ledger, found: Iterable[Comparison]) -> tuple[Entry, ...]:
    """Writes measured runs down, each with what had been predicted of it before, if anything.

    A measurement that is in the ledger already is left out.

    Raises:
        InputError: the ledger cannot be read or written.
    """
    from simulator.study.ledger import foretold
    from simulator.study.ledger_entries import entry_of_outcome

    before = ledger.read()
    known = {_identity(each) for each in before if each.kind == "outcome"}
    now = datetime.now(UTC)
    entries = []
    for each in found:
        entry = foretold(before, entry_of_outcome(each, now))
        if _identity(entry) not in known:
            known.add(_identity(entry))
            entries.append(entry)
    ledger.append(entries)
    return tuple(entries)


def _identity(entry: Entry) -> tuple[object, ...]:
    return (
        entry.model,
        entry.accelerator,
        entry.accelerators,
        entry.global_batch,
        entry.measured_at,
        entry.measured_step_seconds,
    )
