"""Tags and labels that a provider gives to all of its resources."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from domain.costing.values import block
from domain.resources import Resource
from policies.world import World

_PLACES = {
    "aws:defaultTags": "tags",
    "aws-native:defaultTags": "tags",
    "gcp:defaultLabels": None,
}
"""Setting of a provider → where in it the tags stand."""


def default_tags(world: World, resource: Resource) -> dict[str, str]:
    """The tags that a resource has from its provider, or from the stack's configuration.

    The configuration is that of default providers; those that the program makes have their own.
    """
    package = resource.type.partition(":")[0]
    found: dict[str, str] = {}
    for setting, within in _PLACES.items():
        if setting.startswith(f"{package}:"):
            for value in _written(world, resource, setting):
                found |= read_tags(block(value).get(within) if within else value)
    return found


def read_tags(tags: object) -> dict[str, str]:
    """Tags as a mapping, or as the list of keys and values that groups have."""
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items() if value is not None}
    if isinstance(tags, list | tuple):
        each = [block(tag) for tag in tags]
        return {str(tag["key"]): str(tag.get("value", "")) for tag in each if "key" in tag}
    return {}


def _written(world: World, resource: Resource, setting: str) -> Iterator[Any]:
    provider = resource.provider_urn
    if provider is None or provider.rsplit("::", 1)[-1].startswith("default"):
        yield _opened(world.graph.config.get(setting))
    if (known := world.graph.by_urn.get(provider or "")) is not None:
        yield _opened(known.inputs.get(setting.partition(":")[2]))


def _opened(value: Any) -> Any:
    """What is written as JSON, as providers and configurations have their blocks."""
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None
