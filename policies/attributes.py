"""What resources must say of themselves, as rows: type, where, what is right there.

The simple cases are in :mod:`policies.demands`; a row may also look at every element of a
list, into JSON that is written as text, at one of several places, and under a condition. It
judges what the program asks for, never what came of it: a key that the provider filled in by
itself is not one that somebody chose.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.costing.values import is_list, number, truth
from domain.resources import SECRET, UNKNOWN, Resource
from policies.demands import shown
from policies.remedies import bare, placed, snake, to_set, united
from policies.rule import Category, Finding, Judgement, NoSettings, Rule, Scope, Severity, Undecided
from policies.world import World

_TEXTS_OF_JSON = ("containerDefinitions", "containerProperties", "content", "nodeProperties")
"""Inputs whose rows look into JSON that is written as text."""


@dataclass(frozen=True, slots=True)
class Want:
    """What is right at a place.

    ``example`` is what a program would write; ``absent`` the verdict where it writes nothing,
    which is that on the provider's default. Where ``anything`` will do, so will what only a
    deployment tells and what is secret; where ``nothing`` will, that is too much.
    """

    accepts: Callable[[Any], bool]
    example: Any
    absent: bool = False
    anything: bool = False
    nothing: bool = False


def _something(value: Any) -> bool:
    return value not in ("", [], {}, ())


def _own_key(value: Any) -> bool:
    """Whether a key is its owner's: those that AWS keeps are called ``alias/aws/s3``."""
    return _something(value) and "alias/aws/" not in str(value)


TRUE = Want(truth, True)
TRUE_BY_DEFAULT = Want(truth, True, absent=True)
FALSE = Want(lambda value: not truth(value), False)
FALSE_BY_DEFAULT = Want(lambda value: not truth(value), False, absent=True)
PRESENT = Want(_something, "...", anything=True)
ABSENT = Want(lambda value: not _something(value), None, absent=True, nothing=True)
KEY = Want(_own_key, "<ARN of a key of your own>", anything=True)


def one_of(*values: Any, by_default: bool = False) -> Want:
    """One of these words."""
    return Want(lambda value: value in values, values[0], absent=by_default)


def none_of(*values: Any, instead: Any, absent: bool = True) -> Want:
    """A word that is not one of these."""
    return Want(lambda value: value not in values, instead, absent=absent)


def between(low: float, high: float = float("inf"), *, by_default: bool = False) -> Want:
    """A number that is no less and no more."""

    def accepts(value: Any) -> bool:
        found = number(value)
        return found is not None and low <= found <= high

    return Want(accepts, int(low), absent=by_default)


@dataclass(frozen=True, slots=True)
class Row:
    """One demand on resources of a type.

    ``path`` leads through blocks by dots; ``name[]`` is every element of a list, ``name[0]`` the
    first, ``name?`` a block that may be missing, and several places that will each do are parted
    by `` | ``. ``where`` names the conditions under which it holds, ``wrong`` what may be said of
    a resource that falls short, if not what its rule says. ``checks`` are the ids of equivalents
    elsewhere. ``example`` is what to write at the path's first step, where that takes more than
    what is right at its end.
    """

    type: str
    path: str
    want: Want
    checks: tuple[str, ...] = ()
    where: tuple[tuple[str, Want], ...] = ()
    wrong: str | None = None
    example: Any = None


def row(
    type: str,
    path: str,
    want: Want,
    *checks: str,
    where: Iterable[tuple[str, Want]] = (),
    wrong: str | None = None,
    example: Any = None,
) -> Row:
    """A row, with its equivalents as further arguments."""
    return Row(type, path, want, checks, tuple(where), wrong, example)


def rule(
    id: str,
    title: str,
    why: str,
    wrong: str,
    rows: Iterable[Row],
    *,
    guides: tuple[str, ...],
    severity: Severity = "mandatory",
    category: Category = "security",
    remedy: str = "set what the message names",
    also: Callable[[World, NoSettings], Iterable[Judgement]] | None = None,
    references: tuple[str, ...] = (),
    scope: Scope = "resource",
) -> Rule:
    """A rule that is a table of rows. A resource that falls short of several is found once, with
    all that is missing.

    ``why`` is what the rule demands and the reason; ``wrong`` what may be said of a resource
    that falls short: ``stores data in the clear``. ``also`` judges, on types that no row
    names, what rows cannot say; ``references`` are its equivalents elsewhere.
    """
    table: dict[str, list[Row]] = {}
    for each in rows:
        table.setdefault(each.type, []).append(each)

    judge = Rows(table, wrong, also)
    judge.__doc__ = why
    checks = (check for each in table.values() for one in each for check in one.checks)
    return Rule(
        id,
        title,
        category,
        judge,
        remedy,
        severity,
        references=tuple(dict.fromkeys((*checks, *references))),
        guides=guides,
        scope=scope,
    )


