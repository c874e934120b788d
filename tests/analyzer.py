"""The Pulumi engine's side of a policy pack: starts the real process, and asks it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime import proto
from pulumi.runtime.proto import analyzer_pb2_grpc

from domain.resources import SECRET, Resource, ResourceGraph

ROOT = Path(__file__).resolve().parent.parent
HIDDEN = "swordfish"
_SECRET_VALUE = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}

Said = tuple[str, str, str, str]
"""Rule, severity, URN, message."""


@dataclass(frozen=True)
class Analyzer:
    """A pack that is running."""

    stub: Any

    def info(self) -> Any:
        return self.stub.GetAnalyzerInfo(empty_pb2.Empty())

    def start(self, stack: str, config: Mapping[str, str] | None = None) -> None:
        """What the engine tells at the start of each preview."""
        self.stub.ConfigureStack(
            proto.AnalyzerStackConfigureRequest(
                stack=stack, project="project", dry_run=True, config=config or {}
            )
        )

    def configure(self, **rules: tuple[int, Mapping[str, Any]]) -> None:
        request = proto.ConfigureAnalyzerRequest()
        for name, (level, properties) in rules.items():
            config = request.policyConfig[name.replace("_", "-")]
            config.enforcementLevel = level
            config.properties.update(properties)
        self.stub.Configure(request)

    def analyze(self, graph: ResourceGraph, *resources: Resource) -> list[Any]:
        """What is said of resources one by one, before they are made."""
        return [
            diagnostic
            for resource in resources or graph.resources
            for diagnostic in self.stub.Analyze(_one(resource, graph)).diagnostics
        ]

    def analyze_stack(self, graph: ResourceGraph) -> Any:
        request = proto.AnalyzeStackRequest()
        for resource in graph.resources:
            single = _one(resource, graph)
            message = request.resources.add(
                type=single.type,
                urn=single.urn,
                name=single.name,
                options=single.options,
                parent=resource.parent or "",
                dependencies=resource.dependencies,
            )
            if single.HasField("provider"):
                message.provider.CopyFrom(single.provider)
            message.properties.update(_open(resource.outputs))
            for key, urns in resource.property_dependencies.items():
                message.propertyDependencies[key].urns.extend(urns)
        return self.stub.AnalyzeStack(request)

    def judge(self, graph: ResourceGraph) -> list[Any]:
        """All that is said of a stack: one resource after the other, then the whole."""
        own = [each for each in graph.resources if not each.external]
        return [*self.analyze(graph, *own), *self.analyze_stack(graph).diagnostics]


@contextlib.contextmanager
def running(folder: Path = ROOT / "policies", **variables: str) -> Iterator[Analyzer]:
    """The pack in a folder, started as the CLI's language host does."""
    words = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    pack = subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert pack.stdout is not None
        port = int(pack.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Analyzer(analyzer_pb2_grpc.AnalyzerStub(channel))
    finally:
        pack.terminate()
        pack.wait(timeout=10)
        if pack.stdout is not None:
            pack.stdout.close()


def violations(diagnostics: list[Any]) -> set[Said]:
    """The violations among diagnostics, without what is not decided."""
    return {
        (
            each.policyName,
            proto.EnforcementLevel.Name(each.enforcementLevel).lower(),
            each.urn,
            each.message.split("\n→ ")[0],
        )
        for each in diagnostics
        if not each.message.startswith("not decided: ")
    }


def _one(resource: Resource, graph: ResourceGraph) -> Any:
    request = proto.AnalyzeRequest(type=resource.type, urn=resource.urn, name=resource.name)
    request.properties.update(_open(resource.inputs))
    request.options.protect = resource.protect
    request.options.ignoreChanges.extend(resource.ignore_changes)
    request.options.parent = resource.parent or ""
    if resource.custom and not resource.is_provider:
        # Where a graph records none, the engine would have taken a provider by default.
        urn = resource.provider_urn or _default_provider(resource)
        provider = graph.by_urn.get(urn)
        request.provider.urn, request.provider.name = urn, urn.rsplit("::", 1)[-1]
        request.provider.type = urn.split("::")[2]
        request.provider.properties.update(_open(provider.inputs if provider else {}))
    return request


def _default_provider(resource: Resource) -> str:
    stack = "::".join(resource.urn.split("::")[:2])
    return f"{stack}::pulumi:providers:{resource.type.split(':')[0]}::default"


def _open(value: Any) -> Any:
    """As values go over the wire: secrets are marked, and readable."""
    if value == SECRET:
        return {**_SECRET_VALUE, "value": HIDDEN}
    if isinstance(value, Mapping):
        return {key: _open(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_open(each) for each in value]
    return value
