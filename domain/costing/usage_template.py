"""A first usage file for a stack: everything that depends on usage, commented out, with prices.

A few resources of a type are written by their names, many alike once by their type. What
explains is after ``##``, so that taking one ``#`` away from every line leaves a file that is
accepted as it stands.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

from domain.catalog import Catalog
from domain.costing.amounts import example, write_amount
from domain.costing.context import Context, Survey
from domain.costing.kinds import usual_type
from domain.costing.quantities import COMMON_KEYS
from domain.costing.usage_keys import UsageKey, price_of, unit_of, usage_keys
from domain.resources import ResourceGraph

MOST_BY_NAME = 3
"""Resources of one type that are written one by one; more are written once, by type."""

_MOST_LINES_BY_NAME = 18
_MOST_NAMED = 12
_WIDTH = 96
_PRICES_FROM_COLUMN = 36
# What nearly everybody can tell, then the other common keys, then those of single services.
_COMMONEST = ("stored", "requests", "duration")
_RARE = re.compile(
    r"(^|_)(select|inventory|analytics|expedited|bulk|early|restored?|export|backtrack|discovery|"
    r"transitions|tiering|sharing|credits?|china|australia)(_|$)"
)
_HEAD = """\
## What the resources of {stack} are used for in one month of 730 hours.
## Take one '#' away from what you know and put your own figure there; what stays a comment stays
## "by usage" in the bill. Then:  {command}
##
## Over the keys stands a resource's name, its URN, a pattern of names ('web-*') or a type; the
## most specific wins, key by key. Amounts are of the whole month, or of each of its requests:
## What is kept:  5 TiB (all month), 400,000 GB-hours   What flows:  300 GB, 10 GB/day
## What is counted:  10 million, 20 per second           What runs:   120 h, 200 ms each
"""


@dataclass(frozen=True, slots=True)
class _Used:
    """A resource that has keys."""

    context: Context
    keys: Mapping[str, UsageKey]

    @property
    def name(self) -> str:
        return self.context.resource.name

    @property
    def type(self) -> str:
        return usual_type(self.context.resource.type)


def usage_template(graph: ResourceGraph, catalog: Catalog, command: str) -> str | None:
    """The text of a first usage file; None where nothing of the stack depends on usage.

    ``command`` is what its head tells people to run.
    """
    survey = Survey(graph, catalog)
    used = [
        _Used(context, keys)
        for context in map(survey.context, graph.resources)
        if (keys := _priced_keys(context))
    ]
    if not used:
        return None
    by_type: dict[str, list[_Used]] = {}
    for each in used:
        by_type.setdefault(each.type, []).append(each)
    names = [each.name for each in used]
    stack = f"stack {graph.stack}" if graph.stack else "this stack"
    lines = [_HEAD.format(stack=stack, command=command)]
    for kind in sorted(by_type):
        lines += _of_type(kind, sorted(by_type[kind], key=lambda each: each.name), names)
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _priced_keys(context: Context) -> dict[str, UsageKey]:
    """Those keys that make a price: stating what has none would gain nothing."""
    return {
        key.name: key
        for key in usage_keys(context)
        if any(price_of(charge, context) for charge in key.charges)
    }


def _of_type(kind: str, used: Sequence[_Used], names: Sequence[str]) -> Iterator[str]:
    count = "" if len(used) == 1 else f", {len(used)} resources"
    yield f"## {kind}{count}"
    lines = sum(len(each.keys) for each in used)
    if len(used) == 1 or (len(used) <= MOST_BY_NAME and lines <= _MOST_LINES_BY_NAME):
        for each in used:
            own = names.count(each.name) == 1
            yield f"{_quoted(each.name if own else each.context.resource.urn)}:"
            yield from _key_lines([each])
        return
    yield from _named([each.name for each in used])
    yield f"{_quoted(kind)}:"
    yield from _key_lines(used)


def _named(names: Sequence[str]) -> Iterator[str]:
    """Whom a type means, and that each of them may be written instead."""
    more = len(names) - _MOST_NAMED
    told = ", ".join(re.sub(r"\s+", " ", name) for name in names[:_MOST_NAMED])
    told += f" and {more} more" if more > 0 else ""
    for line in textwrap.wrap(told, _WIDTH - 3, break_long_words=False, break_on_hyphens=False):
        yield f"## {line}"


def _key_lines(used: Sequence[_Used]) -> Iterator[str]:
    names = sorted(dict.fromkeys(name for each in used for name in each.keys), key=_commonest_first)
    for number, name in enumerate(names):
        if number and _RARE.search(name) and not _RARE.search(names[number - 1]):
            yield "  ## rarely:"
        having = [each for each in used if name in each.keys]
        first = having[0]
        key, unit = first.keys[name], unit_of(first.keys[name], first.context)
        figure, told = _figure(key, unit), [_told(key, having)]
        if name == "duration" and all("requests" in each.keys for each in having):
            told.insert(0, "of each request, or of all together like 55 h")
            figure = "200 ms each"
        text = f"  # {_quoted(name)}: {figure}"
        if len(having) < len(used):
            few = ", ".join(each.name for each in having[:MOST_BY_NAME])
            told.append(
                f"only {few}"
                if len(having) <= MOST_BY_NAME
                else f"{len(having)} of the {len(used)}"
            )
        yield f"{text:<{_PRICES_FROM_COLUMN}}  # {'; '.join(told)}"


def _commonest_first(name: str) -> tuple[bool, int, bool]:
    """Sorts keys; of equals, the order of the resource stays."""
    common = _COMMONEST.index(name) if name in _COMMONEST else len(_COMMONEST)
    return bool(_RARE.search(name)), common, name not in COMMON_KEYS


def _figure(key: UsageKey, unit: str | None) -> str:
    """What is assumed now, where something is; else an example."""
    measured = [charge for charge in key.charges if charge.measure == key.measure]
    known = [charge.amount for charge in measured if charge.amount]
    assumed = write_amount(known[0], key.measure) if len(set(known)) == 1 else None
    return assumed or example(key.measure, unit)


def _told(key: UsageKey, having: Sequence[_Used]) -> str:
    """The unit prices of a key, and what it is where its name does not say that."""
    charges = [(charge, each) for each in having for charge in each.keys[key.name].charges]
    prices: dict[str, dict[str, None]] = {}
    for charge, each in charges:
        found = price_of(charge, each.context)
        if found:
            prices.setdefault(found[1], {})[found[0]] = None
    shown = ", ".join(f"{_few(list(each))} per {unit}" for unit, each in prices.items())
    components = {charge.component for charge, _ in charges}
    if key.common is None and len(components) == 1:
        shown = f"{components.pop()}: {shown}"
    return shown if key.waits else f"assumed so far; {shown}"


def _few(prices: Sequence[str]) -> str:
    return " or ".join(prices[:2]) + (" or other" if len(prices) > 2 else "")


def _quoted(key: str) -> str:
    """A key as YAML reads it back: bare where that is the same text."""
    try:
        if yaml.safe_load(f"{key}: 0") == {key: 0} and key == key.strip():
            return key
    except (yaml.YAMLError, ValueError):
        pass
    return json.dumps(key)
