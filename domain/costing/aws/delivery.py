"""AWS delivery of software: builds, pipelines, packages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import block, text
from domain.usage import Usage

_SIZE = re.compile(r"BUILD_([A-Z]+\d+)_(\w+)")


def build(context: Context) -> Iterator[Usage]:
    """Minutes in which it builds, by system and size."""
    environment = block(context.get("environment"))
    kind = text(environment.get("type")) or "LINUX_CONTAINER"
    size = _SIZE.fullmatch(text(environment.get("computeType")) or "")
    system = next((each for each in ("windows", "arm", "linux") if each.upper() in kind), None)
    if size is None or system is None or "GPU" in kind or "LAMBDA" in kind:
        yield context.unpriceable("builds", f"no price of builds on {kind} of this size is known")
        return
    item = f"{system}.{size[1]}_{size[2]}".lower()
    duration = context.quantities.duration_seconds
    yield context.use("builds", item, "seconds", duration)


def pipeline(context: Context) -> Iterator[Usage]:
    """An active pipeline by the month, or the minutes of its actions."""
    if text(context.get("pipelineType")) == "V2":
        duration = context.quantities.duration_seconds
        yield context.use("pipelines", "action_minutes", "seconds", duration)
    else:
        yield context.hours("pipelines", "active")


def packages(context: Context) -> Iterator[Usage]:
    """What a repository of packages keeps, and how it is asked."""
    stated = context.quantities
    yield context.kept("package_registry", "storage", stated.stored_bytes)
    yield context.use("package_registry", "requests", "requests", stated.requests)


COSTERS: dict[str, Coster] = {
    "aws:codeartifact/repository:Repository": packages,
    "aws:codebuild/project:Project": build,
    "aws:codepipeline/pipeline:Pipeline": pipeline,
}
