"""Artifact Registry and the Container Registry before it: images and packages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from domain.costing.context import Context, Coster
from domain.costing.gcp.egress import egress
from domain.costing.values import text
from domain.usage import ObjectStorage, Usage

_CONTINENTS = {
    "us": "north_america",
    "northamerica": "north_america",
    "asia": "asia",
    "europe": "europe",
    "australia": "oceania",
    "southamerica": "south_america",
}


def repository(context: Context) -> Iterator[Usage]:
    """What a repository keeps, and what is pulled from other regions."""
    yield context.kept("container_registry", "storage", context.quantities.stored_bytes)
    here = _CONTINENTS.get(context.region.split("-")[0])
    for to in dict.fromkeys((here, "between_continents", "oceania")):
        if to:
            yield context.use("container_registry", f"egress.{to}", "bytes", None)


def registry(context: Context) -> Iterator[Usage]:
    """A bucket of one continent, by default of the United States."""
    stated = context.quantities
    yield ObjectStorage(
        resource=context.resource.urn,
        provider=context.provider,
        region=(text(context.get("location")) or "us").lower(),
        size_bytes=stated.stored_bytes,
        seconds=context.seconds,
        read_requests=stated.read_requests,
        write_requests=0.0,  # they had a price of their own
    )
    written = context.use("container_registry", "writes", "requests", stated.write_requests)
    yield replace(written, name="object storage, standard, write requests")
    yield from egress(context)


COSTERS: dict[str, Coster] = {
    "gcp:artifactregistry/repository:Repository": repository,
    "gcp:container/registry:Registry": registry,
}
