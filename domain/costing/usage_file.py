"""A usage file: what people know of how much the resources of a stack are used in a month.

    dataset:                      # a resource by its name, or by its URN
      stored: 5 TiB
      read_requests: 10 million
    web-*:                        # by a pattern of names
      processed: 300 GB
    aws:sqs/queue:Queue:          # by type
      requests: 20 per second

    aws:lambda/function:Function:
      requests: 1 million
      duration: 200 ms each       # of the requests; or all together, like 55 h

The most specific wins, key by key: a URN, then a name, then a pattern (of two, the one that
says more letters), then a type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from domain.catalog import Catalog
from domain.costing.amounts import OF_EACH, example, of_each, parse_amount
from domain.costing.kinds import usual_type
from domain.costing.quantities import Stated, StatedUsage
from domain.costing.registry import costers
from domain.costing.usage_keys import UsageKey, unit_of
from domain.costing.usage_sides import REQUESTS, Entry, Side, uncounted
from domain.errors import InputError, QuantityError, ScenarioError, near_misses
from domain.located import Located, parse_yaml, read_text
from domain.resources import Resource, ResourceGraph

WHAT = "usage file"
_MOST_TOLD = 6
_MOST_LISTED = 8


@dataclass(frozen=True, slots=True)
class Statement:
    """What one entry of the file says: key → what is written, and the line of each."""

    selector: str
    place: str
    amounts: Mapping[str, tuple[object, str]]


@dataclass(frozen=True, slots=True)
class UsageFile:
    """The entries of a usage file in their order."""

    name: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class UsageOn:
    """What a usage file states of the resources of one graph, and what people should know."""

    amounts: StatedUsage = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_usage(path: Path) -> UsageFile:
    """A usage file as written; whether its keys fit is told against resources.

    Raises:
        InputError: unreadable, not YAML, or not keys under resources; with file and line.
    """
    text = read_text(path, WHAT)
    name = str(path)
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        return UsageFile(name, ())
    try:
        located = parse_yaml(text, name, WHAT)
    except ScenarioError as error:
        if any(line.startswith("*") for line in text.splitlines()):
            message = f"{error.message}; a pattern that begins with * stands in quotes: '*-web':"
            raise ScenarioError(message, where=error.where) from None
        raise
    return UsageFile(name, tuple(_statements(located)))


def _statements(located: Located) -> Iterator[Statement]:
    lines = [place for path, place in located.places.items() if len(path) == 1]
    for (selector, given), place in zip(located.data.items(), lines, strict=False):
        if not isinstance(selector, str):
            raise _no_text(selector, place)
        if given is None:
            continue
        if not isinstance(given, dict):
            raise InputError(
                f"'{selector}' holds {given!r}, not keys; write them below it, like "
                "'stored: 100 GiB'",
                where=place,
            )
        amounts = {}
        for key, written in given.items():
            if not isinstance(key, str):
                raise _no_text(key, place)
            amounts[key] = (written, located.place((selector, key)))
        yield Statement(selector, place, amounts)


def _no_text(key: object, place: str) -> InputError:
    return InputError(f"YAML reads the key {key!r} as no text; put it in quotes", where=place)


def usage_on(file: UsageFile, graphs: Sequence[ResourceGraph], catalog: Catalog) -> list[UsageOn]:
    """What the file states of each graph; the graphs are the sides of one change, or one plan.

    Raises:
        InputError: an entry that means nothing in any of them, a key that none of its
            resources has, an amount that cannot be read; each with file and line.
    """
    sides = [Side(graph, catalog) for graph in graphs]
    wrong: list[str] = []
    notes = [] if file.statements else [f"{file.name} states nothing: all its lines are comments"]
    for statement in file.statements:
        try:
            notes += _apply(statement, sides)
        except InputError as error:
            wrong.append(str(error))
    settled = [side.settled() for side in sides]
    wrong += map(str, uncounted(settled))
    if wrong:
        more = len(wrong) - _MOST_TOLD
        told = wrong if more <= 0 else [*wrong[:_MOST_TOLD], f"… and {more} more"]
        raise InputError("\n".join(told))
    return [UsageOn(each.amounts, tuple(notes)) for each in settled]


def _apply(statement: Statement, sides: Sequence[Side]) -> Iterator[str]:
    """States the amounts of one entry; gives what is worth a note."""
    found = [_matching(statement.selector, side.graph) for side in sides]
    matched = [
        (side, resource)
        for side, (_, resources) in zip(sides, found, strict=True)
        for resource in resources
    ]
    if not matched:
        yield _missing(statement, sides)
        return
    if not any(side.keys(resource) for side, resource in matched):
        raise InputError(_without_usage(statement.selector, matched), where=statement.place)
    rank = max(rank for rank, _ in found)
    for key, (written, place) in statement.amounts.items():
        takers = [
            (side, resource, each)
            for side, resource in matched
            for each in side.keys(resource)
            if key == each.name or key in each.aliases
        ]
        if not takers:
            raise InputError(_unknown_key(statement.selector, key, matched), where=place)
        source = Path(place).name
        for side, resource, each in takers:
            unit = unit_of(each, side.context(resource))
            try:
                amount = _amount(written, each, unit)
                why = _needs_requests(written, each, unit, side.keys(resource))
            except QuantityError as error:
                raise InputError(f"{key}: {error.message}", where=place) from None
            told = None if why is None else f"{key}: {why}"
            side.state(resource, Entry(rank, each.name, Stated(amount, source), place, told))


def _amount(written: object, key: UsageKey, unit: str | None) -> float:
    """The amount of the month, or of each request."""
    if written is None:
        raise QuantityError(f"has no value; write for example '{example(key.measure, unit)}'")
    return parse_amount(of_each(written) or written, key.measure, unit)


def _needs_requests(
    written: object, key: UsageKey, unit: str | None, keys: Sequence[UsageKey]
) -> str | None:
    """What to say of an amount of each request if their number is not stated; None for others.

    Raises:
        QuantityError: no request has such an amount, or there are none.
    """
    if of_each(written) is None:
        return None
    together = f"state all of the month together, like '{example(key.measure, unit)}'"
    if key.measure not in OF_EACH:
        raise QuantityError(f"'{written}' is of each request; {together}")
    if all(each.name != REQUESTS for each in keys):
        raise QuantityError(f"'{written}' is of each request, which are no key here; {together}")
    return (
        f"'{written}' is of each request, and how many there are is not stated; add "
        f"'{REQUESTS}: {example('requests')}', or {together}"
    )


def _matching(selector: str, graph: ResourceGraph) -> tuple[tuple[int, int], list[Resource]]:
    """How specific a selector is, and what it selects."""
    if selector in graph.by_urn:
        return (4, 0), [graph.by_urn[selector]]
    named = [each for each in graph.resources if each.name == selector]
    if named:
        return (3, 0), named
    kind = usual_type(selector)
    typed = [each for each in graph.resources if usual_type(each.type) == kind]
    if typed:
        return (1, 0), typed
    if not _is_pattern(selector):
        return (0, 0), []
    letters = sum(each not in "*?[]" for each in selector)
    if ":" in selector and not selector.startswith("urn:"):
        kinds = [each for each in graph.resources if fnmatchcase(each.type, selector)]
        return (0, letters), kinds
    by_urn = selector.startswith("urn:")
    return (2, letters), [
        each for each in graph.resources if fnmatchcase(each.urn if by_urn else each.name, selector)
    ]


def _is_pattern(selector: str) -> bool:
    return any(each in selector for each in "*?[")


def _missing(statement: Statement, sides: Sequence[Side]) -> str:
    """The note about an entry that means nothing here, where that is no mistake.

    Raises:
        InputError: it is one.
    """
    selector, place = statement.selector, Path(statement.place).name
    if usual_type(selector) in costers():
        return f"{place}: there is no resource of type {selector} here"
    left_out = sum(side.graph.left_out for side in sides)
    if left_out:
        return f"{place}: '{selector}' is none of the resources here, which leave out {left_out}"
    every = [each for side in sides for each in side.graph.resources]
    if _is_pattern(selector):
        what = "type" if ":" in selector and not selector.startswith("urn:") else "name"
        message = f"the pattern '{selector}' matches the {what} of no resource"
        raise InputError(
            message + near_misses(selector.strip("*?"), (each.name for each in every)),
            where=statement.place,
        )
    known = {each.type if ":" in selector else each.name for each in every}
    known |= {each.urn for each in every if selector.startswith("urn:")}
    message = f"no resource is called '{selector}', by name, URN or type"
    raise InputError(message + near_misses(selector, known), where=statement.place)


def _without_usage(selector: str, matched: Sequence[tuple[Side, Resource]]) -> str:
    """Why nothing can be stated of what was selected; components are told of their parts."""
    side, _ = matched[0]
    selected = {resource.urn for _, resource in matched}
    parts = [
        each
        for each in side.graph.resources
        if any(above.urn in selected for above in side.graph.ancestors(each)) and side.keys(each)
    ]
    message = f"nothing of '{selector}' depends on usage"
    return f"{message}; state it of {_listed(each.name for each in parts)}" if parts else message


def _unknown_key(selector: str, key: str, matched: Sequence[tuple[Side, Resource]]) -> str:
    names = {each.name: None for side, resource in matched for each in side.keys(resource)}
    return f"'{selector}' has no '{key}', it has {_listed(names)}{near_misses(key, names)}"


def _listed(names: Any) -> str:
    every = list(dict.fromkeys(names))
    more = len(every) - _MOST_LISTED
    return ", ".join(every[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
