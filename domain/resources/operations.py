"""From Pulumi's many operations on a resource to the one step that they are together.

One resource may appear several times: a replacement as ``create-replacement``, ``replace`` and
``delete-replaced``, a refresh before an update, the deletion of what an earlier replacement
left. Operations: ``OpType`` of Pulumi's ``apitype``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain.resources.graph import Change, Operation, Resource, ResourceGraph, Step
from domain.resources.resource_json import stack_of, stack_outputs

_OPERATIONS: Mapping[str, Operation] = {
    "create": "create",
    "import": "import",
    "update": "update",
    "delete": "delete",
    "delete-replaced": "delete",
    "same": "same",
    "replace": "replace",
    "create-replacement": "replace",
    "import-replacement": "replace",
    "read": "read",
    "read-replacement": "read",
    "discard": "delete",
    "read-discard": "delete",
    "discard-replaced": "delete",
    "remove-pending-replace": "delete",
}
_STRONGEST_FIRST: Sequence[Operation] = (
    "replace",
    "create",
    "import",
    "update",
    "read",
    "delete",
    "same",
)
_NEW: frozenset[Operation] = frozenset({"create", "import"})
"""In the stack from now on; what is imported exists already."""


@dataclass(frozen=True, slots=True)
class Operated:
    """One operation as a file lists it."""

    operation: str
    urn: str
    old: Resource | None
    new: Resource | None
    old_is_leftover: bool = False
    """The old side waits for deletion: an earlier replacement left it."""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Steps:
    """One step a resource, in the order in which they came first."""

    steps: tuple[Step, ...]
    leftovers: int
    """Deletions of what earlier replacements left."""


def merge(operated: Iterable[Operated]) -> Steps:
    """One step a resource. A resource that was renamed goes by its new URN."""
    by_urn: dict[str, list[Operated]] = {}
    for each in operated:
        by_urn.setdefault(each.urn, []).append(each)
    steps, leftovers = [], 0
    for urn, several in by_urn.items():
        if not any(_kind(each) == "replace" for each in several):
            kept = [each for each in several if each.new or not each.old_is_leftover]
            leftovers += len(several) - len(kept)
            several = kept
        if several:
            steps.append(_step(urn, several))
    return Steps(tuple(step for step in steps if step.before or step.after), leftovers)


def change_of(
    steps: Steps,
    *,
    origin: str,
    config: Mapping[str, str],
    left_out: int = 0,
    notes: Iterable[str] = (),
) -> Change:
    """Both sides of these steps."""
    told = [*notes]
    if left_out:
        told.append(left_out_note(left_out))
    if steps.leftovers:
        told.append(
            "left by an earlier replacement and deleted now, so not counted on either side: "
            f"{steps.leftovers}"
        )

    anything = tuple(each for step in steps.steps if (each := step.after or step.before))

    def side(resources: Iterable[Resource | None]) -> ResourceGraph:
        present = tuple(each for each in resources if each is not None)
        project, stack = stack_of(present) if present else stack_of(anything)
        return ResourceGraph(
            present,
            project=project,
            stack=stack,
            origin=origin,
            config=config,
            outputs=stack_outputs(present),
            left_out=left_out,
            notes=tuple(told),
        )

    return Change(
        before=side(step.before for step in steps.steps),
        after=side(step.after for step in steps.steps),
        steps=steps.steps,
    )


def left_out_note(left_out: int) -> str:
    """What people must know of a change that does not list this many unchanged resources."""
    return (
        f"{left_out} unchanged resources are not in it, so totals cover the change only; "
        "preview with --show-sames, or give the stack's export as well (--state)"
    )


def continued(before: Resource, after: Resource) -> Resource:
    """The newer side of a resource that stays, with what its file does not repeat.

    A preview gives no id and no outputs of what it would update: those of before hold, but for
    the properties that the program sets, or sets no more.
    """
    stays = {
        name: value
        for name, value in before.outputs.items()
        if name in after.inputs or name not in before.inputs
    }
    return replace(
        after,
        id=after.id or before.id,
        outputs=after.outputs
        or {name: after.inputs.get(name, value) for name, value in stays.items()},
        dependencies=after.dependencies or before.dependencies,
        property_dependencies=after.property_dependencies or before.property_dependencies,
        source=after.source or before.source,
    )


def named(value: Any) -> tuple[str, ...]:
    """Names of properties, of a list or of the keys of an object."""
    if isinstance(value, list | Mapping):
        return tuple(each for each in value if isinstance(each, str))
    return ()


def _kind(operated: Operated) -> Operation:
    """An operation that we do not know is told by its sides."""
    known = _OPERATIONS.get(operated.operation)
    if known is not None:
        return known
    if operated.new is None:
        return "delete"
    if operated.old is None:
        return "create"
    return "same" if operated.old.inputs == operated.new.inputs else "update"


def _step(urn: str, several: Sequence[Operated]) -> Step:
    kinds = {_kind(each) for each in several}
    operation = next(kind for kind in _STRONGEST_FIRST if kind in kinds)
    if kinds & _NEW and "delete" in kinds:
        operation = "replace"
    before = next((each.old for each in several if each.old), None)
    after = next((each.new for each in reversed(several) if each.new), None)
    if operation in _NEW:
        before = None
    elif operation == "delete":
        after = None
    elif operation != "read":
        # What a file leaves out of an unchanged resource is as the other side has it.
        before, after = before or after, after or before
    if operation in ("update", "same") and before and after:
        after = continued(before, after)
    reasons = dict.fromkeys(reason for each in several for reason in each.reasons)
    if operation == "update" and before and after and not reasons:
        reasons = dict.fromkeys(_differences(before, after))
    return Step(operation, urn, before, after, tuple(reasons))


def _differences(before: Resource, after: Resource) -> Iterable[str]:
    for name in dict.fromkeys([*before.inputs, *after.inputs]):
        if before.inputs.get(name) != after.inputs.get(name):
            yield name
