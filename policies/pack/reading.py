"""What the engine tells a policy pack, read into the resources that the rules judge.

A resource comes twice: with its inputs before it is made (``Analyze``), with its outputs and
what it hangs on when all of them are (``AnalyzeStack``). Messages: ``analyzer.proto`` of Pulumi.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from google.protobuf import json_format

from domain.resources import UNKNOWN, Resource, ResourceGraph
from domain.resources.resource_json import read_resource, stack_of

_PROVIDER = "pulumi:providers:"


def submitted(request: Any) -> tuple[Resource, ...]:
    """The resource of an ``AnalyzeRequest``, and its provider's configuration if it has one."""
    raw = {
        **_common(request),
        "inputs": _properties(request.properties),
        "parent": request.options.parent,
    }
    resource = read_resource(raw, request.urn)
    if not request.HasField("provider"):
        return (resource,)
    provider = request.provider
    raw = {"urn": provider.urn, "custom": True, "inputs": _properties(provider.properties)}
    return resource, read_resource(raw, provider.urn)


def whole_stack(
    requests: Iterable[Any], submissions: Mapping[str, Resource], config: Mapping[str, str]
) -> ResourceGraph:
    """The graph of an ``AnalyzeStackRequest``.

    What is judged is what was asked for: the inputs that were submitted before. A resource
    that never was submitted, while others were, is only read and belongs to somebody else.
    """
    found = []
    for each in requests:
        outputs = _properties(each.properties)
        asked = submissions.get(each.urn)
        raw = {
            **_common(each),
            "outputs": outputs,
            "inputs": outputs,
            "external": bool(submissions) and asked is None and each.HasField("provider"),
            "parent": each.parent,
            "dependencies": list(each.dependencies),
            "propertyDependencies": {
                name: list(on.urns) for name, on in each.propertyDependencies.items()
            },
        }
        resource = read_resource(raw, each.urn)
        found.append(resource if asked is None else replace(resource, inputs=asked.inputs))
    return graph_of(found, config)


def graph_of(resources: Iterable[Resource], config: Mapping[str, str]) -> ResourceGraph:
    """Resources of one stack as a graph."""
    found = tuple(resources)
    project, stack = stack_of(found)
    return ResourceGraph(
        found, project=project, stack=stack, origin=f"stack {stack}", config=config
    )


def _common(message: Any) -> dict[str, Any]:
    """What both messages say of a resource, as a ``ResourceV3`` has it.

    That a resource is no component is only to be seen from its provider.
    """
    custom = message.HasField("provider") or message.type.startswith(_PROVIDER)
    return {
        "urn": message.urn,
        "type": message.type,
        "custom": custom,
        "provider": f"{message.provider.urn}::{UNKNOWN}" if message.HasField("provider") else None,
        "protect": message.options.protect,
        "ignoreChanges": list(message.options.ignoreChanges),
        "additionalSecretOutputs": list(message.options.additionalSecretOutputs),
    }


def _properties(struct: Any) -> Any:
    """Data as JSON has it: the wire knows no whole numbers."""
    return _whole(json_format.MessageToDict(struct))


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(each) for each in value]
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    return value
