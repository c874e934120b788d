"""What a Pulumi program declares, without a cloud, without credentials and without the CLI."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from domain.resources import ResourceGraph
from domain.resources.resource_json import read_resource, stack_outputs
from stacks.synthesis.cache import Entry, default_cache
from stacks.synthesis.configuration import read_config
from stacks.synthesis.project import read_project
from stacks.synthesis.run import Run, run_program

__all__ = ["Mode", "default_cache", "synthesise"]

Mode = Literal["preview", "foretold", "resolved"]


def synthesise(
    project_folder: Path,
    stack: str,
    *,
    mode: Mode = "preview",
    timeout_seconds: float = 120,
    cache: Path | Literal["default"] | None = "default",
    python: str | None = None,
) -> ResourceGraph:
    """The resources of a stack, as its unmodified program declares them.

    Args:
        project_folder: where ``Pulumi.yaml`` is, or a folder below.
        stack: its name, as in ``Pulumi.<stack>.yaml``, or in full: ``organization/project/stack``.
        mode: ``preview`` leaves what only a deployment tells unknown; ``foretold`` makes ids,
            ARNs and the like up, so that what the program writes around them is known too;
            ``resolved`` also tells the program that it is being deployed.
        timeout_seconds: after which the program is stopped.
        cache: the folder of earlier answers, or None to run the program in any case; by
            default ``default_cache()``.
        python: the interpreter, which must have the program's packages; by default that of the
            project's virtual environment where there is one, else the one in use.

    Raises:
        InputError: project, stack, configuration or program is wrong; the message says where.
    """
    project = read_project(project_folder)
    # organization/project/stack, organization/stack or stack alone, as the CLI takes it.
    *owner, name = stack.split("/")
    run = Run(project, name, owner[0] if owner else "organization", mode, python or project.python)
    folder = default_cache() if cache == "default" else cache
    entry = Entry(folder, run) if folder is not None else None
    answer = entry.load() if entry else None
    if answer is None:
        answer, sources = _answer(run, timeout_seconds)
        if entry:
            entry.store(answer, sources)
    origin = f"stack {name} of {project.name}"
    resources = tuple(read_resource(state, origin) for state in answer["resources"])
    return ResourceGraph(
        resources,
        project=project.name,
        stack=name,
        origin=origin,
        config=answer["config"],
        outputs=stack_outputs(resources),
        notes=tuple(answer["notes"]),
    )


def _answer(run: Run, timeout_seconds: float) -> tuple[dict[str, Any], list[str]]:
    """What the program declares, as JSON without secrets, and the files that it was made of."""
    config = read_config(run.project, run.stack)
    found = run_program(run, config, timeout_seconds)
    answer = {
        "resources": found["resources"],
        "config": config.shown(),
        "notes": [*config.notes, *found["warnings"]],
    }
    return answer, found["sources"]
