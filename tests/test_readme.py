"""What the README shows is what the commands print."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

from domain.catalog import Prices
from domain.scenario import Scenario
from windtunnel.__main__ import run

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_first_screen_is_real(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command, *shown = blocks("console")[0].splitlines()
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", command.removeprefix("$ ").split())
    assert run() == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert [line.rstrip() for line in shown] == printed[: len(shown)]


def test_the_examples_parse() -> None:
    scenario, prices = blocks("yaml")
    Scenario.model_validate(yaml.safe_load(scenario))
    Prices.model_validate(yaml.safe_load(prices))


def test_the_commands_exist() -> None:
    from windtunnel.app import app

    names = {each.name for each in app.registered_commands}
    names |= {each.name for each in app.registered_groups}
    told = set(re.findall(r"^\| `windtunnel (\w+)", README, re.MULTILINE))
    assert told == names
