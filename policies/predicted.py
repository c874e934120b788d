"""Reading a prediction's JSON, whose figures may be absent or not known."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

from domain.errors import InputError
from domain.located import read_text
from policies.rule import Judgement, Undecided
from policies.world import World

Prediction = Mapping[str, Any]


def of_prediction(
    judge: Callable[[World, Any, Prediction], Iterable[Judgement]],
) -> Callable[[World, Any], Iterator[Judgement]]:
    """A judge of what is predicted; without a prediction nothing is decided."""

    @wraps(judge)
    def judge_prediction(world: World, settings: Any) -> Iterator[Judgement]:
        if world.prediction is None:
            yield Undecided(world.no_prediction)
        else:
            yield from judge(world, settings, world.prediction)

    return judge_prediction


def metric(prediction: Prediction, name: str, statistic: str = "mean") -> float | None:
    """A statistic of a metric; None where it was not predicted."""
    found = prediction.get("metrics", {}).get(name)
    return figure(found, statistic) if isinstance(found, Mapping) else None


def figure(values: Mapping[str, Any], key: str) -> float | None:
    """A finite number of a mapping, else None."""
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def workloads(prediction: Prediction) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The training workloads of the prediction: name and what the closed forms say of each."""
    for name, facts in prediction.get("workloads", {}).items():
        if isinstance(facts, Mapping) and facts:
            yield name, facts


def prediction_for(world: World, path: Path, *, required: bool = False) -> World:
    """A world that sees the prediction which was written before for its stack.

    It sees none where there is no such file, where it is of another stack, or where the
    hardware has changed since, and says why.

    Raises:
        InputError: the file is there, but holds no prediction; or it is ``required`` and absent.
    """
    if not required and not path.is_file():
        why = (
            "no prediction was written before; write one with 'windtunnel plan --stack "
            f"{world.graph.stack} --scenario FILE --out {path.name}'"
        )
        return replace(world, no_prediction=why)
    document = _read(path)
    prediction = _prediction_in(document, path)
    changed = _changed_since(document, world)
    if changed is not None:
        why = f"the prediction in {path.name} is of {changed}; write it anew"
        return replace(world, no_prediction=why)
    return replace(world, prediction=prediction)


def _read(path: Path) -> Any:
    try:
        return json.loads(read_text(path, "prediction", InputError))
    except ValueError as error:
        raise InputError(f"is not JSON: {error}", where=str(path)) from None


def _prediction_in(document: Any, path: Path) -> dict[str, Any]:
    found = document.get("prediction", document) if isinstance(document, dict) else None
    if not isinstance(found, dict) or not isinstance(found.get("metrics"), dict):
        raise InputError(
            "holds no prediction; write one with 'windtunnel plan --stack STACK --scenario FILE "
            "--json'",
            where=str(path),
        )
    return found


def _changed_since(document: Mapping[str, Any], world: World) -> str | None:
    """What the plan beside the prediction is of, if not of this stack with these machines.

    A file of ``simulate`` says nothing of a stack, and is believed.
    """
    if "resources" not in document:
        return None
    others = sorted(
        {_stack_of(each["urn"]) for each in document["resources"]} - {world.graph.stack}
    )
    if others and world.graph.stack:
        return f"another stack: {others[0]}, not {world.graph.stack}"
    then, now = _machines(document["resources"]), _machines(world.plan.to_json()["resources"])
    for urn in sorted({*then, *now}):
        before, after = then.get(urn, "no machines"), now.get(urn, "no machines")
        if before != after:
            name = urn.rsplit("::", 1)[-1]
            return f"other hardware: '{name}' had {before}, and has {after} now"
    return None


def _stack_of(urn: str) -> str:
    return urn.removeprefix("urn:pulumi:").split("::", 1)[0]


def _machines(resources: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """URN → the machine hours of its month."""
    found: dict[str, list[str]] = {}
    for each in resources:
        for line in each["lines"]:
            if line["unit"] in ("hour", "chip-hour") and ", " in line["component"]:
                hours = f"{line['quantity']:g} {line['unit']}s of {line['component']}"
                found.setdefault(each["urn"], []).append(hours)
    return {urn: " and ".join(sorted(lines)) for urn, lines in found.items()}
