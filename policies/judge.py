"""Judging a stack: every rule over one world, severities and exemptions applied."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from policies.registry import all_rules
from policies.remedies import in_language_of
from policies.rule import Rule, Undecided
from policies.settings import EnvironmentSettings, Exemption
from policies.world import World


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that is broken, where, and what mends it."""

    rule: Rule
    severity: Literal["mandatory", "advisory"]
    urn: str | None
    """None where the stack as a whole breaks the rule."""
    message: str
    remedy: str
    source: str | None = None
    """``file:line`` of the program, where that is known."""

    def to_json(self) -> dict[str, Any]:
        """Keys that people may rely on."""
        return {
            "rule": self.rule.id,
            "references": [*self.rule.guides, *self.rule.references],
            "severity": self.severity,
            "urn": self.urn,
            "message": self.message,
            "remedy": self.remedy,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Open:
    """What a rule could not decide, and why."""

    rule: Rule
    urn: str | None
    reason: str
    source: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Keys that people may rely on."""
        return {
            "rule": self.rule.id,
            "severity": "advisory",
            "urn": self.urn,
            "reason": self.reason,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Exempted:
    """A violation that somebody answers for, until a day."""

    violation: Violation
    exemption: Exemption

    def to_json(self) -> dict[str, Any]:
        """Keys that people may rely on."""
        return {
            **self.violation.to_json(),
            "reason": self.exemption.reason,
            "owner": self.exemption.owner,
            "expires": self.exemption.expires.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What came of judging one stack."""

    environment: str
    """Whose settings were applied; empty where every rule was on as it is."""
    violations: tuple[Violation, ...] = ()
    undecided: tuple[Open, ...] = ()
    exempted: tuple[Exempted, ...] = ()
    passed: tuple[str, ...] = ()
    """Ids of the rules that found nothing to say."""
    disabled: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def mandatory(self) -> tuple[Violation, ...]:
        """The violations that must not be deployed."""
        return tuple(each for each in self.violations if each.severity == "mandatory")

    @property
    def advisory(self) -> tuple[Violation, ...]:
        """The violations that are worth a look."""
        return tuple(each for each in self.violations if each.severity == "advisory")

    def to_json(self) -> dict[str, Any]:
        """Keys that people may rely on; no wall clock."""
        return {
            "environment": self.environment or None,
            "violations": [each.to_json() for each in self.violations],
            "undecided": [each.to_json() for each in self.undecided],
            "exempted": [each.to_json() for each in self.exempted],
            "passed": list(self.passed),
            "disabled": list(self.disabled),
            "notes": list(self.notes),
        }


def judge(
    world: World,
    settings: EnvironmentSettings | None = None,
    rules: Sequence[Rule] | None = None,
    *,
    asked: Collection[str] = (),
) -> Report:
    """Runs rules over a stack.

    Args:
        world: what there is to see.
        settings: severities, values and exemptions of an environment; without them every rule
            is on, as severe and with the values that it has by itself.
        rules: these only; otherwise all.
        asked: ids of rules that somebody named: one that lacks its limit says so.
    """
    settings = settings or EnvironmentSettings()
    violations: list[Violation] = []
    undecided: list[Open] = []
    exempted: list[Exempted] = []
    passed, disabled = [], []
    for rule in all_rules() if rules is None else rules:
        severity = settings.severity_of(rule)
        if severity == "disabled":
            disabled.append(rule.id)
            continue
        silent = True
        for each in _judged(rule, severity, world, settings):
            silent = False
            if isinstance(each, Open):
                undecided.append(each)
            elif (exemption := settings.exemption_for(each.rule.id, each.urn)) is not None:
                exempted.append(Exempted(each, exemption))
            else:
                violations.append(each)
        if silent and rule.id in asked and (limit := _unset_limit(rule, settings)):
            undecided.append(Open(rule, None, f"{limit} is not set"))
        elif silent:
            passed.append(rule.id)
    violations.sort(key=lambda each: each.severity != "mandatory")
    return Report(
        settings.name,
        tuple(violations),
        tuple(undecided),
        tuple(exempted),
        tuple(passed),
        tuple(disabled),
        tuple(
            _unneeded(world, settings, exempted, {*passed, *(each.rule.id for each in violations)})
        ),
    )


def _unset_limit(rule: Rule, settings: EnvironmentSettings) -> str | None:
    """The setting without which a rule demands nothing, where it is not set."""
    values = settings.values.get(rule.id) or rule.settings()
    defaults = rule.settings()
    limits = [
        name for name in rule.settings.model_fields if getattr(defaults, name) in (None, (), {})
    ]
    return limits[0] if limits and not any(getattr(values, name) for name in limits) else None


def _judged(
    rule: Rule,
    severity: Literal["mandatory", "advisory"],
    world: World,
    settings: EnvironmentSettings,
) -> Iterator[Violation | Open]:
    values = settings.values.get(rule.id) or rule.settings()
    try:
        for each in rule.judge(world, values):
            resource = each.resource
            urn, source = (resource.urn, resource.source) if resource else (None, None)
            if isinstance(each, Undecided):
                yield Open(rule, urn, each.reason, source)
            else:
                remedy = in_language_of(source, each.remedy or rule.remedy)
                yield Violation(rule, severity, urn, each.message, remedy, source)
    except Exception as error:
        error.add_note(f"while judging by the rule {rule.id}")
        raise


def _unneeded(
    world: World, settings: EnvironmentSettings, exempted: Iterable[Exempted], judged: set[str]
) -> Iterator[str]:
    used = {id(each.exemption) for each in exempted}
    urns = (None, *world.graph.by_urn)
    for each in settings.exemptions:
        if id(each) not in used and each.rule in judged:
            known = any(each.names(urn) for urn in urns)
            why = "is not needed any more; take it out" if known else "matches nothing here"
            yield f"the exemption of '{each.resource}' from {each.rule} (owner {each.owner}) {why}"
