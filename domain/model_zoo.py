"""Named models: rows of ``facts/models_*.yaml``, and families that a name describes.

A file holds models of one field, with ``defaults`` for what most of its rows share. A row is
parsed when it is first asked for, and a file when a name was not in those before it, since
reading all of them would cost more than most predictions.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from pydantic import Field, PositiveFloat

from domain.frozen import Frozen
from domain.model_descriptors import Decode, ModelDescriptor, Optimizer
from domain.quantity import PositiveBytes

SampleUnit = Literal["image", "volume", "sequence", "utterance", "sample"]


class ZooEntry(Frozen):
    """One named model: its architecture and how it is usually trained.

    ``units`` says how many of a published unit make one sample (128 mel frames), ``assumed``
    what of the row is not in its source.
    """

    aliases: tuple[str, ...] = ()
    sample_unit: SampleUnit
    optimizer: Optimizer
    decode: Decode
    sample_bytes: PositiveBytes | None = None
    units: dict[str, PositiveFloat] = Field(default_factory=dict)
    source: str
    assumed: str | None = None
    as_of: date
    architecture: ModelDescriptor


# In the order in which a name is looked for.
_FIELDS = ("language", "images", "tabular", "speech", "detection", "segmentation")
_GPT = re.compile(r"gpt-h(\d+)-l(\d+)-a(\d+)(?:-s(\d+))?")
_GPT_LIKE = re.compile(r"gpt-like-(\d+(?:\.\d+)?)([mb])")
# As Megatron-LM pads the vocabulary of GPT-2 for 8-way tensor parallelism.
_GPT_VOCABULARY = 51200
_FAMILY_AS_OF = date(2026, 11, 23)


@cache
def _rows(field: str) -> dict[str, dict[str, Any]]:
    # libyaml is ten times as fast where it was built in.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = files("domain").joinpath(f"facts/models_{field}.yaml").read_text(encoding="utf-8")
    document = yaml.load(text, Loader=loader)
    shared = {"as_of": document["as_of"]} | document.get("defaults", {})
    return {model: shared | row for model, row in document["models"].items()}


@cache
def _spellings(field: str) -> dict[str, str]:
    rows = _rows(field)
    aliases = {alias: name for name, row in rows.items() for alias in row.get("aliases", ())}
    return {name: name for name in rows} | aliases


def spellings() -> dict[str, str]:
    """Every name and alias of the zoo, and the name that it stands for."""
    found: dict[str, str] = {}
    for field in _FIELDS:
        found |= _spellings(field)
    return found


def zoo_names() -> tuple[str, ...]:
    """The canonical names of all models."""
    return tuple(name for field in _FIELDS for name in _rows(field))


def find_name(asked: str) -> str | None:
    """The canonical name behind a spelling; case and ``_`` do not matter.

    Families answer to their pattern: ``gpt-h1024-l24-a16`` (width, layers, heads, and maybe
    ``-s2048`` for the sequence) and ``gpt-like-20b`` (a number of parameters alone).
    """
    lower = asked.strip().lower()
    for spelt in (lower, lower.replace("_", "-")):
        if _GPT.fullmatch(spelt) or _GPT_LIKE.fullmatch(spelt):
            return spelt
    for field in _FIELDS:
        for spelt in (lower, lower.replace("_", "-")):
            if spelt in _spellings(field):
                return _spellings(field)[spelt]
    return None


@cache
def entry(name: str) -> ZooEntry:
    """The row of a canonical name.

    Raises:
        ScenarioError: a member of a family whose shape does not hold together.
    """
    for field in _FIELDS:
        if name in _rows(field):
            return ZooEntry.model_validate(_rows(field)[name])
    return ZooEntry(
        sample_unit="sequence",
        optimizer="adam",
        decode="tokens",
        sample_bytes="4 kB",
        as_of=_FAMILY_AS_OF,
        **_family(name),
    )


def _family(name: str) -> dict[str, Any]:
    if shape := _GPT.fullmatch(name):
        width, layers, heads, sequence = (int(part or 0) for part in shape.groups())
        return {
            "source": "the name; layers as in Radford et al., 2019 (GPT-2)",
            "assumed": f"vocabulary of {_GPT_VOCABULARY}"
            + ("" if sequence else ", sequence of 1024"),
            "architecture": {
                "kind": "transformer",
                "layers": layers,
                "width": width,
                "heads": heads,
                "sequence": sequence or 1024,
                "vocabulary": _GPT_VOCABULARY,
            },
        }
    count = _GPT_LIKE.fullmatch(name)
    if count is None:
        raise KeyError(name)
    return {
        "source": "the name",
        "assumed": "all but the number of parameters: proportions of GPT-3 (width 128 times the "
        "layers, heads of 128), sequence of 2048",
        "architecture": {
            "kind": "gpt_like",
            "parameters": float(count[1]) * {"m": 1e6, "b": 1e9}[count[2]],
        },
    }
