"""Reads any file that Pulumi writes about a stack: what exists, or what would change."""

from __future__ import annotations

from pathlib import Path

from domain.errors import InputError
from domain.resources.documents import opened
from domain.resources.events import read_events
from domain.resources.graph import Change, ResourceGraph
from domain.resources.join import join
from domain.resources.preview import is_preview, read_preview
from domain.resources.recognise import not_a_document
from domain.resources.state import is_state, read_state


def read_file(path: Path) -> ResourceGraph | Change:
    """By what the file is: an export or a checkpoint gives the state, a preview or an event log
    the change.

    Raises:
        InputError: it cannot be read, is another kind of file, or is of a run that failed.
    """
    with opened(path) as content:
        if not isinstance(content, dict):
            return read_events(content, f"event log {path.name}")
        if is_state(content):
            name = "checkpoint" if "checkpoint" in content else "export"
            return read_state(content, f"{name} {path.name}")
        if is_preview(content):
            return read_preview(content, f"preview {path.name}")
        raise InputError(not_a_document(content))


def read_resources(path: Path) -> ResourceGraph:
    """The resources of a stack: as they are (an export), or after the change of a preview.

    Raises:
        InputError: as ``read_file``.
    """
    found = read_file(path)
    return found.after if isinstance(found, Change) else found


def read_change(path: Path, state: Path | None = None) -> Change:
    """Both sides of a preview or an event log.

    With ``state``, an export of the same stack, nothing is left out.

    Raises:
        InputError: as ``read_file``; one file is given for the other; they do not fit together.
    """
    change = read_file(path)
    if not isinstance(change, Change):
        raise InputError(
            "this is what a stack holds, not a change; give it as the state, or give the output "
            "of 'pulumi preview --json --show-sames > preview.json'",
            where=str(path),
        )
    if state is None:
        return change
    found = read_file(state)
    if isinstance(found, Change):
        raise InputError(
            "this is a change, not what a stack holds; give the output of "
            "'pulumi stack export > state.json'",
            where=str(state),
        )
    return join(change, found)
