"""Which part of a training step to blame for its length."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BOTTLENECKS: Final = (
    "matrix compute",
    "memory bandwidth",
    "overhead",
    "communication",
    "storage",
    "input decoding",
    "accelerator memory",
    "unknown",
)
_STORAGE, _DECODING, _MEMORY, _UNKNOWN = 4, 5, 6, 7


def bottleneck_codes(
    parts: tuple[Any, ...], busy: Any, reading: Any, decoding: Any, fits: Any, step: Any
) -> NDArray[np.int8]:
    """Indices into ``BOTTLENECKS``: the input where it is slower than all else, or a part.

    ``parts`` are the seconds of the first four, which add up to ``busy``; the largest is
    named, the earlier one where two are equal.
    """
    code = np.zeros(np.shape(step), np.int8)
    largest = np.broadcast_to(parts[0], code.shape)
    for index, part in enumerate(parts[1:], start=1):
        more = part > largest
        largest = np.where(more, part, largest)
        code[np.broadcast_to(more, code.shape)] = index
    starved = np.broadcast_to(np.maximum(reading, decoding) > busy, code.shape)
    slower = np.where(np.asarray(reading) >= decoding, _STORAGE, _DECODING)
    code[starved] = np.broadcast_to(slower, code.shape)[starved]
    code[np.isnan(step)] = _UNKNOWN
    code[np.broadcast_to(~np.asarray(fits), code.shape)] = _MEMORY
    return code
