"""Where a resource stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from domain.resources.graph import UNKNOWN, Resource, ResourceGraph, is_known

_CLOUDS = {"aws": "aws", "aws-native": "aws", "gcp": "gcp", "google-native": "gcp"}
_OWN = {"aws": ("region",), "gcp": ("region", "location", "zone")}
"""What a resource says of its place; a zone tells its region."""
_AWS_REGION = re.compile(r"^[a-z]{2}(?:-[a-z]+)+-\d+")
"""The region at the start of a zone: ``us-east-1a``, ``us-west-2-lax-1a``."""
_GCP_ZONE = re.compile(r"^([a-z]+-[a-z]+\d+)-[a-z0-9]+$")
_ARN = re.compile(r"^arn:[a-z-]+:[^:]*:([a-z]{2}(?:-[a-z]+)+-\d+):")
_LINK = re.compile(r"(?:^|/)(?:regions|zones|locations)/([^/]+)")


def region_of(resource: Resource, graph: ResourceGraph) -> str | None:
    """The region of an AWS or GCP resource, or the multi-region of a bucket (``us``).

    By its own inputs, else its provider's, else the configuration of the stack, else what the
    cloud answered (ARN, self link). None: not known, or the resource is of another provider.
    """
    cloud = _CLOUDS.get(resource.type.split(":", 1)[0])
    if cloud is None:
        return None
    for key in _OWN[cloud]:
        if (place := _place(cloud, resource.get(key))) is not None:
            return place
        if resource.inputs.get(key) == UNKNOWN:
            return None  # in a region of its own, which nobody knows yet
    zone = resource.get("availabilityZone") if cloud == "aws" else None
    if (place := _place(cloud, zone)) is not None:
        return place
    for settings in _settings(cloud, resource, graph):
        for key in ("region", "zone"):
            if (place := _place(cloud, settings.get(key))) is not None:
                return place
    return next(_answered(resource), None)


def _settings(cloud: str, resource: Resource, graph: ResourceGraph) -> Iterator[Mapping[str, Any]]:
    """What may name a region for the resource, the nearest first."""
    provider = graph.by_urn.get(resource.provider_urn or "")
    if provider is not None:
        yield provider.inputs
    package = resource.type.split(":", 1)[0]
    for name in dict.fromkeys((package, cloud)):
        yield {key: graph.config.get(f"{name}:{key}") for key in ("region", "zone")}
    if resource.provider is None:
        for default in graph.of_type(f"pulumi:providers:{package}"):
            if default.name.startswith("default"):
                yield default.inputs


def _place(cloud: str, value: Any) -> str | None:
    """The region that a text names: a region, a zone, or a link to one of them."""
    if not isinstance(value, str) or not value or not is_known(value):
        return None
    name = value.rsplit("/", 1)[-1].lower()
    if cloud == "aws":
        match = _AWS_REGION.match(name)
        return match[0] if match else name
    match = _GCP_ZONE.match(name)
    return match[1] if match else name


def _answered(resource: Resource) -> Iterator[str]:
    for value in (resource.outputs.get("arn"), resource.outputs.get("selfLink"), resource.id):
        if not isinstance(value, str):
            continue
        if match := _ARN.match(value):
            yield match[1]
        elif match := _LINK.search(value):
            place = _place("gcp", match[1])
            if place is not None and place != "global":
                yield place
