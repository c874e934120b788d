"""Synthesised graphs, kept by the content of everything that they were made of.

An entry is found by what is known before a run: the project's and the stack's file, the mode,
the interpreter, the versions of Pulumi's packages and this package itself. It counts only
while every file that the program imported or read back then still has the content that it
had. Environment variables and the network are not looked at; programs should not either.
Entries hold what the child answered, so no secrets.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from stacks.synthesis.project import Project

_MOST_ENTRIES = 100


def default_cache() -> Path:
    """The user's cache folder for this: ``$XDG_CACHE_HOME/windtunnel/synthesis``."""
    root = os.environ.get("XDG_CACHE_HOME")
    # Relative paths there are to be ignored, says the XDG base directory specification.
    base = Path(root) if root and Path(root).is_absolute() else Path.home() / ".cache"
    return base / "windtunnel" / "synthesis"


class Entry:
    """Where the answer for one stack in one mode is kept, or would be."""

    def __init__(self, folder: Path, project: Project, stack: str, mode: str, python: str) -> None:
        known = (
            str(project.folder),
            stack,
            mode,
            python,
            sys.version,
            *_pulumi_packages(python),
            # Not the passphrase itself: a hash of it would be easier to guess than the secrets.
            str(any(name.startswith("PULUMI_CONFIG_PASSPHRASE") for name in os.environ)),
            *(_digest(path) or "" for path in (project.file, project.stack_file(stack))),
            *(_digest(path) or "" for path in sorted(Path(__file__).parent.glob("*.py"))),
        )
        self._file = folder / (sha256("\0".join(known).encode()).hexdigest()[:40] + ".json")

    def load(self) -> dict[str, Any] | None:
        """The kept answer, while it still holds; anything unreadable counts as absent."""
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            if kept["made_of"] != _made_of(kept["made_of"]):
                return None
            answer: dict[str, Any] = kept["answer"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return answer

    def store(self, answer: dict[str, Any], sources: Iterable[str]) -> None:
        """Keeps an answer and what it was made of; where nothing can be written, it does not."""
        kept = {"made_of": _made_of(_with_folders(sources)), "answer": answer}
        folder = self._file.parent
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(kept, file)
                os.replace(temporary, self._file)
            except OSError:
                os.unlink(temporary)
                raise
            _drop_oldest(folder)


def _with_folders(sources: Iterable[str]) -> set[str]:
    """The files, and the folders of data: a file more in one of them may be read next time."""
    files = set(sources)
    return files | {os.path.dirname(file) for file in files if not file.endswith(".py")}


def _made_of(paths: Iterable[str]) -> dict[str, str | None]:
    return {path: _digest(Path(path)) for path in paths}


def _digest(path: Path) -> str | None:
    """Of a file's content or a folder's names; None where there is neither."""
    try:
        if path.is_dir():
            names = sorted(name for name in os.listdir(path) if not name.startswith(("__", ".")))
            return sha256("\0".join(names).encode()).hexdigest()
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _pulumi_packages(python: str) -> list[str]:
    """Names and versions of the interpreter's packages for Pulumi."""
    own = [Path(each) for each in sys.path if each]
    others = Path(python).parent.parent.glob("lib/python*/site-packages")
    return sorted(
        package.name
        for folder in (own if python == sys.executable else others)
        for package in folder.glob("pulumi*.dist-info")
    )


def _drop_oldest(folder: Path) -> None:
    entries = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in entries[_MOST_ENTRIES:]:
        path.unlink(missing_ok=True)
