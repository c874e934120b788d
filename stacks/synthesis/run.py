"""One synthesis: a child process for one program, with a limit on its time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import InputError
from stacks.synthesis.configuration import Config
from stacks.synthesis.project import Project
from stacks.synthesis.redaction import Redactor

_CHILD = Path(__file__).with_name("child.py")
_LINES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Run:
    """Which program is run, for which stack and how."""

    project: Project
    stack: str
    organization: str
    mode: str
    python: str


def run_program(run: Run, config: Config, timeout_seconds: float) -> dict[str, Any]:
    """What the child answers: resources, warnings and the files that the program imported.

    Raises:
        InputError: the program failed (its own error, with file and line), did not end in
            time, or could not be started.
    """
    project = run.project
    request = {
        "project": project.name,
        "stack": run.stack,
        "organization": run.organization,
        "folder": str(project.folder),
        "program": str(project.program),
        "config": dict(config.values),
        "secret_keys": config.secret_keys,
        "secrets": config.secrets,
        "mode": run.mode,
    }
    name = _shown(project.program, project)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as noise:
        try:
            # -P: no module next to the child may stand in for one of the library's.
            child = subprocess.Popen(
                [run.python, "-P", str(_CHILD)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=noise,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )
        except OSError as failure:
            raise InputError(f"cannot be started: {failure.strerror}", where=run.python) from None
        try:
            answer, _ = child.communicate(json.dumps(request), timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            raise InputError(
                f"the program did not end within {timeout_seconds:g} s and was stopped; a Pulumi "
                "program declares its resources and ends",
                where=name,
            ) from None
        finally:
            _kill_group(child)
        if not answer:
            noise.seek(0)
            last = Redactor(config.secrets).text("".join(noise.readlines()[-_LINES_SHOWN:]))
            raise InputError(
                f"the program's process ended with {child.returncode} before it was done: "
                f"{' '.join(last.split()) or 'without a word'}",
                where=name,
            )
    found: dict[str, Any] = json.loads(answer)
    if "error" in found:
        raise InputError(found["error"], where=found["where"] or name)
    return found


def _shown(program: Path, project: Project) -> str:
    main = program / "__main__.py" if program.is_dir() else program
    return (
        str(main.relative_to(project.folder)) if main.is_relative_to(project.folder) else str(main)
    )


def _kill_group(child: subprocess.Popen[str]) -> None:
    """Ends the child and everything that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            stream.close()
    child.wait()
