"""`policy.yaml`: how severe each rule is in an environment, with which values, and who is exempt.

defaults:                       # every stack, unless its environment says otherwise
  rules:
    required-tags: {severity: mandatory, keys: [team]}
environments:
  dev:
    rules:
      spot-checkpoints: advisory
    exemptions:
      - rule: no-open-ingress
        resource: bastion*      # a name or a URN; * stands for anything
        reason: partners reach us here until they have a VPN
        owner: network@example.com
        expires: 2027-01-31
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, get_args

from pydantic import Field

from domain.errors import InputError, near_misses
from domain.frozen import Frozen
from domain.located import KeyPath, Located, parse, read_yaml
from policies.registry import rule_of
from policies.rule import Rule, Severity

_SEVERITIES = get_args(Severity)
DEFAULTS = "defaults"
"""What the settings of a stack are called whose environment the file does not list."""


class Exemption(Frozen):
    """Resources that may break a rule until a day, since somebody answers for it."""

    rule: str
    resource: str = Field(min_length=1)
    """A name or a URN, in which ``*`` stands for anything. A whole stack's is ``*`` only."""
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    expires: date
    """The last day on which it holds."""

    def covers(self, rule_id: str, urn: str | None) -> bool:
        """Whether a violation of this rule by this resource is exempt."""
        if rule_id != self.rule:
            return False
        return self.names(urn)

    def names(self, urn: str | None) -> bool:
        """Whether it speaks of a resource, or of the stack as a whole."""
        called = ("",) if urn is None else (urn, urn.split("::", 3)[-1])
        return any(fnmatchcase(name, self.resource) for name in called)


class _Section(Frozen):
    rules: dict[str, Any] = Field(default_factory=dict)
    exemptions: tuple[Exemption, ...] = ()


class _PolicyFile(Frozen):
    defaults: _Section = _Section()
    environments: dict[str, _Section] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EnvironmentSettings:
    """What holds in one environment. Without anything said, every rule is as it is."""

    name: str = ""
    severities: Mapping[str, Severity] = field(default_factory=dict)
    values: Mapping[str, Frozen] = field(default_factory=dict)
    exemptions: tuple[Exemption, ...] = ()

    def severity_of(self, rule: Rule) -> Severity:
        """How severe a rule is here."""
        return self.severities.get(rule.id, rule.severity)

    def exemption_for(self, rule_id: str, urn: str | None) -> Exemption | None:
        """The exemption that covers a violation, if one does."""
        return next((each for each in self.exemptions if each.covers(rule_id, urn)), None)


def read_settings(
    path: Path, environment: str, *, today: date, asked: bool = False
) -> EnvironmentSettings | None:
    """The settings of one environment; the defaults where the file does not list it.

    None where it has no defaults either. Every environment of the file is checked; only this
    one's exemptions may not have expired.

    Args:
        asked: somebody chose the environment by name, so that it must be listed.

    Raises:
        InputError: not a settings file, a rule that there is not, a value of the wrong kind, an
            exemption that has expired, no such environment; names file and line.
    """
    located = read_yaml(path, "policy settings")
    file = parse(_PolicyFile, located)
    defaults = _settings(DEFAULTS, file.defaults, _Section(), located)
    found = {
        name: _settings(name, file.defaults, section, located)
        for name, section in file.environments.items()
    }
    if asked and environment not in found:
        raise no_such_environment(path, environment, tuple(found))
    chosen = found.get(environment)
    if chosen is None and (file.defaults.rules or file.defaults.exemptions):
        chosen = defaults
    if chosen is not None:
        _check_expiry(file, environment, located, today)
    return chosen


def environments_of(path: Path) -> tuple[str, ...]:
    """The environments that a settings file has settings for.

    Raises:
        InputError: not a settings file.
    """
    return tuple(parse(_PolicyFile, read_yaml(path, "policy settings")).environments)


def no_such_environment(
    path: Path, name: str, known: tuple[str, ...], hint: str = ""
) -> InputError:
    """That a file has no settings for an environment; names those that it has."""
    return InputError(
        f"has no settings for the environment '{name}', but for {', '.join(known) or 'none'}"
        f"{near_misses(name, known) or hint}",
        where=str(path),
    )


def _settings(
    name: str, defaults: _Section, section: _Section, located: Located
) -> EnvironmentSettings:
    severities: dict[str, Severity] = {}
    written: dict[str, dict[str, Any]] = {}
    places: dict[str, dict[KeyPath, str]] = {}
    for at, part in ((("defaults",), defaults), (("environments", name), section)):
        for rule_id, value in part.rules.items():
            path = (*at, "rules", rule_id)
            place = located.place(path)
            rule_of(rule_id, where=place)
            values = dict(value) if isinstance(value, dict) else {"severity": value}
            if "severity" in values:
                severities[rule_id] = _severity(values.pop("severity"), rule_id, place)
            written.setdefault(rule_id, {}).update(values)
            inside = places.setdefault(rule_id, {})
            inside |= _below(located, path)
    parsed = {
        rule_id: parse(
            rule_of(rule_id).settings, Located(values, located.name, places.get(rule_id, {}))
        )
        for rule_id, values in written.items()
        if values
    }
    exemptions = (*defaults.exemptions, *section.exemptions)
    for at, part in ((("defaults",), defaults), (("environments", name), section)):
        for number, exemption in enumerate(part.exemptions):
            rule_of(exemption.rule, where=located.place((*at, "exemptions", number, "rule")))
    return EnvironmentSettings(name, severities, parsed, exemptions)


def _severity(value: Any, rule_id: str, place: str) -> Severity:
    for known in _SEVERITIES:
        if value == known:
            return known  # type: ignore[no-any-return]
    hint = near_misses(str(value), _SEVERITIES)
    raise InputError(
        f"{rule_id}: severity {value!r} is not one of {', '.join(_SEVERITIES)}{hint}", where=place
    )


def _below(located: Located, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    for key, place in located.places.items():
        if len(key) > len(path) and key[: len(path)] == path:
            yield key[len(path) :], place


def _check_expiry(file: _PolicyFile, environment: str, located: Located, today: date) -> None:
    for at, section in (
        (("defaults",), file.defaults),
        (("environments", environment), file.environments.get(environment, _Section())),
    ):
        for number, each in enumerate(section.exemptions):
            if each.expires < today:
                raise InputError(
                    f"the exemption of '{each.resource}' from {each.rule} expired on "
                    f"{each.expires}; mend it, or have {each.owner} renew it",
                    where=located.place((*at, "exemptions", number)),
                )
