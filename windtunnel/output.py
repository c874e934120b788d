"""Where results go: a table on the terminal, JSON on request, files whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.errors import InputError

_PIPE_WIDTH = 128

if TYPE_CHECKING:
    from rich.console import Console


def console() -> Console:
    """Where tables are drawn; wide in a pipe, as wide as the terminal (or COLUMNS) elsewhere."""
    from rich.console import Console

    class Quiet(Console):
        def on_broken_pipe(self) -> None:
            # Whoever read our pipe has enough; rich would call it a failure.
            raise BrokenPipeError

    fixed = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Quiet(width=_PIPE_WIDTH if fixed else None, highlight=False)


def to_json(result: dict[str, Any]) -> str:
    """JSON text, the same bytes for the same result."""
    return json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def emit(
    result: dict[str, Any], as_json: bool, out: Path | None, draw: Callable[[Console], None]
) -> None:
    """Prints the table or the JSON, and writes the JSON where it is asked for."""
    if out is not None:
        write_atomically(out, to_json(result))
    if as_json:
        sys.stdout.write(to_json(result))
    else:
        draw(console())


def write_atomically(path: Path, text: str) -> None:
    """Writes a file under a temporary name, then renames it: old or new, never half.

    Raises:
        InputError: the folder is absent or cannot be written to.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def check_writable(path: Path) -> None:
    """Refuses a file that could not be written, before work is done for it.

    Raises:
        InputError: says why.
    """
    target = path.resolve()
    if target.is_dir():
        raise InputError("is a folder; give the name of a file", where=str(path))
    if not target.parent.is_dir():
        raise InputError(f"there is no folder {target.parent} to write it to", where=str(path))
    writable = os.access(target if target.exists() else target.parent, os.W_OK)
    # Root may write to anything; a file that is marked read-only is left alone all the same.
    marked = target.is_file() and not target.stat().st_mode & 0o222
    if marked or not writable:
        raise InputError("is read-only; it was left as it is", where=str(path))


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place when the block ends well.

    Links are followed. What is no regular file (a pipe, a device) is written to as it is.

    Raises:
        InputError: the folder is absent, or it or the file cannot be written to.
    """
    check_writable(path)
    path = path.resolve()
    if path.exists() and not path.is_file():
        yield path
        return
    try:
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent
        )
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", where=str(path)) from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp's files are private; keep what the file had, or what a new file would get.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(path.stat().st_mode if path.exists() else 0o666 & ~mask)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", where=str(path)) from None
    finally:
        temporary.unlink(missing_ok=True)
