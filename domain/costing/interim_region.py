"""Where a resource stands, until the readers of resources say so themselves."""

from __future__ import annotations

import re

from domain.resources import Resource, ResourceGraph


def region_of(resource: Resource, graph: ResourceGraph) -> str | None:
    """The region of a resource, from its inputs, its provider or the configuration."""
    for key in ("region", "location", "zone"):
        v = resource.get(key)
        if isinstance(v, str) and v:
            v = v.rsplit("/", 1)[-1]
            return re.sub(r"^([a-z]+-[a-z]+\d+)-[a-z]$", r"\1", v).lower()
    provider = graph.by_urn.get(resource.provider_urn or "")
    if provider is not None:
        v = provider.get("region")
        if isinstance(v, str):
            return v
    name = resource.type.split(":", 1)[0]
    if f"{name}:region" in graph.config:
        return graph.config[f"{name}:region"]
    for p in graph.of_type(f"pulumi:providers:{name}"):
        if p.name.startswith("default") and isinstance(p.get("region"), str):
            return str(p.get("region"))
    arn = resource.get("arn")
    if isinstance(arn, str) and arn.count(":") > 3 and arn.split(":")[3]:
        return arn.split(":")[3]
    return None
