"""Stands where Pulumi's engine would: answers what a program asks, and writes down what it wants.

The SDK calls these methods as it would call stubs of gRPC, with one request each
(``pulumi/proto/resource.proto`` and ``engine.proto``). Stands alone (standard library and
``pulumi``): the child loads it by path.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    provider_pb2,
    resource_pb2,
)

STACK_TYPE = "pulumi:pulumi:Stack"
_FEATURES = (
    "SECRETS",
    "RESOURCE_REFERENCES",
    "ALIAS_SPECS",
    "REPLACEMENT_TRIGGER",
    "DELETED_WITH",
    "REPLACE_WITH",
    "TRANSFORMS",
    "INVOKE_TRANSFORMS",
    "PARAMETERIZATION",
    "RESOURCE_HOOKS",
    "ERROR_HOOKS",
)
_IDENTITIES = ("id", "arn", "name", "bucket", "email", "member", "link", "linkunique", "url")


class ProgramError(Exception):
    """What the engine would refuse; ``where`` is the statement's ``file:line``."""

    def __init__(self, message: str, where: str | None = None) -> None:
        super().__init__(message)
        self.where = where


class Engine:
    """Receives the log. Errors that are logged fail a deployment, as they do in the CLI."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.errors: list[str] = []

    def Log(self, request: Any) -> Any:  # noqa: N802, the name on the wire
        """Keeps warnings and errors."""
        if not request.ephemeral:
            if request.severity == engine_pb2.WARNING:
                self.warnings.append(request.message)
            elif request.severity == engine_pb2.ERROR:
                self.errors.append(request.message)
        return empty_pb2.Empty()

    def __getattr__(self, call: str) -> Any:
        return _unknown_call("engine", call)


class Monitor:
    """Registers resources under the URNs that the engine would give them.

    Args:
        place: where the program makes a request, as ``file:line``.
        transforms: the ``Transforms`` of this run.
        plain: turns a protobuf value into data; True as second argument keeps secrets.
        struct: turns data into a protobuf struct.
        answer: what a data source tells: token, arguments, region settings of its provider.
        invent: id and outputs of a resource after its creation, or None in a preview.
    """

    def __init__(
        self,
        project: str,
        stack: str,
        *,
        place: Callable[[Any], str | None],
        transforms: Any,
        plain: Callable[[Any, bool], Any],
        struct: Callable[[dict[str, Any]], Any],
        answer: Callable[[str, dict[str, Any], dict[str, Any]], dict[str, Any]],
        invent: Callable[[str, str, dict[str, Any]], tuple[str, dict[str, Any]]] | None,
    ) -> None:
        self.resources: dict[str, dict[str, Any]] = {}
        self.notes: list[str] = []
        self._project, self._stack, self._place = project, stack, place
        self._transforms = transforms
        self._plain, self._struct, self._answer, self._invent = plain, struct, answer, invent
        self._lock = threading.Lock()
        self._packages: dict[str, tuple[str, str]] = {}

    def GetDeploymentInfo(self, request: Any) -> Any:  # noqa: N802
        """What this engine can do. Values of outputs are asked for in their simple form."""
        numbers = dict(resource_pb2.ResourceMonitorFeature.items())
        return resource_pb2.DeploymentInfo(
            project=self._project,
            stack=self._stack,
            dryRun=self._invent is None,
            supportedFeatures=[
                numbers[name]
                for feature in _FEATURES
                if (name := f"RESOURCE_MONITOR_FEATURE_{feature}") in numbers
            ],
        )

    def SupportsFeature(self, request: Any) -> Any:  # noqa: N802
        """The same, asked one by one by older SDKs."""
        supported = {feature.lower().replace("_", "") for feature in _FEATURES}
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id.lower() in supported)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        """A resource that the program declares."""
        if request.type != STACK_TYPE:
            request = self._transforms.registered(request, self._ancestors(request.parent))
        where = self._place(request)
        urn = self._urn(request.parent, request.type, request.name)
        self._transforms.keep(urn, request)
        inputs = self._plain(request.object, False)
        state: dict[str, Any] = {
            "urn": urn,
            "custom": request.custom,
            "type": request.type,
            "inputs": inputs,
            "outputs": {},
            "parent": request.parent or None,
            "dependencies": sorted(request.dependencies),
            "provider": self._provider(request),
            "propertyDependencies": {
                key: sorted(each.urns) for key, each in request.propertyDependencies.items()
            },
            "protect": bool(request.protect),
            "retainOnDelete": bool(request.retainOnDelete),
            "ignoreChanges": list(request.ignoreChanges),
            "additionalSecretOutputs": list(request.additionalSecretOutputs),
            "aliases": [*request.aliasURNs, *(each.urn for each in request.aliases if each.urn)],
            "sourcePosition": _position(where),
        }
        answer = resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        if request.importId:
            state["importID"] = state["id"] = answer.id = request.importId
        if request.remote:
            self.notes.append(
                f"component '{request.name}' ({request.type}) is made by its provider's plugin; "
                "the resources inside it are not known"
            )
        if self._invent is not None and request.custom:
            identity, outputs = self._invent(request.type, request.name, inputs)
            state["id"] = answer.id = request.importId or identity
            state["outputs"] = {**_recorded(outputs), **inputs}
            answer.object.MergeFrom(
                self._struct({k: v for k, v in outputs.items() if k not in request.object.fields})
            )
        self._keep(urn, state, where)
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        """What a component, or the stack itself, gives out."""
        with self._lock:
            self.resources[request.urn]["outputs"] = self._plain(request.outputs, False)
        return empty_pb2.Empty()

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        """A resource that exists already and belongs to somebody else."""
        where = self._place(request)
        urn = self._urn(request.parent, request.type, request.name)
        inputs = self._plain(request.properties, False)
        answer = resource_pb2.ReadResourceResponse(
            urn=urn, id=request.id, properties=request.properties
        )
        outputs: dict[str, Any] = {}
        if request.type == "pulumi:pulumi:StackReference":
            # What another stack gives out stays unknown in every mode: its names are not known.
            outputs = {"name": inputs.get("name", request.id)}
            answer.unknown = True
        elif self._invent is not None:
            outputs = self._invent(request.type, request.name, inputs)[1]
        answer.properties.MergeFrom(
            self._struct({k: v for k, v in outputs.items() if k not in answer.properties.fields})
        )
        state = {
            "urn": urn,
            "custom": True,
            "external": True,
            "id": request.id,
            "type": request.type,
            "inputs": inputs,
            "outputs": {**_recorded(outputs), **inputs},
            "parent": request.parent or None,
            "dependencies": sorted(request.dependencies),
            "provider": self._provider(request),
            "additionalSecretOutputs": list(request.additionalSecretOutputs),
            "sourcePosition": _position(where),
        }
        self._keep(urn, state, where)
        return answer

    def ExistsResource(self, request: Any) -> Any:  # noqa: N802
        """Whether something is there: only a cloud knows."""
        return resource_pb2.ExistsResourceResponse(unknown=self._invent is None)

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        """A data source, answered as a cloud plausibly would."""
        arguments = self._plain(request.args, True)
        if request.tok == "pulumi:pulumi:getResource":
            state = self.resources.get(arguments["urn"])
            if state is None:
                raise ProgramError(f"there is no resource {arguments['urn']} to get")
            found = {"urn": state["urn"], "id": state.get("id", ""), "state": state["outputs"]}
        else:
            arguments = self._plain(self._transforms.asked(request.tok, request.args), True)
            provider = self.resources.get(request.provider.rsplit("::", 1)[0], {})
            found = self._answer(request.tok, arguments, provider.get("inputs", {}))
        return resource_pb2.ResourceInvokeResponse(**{"return": self._struct(found)})

    def Call(self, request: Any) -> Any:  # noqa: N802
        """A method of a component or a provider, answered likewise."""
        found = self._answer(request.tok, self._plain(request.args, True), {})
        return provider_pb2.CallResponse(**{"return": self._struct(found)})

    def RegisterPackage(self, request: Any) -> Any:  # noqa: N802
        """A package of a parametrised provider."""
        extra = request.parameterization if request.HasField("parameterization") else request
        reference = f"{extra.name}@{extra.version}"
        self._packages[reference] = (extra.name, extra.version)
        return resource_pb2.RegisterPackageResponse(ref=reference)

    def RegisterStackTransform(self, request: Any) -> Any:  # noqa: N802
        """A transform of every resource that follows."""
        self._transforms.of_resources.append(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> Any:  # noqa: N802
        """A transform of every data source that follows."""
        self._transforms.of_invokes.append(request)
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any) -> Any:  # noqa: N802
        """Hooks run while deploying: not here."""
        return empty_pb2.Empty()

    RegisterErrorHook = RegisterResourceHook
    SignalAndWaitForShutdown = RegisterResourceHook

    def __getattr__(self, call: str) -> Any:
        return _unknown_call("resource monitor", call)

    def _keep(self, urn: str, state: dict[str, Any], where: str | None) -> None:
        with self._lock:
            if urn in self.resources:
                name = urn.rsplit("::", 1)[-1]
                raise ProgramError(
                    f"two resources of type {state['type']} are called {name!r}; "
                    f"give each its own name (URN {urn})",
                    where,
                )
            self.resources[urn] = state

    def _urn(self, parent: str, type_: str, name: str) -> str:
        above = parent.split("::")[2] if parent else STACK_TYPE
        qualified = type_ if above == STACK_TYPE else f"{above}${type_}"
        return f"urn:pulumi:{self._stack}::{self._project}::{qualified}::{name}"

    def _provider(self, request: Any) -> str | None:
        """The provider's reference; where the program names none, the default's of the engine."""
        if request.provider or not getattr(request, "custom", True):
            return request.provider or None
        package, release = self._packages.get(
            request.packageRef, (request.type.split(":")[0], request.version)
        )
        if request.type.startswith("pulumi:providers:"):
            return None
        name = (
            "_".join(["default", *release.replace("-", ".").split(".")]) if release else "default"
        )
        urn = self._urn("", f"pulumi:providers:{package}", name)
        return f"{urn}::{pulumi.runtime.rpc.UNKNOWN}"

    def _ancestors(self, parent: str) -> Iterator[str]:
        while parent:
            yield parent
            parent = self.resources.get(parent, {}).get("parent") or ""


def _position(place: str | None) -> str | None:
    """A place as a ``ResourceV3`` has it."""
    return "project:///{}#{}".format(*place.rsplit(":", 1)) if place else None


def _recorded(outputs: dict[str, Any]) -> dict[str, Any]:
    """Invented identities help to follow references; anything else would be taken for a fact."""
    return {
        key: value
        for key, value in outputs.items()
        if isinstance(value, str) and key.lower().endswith(_IDENTITIES)
    }


def _unknown_call(service: str, call: str) -> Any:
    if call.startswith("_"):
        raise AttributeError(call)

    def refuse(*_: Any, **__: Any) -> Any:
        raise ProgramError(
            f"the installed Pulumi SDK ({version('pulumi')}) calls '{call}' of the {service}, "
            "which a synthesis cannot answer; install an SDK of the versions that Windtunnel names"
        )

    return refuse
