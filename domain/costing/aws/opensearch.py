"""Amazon OpenSearch, once Elasticsearch: data, master and warm nodes, and their disks."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.aws.classes import class_hours
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import GIB, block, integer, number, text, truth
from domain.usage import Usage

_USUAL_CLASS = "m4.large"
_USUAL_MASTERS = 3


def domain(context: Context) -> Iterator[Usage]:
    """Each kind of node that the domain is declared to have."""
    nodes = block(context.get("clusterConfig"))
    count = integer(nodes.get("instanceCount"))
    count = 1 if count is None else count
    kind = _class(nodes.get("instanceType")) or _USUAL_CLASS
    yield class_hours(context, "search", kind, count=count)
    if truth(nodes.get("dedicatedMasterEnabled")):
        masters = integer(nodes.get("dedicatedMasterCount"))
        master = _class(nodes.get("dedicatedMasterType")) or kind
        number_of = _USUAL_MASTERS if masters is None else masters
        yield class_hours(context, "search", master, count=number_of, what="search, master")
    if truth(nodes.get("warmEnabled")):
        warm = _class(nodes.get("warmType"))
        yield class_hours(
            context, "search", warm, count=number(nodes.get("warmCount")) or 2, what="search, warm"
        )
        yield context.kept("search", "warm.storage", None)
    yield from _disks(context, count)


def _class(written: object) -> str | None:
    """``m4.large`` of ``m4.large.search`` or ``m4.large.elasticsearch``."""
    found = text(written)
    return found and found.removesuffix(".search").removesuffix(".elasticsearch")


def _disks(context: Context, count: int) -> Iterator[Usage]:
    disk = block(context.get("ebsOptions"))
    if not truth(disk.get("ebsEnabled")):
        return
    product = text(disk.get("volumeType")) or "gp2"
    product = "magnetic" if product == "standard" else product
    gib = number(disk.get("volumeSize"))
    if gib is None:
        yield context.unpriceable("search storage", f"its size is {KNOWN_LATER}")
        return
    yield context.kept("search", f"{product}.storage", gib * GIB * count)
    if product == "io1" and number(disk.get("iops")):
        iops = (number(disk.get("iops")) or 0.0) * count
        yield context.use("search", "io1.iops", "iops_seconds", iops * context.seconds)


def collection(context: Context) -> Iterator[Usage]:
    """Compute units, which collections of an account share, and what it stores."""
    yield context.hours("search", "serverless.compute_unit", None)
    yield context.kept("search", "serverless.storage", context.quantities.stored_bytes)


COSTERS: dict[str, Coster] = {
    "aws:elasticsearch/domain:Domain": domain,
    "aws:opensearch/domain:Domain": domain,
    "aws:opensearch/serverlessCollection:ServerlessCollection": collection,
}
