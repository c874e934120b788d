"""What a stack holds: ``pulumi stack export``, a checkpoint of a backend (formats 3 and 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.errors import InputError
from domain.resources.graph import Resource, ResourceGraph
from domain.resources.recognise import pointing_nowhere
from domain.resources.resource_json import kind, read_resource, stack_of, stack_outputs

_OLDEST, _NEWEST = 3, 4


def is_state(document: Mapping[str, Any]) -> bool:
    """Whether this is an export, a checkpoint, or the deployment inside of one."""
    return (
        "deployment" in document
        or "checkpoint" in document
        or ("manifest" in document and "resources" in document)
    )


def read_state(document: Mapping[str, Any], origin: str) -> ResourceGraph:
    """The resources that exist; those that wait for deletion are only counted, in a note.

    Raises:
        InputError: a format that is too old, or a resource that cannot be read.
    """
    where, deployment = _deployment(document)
    notes = _version_notes(document)
    listed = deployment.get("resources")
    if listed is None:
        listed = []
    if not isinstance(listed, list):
        raise InputError(f"must be a list, is {kind(listed)}", where=f"{where}resources")
    going, gone = 0, 0
    found: dict[str, Resource] = {}
    listed_urns: set[str] = set()
    for index, raw in enumerate(listed):
        resource = read_resource(raw, f"{where}resources[{index}]")
        listed_urns.add(resource.urn)
        if raw.get("delete") is True:
            going += 1
        elif raw.get("pendingReplacement") is True:
            gone += 1
        elif resource.urn in found:
            raise InputError(
                f"holds {resource.urn} a second time; repair the stack with 'pulumi state'",
                where=f"{where}resources[{index}]",
            )
        else:
            found[resource.urn] = resource
    lost = pointing_nowhere(found.values(), listed_urns)
    if lost:
        notes.append(lost)
    if going:
        notes.append(
            "replaced resources that wait for deletion are not counted, though the cloud bills "
            f"them until then: {going}"
        )
    if gone:
        notes.append(f"deleted resources that wait to be made again are not counted: {gone}")
    resources = tuple(found.values())
    project, stack = stack_of(resources)
    return ResourceGraph(
        resources,
        project=project,
        stack=stack,
        origin=origin,
        outputs=stack_outputs(resources),
        notes=tuple(notes),
    )


def _deployment(document: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The deployment, and where it stands, as a prefix of keys. Absent: an empty stack."""
    keys: tuple[str, ...] = ()
    if "deployment" in document:
        keys = ("deployment",)
    elif "checkpoint" in document:
        keys = ("checkpoint", "latest")
    inner: Any = document
    where = ""
    for key in keys:
        inner = inner.get(key)
        where += f"{key}."
        if inner is None:
            return where, {}
        if not isinstance(inner, Mapping):
            raise InputError(f"must be an object, is {kind(inner)}", where=where.rstrip("."))
    return where, inner


def _version_notes(document: Mapping[str, Any]) -> list[str]:
    version = document.get("version", _NEWEST)
    if not isinstance(version, int) or isinstance(version, bool):
        raise InputError(f"must be {_OLDEST} or {_NEWEST}, is {kind(version)}", where="version")
    if version < _OLDEST:
        raise InputError(
            f"format {version} is older than what can be read ({_OLDEST} or {_NEWEST}); export "
            "the stack with Pulumi 1.0 or later",
            where="version",
        )
    if version > _NEWEST:
        return [f"format {version} is newer than what we know ({_NEWEST}); read as far as known"]
    return []
