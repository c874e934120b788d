"""What every trained benchmark gives: its model, its samples, and what its labels mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workloads.data.sample import SampleKind
from workloads.training.tasks import Task


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark in TensorFlow.

    ``build`` makes the Keras model from the settings: a mapping of named features goes in,
    logits in 32 bit come out. ``samples`` says what one sample is and how one is generated.
    """

    name: str
    task: Task
    build: Callable[[Any], Any]
    samples: Callable[[Any], SampleKind]
