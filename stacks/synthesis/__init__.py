"""What a Pulumi program declares, without a cloud, without credentials and without the CLI."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

from domain.resources import ResourceGraph
from domain.resources.resource_json import read_resource, stack_outputs
from stacks.synthesis.cache import Entry, default_cache
from stacks.synthesis.project import Project, read_config, read_project
from stacks.synthesis.run import run_program

__all__ = ["Mode", "default_cache", "synthesise"]

Mode = Literal["preview", "resolved"]


def synthesise(
    project_folder: Path,
    stack: str,
    *,
    mode: Mode = "preview",
    timeout_seconds: float = 120,
    cache: Path | Literal["default"] | None = "default",
    python: str = sys.executable,
) -> ResourceGraph:
    """The resources of a stack, as its unmodified program declares them.

    Args:
        project_folder: where ``Pulumi.yaml`` is, or a folder below.
        stack: its name, as in ``Pulumi.<stack>.yaml``.
        mode: ``preview`` leaves what only a deployment tells unknown; ``resolved`` makes it
            up, so that everything that the program does with it runs too.
        timeout_seconds: after which the program is stopped.
        cache: the folder of earlier answers, or None to run the program in any case; by
            default ``default_cache()``.
        python: the interpreter, which must have the program's packages.

    Raises:
        InputError: project, stack, configuration or program is wrong; the message says where.
    """
    project = read_project(project_folder)
    origin = f"stack {stack} of {project.name}"
    folder = default_cache() if cache == "default" else cache
    entry = Entry(folder, project, stack, mode, python) if folder is not None else None
    answer = entry.load() if entry else None
    if answer is None:
        answer, sources = _run(project, stack, mode, timeout_seconds, python)
        if entry:
            entry.store(answer, sources)
    resources = tuple(read_resource(state, origin) for state in answer["resources"])
    return ResourceGraph(
        resources,
        project=project.name,
        stack=stack,
        origin=origin,
        config=answer["config"],
        outputs=stack_outputs(resources),
        notes=tuple(answer["notes"]),
    )


def _run(
    project: Project, stack: str, mode: Mode, timeout_seconds: float, python: str
) -> tuple[dict[str, Any], list[str]]:
    """What the program declares, as JSON without secrets, and the files that it was made of."""
    config = read_config(project, stack)
    found = run_program(project, stack, config, mode, timeout_seconds, python)
    answer = {
        "resources": found["resources"],
        "config": config.shown(),
        "notes": [*config.notes, *found["warnings"]],
    }
    return answer, found["sources"]
