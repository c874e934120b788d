"""Every rule that there is: those of each module of ``policies.rules``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from importlib import import_module
from itertools import chain
from pkgutil import iter_modules
from typing import Any

from domain.errors import InputError, near_misses
from policies import rules
from policies.rule import Finding, Judgement, Rule
from policies.world import World

_SHARED = ("category", "settings")
_STRICTEST_FIRST = ("mandatory", "advisory", "disabled")


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, by category and id.

    A concern that is written down for each cloud apart, under one id, is one rule.
    """
    parts: dict[str, list[Rule]] = {}
    for module in sorted(each.name for each in iter_modules(rules.__path__)):
        # A module without rules of its own holds what several others share.
        for rule in getattr(import_module(f"{rules.__name__}.{module}"), "RULES", ()):
            parts.setdefault(rule.id, []).append(rule)
    joined = (_joined(same) for same in parts.values())
    return tuple(sorted(joined, key=lambda rule: (rule.category, rule.id)))


def rule_of(name: str, *, where: str | None = None) -> Rule:
    """The rule of this id.

    Raises:
        InputError: there is none; names those that are spelt alike.
    """
    by_id = {rule.id: rule for rule in all_rules()}
    if name not in by_id:
        raise InputError(
            f"there is no rule '{name}'{near_misses(name, by_id) or '; docs/policies.md has all'}",
            where=where,
        )
    return by_id[name]


def _joined(parts: list[Rule]) -> Rule:
    first, *others = parts
    if not others:
        return first
    for other in others:
        if any(getattr(other, each) != getattr(first, each) for each in _SHARED):
            raise TypeError(f"the rules called {first.id} differ in one of {', '.join(_SHARED)}")

    def judge(world: World, settings: Any) -> Iterator[Judgement]:
        for part in parts:
            for each in part.judge(world, settings):
                if isinstance(each, Finding) and each.remedy is None:
                    each = replace(each, remedy=part.remedy)
                yield each

    judge.__doc__ = first.judge.__doc__
    return replace(
        first,
        judge=judge,
        severity=min((part.severity for part in parts), key=_STRICTEST_FIRST.index),
        references=_united(part.references for part in parts),
        guides=_united(part.guides for part in parts),
        scope="stack" if any(part.scope == "stack" for part in parts) else "resource",
    )


def _united(several: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(several)))
