"""Engine events as JSON lines: event logs, ``up --json``, the streaming ``preview --json``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.errors import InputError
from domain.resources.diagnostics import failure, program_error
from domain.resources.graph import Change
from domain.resources.operations import Operated, change_of, merge, named
from domain.resources.preview import configuration, count
from domain.resources.resource_json import kind, read_resource
from domain.resources.values import text

_OF_RESOURCES = ("resourcePreEvent", "resOutputsEvent", "resOpFailedEvent")


def read_events(events: Iterable[tuple[int, Mapping[str, Any]]], origin: str) -> Change:
    """Both sides of what the events tell.

    A log that holds a preview and then its update gives the update. A violated mandatory policy
    is a note; the resources are all there.

    Raises:
        InputError: the run failed (with its own error), did not end, or an event cannot be read.
    """
    run = _Run()
    for number, event in events:
        if "preludeEvent" in event:
            run = _Run()
        try:
            run.take(event)
        except InputError as error:
            raise error.at(f"line {number}") from None
    return run.change(origin)


@dataclass
class _Run:
    """One preview or update, as far as its events were seen."""

    config: dict[str, str] = field(default_factory=dict)
    operated: dict[tuple[str, str], Operated] = field(default_factory=dict)
    diagnostics: list[Mapping[str, Any]] = field(default_factory=list)
    violated: dict[str, set[str]] = field(default_factory=dict)
    """Mandatory policy → resources that violate it."""
    summary: Mapping[str, Any] | None = None

    def take(self, event: Mapping[str, Any]) -> None:
        for name in _OF_RESOURCES:
            if name in event:
                self._resource(_object(event, name), name)
        if "preludeEvent" in event:
            self.config = configuration(_object(event, "preludeEvent").get("config"))
        if "diagnosticEvent" in event:
            diagnostic = _object(event, "diagnosticEvent")
            if diagnostic.get("severity") == "error":
                self.diagnostics.append(diagnostic)
        if "policyEvent" in event:
            policy = _object(event, "policyEvent")
            if policy.get("enforcementLevel") == "mandatory":
                name = text(str(policy.get("policyName")))
                self.violated.setdefault(name, set()).add(str(policy.get("resourceUrn")))
        if "summaryEvent" in event:
            self.summary = _object(event, "summaryEvent")

    def _resource(self, event: Mapping[str, Any], name: str) -> None:
        metadata = _object(event, "metadata")
        operation, urn = metadata.get("op"), metadata.get("urn")
        if not isinstance(operation, str) or not isinstance(urn, str) or not urn:
            raise InputError("must have 'op' and 'urn'", where=f"{name}.metadata")
        raw_old, raw_new = metadata.get("old"), metadata.get("new")
        where = f"{name}.metadata"
        old = read_resource(raw_old, f"{where}.old") if raw_old is not None else None
        earlier = self.operated.get((urn, operation))
        self.operated[urn, operation] = Operated(
            operation=operation,
            urn=text(urn),
            # The first event has the old side as it was, the last the new with its outputs.
            old=earlier.old if earlier else old,
            new=read_resource(raw_new, f"{where}.new") if raw_new is not None else None,
            old_is_leftover=raw_old is not None and raw_old.get("delete") is True,
            reasons=named(metadata.get("keys"))
            + (named(metadata.get("diffs")) or named(metadata.get("detailedDiff"))),
        )

    def change(self, origin: str) -> Change:
        error = program_error(self.diagnostics)
        if error or (error is not None and not self.violated):
            raise InputError(failure(error))
        if self.summary is None:
            raise InputError(
                "the event log has no summary at its end: the run was stopped, or goes on"
            )
        if self.summary.get("result") == "failed" and not self.violated:
            raise InputError(failure(""))
        steps = merge(self.operated.values())
        unchanged = count(self.summary.get("resourceChanges"), "same", "resourceChanges")
        listed = sum(step.operation == "same" for step in steps.steps)
        return change_of(
            steps,
            origin=origin,
            config=self.config,
            left_out=max(0, unchanged - listed),
            notes=[
                f"violates the mandatory policy '{name}' ({len(urns)} "
                f"resource{'s' if len(urns) > 1 else ''})"
                for name, urns in self.violated.items()
            ],
        )


def _object(event: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = event.get(key)
    if not isinstance(value, Mapping):
        raise InputError(f"must be an object, is {kind(value)}", where=key)
    return value
