"""Joins a preview that leaves unchanged resources out with the export of its stack."""

from __future__ import annotations

from dataclasses import replace

from domain.errors import InputError
from domain.resources.graph import Change, Resource, ResourceGraph, Step
from domain.resources.operations import continued, left_out_note
from domain.resources.resource_json import stack_outputs

_DEFAULT_PROVIDER = "default"
_NEEDS_OLD = ("update", "same", "delete")


def join(change: Change, state: ResourceGraph) -> Change:
    """The change within the whole stack: ``before`` is the state, nothing is left out.

    Raises:
        InputError: the state is of another stack, or of another moment than the preview.
    """
    _same_stack(change, state)
    steps = {_old_urn(step): step for step in change.steps}
    joined: list[Step] = []
    untouched = 0
    for resource in state.resources:
        step = steps.pop(resource.urn, None)
        if step is None:
            joined.append(Step("same", resource.urn, resource, resource))
            untouched += not _is_default_provider(resource)
        elif step.operation in ("create", "import"):
            what = f"holds {step.urn} already, which the preview {step.operation}s"
            raise _of_another_time(state, what)
        else:
            joined.append(_from(resource, step))
    for step in steps.values():
        if step.operation in _NEEDS_OLD:
            raise _of_another_time(state, f"does not hold {step.urn}, which the preview knows")
        joined.append(step)
    left_out = change.after.left_out
    told = (*state.notes, *change.after.notes)
    notes = [note for note in dict.fromkeys(told) if note != left_out_note(left_out)]
    if left_out and untouched != left_out:
        notes.append(
            f"the preview counts {left_out} unchanged resources, {state.origin} has {untouched}: "
            "they may be of different moments"
        )
    config = change.after.config
    before = replace(state, config=config, notes=tuple(notes))
    resources = tuple(step.after for step in joined if step.after is not None)
    after = replace(
        before,
        resources=resources,
        origin=f"{change.after.origin} with {state.origin}",
        outputs=stack_outputs(resources),
    )
    return Change(before, after, tuple(joined))


def _from(resource: Resource, step: Step) -> Step:
    """The step with the old side of the state, which tells more than a preview or a log."""
    after = step.after
    if after is not None and step.operation in ("update", "same"):
        after = continued(resource, after)
    return replace(step, before=resource, after=after)


def _old_urn(step: Step) -> str:
    """Under an alias a resource had another URN before."""
    return step.before.urn if step.before is not None else step.urn


def _is_default_provider(resource: Resource) -> bool:
    """Pulumi makes these itself and counts them nowhere."""
    return resource.is_provider and resource.name.startswith(_DEFAULT_PROVIDER)


def _same_stack(change: Change, state: ResourceGraph) -> None:
    ours = (change.after.project, change.after.stack)
    theirs = (state.project, state.stack)
    if all(ours) and all(theirs) and ours != theirs:
        raise InputError(
            f"is of stack '{theirs[1]}' of project '{theirs[0]}', the preview is of "
            f"'{ours[1]}' of '{ours[0]}'; export the stack that was previewed",
            where=state.origin,
        )


def _of_another_time(state: ResourceGraph, what: str) -> InputError:
    return InputError(
        f"{what}: they are of different moments; export and preview again", where=state.origin
    )
