"""Cloud TPU: slices, made at once or queued."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

from domain.blueprint import TAG_MARKET
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.nodes import Nodes, bill_nodes
from domain.costing.values import block, blocks, text, truth
from domain.environment import Market
from domain.usage import Usage

V2_VM = "gcp:tpu/v2Vm:V2Vm"
V2_QUEUED = "gcp:tpu/v2QueuedResource:V2QueuedResource"
NODE = "gcp:tpu/node:Node"

# A type names its TensorCores up to v4 and for v5p (two a chip), and chips for v5e and v6e
# (Cloud TPU documentation, "TPU types").
_GENERATIONS = {
    "V2": ("v2", 2),
    "V3": ("v3", 2),
    "V4": ("v4", 2),
    "V5LITE_POD": ("v5litepod", 1),
    "V5P": ("v5p", 2),
    "V6E": ("v6e", 1),
}


def slice_name(written: Mapping[str, Any]) -> str | None:
    """The catalog's name of a slice, from its type or from its topology; None if neither says."""
    kind = text(written.get("acceleratorType"))
    if kind:
        return f"tpu-{kind}"
    shape = block(written.get("acceleratorConfig"))
    generation = _GENERATIONS.get(text(shape.get("type")) or "V2")
    topology = text(shape.get("topology")) or ""
    if generation is None or not re.fullmatch(r"\d+(x\d+)*", topology):
        return None
    name, cores = generation
    return f"tpu-{name}-{prod(map(int, topology.split('x'))) * cores}"


def slice_nodes(context: Context) -> list[Nodes]:
    """One slice; hosts and their disks are in its price."""
    scheduling = block(context.get("schedulingConfig"))
    machine = slice_name({**context.resource.outputs, **context.resource.inputs})
    return [_nodes(machine, _market(context, scheduling))]


def queued_nodes(context: Context) -> list[Nodes]:
    """The slices that a queued resource asks for, once it has them."""
    specs = blocks(block(context.get("tpu")).get("nodeSpecs"))
    if not specs:
        return [Nodes(None, None, gap=f"its nodes are {KNOWN_LATER}")]
    context.note("A queued TPU counts as one that runs.")
    market: Market = "on_demand"
    if "spot" in context.resource.inputs:
        market = "spot"
    if context.tags.get(TAG_MARKET) == "reserved" or "guaranteed" in context.resource.inputs:
        market = "reserved"
    return [_nodes(slice_name(block(spec.get("node"))), market) for spec in specs]


def _nodes(machine: str | None, market: Market) -> Nodes:
    gap = None if machine else f"the accelerator type is {KNOWN_LATER}"
    return Nodes(machine, 1, market, gap=gap)


def _market(context: Context, scheduling: Mapping[str, Any]) -> Market:
    if truth(scheduling.get("reserved")) or context.tags.get(TAG_MARKET) == "reserved":
        return "reserved"
    spot = truth(scheduling.get("spot")) or truth(scheduling.get("preemptible"))
    return "spot" if spot else "on_demand"


def tpu_slice(context: Context) -> Iterator[Usage]:
    """Chip-hours of the slice."""
    yield from bill_nodes(context, slice_nodes(context))


def queued(context: Context) -> Iterator[Usage]:
    """Chip-hours of what is queued."""
    yield from bill_nodes(context, queued_nodes(context))


COSTERS: dict[str, Coster] = {V2_VM: tpu_slice, NODE: tpu_slice, V2_QUEUED: queued}
