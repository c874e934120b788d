"""AWS Batch: the machines that an environment keeps even while no job waits."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from domain.costing.aws.launch import TEMPLATE, Launch, block_of, template_launch
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.nodes import Nodes, bill_nodes
from domain.costing.values import block, number, text
from domain.errors import CatalogError
from domain.usage import Usage

ENVIRONMENT = "aws:batch/computeEnvironment:ComputeEnvironment"


def environment_nodes(context: Context) -> list[Nodes]:
    """As many machines of the first type as its least number of vCPUs takes."""
    wanted = context.get("computeResources")
    resources = block(wanted)
    if wanted is None and context.is_waiting("computeResources"):
        return [Nodes(None, None, gap=f"what it may start is {KNOWN_LATER}")]
    kind = text(resources.get("type")) or ""
    least = resources.get("minVcpus")
    if kind.startswith("FARGATE") or not resources or least is None or number(least) == 0:
        return []
    vcpus = number(least)
    if vcpus is None:
        return [Nodes(None, None, gap=f"how many vCPUs it keeps is {KNOWN_LATER}")]
    machine, several = _machine(resources.get("instanceTypes") or resources.get("instanceType"))
    template = context.referred("computeResources", TEMPLATE)
    launch = template_launch(template) if template else Launch()
    if machine is None:
        return [Nodes(None, None, gap="of which type the machines are that it keeps is not told")]
    try:
        each = context.catalog.machine(context.provider, machine).vcpu
    except CatalogError as error:
        return [Nodes(machine, None, gap=str(error))]
    if not each:
        return [Nodes(machine, None, gap=f"how many vCPUs {machine} has is not known")]
    if several:
        context.note("Of several machine types that Batch may take, the first is billed.")
    count = ceil(vcpus / each)
    in_block = block_of(context, kind) or launch.block
    volumes = launch.volumes
    launch = Launch(machine, "spot" if kind == "SPOT" else "on_demand", volumes, block=in_block)
    return [launch.nodes(count)]


def environment(context: Context) -> Iterator[Usage]:
    """Machines for its least number of vCPUs; those that jobs start come and go with them."""
    context.note("Batch counts the machines that it keeps, not those that it starts for jobs.")
    yield from bill_nodes(context, environment_nodes(context))


def _machine(types: object) -> tuple[str | None, bool]:
    """The first type that names a size, and whether there are others; ``optimal`` names none."""
    named = [text(each) or "" for each in types] if isinstance(types, list | tuple) else []
    first = named[0] if named else ""
    return (first if "." in first else None), len(named) > 1


COSTERS: dict[str, Coster] = {ENVIRONMENT: environment}