@dataclass
class Rows:
    """A judge that goes by the rows of each type."""

    table: Mapping[str, Sequence[Row]]
    wrong: str
    also: Callable[[World, NoSettings], Iterable[Judgement]] | None = None

    def __call__(self, world: World, _: NoSettings) -> Iterator[Judgement]:
        """What resources fall short of."""
        for kind, demands in self.table.items():
            for resource in world.of_type(kind):
                found = [each for each in (short(resource, one) for one in demands) if each]
                lacks = [each for each in found if isinstance(each, Lack)]
                if lacks:
                    yield _finding(resource, lacks, self.wrong)
                else:
                    yield from [each for each in found if isinstance(each, Undecided)][:1]
        yield from self.also(world, NoSettings()) if self.also else ()


@dataclass(frozen=True, slots=True)
class Lack:
    """A row that a resource falls short of, and what stands there."""

    row: Row
    said: str


def short(resource: Resource, demand: Row) -> Lack | Undecided | None:
    """How a resource falls short of a row, if it does."""
    applies = [_verdict(resource, path, want) for path, want in demand.where]
    if False in applies:
        return None
    places = demand.path.split(" | ")
    verdicts = [_verdict(resource, path, demand.want) for path in places]
    if True in verdicts:
        return None
    path = _plain(places[0])
    if None in verdicts or None in applies:
        return Undecided(f"{path} of '{resource.name}' is known only after deployment", resource)
    wrongs = (_said(each) for each in values(resource, places[0]) if _is_wrong(each, demand.want))
    return Lack(demand, f"{path} is {next(wrongs, 'that of another resource')}")


def _plain(path: str) -> str:
    return path.replace("[0]", "")


def _finding(resource: Resource, lacks: list[Lack], wrong: str) -> Finding:
    by_fault: dict[str, list[str]] = {}
    for each in lacks:
        by_fault.setdefault(each.row.wrong or wrong, []).append(each.said)
    faults = (f"{fault}: {', '.join(dict.fromkeys(said))}" for fault, said in by_fault.items())
    return Finding(
        f"'{resource.name}' {'; '.join(faults)}",
        resource,
        remedy_of(each.row for each in lacks),
    )


def values(resource: Resource, path: str) -> list[Any]:
    """What stands at a path, None where nothing does: one value, or one of each element."""
    return list(_walk(resource.inputs, path.split(".")))


def is_json(value: str) -> bool:
    """Whether a text looks like JSON; programs begin it on a line of its own, or indent it."""
    return value[:80].lstrip()[:1] in ("{", "[")


def opened(value: Any) -> Any:
    """A value; what is written as JSON in a text is read."""
    if isinstance(value, str) and is_json(value):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _walk(value: Any, steps: list[str]) -> Iterator[Any]:
    if not steps or value in (None, UNKNOWN, SECRET):
        yield value
        return
    step, rest = bare(steps[0]), steps[1:]
    value = opened(value)
    if is_list(value):
        value = value[0] if value else None
    inner = value.get(step) if isinstance(value, Mapping) else None
    if steps[0].endswith("?") and inner in (None, [], ()):
        return
    if not steps[0].endswith("[]"):
        yield from _walk(inner, rest)
        return
    inner = opened(inner)
    if isinstance(inner, str):
        yield inner
    for each in [inner] if isinstance(inner, Mapping) else inner if is_list(inner) else ():
        yield from _walk(each, rest)


def _verdict(resource: Resource, path: str, want: Want) -> bool | None:
    """Right, wrong, or known only after deployment."""
    verdicts = []
    for value in values(resource, path):
        if value in (UNKNOWN, SECRET):
            refers = value == SECRET or resource.property_dependencies.get(_top(path))
            sure = refers and (want.anything or want.nothing)
            verdicts.append(want.anything if sure else None)
        else:
            verdicts.append(not _is_wrong(value, want))
    return False if False in verdicts else None if None in verdicts else True


def _is_wrong(value: Any, want: Want) -> bool:
    if value in (UNKNOWN, SECRET):
        return False
    return not (want.absent if value is None else want.accepts(value))


def _top(path: str) -> str:
    return bare(path.split(".")[0])


def _said(value: Any) -> str:
    if is_list(value) or isinstance(value, Mapping):
        written = json.dumps(value, sort_keys=True, default=str)
        return written if len(written) <= 60 else f"{written[:57]}..."
    return shown(value)


def remedy_of(rows: Iterable[Row]) -> str | None:
    """What to write, as a Python program does; None where the thing is to write nothing."""
    inputs: dict[str, Any] = {}
    texts: list[str] = []
    for each in rows:
        path = each.path.split(" | ")[0]
        first, *rest = path.split(".")
        if each.example is not None:
            inputs = united(inputs, {bare(first): each.example})
        elif each.want.example is None:
            continue
        elif _is_text(first, rest):
            where = ".".join(rest) + (" of each element" if first.endswith("[]") else "")
            right = json.dumps(each.want.example)
            texts.append(f"in the JSON of {snake(bare(first))}, set {where} to {right}")
        else:
            inputs = united(inputs, placed(path, each.want.example))
    said = [*([to_set(inputs)] if inputs else ()), *dict.fromkeys(texts)]
    return "; ".join(said) or None


def _is_text(first: str, rest: list[str]) -> bool:
    """Whether an input is JSON in a text: properties of blocks begin with a small letter."""
    return bare(first) in _TEXTS_OF_JSON or any(step[:1].isupper() for step in rest)
