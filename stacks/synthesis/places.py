"""Where in a program something happened, as ``file:line`` relative to its project.

Stands alone (standard library only): the child loads it by path.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

_NOT_OURS = ("site-packages", "dist-packages", ".venv", "venv", "node_modules")


class Places:
    """Tells the project's own files from packages that were installed and from the child's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def line(self, file: str, line: int) -> str | None:
        """``file:line``, or None for what is not the project's own."""
        try:
            path = Path(file).relative_to(self._folder)
        except ValueError:
            return None
        ours = not any(part in _NOT_OURS for part in path.parts)
        return f"{path}:{line}" if ours and Path(file).parent != Path(__file__).parent else None

    def of_request(self, request: Any) -> str | None:
        """The innermost statement of the project that led to a registration."""
        for frame in (request.sourcePosition, *(each.pc for each in request.stackTrace.frames)):
            file = unquote(urlparse(frame.uri).path)
            if file and (place := self.line(file, frame.line)):
                return place
        return None

    def of_error(self, error: BaseException) -> str | None:
        """The innermost statement of the project on the way to an error, or to its cause."""
        if isinstance(error, SyntaxError) and error.filename:
            line = error.lineno or 1
            return self.line(error.filename, line) or f"{error.filename}:{line}"
        found, trace = None, error.__traceback__
        while trace is not None:
            file = os.path.abspath(trace.tb_frame.f_code.co_filename)
            # "<frozen os>" and its like are no files.
            if os.path.isfile(file):
                found = self.line(file, trace.tb_lineno) or found
            trace = trace.tb_next
        if found is None and error.__cause__ is not None:
            return self.of_error(error.__cause__)
        return found
