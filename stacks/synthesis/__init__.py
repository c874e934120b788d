"""What a Pulumi program declares, without a cloud, without credentials and without the CLI."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

from domain.resources import STACK_TYPE, Resource, ResourceGraph
from stacks.synthesis.project import read_config, read_project
from stacks.synthesis.run import config_shown, run_program

__all__ = ["Mode", "synthesise"]

Mode = Literal["preview", "resolved"]


def synthesise(
    project_folder: Path,
    stack: str,
    *,
    mode: Mode = "preview",
    timeout_seconds: float = 120,
    python: str = sys.executable,
) -> ResourceGraph:
    """The resources of a stack, as its unmodified program declares them.

    Args:
        project_folder: where ``Pulumi.yaml`` is, or a folder below.
        stack: its name, as in ``Pulumi.<stack>.yaml``.
        mode: ``preview`` leaves what only a deployment tells unknown; ``resolved`` makes it
            up, so that everything that the program does with it runs too.
        timeout_seconds: after which the program is stopped.
        python: the interpreter, which must have the program's packages.

    Raises:
        InputError: project, stack, configuration or program is wrong; the message says where.
    """
    project = read_project(project_folder)
    config = read_config(project, stack)
    found = run_program(project, stack, config, mode, timeout_seconds, python)
    resources = tuple(_resource(state) for state in found["resources"])
    outputs = next((each.outputs for each in resources if each.type == STACK_TYPE), {})
    return ResourceGraph(
        resources,
        project=project.name,
        stack=stack,
        origin=f"stack {stack} of {project.name}",
        config=config_shown(config),
        outputs=outputs,
        notes=(*config.notes, *found["warnings"]),
    )


def _resource(state: dict[str, Any]) -> Resource:
    return Resource(
        urn=state["urn"],
        type=state["type"],
        inputs=state["inputs"],
        outputs=state["outputs"],
        custom=state["custom"],
        id=state.get("id"),
        parent=state.get("parent"),
        provider=state.get("provider"),
        dependencies=tuple(state.get("dependencies", ())),
        property_dependencies={
            key: tuple(urns) for key, urns in state.get("propertyDependencies", {}).items()
        },
        protect=state.get("protect", False),
        external=state.get("external", False),
        ignore_changes=tuple(state.get("ignoreChanges", ())),
        source=state.get("sourcePosition"),
    )
