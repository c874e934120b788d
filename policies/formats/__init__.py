"""A report as other programs read it: code scanners, pull requests, test reports."""

from __future__ import annotations

from posixpath import join, normpath


def place(source: str | None, folder: str = "") -> tuple[str, int] | None:
    """File and line of ``file:line``.

    Args:
        folder: where the program is, from the top of its repository (``infra/``); the file is
            then told from there too.
    """
    file, _, line = (source or "").rpartition(":")
    return (normpath(join(folder, file)), int(line)) if file and line.isdigit() else None


def name_of(urn: str | None) -> str:
    """How people call a resource: its logical name, or the stack as a whole."""
    return urn.split("::", 3)[-1] if urn else "the stack"
