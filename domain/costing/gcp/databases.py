"""Spanner, Bigtable and Firestore: nodes, and what is kept, read and written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import block, blocks, last_part, number, text
from domain.resources.regions import region_of
from domain.usage import Usage

_UNITS_OF_A_NODE = 1000.0


def spanner(context: Context) -> Iterator[Usage]:
    """Nodes in one region, or a thousandth of one as a processing unit."""
    config = last_part(context.get("config")) or ""
    edition = (text(context.get("edition")) or "STANDARD").lower()
    nodes = number(context.get("numNodes"))
    units = number(context.get("processingUnits"))
    limits = block(block(context.get("autoscalingConfig")).get("autoscalingLimits"))
    if nodes is None:
        units = number(limits.get("minProcessingUnits")) if units is None else units
        nodes = number(limits.get("minNodes")) if units is None else units / _UNITS_OF_A_NODE
    region = config.removeprefix("regional-")
    price = context.price("spanner", f"{edition}.node", region)
    if not config.startswith("regional-") or price is None or price.assumed_from:
        yield context.unpriceable("database", f"no price of configuration '{config}' is known")
        return
    if limits:
        context.note("A database that scales counts its least.")
    count = 1.0 if nodes is None else nodes
    yield replace(context.hours("spanner", f"{edition}.node", count), region=region)
    stored = context.kept("spanner", "storage", context.quantities.stored_bytes)
    yield replace(stored, region=region)


def bigtable(context: Context) -> Iterator[Usage]:
    """The nodes of each cluster, and what they keep."""
    clusters = blocks(context.get("clusters"))
    if not clusters:
        yield context.unpriceable("database", f"its clusters are {KNOWN_LATER}")
    for cluster in clusters:
        zone = text(cluster.get("zone")) or ""
        region = zone.rpartition("-")[0] or region_of(context.resource, context.graph) or ""
        price = context.price("bigtable", "node", region)
        if price is None or price.assumed_from:
            yield context.unpriceable("database", f"no price of its nodes is known in '{region}'")
            continue
        nodes = number(cluster.get("numNodes"))
        least = number(block(cluster.get("autoscalingConfig")).get("minNodes"))
        if nodes is None and least is not None:
            context.note("A database that scales counts its least.")
        count = nodes if nodes is not None else least if least is not None else 1.0
        kind = (text(cluster.get("storageType")) or "SSD").lower()
        yield replace(context.hours("bigtable", "node", count), region=region)
        stored = context.kept("bigtable", f"storage.{kind}", context.quantities.stored_bytes)
        yield replace(stored, region=region)


def firestore(context: Context) -> Iterator[Usage]:
    """Documents that are read, written, deleted and kept."""
    region = (text(context.get("locationId")) or context.region).lower()
    stated = context.quantities
    for line in (
        context.use("firestore", "reads", "requests", stated.read_requests),
        context.use("firestore", "writes", "requests", stated.write_requests),
        context.use("firestore", "deletes", "requests", None),
        context.kept("firestore", "storage", stated.stored_bytes),
    ):
        yield replace(line, region=region)


COSTERS: dict[str, Coster] = {
    "gcp:spanner/instance:Instance": spanner,
    "gcp:bigtable/instance:Instance": bigtable,
    "gcp:firestore/database:Database": firestore,
}
