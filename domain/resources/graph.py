"""What a Pulumi program declares, or what a stack holds: resources and how they refer.

A resource has the shape of Pulumi's ``ResourceV3`` (see ``deployments.json`` in Pulumi's
``apitype`` schemas), whatever it was read from: a synthesis, a preview, an export, a
checkpoint or an event log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's sentinel for a value that only a deployment will tell."""
SECRET = "[secret]"
"""What stands in the place of every secret; none is ever kept."""

STACK_TYPE = "pulumi:pulumi:Stack"
_PROVIDER_PREFIX = "pulumi:providers:"

Operation = Literal["create", "import", "update", "replace", "delete", "same", "read"]


def is_known(value: object) -> bool:
    """Whether a value is there and is not waiting for a deployment."""
    return value is not None and value != UNKNOWN


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. ``inputs`` are what the program asked for, ``outputs`` what came of it."""

    urn: str
    type: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    custom: bool = True
    """False for components, which only group others."""
    id: str | None = None
    parent: str | None = None
    provider: str | None = None
    """URN of the provider and its id, joined by ``::``."""
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protect: bool = False
    external: bool = False
    """Read, not managed: somebody else's."""
    ignore_changes: tuple[str, ...] = ()
    source: str | None = None
    """``file:line`` of the statement that declared it, where that is known."""

    @property
    def name(self) -> str:
        """The logical name, which the program gave."""
        return self.urn.split("::", 3)[-1]

    @property
    def is_provider(self) -> bool:
        """Whether this is a provider's configuration."""
        return self.type.startswith(_PROVIDER_PREFIX)

    @property
    def provider_urn(self) -> str | None:
        """URN of the provider that manages it."""
        return self.provider.rsplit("::", 1)[0] if self.provider else None

    def get(self, name: str) -> Any:
        """An input, or the output where the input is absent; None where the value is unknown."""
        for values in (self.inputs, self.outputs):
            if is_known(values.get(name)):
                return values[name]
        return None


@dataclass(frozen=True)
class ResourceGraph:
    """Every resource of one stack at one moment.

    ``left_out`` counts unchanged resources that the source did not list: totals over such a
    graph cover the change only.
    """

    resources: tuple[Resource, ...]
    project: str = ""
    stack: str = ""
    origin: str = ""
    """What it was read from, as people would say it: ``preview plan.json``."""
    config: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    left_out: int = 0
    notes: tuple[str, ...] = ()

    @cached_property
    def by_urn(self) -> Mapping[str, Resource]:
        """Resources by URN."""
        return {resource.urn: resource for resource in self.resources}

    @cached_property
    def by_identity(self) -> Mapping[str, tuple[Resource, ...]]:
        """Resources by everything that others may call them: id, ARN, name, self link."""
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            names = [resource.id, *(resource.get(key) for key in _IDENTITIES)]
            for name in dict.fromkeys(name for name in names if isinstance(name, str)):
                if is_known(name):
                    found.setdefault(name, []).append(resource)
        return {name: tuple(several) for name, several in found.items()}

    def of_type(self, *types: str) -> Iterator[Resource]:
        """The resources of these types, in the order of the graph."""
        if len(types) == 1:
            return iter(self._by_type.get(types[0], ()))
        return (resource for resource in self.resources if resource.type in types)

    @cached_property
    def _by_type(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            found.setdefault(resource.type, []).append(resource)
        return found

    def referred(self, resource: Resource, key: str, *types: str) -> Resource | None:
        """What the input ``key`` of a resource refers to, if it is in this graph.

        By the dependencies that Pulumi recorded for that input, else by the value itself: an
        id, an ARN, a name or a self link, also inside a mapping or a list.
        """
        for urn in resource.property_dependencies.get(key, ()):
            target = self.by_urn.get(urn)
            if target is not None and (not types or target.type in types):
                return target
        for value in _texts(resource.inputs.get(key)):
            for target in self.by_identity.get(value, ()):
                if not types or target.type in types:
                    return target
        return None

    def ancestors(self, resource: Resource) -> Iterator[Resource]:
        """The components around a resource, the nearest first; the stack last."""
        seen = {resource.urn}
        parent = self.by_urn.get(resource.parent or "")
        while parent is not None and parent.urn not in seen:
            yield parent
            seen.add(parent.urn)
            parent = self.by_urn.get(parent.parent or "")


_IDENTITIES = ("arn", "name", "selfLink", "selfLinkUnique", "bucket", "keyId", "email")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


@dataclass(frozen=True, slots=True)
class Step:
    """What a deployment does, or would do, to one resource."""

    operation: Operation
    urn: str
    before: Resource | None
    after: Resource | None
    reasons: tuple[str, ...] = ()
    """The inputs whose change causes it."""


@dataclass(frozen=True, slots=True)
class Change:
    """Both sides of a preview or an update, and the steps between them."""

    before: ResourceGraph
    after: ResourceGraph
    steps: tuple[Step, ...]
