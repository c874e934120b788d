"""An accelerator that no catalog has, as its owner describes it.

accelerator: {id: lab-gpu, peak_flops: {fp32: 20 TFLOP/s, bf16: 160 TFLOP/s},
              memory: 48 GB, memory_bandwidth: 860 GB/s, link: 32 GB/s}

A host without accelerators is described as one accelerator: all its cores, and its memory.
Peaks are what the part could do at best; what a framework attains of them is the calibration's
to say.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import yaml
from pydantic import Discriminator, Field, Tag, field_validator

from domain.errors import InputError
from domain.frozen import Frozen
from domain.located import Located, parse
from domain.quantity import BytesPerSecond, FlopsPerSecond, PositiveBytes

PeakFormat = Literal["fp32", "tf32", "fp16", "bf16", "fp8", "int8"]


class DescribedAccelerator(Frozen):
    """What a prediction needs to know of an accelerator."""

    id: str
    """What measurements and calibrations call it: lower-case letters, digits, '-' and '.'."""
    peak_flops: Annotated[dict[PeakFormat, FlopsPerSecond], Field(min_length=1)]
    """Dense operations per second by the format that is multiplied in."""
    memory: PositiveBytes | None = None
    """Of one accelerator; without it, whether a job fits is not known."""
    memory_bandwidth: BytesPerSecond
    link: BytesPerSecond | None = None
    """All links of one accelerator to the others of its node, one direction."""
    network: BytesPerSecond | None = None
    """Of one node to the others; otherwise 100 Gbit/s is taken, where a machine says nothing."""
    frameworks: tuple[str, ...] = ("tensorflow", "jax", "pytorch")

    @field_validator("id")
    @classmethod
    def _is_one_word(cls, name: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,63}", name):
            raise ValueError(
                f"'{name}' is no id of an accelerator, which is up to 64 lower-case letters, "
                "digits, '-' and '.', like 'lab-gpu'"
            )
        return name


def described_of(data: Any, name: str) -> DescribedAccelerator:
    """A description out of plain data; ``name`` is what errors call where it stands.

    Raises:
        InputError: it does not hold together.
    """
    if not isinstance(data, dict):
        raise InputError("is no description of an accelerator, which is a mapping", where=name)
    return parse(DescribedAccelerator, Located(data, name))


def description_text(described: DescribedAccelerator) -> str:
    """A description as the text of a YAML file."""
    plain = described.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)


def _accelerator_tag(value: object) -> str:
    return "named" if isinstance(value, str) else "described"


AcceleratorChoice = Annotated[
    Annotated[str, Tag("named")] | Annotated[DescribedAccelerator, Tag("described")],
    Discriminator(_accelerator_tag),
]
"""An accelerator of the catalog by its id or alias, or a description."""
