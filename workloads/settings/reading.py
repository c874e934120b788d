"""Settings from a preset, a file of JSON and ``key=value`` words, in this order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from domain.errors import InputError, near_misses
from domain.located import Located, parse, read_text, set_value
from workloads.settings.benchmarks import BENCHMARKS, BenchmarkSettings
from workloads.settings.presets import PRESETS


def read_settings(
    benchmark: str, file: Path | None = None, words: Sequence[str] = ()
) -> BenchmarkSettings:
    """What a run is set to; ``words`` are like ``model.layers=4``.

    Raises:
        InputError: no such benchmark or preset, a file that is not a mapping in JSON, a key
            that is unknown, a value that is not possible.
    """
    if benchmark not in BENCHMARKS:
        hint = near_misses(benchmark, BENCHMARKS) or f"; it is one of {', '.join(BENCHMARKS)}"
        raise InputError(f"there is no such benchmark{hint}", where=benchmark)
    given = _from_file(file) if file is not None else Located({}, "--set")
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise InputError("is not like key=value, for example steps=100", where=f"--set {word}")
        set_value(given, key, _value(value), f"--set {key}")
    return settings_of(benchmark, given)


def settings_of(benchmark: str, given: Located) -> BenchmarkSettings:
    """The settings of ``benchmark`` where ``given`` is laid over its preset.

    Raises:
        InputError: no such preset, an unknown key, a value that is not possible.
    """
    presets = PRESETS[benchmark]
    preset = given.data.get("preset", "small")
    if preset not in presets:
        known = ", ".join(presets)
        raise InputError(
            f"'{preset}' is no preset of {benchmark}; it has {known}",
            where=given.place(("preset",)),
        )
    laid = Located(_laid_over(presets[preset], given.data), given.name, given.places)
    return parse(BENCHMARKS[benchmark], laid)


def _from_file(path: Path) -> Located:
    text = read_text(path, "file of settings", InputError)
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError(f"is not JSON: {error}", where=str(path)) from None
    if not isinstance(data, dict):
        raise InputError("must be a JSON object of keys and values", where=str(path))
    return Located(data, str(path))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    laid = dict(below)
    for key, value in above.items():
        under = laid.get(key)
        if isinstance(value, Mapping) and isinstance(under, Mapping):
            laid[key] = _laid_over(under, value)
        else:
            laid[key] = value
    # A number of epochs that somebody asks for is not overruled by the preset's steps.
    if "epochs" in above and "steps" not in above:
        laid.pop("steps", None)
    return laid
