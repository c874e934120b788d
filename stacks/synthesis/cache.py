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

from stacks.synthesis.run import Run

_MOST_ENTRIES = 100


def default_cache() -> Path:
    """The user's cache folder for this: ``$XDG_CACHE_HOME/windtunnel/synthesis``."""
    root = os.environ.get("XDG_CACHE_HOME")
    # Relative paths there are to be ignored, says the XDG base directory specification.
    base = Path(root) if root and Path(root).is_absolute() else Path.home() / ".cache"
    return base / "windtunnel" / "synthesis"


class Entry:
    """Where the answer for one stack in one mode is kept, or would be.

    Neither the project's folder nor the files' absolute paths count, so that a revision that
    was checked out elsewhere is found again; several revisions have an entry each.
    """

    def __init__(self, folder: Path, run: Run) -> None:
        project = run.project
        known = (
            run.organization,
            run.stack,
            run.mode,
            run.python,
            sys.version,
            *_pulumi_packages(run.python),
            # Not the passphrase itself: a hash of it would be easier to guess than the secrets.
            str(any(name.startswith("PULUMI_CONFIG_PASSPHRASE") for name in os.environ)),
            *(_digest(path) or "" for path in (project.file, project.stack_file(run.stack))),
            *(_digest(path) or "" for path in sorted(Path(__file__).parent.glob("*.py"))),
        )
        self._folder = folder
        self._project = project.folder
        self._key = _hash(*known)

    def load(self) -> dict[str, Any] | None:
        """A kept answer that still holds; anything unreadable counts as absent."""
        for file in self._folder.glob(f"{self._key}-*.json"):
            try:
                kept = json.loads(file.read_text(encoding="utf-8"))
                if kept["made_of"] == self._made_of(kept["made_of"]):
                    os.utime(file)
                    answer: dict[str, Any] = kept["answer"]
                    return answer
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return None

    def store(self, answer: dict[str, Any], sources: Iterable[str]) -> None:
        """Keeps an answer and what it was made of; where nothing can be written, it does not."""
        made_of = self._made_of(_with_folders(sources))
        file = self._folder / f"{self._key}-{_hash(json.dumps(made_of, sort_keys=True))}.json"
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".new-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as new:
                    json.dump({"made_of": made_of, "answer": answer}, new)
                os.replace(temporary, file)
            except OSError:
                os.unlink(temporary)
                raise
            _drop_oldest(self._folder)

    def _made_of(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Content by path: the project's own files by the path inside it."""
        found = {}
        for name in paths:
            path = self._project / name
            inside = path.is_relative_to(self._project)
            found[str(path.relative_to(self._project)) if inside else name] = _digest(path)
        return found


def _with_folders(sources: Iterable[str]) -> set[str]:
    """The files, and the folders of data: a file more in one of them may be read next time."""
    files = set(sources)
    return files | {os.path.dirname(file) for file in files if not file.endswith(".py")}


def _hash(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:24]


def _digest(path: Path) -> str | None:
    """Of a file's content or a folder's names; None where there is neither."""
    try:
        if path.is_dir():
            names = sorted(name for name in os.listdir(path) if not name.startswith(("__", ".")))
            return _hash(*names)
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
