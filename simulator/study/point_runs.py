"""A run that is asked for by hand: how it is split, its batches, and what cannot be so."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from domain.errors import InputError
from domain.model_facts import ModelFacts
from simulator.models.model_parallel import Recompute
from simulator.study.fitting_advice import Fitting
from simulator.study.point_places import Place

_LARGEST_USUAL_BATCH = 1024
# Micro batches for each stage that keep the idle time of a pipeline below a fifth.
_MICRO_BATCHES_PER_STAGE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What runs, and how it is split over ``nodes`` nodes of a place."""

    model: str
    place: Place
    nodes: int = 1
    global_batch: int | None = None
    micro_batch: int | None = None
    precision: str = "mixed"
    sequence: int | None = None
    image_size: int | None = None
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    interleave: int = 1
    sequence_parallel: bool = False
    sharding: str = "none"
    recompute: Recompute = "none"
    framework: str = ""
    software: str = ""

    @property
    def accelerators(self) -> int:
        """All of them."""
        return self.place.accelerators_per_node * self.nodes

    @property
    def replicas(self) -> int:
        """The data-parallel degree."""
        return self.accelerators // (self.tensor_parallel * self.pipeline_parallel)


def with_batches(run: Run, fitting: Fitting) -> Run:
    """The run with both batches: what is not given is the largest that fits.

    Raises:
        InputError: a batch that does not divide among the replicas and their micro batches.
    """
    replicas, batch, micro = run.replicas, run.global_batch, run.micro_batch
    stages = run.pipeline_parallel
    parts = _MICRO_BATCHES_PER_STAGE * stages if stages > 1 else 1
    if batch is None:
        if micro is None:
            sizes = [2**power for power in range(int(math.log2(_LARGEST_USUAL_BATCH)) + 1)]
            micro = 1 if stages > 1 else fitting.largest(sizes)
        return replace(run, global_batch=micro * replicas * parts, micro_batch=micro)
    if batch % replicas or (micro is not None and batch // replicas % micro):
        unit = replicas * (micro or 1)
        near = sorted({max(batch // unit, 1) * unit, -(-batch // unit) * unit})
        of = f" with micro batches of {micro}" if micro is not None else ""
        raise InputError(
            f"{batch} does not divide among {replicas} data-parallel replicas{of}; "
            f"{' or '.join(map(str, near))} would",
            where="--batch",
        )
    each = batch // replicas
    if micro is None:
        least_parts = min(parts, each)
        sizes = [size for size in divisors(each) if each // size >= least_parts]
        micro = fitting.largest(sizes)
    return replace(run, micro_batch=micro)


def divisors(number: int) -> list[int]:
    """What divides a number, ascending."""
    small = [each for each in range(1, math.isqrt(number) + 1) if number % each == 0]
    return sorted({*small, *(number // each for each in small)})


def check_degrees(run: Run) -> None:
    """Refuses degrees that the accelerators do not divide by, or that need others.

    Raises:
        InputError: says which.
    """
    ranks = run.tensor_parallel * run.pipeline_parallel
    if run.accelerators % ranks:
        raise InputError(
            f"{run.tensor_parallel} tensor-parallel × {run.pipeline_parallel} pipeline-parallel "
            f"accelerators do not divide the {run.accelerators} of "
            f"{run.nodes} × {run.place.name}",
            where="--tensor-parallel" if run.pipeline_parallel == 1 else "--pipeline-parallel",
        )
    if run.interleave > 1 and run.pipeline_parallel == 1:
        raise InputError("needs --pipeline-parallel of 2 or more", where="--interleave")
    if run.sequence_parallel and run.tensor_parallel == 1:
        raise InputError("needs --tensor-parallel of 2 or more", where="--sequence-parallel")


def check_split(run: Run, facts: ModelFacts) -> None:
    """Refuses a split that the layers or heads of the model do not allow.

    Raises:
        InputError: says which, and what they would allow.
    """
    if run.sequence is not None and not facts.sequence:
        raise InputError(f"{facts.name} is not a transformer", where="--sequence")
    tensor, stages = run.tensor_parallel, run.pipeline_parallel * run.interleave
    option = "--tensor-parallel" if tensor > 1 else "--pipeline-parallel"
    if tensor * stages > 1 and not facts.width:
        raise InputError(
            f"{facts.name} is not a transformer, whose layers could be split", where=option
        )
    if facts.heads and facts.heads % tensor:
        good = [each for each in divisors(facts.heads) if run.accelerators % each == 0]
        raise InputError(
            f"the {facts.heads} heads of {facts.name} do not divide by {tensor}; "
            f"{', '.join(map(str, good))} would",
            where="--tensor-parallel",
        )
    if facts.layers and stages > 1 and facts.layers % stages:
        raise InputError(
            f"the {facts.layers} layers of {facts.name} do not divide by {stages} "
            f"(stages × interleave); {', '.join(map(str, divisors(facts.layers)))} would",
            where="--pipeline-parallel",
        )
