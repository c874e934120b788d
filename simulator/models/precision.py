"""Which peak a training run at a wanted precision uses on an accelerator.

A precision means two things: the format that the matrix unit multiplies in, which picks
the peak, and the bytes of a stored activation or gradient, which load the memory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.errors import ScenarioError, near_misses

MATRIX_FORMATS: Final = ("fp32", "tf32", "fp16", "bf16", "fp8")
_ALIASES: Final = {
    "float32": "fp32",
    "single": "fp32",
    "float16": "fp16",
    "half": "fp16",
    "mixed_float16": "fp16",
    "bfloat16": "bf16",
    "mixed_bfloat16": "bf16",
    "amp": "mixed",
    "float8": "fp8",
}
# What is tried in turn. Matrix units of TPUs multiply fp32 tensors in bf16; TensorFlow
# multiplies them in TF32 where there is such a unit (tf.config.experimental,
# enable_tensor_float_32_execution is on by default); mixed precision takes what there is.
_FORMATS_TRIED: Final = {
    "fp32": ("tf32", "fp32", "bf16"),
    "tf32": ("tf32",),
    "fp16": ("fp16", "bf16"),
    "bf16": ("bf16",),
    "mixed": ("fp16", "bf16"),
    "fp8": ("fp8",),
}


@dataclass(frozen=True, slots=True)
class PrecisionChoice:
    """The format and peak in use, or why there is none.

    ``peak_flops`` is NaN and ``matrix_format`` ``None`` where ``reason`` says why.
    """

    matrix_format: str | None
    peak_flops: float
    element_bytes: float
    reason: str | None


def choose_precision(
    wanted: str, peak_flops: Mapping[str, float | None], *, strict_fp32: bool = False
) -> PrecisionChoice:
    """The peak for ``wanted`` among an accelerator's dense peaks by format.

    Args:
        wanted: fp32, tf32, fp16, bf16, fp8 or mixed, in any usual spelling.
        peak_flops: FLOP/s by format; ``None`` or NaN where there is no such unit, or its
            rate was never published.
        strict_fp32: fp32 stays outside the tensor cores.

    Raises:
        ScenarioError: ``wanted`` is no training precision.
    """
    spelled = wanted.strip().lower()
    name = _ALIASES.get(spelled, spelled)
    if name not in _FORMATS_TRIED:
        raise ScenarioError(
            f"'{wanted}' is no training precision"
            f"{near_misses(spelled, [*_FORMATS_TRIED, *_ALIASES]) or '.'} "
            f"Use one of {', '.join(_FORMATS_TRIED)}",
            where="precision",
        )
    element_bytes = 4.0 if name in ("fp32", "tf32") else 2.0
    known = {
        matrix_format: peak
        for matrix_format, peak in peak_flops.items()
        if peak is not None and not math.isnan(peak)
    }
    tried = ("fp32",) if strict_fp32 and name == "fp32" else _FORMATS_TRIED[name]
    for matrix_format in tried:
        if matrix_format in known:
            return PrecisionChoice(matrix_format, known[matrix_format], element_bytes, None)
    if known:
        offered = ", ".join(each for each in MATRIX_FORMATS if each in known)
        reason = f"no {name} rate known here; this accelerator has {offered or 'no float format'}"
    else:
        reason = "no peak of this accelerator is known"
    return PrecisionChoice(None, math.nan, element_bytes, reason)


def format_code(matrix_format: str | None) -> int:
    """The index in ``MATRIX_FORMATS`` that vectorised models take; unknown as fp32."""
    return MATRIX_FORMATS.index(matrix_format) if matrix_format else 0
