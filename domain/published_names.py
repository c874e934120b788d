"""Names that published measurements give a model, and what they leave unsaid.

``facts/model_names.csv`` maps them to names of the zoo. The first row matches whose patterns
(``*`` stands for anything) fit the name and each condition that it states; what a table of
measurements leaves out of ``batch_per_device``, ``sequence`` and ``image_size`` is filled in
there, each with the reason in ``note``. ``unit_factor`` says how many of its unit one printed
figure is, where a source counts otherwise than the unit's name says.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

from domain.model_facts import ModelFacts

_CONDITIONS = ("group", "task", "framework", "source_path")


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A published name in the terms of the zoo; ``None`` where the zoo's own figure holds."""

    name: str
    batch_per_device: int | None
    sequence: int | None
    image_size: int | None
    unit_factor: float
    note: str


def published_model(
    model: str, *, group: str = "", task: str = "", framework: str = "", source_path: str = ""
) -> PublishedModel | None:
    """What the zoo calls ``model`` in this source, ``None`` where it has no such model."""
    asked = {"group": group, "task": task, "framework": framework, "source_path": source_path}
    for row in _rows():
        if fnmatchcase(model, row["model"]) and all(
            fnmatchcase(asked[key], row[key] or "*") for key in _CONDITIONS
        ):
            return PublishedModel(
                # A family answers to the name itself.
                name=re.sub(r"^\*$", model.lower(), row["zoo"]),
                batch_per_device=_whole(row["batch_per_device"]),
                sequence=_whole(row["sequence"]),
                image_size=_whole(row["image_size"]),
                unit_factor=float(row["unit_factor"] or 1.0),
                note=row["note"],
            )
    return None


def zoo_name(
    model: str, *, group: str = "", task: str = "", framework: str = "", source_path: str = ""
) -> str | None:
    """The name alone, for ``resolve_model``."""
    found = published_model(
        model, group=group, task=task, framework=framework, source_path=source_path
    )
    return None if found is None else found.name


def samples_per_unit(facts: ModelFacts, unit: str, sequence: int | None = None) -> float | None:
    """Samples per second that one ``unit`` of a published rate means.

    ``tokens/s`` of a model with 512 tokens per sample is 1/512; ``sequence`` overrides that
    length. ``TFLOP/s/chip`` counts three forward passes of model work per sample, of one chip:
    multiply by the chips. ``None`` for what is not a rate of samples (``s/step``, which needs
    the batch; minutes to train) and for units that this model has no figure for.
    """
    if unit == "TFLOP/s/chip":
        return 1e12 / (3.0 * facts.forward_flops_per_sample)
    if not unit.endswith("/s"):
        return None
    counted = unit.removesuffix("/s")
    if counted == "tokens" and sequence is not None:
        return 1.0 / sequence
    per_sample = dict(facts.unit_per_sample).get(counted)
    return None if per_sample is None else 1.0 / per_sample


@cache
def _rows() -> tuple[dict[str, str], ...]:
    text = files("domain").joinpath("facts/model_names.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _whole(text: str) -> int | None:
    return int(text) if text else None
