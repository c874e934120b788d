"""By what a pack judges: the settings of the stack's environment, and what was predicted of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from domain.errors import InputError
from domain.located import Located, parse
from domain.resources import SECRET
from policies.registry import rule_of
from policies.rule import Rule, Severity
from policies.settings import EnvironmentSettings, read_settings

SETTINGS = "WINDTUNNEL_POLICY_SETTINGS"
ENVIRONMENT = "WINDTUNNEL_ENVIRONMENT"
PREDICTION = "WINDTUNNEL_PREDICTION"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What holds for one stack.

    ``prediction`` is the file that was written before, absent or not; ``config`` the stack's
    own configuration, its secrets hidden.
    """

    settings: EnvironmentSettings = field(default_factory=EnvironmentSettings)
    environment: str = ""
    prediction: Path = Path("prediction.json")
    config: Mapping[str, str] = field(default_factory=dict)

    def configured(self, asked: Mapping[str, tuple[Severity, Mapping[str, Any]]]) -> Configuration:
        """With what ``--policy-pack-config`` says: rule → severity and values.

        Values stand in for those of the settings one by one.

        Raises:
            InputError: no such rule, or a value of the wrong kind.
        """
        severities = dict(self.settings.severities)
        values = dict(self.settings.values)
        for name, (severity, given) in asked.items():
            rule = rule_of(name, where="policy pack configuration")
            severities[name] = severity
            if given:
                values[name] = _merged(rule, self.settings, given)
        return replace(self, settings=replace(self.settings, severities=severities, values=values))


def configuration_of(
    folder: Path, stack: str, config: Mapping[str, str], secret_keys: frozenset[str]
) -> Configuration:
    """The configuration of a stack, by the files beside the pack and the process's variables.

    Args:
        folder: the pack's own, which holds ``policy.yaml``.
        stack: its name; ``WINDTUNNEL_ENVIRONMENT`` names settings that are called otherwise.
        config: the stack's configuration.
        secret_keys: those of its keys whose values are secrets.

    Raises:
        InputError: the settings cannot be read, an exemption in them has expired, or the
            environment that somebody chose is not among them.
    """
    name = stack.rsplit("/", 1)[-1]
    chosen = os.environ.get(ENVIRONMENT)
    environment = chosen or name
    project = folder.parent
    file = project / os.environ.get(SETTINGS, folder / "policy.yaml")
    # Settings that somebody names must be there; those beside the pack need not.
    settings = None
    if SETTINGS in os.environ or file.is_file():
        settings = read_settings(file, environment, today=date.today(), asked=bool(chosen))
    elif chosen:
        raise InputError(
            f"there are no settings for '{chosen}', which {ENVIRONMENT} names", where=str(file)
        )
    return Configuration(
        settings or EnvironmentSettings(),
        name,
        project / os.environ.get(PREDICTION, f"prediction.{name}.json"),
        {key: SECRET if key in secret_keys else value for key, value in config.items()},
    )


def _merged(rule: Rule, settings: EnvironmentSettings, given: Mapping[str, Any]) -> Any:
    base = settings.values.get(rule.id) or rule.settings()
    parsed = parse(rule.settings, Located(dict(given), f"policy pack configuration, {rule.id}"))
    return base.model_copy(update={key: getattr(parsed, key) for key in parsed.model_fields_set})
