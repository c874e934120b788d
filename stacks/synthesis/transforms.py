"""Functions of the program that change its resources and data sources before they are made.

Pulumi's engine calls them back in the program's process, through a server that the SDK runs
there (``pulumi/proto/callback.proto``). Stands alone (standard library and ``pulumi``): the
child loads it by path.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2


class Transforms:
    """Those of the whole stack, and those of single resources, which hold for their children."""

    def __init__(self) -> None:
        self.of_resources: list[Any] = []
        self.of_invokes: list[Any] = []
        self._of: dict[str, list[Any]] = {}

    def keep(self, urn: str, request: Any) -> None:
        """Remembers a resource's own transforms for its children."""
        if request.transforms:
            self._of[urn] = list(request.transforms)

    def registered(self, request: Any, ancestors: Iterable[str]) -> Any:
        """A registration after its own transforms, its ancestors' from within, the stack's."""
        inherited = (each for urn in ancestors for each in self._of.get(urn, ()))
        for transform in (*request.transforms, *inherited, *self.of_resources):
            message = resource_pb2.TransformRequest(
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent,
                properties=request.object,
                options=_options(request),
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

    def asked(self, token: str, arguments: Any) -> Any:
        """The arguments of a data source after the stack's transforms, as a protobuf struct."""
        for transform in self.of_invokes:
            message = resource_pb2.TransformInvokeRequest(token=token, args=arguments)
            answer = _call_back(transform, message)
            arguments = resource_pb2.TransformInvokeResponse.FromString(answer).args
        return arguments


def _options(request: Any) -> Any:
    return resource_pb2.TransformResourceOptions(
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


def _call_back(callback: Any, message: Any) -> bytes:
    with grpc.insecure_channel(callback.target) as channel:
        answer = callback_pb2_grpc.CallbacksStub(channel).Invoke(
            callback_pb2.CallbackInvokeRequest(
                token=callback.token, request=message.SerializeToString()
            )
        )
    response: bytes = answer.response
    return response
