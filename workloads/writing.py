"""Files that are there whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Lets ``write`` make the file under another name, then gives it its own.

    Raises:
        OSError: no room, or no right to write there; what was there before is untouched.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, document: Any) -> None:
    """Writes plain data as JSON with a line for each key of the outermost two levels or more."""
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    write_whole(path, lambda aside: aside.write_text(text, encoding="utf-8"))
