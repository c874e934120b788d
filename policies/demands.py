"""What types of resource must say of themselves, as tables: type → where → what is right.

Every answer has three cases: it is there and right or wrong, it is absent (then what the
provider does by itself decides), or only a deployment will tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from domain.costing.values import is_list, truth
from domain.resources import SECRET, UNKNOWN, Resource
from policies.remedies import placed, to_set
from policies.rule import Finding, Judgement, NoSettings, Undecided
from policies.world import World

Judge = Callable[[World, NoSettings], Iterable[Judgement]]
Table = Mapping[str, str]
"""Type of resource → the path of blocks and properties: ``settings.ipConfiguration.sslMode``."""


def at(resource: Resource, path: str) -> Any:
    """What stands at a path: None where nothing does, UNKNOWN where only a deployment tells.

    A block that is written as a list stands for its first element.
    """
    first, *rest = path.split(".")
    value = resource.get(first)
    if value is None and UNKNOWN in (resource.inputs.get(first), resource.outputs.get(first)):
        return UNKNOWN
    for key in rest:
        value = inside(value, key)
    return value


def inside(value: Any, key: str) -> Any:
    """What a block holds under a key; UNKNOWN where the block itself is not known."""
    if is_list(value):
        value = value[0] if value else None
    if value == UNKNOWN:
        return UNKNOWN
    return value.get(key) if isinstance(value, Mapping) else None


def refers(resource: Resource, path: str) -> bool:
    """Whether what stands there comes from another resource, as Pulumi recorded it."""
    return bool(resource.property_dependencies.get(path.split(".")[0]))


def undecided(resource: Resource, path: str) -> Undecided:
    """Only a deployment will tell what stands there."""
    return Undecided(f"{path} of '{resource.name}' is known only after deployment", resource)


def shown(value: Any) -> str:
    """A value as people would write it in a sentence."""
    if value is None or value == "":
        return "not set"
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def always(_: Resource) -> bool:
    """Every resource of a type."""
    return True


def demand(
    table: Table,
    right: Callable[[Any], bool],
    wrong: str,
    *,
    default: Any = None,
    applies: Callable[[Resource], bool] = always,
    example: Any = None,
    examples: Mapping[str, Any] | None = None,
) -> Judge:
    """A judge that wants ``right`` of what stands at each type's path.

    ``default`` is what the provider takes where nothing is said; ``wrong`` is what may then
    be said of the resource: ``takes connections without a password``. ``example`` is what to
    write at the path, if a remedy shall name it; ``examples`` are what to write at its first
    step, for the types where that takes more.
    """

    def judge(world: World, _: NoSettings) -> Iterator[Judgement]:
        for kind, path in table.items():
            for resource in filter(applies, world.of_type(kind)):
                value = at(resource, path)
                if value in (UNKNOWN, SECRET):
                    yield undecided(resource, path)
                elif not right(default if value is None else value):
                    yield Finding(
                        f"'{resource.name}' {wrong}: {path} is {shown(value)}",
                        resource,
                        written(kind, path, example, examples),
                    )

    return judge


def written(
    kind: str, path: str, example: Any, examples: Mapping[str, Any] | None = None
) -> str | None:
    """The remedy that writes an example at a path; None where there is none."""
    if kind in (examples or {}):
        return to_set({path.split(".")[0]: (examples or {})[kind]})
    return None if example is None else to_set(placed(path, example))


def switched_on(
    table: Table,
    wrong: str,
    *,
    default: bool = False,
    applies: Callable[[Resource], bool] = always,
) -> Judge:
    """A judge that wants a truth at each type's path."""
    return demand(table, truth, wrong, default=default, applies=applies)


def switched_off(table: Table, wrong: str) -> Judge:
    """A judge that wants no truth at each type's path."""
    return demand(table, lambda value: not truth(value), wrong, default=False)


def stated(
    table: Table,
    wrong: str,
    *,
    applies: Callable[[Resource], bool] = always,
    example: Any = None,
    examples: Mapping[str, Any] | None = None,
) -> Judge:
    """A judge that wants anything at each type's path; a reference is something."""

    def judge(world: World, _: NoSettings) -> Iterator[Judgement]:
        for kind, path in table.items():
            for resource in filter(applies, world.of_type(kind)):
                value = at(resource, path)
                if value == UNKNOWN and not refers(resource, path):
                    yield undecided(resource, path)
                elif value is None or value == "":
                    yield Finding(
                        f"'{resource.name}' {wrong}: {path} is {shown(value)}",
                        resource,
                        written(kind, path, example, examples),
                    )

    return judge


def together(*judges: Judge) -> Judge:
    """Several judges as one, for one concern that types express in different ways."""

    def judge(world: World, settings: NoSettings) -> Iterator[Judgement]:
        for each in judges:
            yield from each(world, settings)

    return judge
