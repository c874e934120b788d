"""``pulumi preview --json``: one document with every step."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from domain.errors import InputError
from domain.resources.diagnostics import failure, program_error
from domain.resources.graph import Change
from domain.resources.operations import Operated, change_of, merge, named
from domain.resources.resource_json import kind, read_resource
from domain.resources.values import plain, text


def is_preview(document: Mapping[str, Any]) -> bool:
    """Whether this is a preview; one of a program that failed early has no steps."""
    return (
        isinstance(document.get("steps"), list)
        or "changeSummary" in document
        or ("diagnostics" in document and "duration" in document)
    )


def read_preview(document: Mapping[str, Any], origin: str) -> Change:
    """Both sides of a preview.

    Unchanged resources are in it if it ran with ``--show-sames``; otherwise ``left_out`` is
    their number.

    Raises:
        InputError: the program failed (with its own error), or a step cannot be read.
    """
    diagnostics = _list(document, "diagnostics")
    error = program_error(each for each in diagnostics if isinstance(each, Mapping))
    if error is not None:
        raise InputError(failure(error))
    if document.get("maybeCorrupt") is True:
        raise InputError(
            "the preview says of itself that it may be corrupt; repair the state, preview again"
        )
    steps = merge(_operated(_list(document, "steps")))
    unchanged = count(document.get("changeSummary"), "same", "changeSummary")
    listed = sum(step.operation == "same" for step in steps.steps)
    return change_of(
        steps,
        origin=origin,
        config=configuration(document.get("config")),
        left_out=max(0, unchanged - listed),
    )


def configuration(config: Any) -> dict[str, str]:
    """The stack's configuration, as texts; objects are JSON."""
    if config is None:
        return {}
    if not isinstance(config, Mapping):
        raise InputError(f"must be an object, is {kind(config)}", where="config")
    return {
        text(name): value if isinstance(value, str) else json.dumps(value)
        for name, value in ((name, plain(each)) for name, each in config.items())
    }


def count(summary: Any, operation: str, where: str) -> int:
    """How many resources of an operation a summary counts."""
    if summary is None:
        return 0
    if not isinstance(summary, Mapping):
        raise InputError(f"must be an object, is {kind(summary)}", where=where)
    number = summary.get(operation, 0)
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise InputError("must be a number of resources", where=f"{where}.{operation}")
    return number


def _operated(steps: list[Any]) -> Iterator[Operated]:
    for index, step in enumerate(steps):
        where = f"steps[{index}]"
        if not isinstance(step, Mapping) or not isinstance(step.get("op"), str):
            raise InputError("must be a step, an object with 'op' and 'urn'", where=where)
        raw_old, raw_new = step.get("oldState"), step.get("newState")
        old = read_resource(raw_old, f"{where}.oldState") if raw_old is not None else None
        new = read_resource(raw_new, f"{where}.newState") if raw_new is not None else None
        urn = step.get("urn")
        if not urn and (new or old):
            urn = (new or old).urn  # type: ignore[union-attr]
        if not isinstance(urn, str) or not urn:
            raise InputError("the step has no urn", where=where)
        reasons = named(step.get("replaceReasons")) + named(step.get("diffReasons"))
        yield Operated(
            operation=step["op"],
            urn=text(urn),
            old=old,
            new=new,
            old_is_leftover=raw_old is not None and raw_old.get("delete") is True,
            reasons=reasons or named(step.get("detailedDiff")),
        )


def _list(document: Mapping[str, Any], key: str) -> list[Any]:
    value = document.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InputError(f"must be a list, is {kind(value)}", where=key)
    return value
