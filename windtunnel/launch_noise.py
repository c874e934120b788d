"""What TensorFlow prints of itself when it starts, which would drown what a benchmark says."""

from __future__ import annotations

import re

# As absl writes them, before and after it is initialised: "I0000 00:00:1700000000.1 12 file.cc:1]"
# and "2025-01-31 10:00:00.1: I tensorflow/core/file.cc:1]".
_INFORMATION = re.compile(
    r"^(?:I\d{4} \d\d:\d\d:[\d.]+\s+\d+ \S+:\d+\]|\d{4}-\d\d-\d\d \d\d:\d\d:[\d.]+: I \S+:\d+\])"
)
# These come as warnings or errors, and are neither: a host without a GPU or without TensorRT, and
# libraries that are registered twice.
_HARMLESS = re.compile(
    r"failed call to cuInit"
    r"|Could not find cuda drivers"
    r"|Unable to register cu\w+ factory"
    r"|computation placer already registered"
    r"|All log messages before absl::InitializeLog"
    r"|oneDNN custom operations are on"
    r"|This TensorFlow binary is optimized"
    r"|To enable the following instructions"
    r"|TF-TRT Warning: Could not find TensorRT"
    r"|Started server with target"
    r"|^INFO:tensorflow:",
    re.IGNORECASE,
)


def is_noise(line: str) -> bool:
    """Whether a line of a worker is one that says nothing about the run."""
    return bool(_INFORMATION.search(line) or _HARMLESS.search(line))
