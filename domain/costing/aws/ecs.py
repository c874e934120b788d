"""Amazon ECS: tasks on Fargate. Tasks on instances are billed with the instances."""

from __future__ import annotations

import re
from collections.abc import Iterator

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import GIB, block, blocks, integer, is_list, number, text, truth
from domain.costing.waiting import has_unknown, reason_of
from domain.usage import Usage

TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
_PLACES = ("launchType", "capacityProviderStrategies", "cluster")
"""What tells whether tasks run on Fargate."""
TASK_SET = "aws:ecs/taskSet:TaskSet"
_CLUSTER = "aws:ecs/cluster:Cluster"
_PROVIDERS = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
_QUANTITY = re.compile(r"([\d.]+)\s*(vcpu|gb)?", re.IGNORECASE)
_UNITS_OF_ONE = 1024
"""A vCPU is 1024 units, a GB 1024 MiB, where a task definition gives no unit."""
_INCLUDED_DISK_GIB = 20.0
"""Of each task (Fargate user guide, "Fargate task ephemeral storage")."""


def service(context: Context) -> Iterator[Usage]:
    """Processors and memory of the tasks that it keeps running."""
    count = integer(context.get("desiredCount"))
    if count == 0:
        return
    kind = _launch_type(context)
    later = next((name for name in _PLACES if has_unknown(context.resource.inputs.get(name))), None)
    if kind is None and later and context.waiting:
        yield context.unpriceable("tasks", reason_of([later]))
        return
    if kind is None:
        context.note("Tasks on instances are billed with the instances.")
        return
    if kind == "FARGATE_SPOT":
        yield context.unpriceable("tasks", "no price of Fargate Spot is known")
        return
    definition = _definition(context)
    size = None if definition is None else task_size(definition)
    if definition is None and not has_unknown(context.resource.inputs.get("taskDefinition")):
        yield context.unpriceable("tasks", "their definition is not in this stack")
        return
    if count is None or definition is None or size is None:
        yield context.unpriceable("tasks", f"their number or size is {KNOWN_LATER}")
        return
    yield from _tasks(context, definition, *size, count)


def _tasks(
    context: Context, definition: Context, processors: float, gib: float, count: int
) -> Iterator[Usage]:
    platform = block(definition.get("runtimePlatform"))
    kind = ""
    if text(platform.get("cpuArchitecture")) == "ARM64":
        kind = "arm."
    elif (text(platform.get("operatingSystemFamily")) or "").startswith("WINDOWS"):
        kind = "windows."
        yield context.hours("fargate", "windows.licence", processors * count)
    yield context.hours("fargate", f"{kind}vcpu", processors * count)
    yield context.kept("fargate", f"{kind}memory", gib * GIB * count)
    if truth(block(context.get("networkConfiguration")).get("assignPublicIp")):
        yield context.hours("public_address", "in_use.hour", count)
    disk = number(block(definition.get("ephemeralStorage")).get("sizeInGib"))
    if disk is not None and disk > _INCLUDED_DISK_GIB:
        beyond = (disk - _INCLUDED_DISK_GIB) * GIB * count
        yield context.kept("fargate", "ephemeral_storage", beyond)


def task_size(definition: Context) -> tuple[float, float] | None:
    """vCPUs and GiB of one task; None where they are not given."""
    processors = _amount(text(definition.get("cpu")))
    gib = _amount(text(definition.get("memory")))
    return None if processors is None or gib is None else (processors, gib)


def _amount(written: str | None) -> float | None:
    match = _QUANTITY.fullmatch(written.strip()) if written else None
    if match is None or match[1].count(".") > 1 or match[1] == ".":
        return None
    return float(match[1]) if match[2] else float(match[1]) / _UNITS_OF_ONE


def _definition(context: Context) -> Context | None:
    found = context.referred("taskDefinition", TASK_DEFINITION)
    if found is None:
        for task_set in context.users(TASK_SET):
            found = context.beside(task_set).referred("taskDefinition", TASK_DEFINITION)
    return found or _of_family(context)


def _of_family(context: Context) -> Context | None:
    """The definition of a family that a service names, where all of that family are alike."""
    named = text(context.get("taskDefinition"))
    family = named.rpartition("/")[2].rpartition(":task-definition/")[2] if named else None
    family = family.partition(":")[0] if family else None
    same = [
        each
        for each in context.survey.of_type(TASK_DEFINITION)
        if family and text(each.get("family")) == family
    ]
    sizes = {task_size(each) for each in same}
    return context.beside(same[0].resource) if len(sizes) == 1 else None


def _launch_type(context: Context) -> str | None:
    """FARGATE or FARGATE_SPOT, by the service or by what its cluster does by default."""
    named = text(context.get("launchType"))
    if named:
        return "FARGATE" if named == "FARGATE" else None
    strategies = blocks(context.get("capacityProviderStrategies"))
    cluster = context.referred("cluster", _CLUSTER)
    providers = [] if cluster is None else list(cluster.users(_PROVIDERS))
    for provider in providers:
        strategies = strategies or blocks(provider.get("defaultCapacityProviderStrategies"))
        listed = provider.get("capacityProviders")
        if not strategies and is_list(listed) and listed:
            strategies = [{"capacityProvider": listed[0]}]
    found = [text(each.get("capacityProvider")) for each in strategies]
    return found[0] if found and (found[0] or "").startswith("FARGATE") else None


COSTERS: dict[str, Coster] = {"aws:ecs/service:Service": service}
