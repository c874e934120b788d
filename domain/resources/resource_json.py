"""One resource of a JSON file (``resources.json`` of Pulumi's ``apitype`` schemas)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from domain.errors import InputError
from domain.resources.graph import SECRET, STACK_TYPE, Resource
from domain.resources.values import mapping, plain, text

_SOURCE = re.compile(r"^[a-z]+://+(?P<file>[^#]+?)(?:#(?P<line>\d+)(?:,\d+)?)?$")
_URN = re.compile(r"^urn:pulumi:(?P<stack>[^:]*)::(?P<project>[^:]*)::(?P<types>.*?)::(?P<name>.+)")


def read_resource(raw: Any, where: str) -> Resource:
    """A resource, with its secrets redacted.

    Only the URN is required. ``custom`` is left out of engine events where it is false.

    Raises:
        InputError: it is no object, has no URN, or a property is of the wrong kind.
    """
    if not isinstance(raw, Mapping):
        raise InputError(f"must be a resource (an object), is {kind(raw)}", where=where)
    urn = _text(raw, "urn", where)
    if not urn:
        raise InputError("the resource has no urn", where=where)
    custom = raw.get("custom", bool(raw.get("provider") or raw.get("id")))
    edges = _object(raw, "propertyDependencies", where)
    resource = Resource(
        urn=urn,
        type=_text(raw, "type", where) or type_of(urn),
        inputs=_object(raw, "inputs", where),
        outputs=_object(raw, "outputs", where),
        custom=custom is True,
        id=_text(raw, "id", where),
        parent=_text(raw, "parent", where),
        provider=_text(raw, "provider", where),
        dependencies=_texts(raw, "dependencies", where),
        property_dependencies={
            name: _texts(edges, name, f"{where}.propertyDependencies") for name in edges
        },
        protect=raw.get("protect") is True,
        external=raw.get("external") is True,
        ignore_changes=_texts(raw, "ignoreChanges", where),
        source=_source(raw.get("sourcePosition")),
    )
    hidden = set(_texts(raw, "additionalSecretOutputs", where)) & set(resource.outputs)
    if not hidden:
        return resource
    return replace(resource, outputs={**resource.outputs, **dict.fromkeys(hidden, SECRET)})


def type_of(urn: str) -> str:
    """The type in a URN: the innermost of those of its parents and its own."""
    parts = _URN.match(urn)
    return parts["types"].rsplit("$", 1)[-1] if parts else ""


def stack_of(resources: tuple[Resource, ...]) -> tuple[str, str]:
    """Project and stack of these resources; empty where there is none to tell."""
    for resource in resources:
        if parts := _URN.match(resource.urn):
            return parts["project"], parts["stack"]
    return "", ""


def stack_outputs(resources: tuple[Resource, ...]) -> Mapping[str, Any]:
    """What the stack exports."""
    stacks = (resource for resource in resources if resource.type == STACK_TYPE)
    return next((stack.outputs for stack in stacks), {})


def kind(value: Any) -> str:
    """What JSON calls a value: for messages."""
    if value is None:
        return "null"
    for types, name in (
        (bool, "true or false"),
        (str, "text"),
        (int | float, "a number"),
        (list, "a list"),
        (Mapping, "an object"),
    ):
        if isinstance(value, types):
            return name
    return type(value).__name__


def _text(raw: Mapping[str, Any], key: str, where: str) -> str | None:
    value = plain(raw.get(key))
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InputError(f"must be text, is {kind(value)}", where=f"{where}.{key}")
    return value


def _object(raw: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    value = raw.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InputError(f"must be an object, is {kind(value)}", where=f"{where}.{key}")
    return mapping(value)


def _texts(raw: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = raw.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InputError("must be a list of texts", where=f"{where}.{key}")
    return tuple(text(each) for each in value)


def _source(position: Any) -> str | None:
    """``project:///network.py#12`` as people write it: ``network.py:12``."""
    parts = _SOURCE.match(position) if isinstance(position, str) else None
    if parts is None:
        return None
    return text(f"{parts['file']}:{parts['line']}" if parts["line"] else parts["file"])
