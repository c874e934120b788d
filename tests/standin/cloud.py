"""A cloud that says yes: create, change, read and delete without anything being there.

It says no where a name is taken: by what this very update has seen and not yet deleted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pulumi.provider.experimental import provider as sdk

from standin import invented
from standin.answers import Answer
from standin.immutable import replaces
from standin.values import plain_map, wrapped_map

_META = "__meta"
"""The output in which the bridged providers keep notes of their own; here, the inputs' names."""
_DEFAULTS = "__defaults"
"""The input in which they note what the program did not say."""


class StandIn(sdk.Provider):
    """One provider; ``answers`` are the functions it knows."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._answers = answers
        self._where = {"region": "", "zone": "", "project": ""}
        self._existing: set[str] = set()

    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:
        given = plain_map(request.args)
        self._where |= {key: given[key] for key in self._where if key in given}
        # Without accept_secrets the engine keeps track of secrets itself.
        return sdk.ConfigureResponse(supports_preview=True)

    async def invoke(self, request: sdk.InvokeRequest) -> sdk.InvokeResponse:
        if request.tok not in self._answers:
            raise KeyError(f"the stand-in has no answer to {request.tok}")
        answer = self._answers[request.tok](plain_map(request.args), self._where)
        return sdk.InvokeResponse(wrapped_map(answer))

    async def check(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        inputs = plain_map(request.new_inputs)
        defaults = []
        key = invented.name_input(type_of(request.urn))
        if key is not None and not {key, f"{key}Prefix"} & set(inputs):
            before = plain_map(request.old_inputs)
            mark = invented.digest(request.urn, request.random_seed.hex())[:7]
            made = f"{request.name}-{mark}"
            inputs[key] = before.get(key, made) if key in before.get(_DEFAULTS, ()) else made
            defaults.append(key)
        return sdk.CheckResponse(inputs=wrapped_map({**inputs, _DEFAULTS: defaults}))

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        type_ = type_of(request.urn)
        self._existing.add(request.resource_id)
        before = plain_map(request.old_state)
        after = plain_map(request.new_inputs)
        known = set(json.loads(before.get(_META, "[]")))
        changed = {
            key
            for key in known | set(after) - {_DEFAULTS}
            if before.get(key) != after.get(key) or (key in known) != (key in after)
        }
        moved = self._where["region"] != before.get("region", self._where["region"])
        if moved and "region" not in after and "arn" in before:
            changed.add("region")  # AWS resources stand where their provider does
        replacing = sorted(key for key in changed if replaces(type_, key))
        name = invented.name_input(type_)
        keeps_name = name is not None and name not in after.get(_DEFAULTS, ()) and name in after
        return sdk.DiffResponse(
            changes=bool(changed),
            diffs=sorted(changed),
            replaces=replacing,
            # As the bridged providers do: two things cannot have a name at once.
            delete_before_replace=keeps_name and before.get(name) == after[name],
            detailed_diff={
                key: sdk.PropertyDiff(_kind(key, known, after, key in replacing), input_diff=True)
                for key in sorted(changed)
            },
        )

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        if request.preview:
            return sdk.CreateResponse("", request.properties)
        type_, inputs = type_of(request.urn), plain_map(request.properties)
        made = invented.identity(type_, request.name, inputs, self._where)
        if made in self._existing:
            raise ValueError(f"error 409: {made} exists already")
        self._existing.add(made)
        return sdk.CreateResponse(made, wrapped_map(self._state(type_, made, inputs)))

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        type_, inputs = type_of(request.urn), plain_map(request.news)
        state = self._state(type_, request.resource_id, inputs)
        return sdk.UpdateResponse(wrapped_map(state))

    async def read(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        if request.properties:  # a refresh: everything is as it was
            return sdk.ReadResponse(request.resource_id, request.properties, request.inputs)
        found = self._state(type_of(request.urn), request.resource_id, plain_map(request.inputs))
        return sdk.ReadResponse(request.resource_id, wrapped_map(found), request.inputs)

    async def delete(self, request: sdk.DeleteRequest) -> None:
        self._existing.discard(request.resource_id)

    def _state(self, type_: str, identity: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        asked = {key: value for key, value in inputs.items() if key != _DEFAULTS}
        computed = invented.outputs(type_, identity, asked, self._where)
        return {**computed, **asked, _META: json.dumps(sorted(asked))}


def type_of(urn: str) -> str:
    """The type of a resource; a URN also names those of the components around it."""
    return urn.split("::")[-2].rsplit("$", 1)[-1]


def _kind(key: str, known: set[str], after: Mapping[str, Any], replace: bool) -> Any:
    change = "UPDATE" if key in known and key in after else "ADD" if key in after else "DELETE"
    return sdk.PropertyDiffKind[f"{change}_REPLACE" if replace else change]
