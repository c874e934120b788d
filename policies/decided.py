"""What a program writes around values that only a deployment tells: its documents and scripts.

A preview does not know a policy that names an ARN which is not there yet, though all else in it
stands in the program. Run once more with ids and ARNs made up, the program says the whole of it.
Only such wholes are taken over: a value that is itself made up says nothing about the stack, and
stays unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from domain.costing.values import is_list
from domain.resources import UNKNOWN, Resource, ResourceGraph

# What a made-up name, id or ARN ends with (stacks/synthesis/invention.py).
_MADE_UP = re.compile(r"-(?:[0-9a-f]{7}|[0-9a-f]{12}|[0-9a-f]{17})(?:\.example\.com)?$")
# JSON, several lines, or those in base64, as machines are told what to do when they start.
_WRITTEN = re.compile(r"\s*[{[]|\s*\S.*\n\s*\S|[A-Za-z0-9+/]{64,}={0,2}$")


def decided(declared: ResourceGraph, foretold: ResourceGraph) -> ResourceGraph:
    """A stack as declared, with the documents that it will have after its deployment.

    Args:
        declared: what the program says before a deployment.
        foretold: the same program, with what a cloud tells made up. What it declares only then,
            from what it was told, is there too.
    """
    before = declared.by_urn
    found = (_decided(before.get(each.urn), each) for each in foretold.resources)
    return replace(declared, resources=tuple(found))


def _decided(before: Resource | None, after: Resource) -> Resource:
    if before is None:
        # What a cloud computes of it is made up.
        return replace(after, id=None, outputs={}, inputs=_told(after.inputs))
    return replace(before, inputs=_merged(before.inputs, after.inputs))


def _merged(before: Any, after: Any) -> Any:
    if before == UNKNOWN:
        return _whole(after)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        added = {key: _whole(value) for key, value in after.items() if key not in before}
        return {
            key: _merged(value, after[key]) if key in after else value
            for key, value in before.items()
        } | added
    if is_list(before) and is_list(after) and len(before) == len(after):
        return [_merged(*both) for both in zip(before, after, strict=True)]
    return before


def _whole(value: Any) -> Any:
    """What stands for an unknown value: a document, a script or a structure, else nothing."""
    if isinstance(value, str):
        return value if _WRITTEN.match(value) else UNKNOWN
    return (_told(value) or UNKNOWN) if isinstance(value, Mapping | list | tuple) else UNKNOWN


def _told(value: Any) -> Any:
    """A structure without what is made up in it."""
    if isinstance(value, str):
        return UNKNOWN if _MADE_UP.search(value) else value
    if isinstance(value, Mapping):
        return {key: _told(each) for key, each in value.items()}
    return [_told(each) for each in value] if is_list(value) else value
