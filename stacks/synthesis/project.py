"""A Pulumi project on disk: its ``Pulumi.yaml``, its program and its stacks."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.errors import InputError, near_misses
from domain.located import KeyPath, Located, parse_yaml, read_text

_PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")
_STACK_FILE = re.compile(r"Pulumi\.(.+)\.(yaml|yml|json)")


@dataclass(frozen=True, slots=True)
class Project:
    """What ``Pulumi.yaml`` says."""

    name: str
    folder: Path
    file: Path
    program: Path
    """The folder with ``__main__.py``, or the file, that is run."""
    stack_folder: Path
    located: Located

    @property
    def python(self) -> str:
        """The interpreter of the project's own virtual environment, else the one in use."""
        runtime = self.located.data.get("runtime")
        options = runtime.get("options") if isinstance(runtime, Mapping) else None
        named = options.get("virtualenv") if isinstance(options, Mapping) else None
        own = self.folder / str(named) / "bin" / "python"
        return str(own) if named and own.is_file() else sys.executable

    def stacks(self) -> Mapping[str, Path]:
        """The configuration file of each stack that has one."""
        return {
            match[1]: path
            for path in sorted(self.stack_folder.glob("Pulumi.*.*"))
            if (match := _STACK_FILE.fullmatch(path.name))
        }

    def stack_file(self, stack: str) -> Path:
        """The configuration of a stack.

        Raises:
            InputError: there is no such stack; the message names those that there are.
        """
        stacks = self.stacks()
        if stack in stacks:
            return stacks[stack]
        known = ", ".join(f"'{name}'" for name in stacks) or "none"
        raise InputError(
            f"there is no stack '{stack}' in {self.stack_folder}: stacks with a "
            f"Pulumi.<stack>.yaml are {known}{near_misses(stack, stacks)}",
            where=str(self.file),
        )


def read_project(start: Path) -> Project:
    """The project of a folder, or of the nearest folder above that has a ``Pulumi.yaml``.

    Raises:
        InputError: there is none, it is not valid, or it is no Python program.
    """
    start = start.resolve()
    found = (folder / name for folder in (start, *start.parents) for name in _PROJECT_FILES)
    file = next((path for path in found if path.is_file()), None)
    if file is None:
        raise InputError(
            "there is no Pulumi.yaml here or in any folder above; a Pulumi project has one",
            where=str(start),
        )
    located = read(file, "Pulumi project")
    name = located.data.get("name")
    if not isinstance(name, str) or not name:
        raise wrong(located, ("name",), "'name' of the project is missing; it must be text")
    runtime = located.data.get("runtime")
    language = runtime.get("name") if isinstance(runtime, Mapping) else runtime
    if language != "python":
        raise wrong(
            located,
            ("runtime",),
            f"the program's runtime is '{language}'; only Python programs are synthesised: for "
            "others write 'pulumi preview --json --show-sames' to a file and give that",
        )
    folder = file.parent
    program = folder / str(located.data.get("main") or ".")
    if not (program.is_file() or (program / "__main__.py").is_file()):
        raise wrong(
            located,
            ("main",),
            f"there is no program: {program.resolve()} must be a Python file or a folder with "
            "__main__.py",
        )
    # The older spelling of 'stackConfigDir' is a 'config' that is text.
    settings = located.data.get("stackConfigDir") or located.data.get("config")
    stacks = folder / settings if isinstance(settings, str) else folder
    return Project(name, folder, file, program.resolve(), stacks, located)


def read(file: Path, what: str) -> Located:
    """A file of Pulumi's; empty, or all comments, is a file without settings."""
    try:
        text = read_text(file, what, InputError)
        if not re.search(r"^\s*[^\s#]", text, re.MULTILINE):
            return Located({}, str(file))
        return parse_yaml(text, str(file), what)
    except InputError as error:
        raise InputError(error.message, where=error.where) from None


def wrong(located: Located, path: KeyPath, message: str) -> InputError:
    """An error at the line of a key."""
    return InputError(message, where=located.place(path))
