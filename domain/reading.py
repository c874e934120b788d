"""Scenario files: read, overridden by ``--set``, parsed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from domain.catalog import Prices
from domain.errors import ScenarioError
from domain.located import Located, parse, read_yaml, set_value
from domain.scenario import Scenario


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """A scenario with the file that it came from.

    ``folder`` is what the paths in it are relative to; ``located`` is the plain data with
    overrides applied, which axes vary.
    """

    scenario: Scenario
    located: Located
    folder: Path
    called: str | None = None
    """What outputs call it instead of its own name."""

    @property
    def name(self) -> str:
        """What outputs call it: its own name, or its file's."""
        return self.called or self.scenario.name or Path(self.located.name).stem


def load_scenario(
    path: Path,
    settings: Sequence[str] = (),
    *,
    change: Callable[[Located], None] | None = None,
) -> ScenarioFile:
    """Reads a scenario file, applies ``path=value`` overrides, and then ``change``.

    Raises:
        ScenarioError: the file or an override is wrong; says where.
    """
    located = read_yaml(path)
    for setting in settings:
        _override(located, setting)
    if change is not None:
        change(located)
    return ScenarioFile(parse(Scenario, located), located, path.parent)


def load_prices(path: Path) -> Prices:
    """A team's own price list, from a file of its own."""
    return parse(Prices, read_yaml(path, "price list"))


def _override(located: Located, setting: str) -> None:
    place = f"--set {setting}"
    path, equals, text = setting.partition("=")
    if not equals:
        raise ScenarioError(
            "has no '='; write for example --set environment.pools.train.count=8", where=place
        )
    value: Any
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = text
    if path.startswith("workloads.") and path.endswith(".path"):
        # Paths in a file are relative to it; on the command line, to where one types.
        value = str(Path(text).absolute())
    set_value(located, path.strip(), value, place)
