"""What starts and moves work: schedules, task queues, workflows, Dataflow and Dataproc."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.gcp.parts import billed_as
from domain.costing.nodes import Nodes, Volume, bill_nodes
from domain.costing.values import block, integer, last_part, number, text, truth
from domain.usage import Usage

_STREAMING = "enableStreamingEngine"


def schedule(context: Context) -> Iterator[Usage]:
    """A job of Cloud Scheduler, however often it starts."""
    yield context.hours("scheduler", "job")


def queue(context: Context) -> Iterator[Usage]:
    """Operations on a queue of Cloud Tasks."""
    yield context.use("task_queue", "operations", "requests", context.quantities.requests)


def workflow(context: Context) -> Iterator[Usage]:
    """Steps, those that call what is outside of Google Cloud apart."""
    yield context.use("workflows", "steps", "requests", context.quantities.requests)
    yield context.use("workflows", "external_steps", "requests", None)


def dataflow(context: Context) -> Iterator[Usage]:
    """Workers of a pipeline, for as long as it runs."""
    kind = "streaming" if truth(context.get(_STREAMING)) else "batch"
    yield context.use("dataflow", f"{kind}.vcpu", "seconds", None)
    yield context.use("dataflow", "memory", "byte_seconds", None)
    yield context.use("dataflow", "disk", "byte_seconds", None)


def dataproc(context: Context) -> Iterator[Usage]:
    """The machines of a cluster, and a fee for each vCPU of them."""
    config = block(context.get("clusterConfig"))
    pools = [
        _nodes(context, block(config.get(key)), usual)
        for key, usual in (("masterConfig", 1), ("workerConfig", 2))
    ]
    yield from bill_nodes(context, pools)


def _nodes(context: Context, written: Mapping[str, Any], usual: int) -> Nodes:
    machine = last_part(written.get("machineType"))
    count = integer(written.get("numInstances"))
    count = usual if count is None else count
    if machine is None:
        return Nodes(None, count, gap=f"its machine type is {KNOWN_LATER}")
    billed = billed_as(context, machine, [], "on_demand")
    disk = block(written.get("diskConfig"))
    volume = Volume(
        text(disk.get("bootDiskType")) or "pd-standard", number(disk.get("bootDiskSizeGb"))
    )
    fee = ("dataproc", "vcpu", billed.vcpu)
    return Nodes(
        billed.machine,
        count,
        volumes=(volume,),
        gap=billed.gap,
        surcharges=(*billed.surcharges, fee),
        billed_as=billed.billed_as,
    )


COSTERS: dict[str, Coster] = {
    "gcp:cloudscheduler/job:Job": schedule,
    "gcp:cloudtasks/queue:Queue": queue,
    "gcp:workflows/workflow:Workflow": workflow,
    "gcp:dataflow/job:Job": dataflow,
    "gcp:dataflow/flexTemplateJob:FlexTemplateJob": dataflow,
    "gcp:dataproc/cluster:Cluster": dataproc,
}
