"""The machines of a stack: who keeps how many of them running, and at what price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.blueprint import TAG_POOL
from domain.catalog import Catalog
from domain.costing.aws.fleet import NODES as AWS_NODES
from domain.costing.context import Context, Survey
from domain.costing.gcp.fleet import NODES as GCP_NODES
from domain.costing.kinds import usual_type
from domain.costing.quantities import owner_of
from domain.costing.values import block, integer
from domain.environment import Market
from domain.errors import CatalogError
from domain.resources import Resource, ResourceGraph

_READERS = {**AWS_NODES, **GCP_NODES}
AUTOSCALERS = (
    "gcp:compute/autoscaler:Autoscaler",
    "gcp:compute/regionAutoscaler:RegionAutoscaler",
)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Machines of one type on one market that one resource keeps running.

    What is None is not known before the deployment; ``gap`` says why the machine is not.
    """

    resource: Resource
    provider: str
    region: str | None
    machine: str | None
    market: Market
    count: int | None
    largest: int | None
    """The most nodes that it may grow to."""
    smallest: int | None
    accelerators: int
    """Of each node."""
    accelerator: str | None
    vcpu: float | None
    usd_per_hour: float | None
    """Of all its nodes."""
    saving_usd_per_hour: float | None
    """What a commitment of one year would take off."""
    pool: str | None
    """The pool that it belongs to, where a tag or a component of ours says so."""
    gap: str | None = None

    @property
    def never_runs(self) -> bool:
        """Whether it keeps no node, and has no room to grow to one."""
        return self.count == 0 and self.largest == 0

    @property
    def called(self) -> str:
        """How messages speak of it: ``'train' (4 × p4d.24xlarge)``."""
        count = "?" if self.count is None else self.count
        return f"'{self.resource.name}' ({count} × {self.machine or 'unknown machines'})"


def find_fleets(graph: ResourceGraph, catalog: Catalog) -> tuple[Fleet, ...]:
    """Every fleet of a stack, in the order of the graph."""
    survey = Survey(graph, catalog)
    found: list[Fleet] = []
    for resource in graph.resources:
        reader = _READERS.get(usual_type(resource.type))
        if reader is not None and resource.custom and not resource.external:
            context = survey.context(resource)
            every = list(reader(context))
            for nodes in every:
                ends = _ends(context) if len(every) == 1 else (None, None)
                found.append(
                    _fleet(context, nodes.machine, nodes.count, nodes.market, nodes.gap, ends)
                )
    return tuple(found)


def _fleet(
    context: Context,
    machine: str | None,
    count: int | None,
    market: Market,
    gap: str | None,
    ends: tuple[int | None, int | None],
) -> Fleet:
    shape = offer = None
    if machine is not None:
        try:
            shape = context.catalog.machine(context.provider, machine)
            if context.region:
                offer = context.catalog.offer(context.provider, context.region, machine)
        except CatalogError as error:
            gap = gap or str(error)
    each_usd = offer.usd_per_hour(market) if offer else None
    committed = offer.commit_1y_usd_per_hour if offer and market == "on_demand" else None
    saving = None if each_usd is None or committed is None else each_usd - committed
    least, most = ends
    return Fleet(
        resource=context.resource,
        provider=context.provider,
        region=context.region or None,
        machine=machine,
        market=market,
        count=count,
        largest=count if most is None else most,
        smallest=count if least is None else least,
        accelerators=shape.accelerator_count if shape else 0,
        accelerator=shape.accelerator if shape else None,
        vcpu=shape.vcpu if shape else None,
        usd_per_hour=_times(each_usd, count),
        saving_usd_per_hour=_times(saving, count),
        pool=context.tags.get(TAG_POOL) or owner_of(context.resource, context.graph),
        gap=gap,
    )


def _times(usd: float | None, count: int | None) -> float | None:
    return None if usd is None or count is None else usd * count


def _ends(context: Context) -> tuple[int | None, int | None]:
    """The least and the most nodes of a group, where it says so."""
    for least, most in _written_ends(context):
        if least is not None or most is not None:
            return least, most
    return None, None


def _written_ends(context: Context) -> Iterator[tuple[int | None, int | None]]:
    get = context.get
    yield integer(get("minSize")), integer(get("maxSize"))
    scaling = block(get("scalingConfig"))
    yield integer(scaling.get("minSize")), integer(scaling.get("maxSize"))
    nodes = block(get("autoscaling"))
    yield integer(nodes.get("minNodeCount")), integer(nodes.get("maxNodeCount"))
    for scaler in context.users(*AUTOSCALERS):
        policy = block(scaler.get("autoscalingPolicy"))
        yield integer(policy.get("minReplicas")), integer(policy.get("maxReplicas"))
