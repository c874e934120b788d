"""What a rule is, and what it may say of a stack."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from domain.frozen import Frozen
from domain.resources import Resource
from policies.world import World

Severity = Literal["mandatory", "advisory", "disabled"]
Category = Literal["security", "cost", "reliability", "outcome", "hygiene"]
Scope = Literal["resource", "stack"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that breaks a rule: what is wrong, with the value that is.

    ``resource`` is None where the stack as a whole breaks it; ``remedy`` stands in for the
    rule's own where the case calls for another.
    """

    message: str
    resource: Resource | None = None
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Undecided:
    """Something that cannot be judged yet: a value that only a deployment will tell, or a
    prediction that is not there. Never a silent pass."""

    reason: str
    resource: Resource | None = None


Judgement = Finding | Undecided


class NoSettings(Frozen):
    """The settings of a rule that has none."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One policy.

    ``judge`` is a pure function of what it sees and of the rule's settings; its docstring says
    what the rule demands and why. ``references`` are the ids of equivalent checks elsewhere
    (``CKV_AWS_79``), ``guides`` the benchmarks and documents that it follows.
    """

    id: str
    title: str
    category: Category
    judge: Callable[[World, Any], Iterable[Judgement]]
    remedy: str
    severity: Severity = "mandatory"
    """Where no settings say otherwise."""
    settings: type[Frozen] = NoSettings
    references: tuple[str, ...] = ()
    guides: tuple[str, ...] = ()
    scope: Scope = "stack"
    """``resource`` where one resource and its provider's configuration are all that it looks at:
    the CLI then judges by it before the resource is made, not when all of them are."""
