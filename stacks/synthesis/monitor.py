"""Stands where Pulumi's engine would: answers what a program asks, and writes down what it wants.

The SDK calls these methods as it would call stubs of gRPC, with one request each
(``pulumi/proto/resource.proto`` and ``engine.proto``). Stands alone (standard library and
``pulumi``): the child loads it by path.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import grpc
import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    callback_pb2,
    callback_pb2_grpc,
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
_NOT_OURS = ("site-packages", "dist-packages", ".venv", "venv", "node_modules")


class ProgramError(Exception):
    """What the engine would refuse; ``where`` is the statement's ``file:line``."""

    def __init__(self, message: str, where: str | None = None) -> None:
        super().__init__(message)
        self.where = where


def place_in(folder: Path, file: str, line: int) -> str | None:
    """``file:line`` relative to the project, or None for what is not the project's own."""
    try:
        path = Path(file).relative_to(folder)
    except ValueError:
        return None
    if Path(file).parent == Path(__file__).parent:
        return None
    return None if any(part in _NOT_OURS for part in path.parts) else f"{path}:{line}"


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
        folder: the project's, to say where a resource is declared.
        plain: turns a protobuf value into data; True as second argument keeps secrets.
        struct: turns data into a protobuf struct.
        answer: what a data source tells: token, arguments, region settings of its provider.
        invent: id and outputs of a resource after its creation, or None in a preview.
    """

    def __init__(
        self,
        project: str,
        stack: str,
        folder: Path,
        *,
        plain: Callable[[Any, bool], Any],
        struct: Callable[[dict[str, Any]], Any],
        answer: Callable[[str, dict[str, Any], dict[str, Any]], dict[str, Any]],
        invent: Callable[[str, str, dict[str, Any]], tuple[str, dict[str, Any]]] | None,
    ) -> None:
        self.resources: dict[str, dict[str, Any]] = {}
        self.notes: list[str] = []
        self._project, self._stack, self._folder = project, stack, folder
        self._plain, self._struct, self._answer, self._invent = plain, struct, answer, invent
        self._lock = threading.Lock()
        self._transforms: list[Any] = []
        self._transforms_of: dict[str, list[Any]] = {}
        self._invoke_transforms: list[Any] = []
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
        request = self._transformed(request)
        where = self._place(request)
        urn = self._urn(request.parent, request.type, request.name)
        self._transforms_of[urn] = list(request.transforms)
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
            # What another stack gives out stays unknown in both modes: its names are not known.
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
            for transform in self._invoke_transforms:
                message = resource_pb2.TransformInvokeRequest(
                    token=request.tok, args=self._struct(arguments)
                )
                changed = resource_pb2.TransformInvokeResponse.FromString(
                    _call_back(transform, message)
                )
                arguments = self._plain(changed.args, True)
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
        self._transforms.append(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> Any:  # noqa: N802
        """A transform of every data source that follows."""
        self._invoke_transforms.append(request)
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
        package, version = self._packages.get(
            request.packageRef, (request.type.split(":")[0], request.version)
        )
        if request.type.startswith("pulumi:providers:"):
            return None
        name = "_".join(
            ["default", *version.replace("-", "_").split(".")] if version else ["default"]
        )
        urn = self._urn("", f"pulumi:providers:{package}", name)
        return f"{urn}::{pulumi.runtime.rpc.UNKNOWN}"

    def _place(self, request: Any) -> str | None:
        """The innermost statement of the project itself that led to the request."""
        frames = [request.sourcePosition, *(frame.pc for frame in request.stackTrace.frames)]
        for frame in frames:
            file = unquote(urlparse(frame.uri).path)
            if file and (place := place_in(self._folder, file, frame.line)):
                return place
        return None

    def _transformed(self, request: Any) -> Any:
        """The request after its own transforms, its parents' and the stack's."""
        if request.type == STACK_TYPE:
            return request
        transforms, above = list(request.transforms), request.parent
        while above:
            transforms += self._transforms_of.get(above, [])
            above = self.resources.get(above, {}).get("parent")
        for transform in (*transforms, *self._transforms):
            options = resource_pb2.TransformResourceOptions(
                depends_on=request.dependencies,
                ignore_changes=request.ignoreChanges,
                replace_on_changes=request.replaceOnChanges,
                version=request.version,
                aliases=request.aliases,
                provider=request.provider,
                providers=request.providers,
                additional_secret_outputs=request.additionalSecretOutputs,
                protect=request.protect,
                retain_on_delete=request.retainOnDelete,
            )
            message = resource_pb2.TransformRequest(
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent,
                properties=request.object,
                options=options,
            )
            changed = resource_pb2.TransformResponse.FromString(_call_back(transform, message))
            request.object.CopyFrom(changed.properties)
            if changed.HasField("options"):
                request.ignoreChanges[:] = changed.options.ignore_changes
                request.additionalSecretOutputs[:] = changed.options.additional_secret_outputs
                request.dependencies[:] = changed.options.depends_on
                request.protect = changed.options.protect
                request.retainOnDelete = changed.options.retain_on_delete
                request.provider = changed.options.provider
        return request


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


def _call_back(callback: Any, message: Any) -> bytes:
    with grpc.insecure_channel(callback.target) as channel:
        answer = callback_pb2_grpc.CallbacksStub(channel).Invoke(
            callback_pb2.CallbackInvokeRequest(
                token=callback.token, request=message.SerializeToString()
            )
        )
    response: bytes = answer.response
    return response


def _unknown_call(service: str, call: str) -> Any:
    if call.startswith("_"):
        raise AttributeError(call)

    def refuse(*_: Any, **__: Any) -> Any:
        raise ProgramError(
            f"the installed Pulumi SDK ({_sdk_version()}) calls '{call}' of the {service}, which "
            "a synthesis cannot answer; install an SDK of the versions that Windtunnel names"
        )

    return refuse


def _sdk_version() -> str:
    from importlib.metadata import version

    return version("pulumi")
