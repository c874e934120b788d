"""What runs: training jobs that are described, and traces of jobs that are replayed."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import (
    Discriminator,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    Tag,
    model_validator,
)

from domain.frozen import Frozen
from domain.model_descriptors import Decode, ModelDescriptor, Optimizer
from domain.model_facts import ModelFacts
from domain.quantity import Bytes, PerSecond, PositiveBytes, PositiveSeconds, Seconds

Precision = Literal["fp32", "tf32", "fp16", "bf16", "fp8"]
Framework = Literal["tensorflow", "jax", "pytorch", "megatron"]
Software = Literal["stock", "tuned"]
Sharding = Literal["none", "zero1", "zero2", "zero3"]

_MOST_JOBS = 20_000_000.0


def _model_tag(value: object) -> str:
    return "named" if isinstance(value, str) else "described"


ModelReference = Annotated[
    Annotated[str, Tag("named")] | Annotated[ModelDescriptor, Tag("described")],
    Discriminator(_model_tag),
]


def _recompute_tag(value: object) -> str:
    return "switch" if isinstance(value, bool) else "named"


Recomputation = Annotated[
    Annotated[bool, Tag("switch")] | Annotated[Literal["none", "selective", "full"], Tag("named")],
    Discriminator(_recompute_tag),
]
_Degree = Annotated[int, Field(gt=0, le=10**6)]


class Dataset(Frozen):
    """The training data: how many samples, how large each, and where they lie."""

    samples: Annotated[int, Field(gt=0, le=10**15)]
    sample_size: PositiveBytes
    kind: Decode | None = None
    """What the host has to do to a sample before a device can use it; else as the model says."""
    object_size: PositiveBytes = 128e6
    """Samples are packed into objects (TFRecord shards) of this size."""
    storage: str | None = None
    """Key of ``environment.storage``; otherwise the one that is called ``dataset``."""

    @property
    def total_bytes(self) -> float:
        """Bytes of one epoch."""
        return self.samples * self.sample_size


class Checkpointing(Frozen):
    """Saving progress, so that an interruption costs at most one interval."""

    interval: PositiveSeconds
    """Work between checkpoints, a second or more."""
    size: Bytes | None = None
    """Of one checkpoint; otherwise weights and optimizer state of the model."""
    storage: str | None = None
    """Key of ``environment.storage``; otherwise the one that is called ``checkpoints``."""

    @model_validator(mode="after")
    def _not_all_the_time(self) -> Checkpointing:
        if self.interval < 1:
            raise ValueError(f"an 'interval' of {self.interval:g} s is too short; give 1 s or more")
        return self


class Parallelism(Frozen):
    """How one replica of a model is split, and what replicas share; the rest is data-parallel."""

    tensor: _Degree = 1
    """Accelerators that share every layer."""
    pipeline: _Degree = 1
    """Stages of layers, one after another."""
    interleave: _Degree = 1
    """Parts that each stage is cut into, so that a pipeline fills sooner."""
    sequence: bool = False
    """Whether a tensor group also splits what is not matrix work, along the sequence."""
    sharding: Sharding = "none"
    """What replicas share out: optimizer states, gradients too, weights too."""

    @property
    def accelerators_per_replica(self) -> int:
        """Accelerators that hold one copy of the model."""
        return self.tensor * self.pipeline

    def problem(self, model: ModelFacts) -> str | None:
        """Why a model cannot be split so; None where it can."""
        parts = self.pipeline * self.interleave
        if parts * self.tensor > 1 and not model.heads:
            return (
                f"{model.name} is no transformer, so that tensor and pipeline cannot split it; "
                "'sharding' works with any model"
            )
        if model.heads and model.heads % self.tensor:
            return f"{model.heads} attention heads cannot be shared out by tensor {self.tensor}"
        if model.layers and parts > 1 and model.layers % parts:
            each = f" × interleave {self.interleave}" if self.interleave > 1 else ""
            stages = f"pipeline {self.pipeline}{each}"
            return f"{model.layers} layers cannot be cut into {stages} equal parts"
        return None


class Training(Frozen):
    """A training job, gang-scheduled on all its accelerators at once."""

    kind: Literal["training"]
    model: ModelReference
    dataset: Dataset | None = None
    precision: Precision = "fp16"
    global_batch: Annotated[int, Field(gt=0, le=10**9)]
    micro_batch: PositiveInt | None = None
    """Samples at once on one accelerator; otherwise the most that fits, or what is fastest in a
    pipeline."""
    epochs: Annotated[float, Field(gt=0, le=10**6)] | None = None
    steps: Annotated[int, Field(gt=0, le=10**12)] | None = None
    optimizer: Optimizer | None = None
    """Otherwise what is usual for the model."""
    recompute: Recomputation = False
    """Whether activations are computed again in the backward pass instead of kept: all of them
    (``full``, the same as true), or attention scores alone (``selective``)."""
    parallelism: Parallelism | None = None
    """Otherwise every accelerator holds the whole model, and batches need not divide evenly."""
    framework: Framework = "tensorflow"
    software: Software | None = None
    """``stock`` is the framework as it comes; ``tuned`` has fused kernels and captured graphs, as
    in MLPerf submissions. Otherwise tuned on TPUs, with JAX and Megatron, and stock elsewhere."""
    checkpointing: Checkpointing | None = None
    pool: str | None = None
    """Key of ``environment.pools``; may be left out where there is one pool."""
    accelerators: Annotated[int, Field(gt=0, le=10**7)] | None = None
    """Size of the gang; otherwise every accelerator of its pool."""
    submit: Seconds = 0.0

    @model_validator(mode="after")
    def _long_enough(self) -> Training:
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("give either 'epochs' (with a 'dataset') or 'steps'")
        if self.epochs is not None and self.dataset is None:
            raise ValueError("'epochs' needs a 'dataset' with its number of samples")
        return self

    @property
    def total_steps(self) -> float:
        """Optimizer steps of the whole run; a last part of a batch counts as a part."""
        if self.steps is not None:
            return float(self.steps)
        if self.epochs is None or self.dataset is None:
            raise ValueError("a training job without steps needs epochs and a dataset")
        return self.epochs * self.dataset.samples / self.global_batch

    def division_problem(self, model: ModelFacts, accelerators: float) -> tuple[str, str] | None:
        """Why the job cannot be divided among accelerators, in a word and a sentence; or None.

        The rules of Megatron-LM: nothing is padded, and no group is left with less.
        """
        split = self.parallelism or Parallelism()
        if (reason := split.problem(model)) is not None:
            return "cannot_be_split", reason
        ranks, batch = split.accelerators_per_replica, self.global_batch
        if accelerators % ranks:
            return "does_not_divide", (
                f"tensor {split.tensor} × pipeline {split.pipeline} needs a multiple of {ranks:,} "
                f"accelerators, and there are {accelerators:,.0f}"
            )
        replicas = accelerators / ranks
        who = "accelerators" if ranks == 1 else "replicas"
        if batch < replicas:
            return "batch_too_small", (
                f"a global batch of {batch} leaves some of {replicas:,.0f} {who} without a sample"
            )
        if self.parallelism is not None and batch % (replicas * (self.micro_batch or 1)):
            micro = f" × micro batch {self.micro_batch}" if self.micro_batch else ""
            return "does_not_divide", (
                f"a global batch of {batch} is no multiple of {replicas:,.0f} {who}{micro}"
            )
        return None


class PhillyTrace(Frozen):
    """Jobs of the Philly cluster, in the columns timestamp, duration, num_gpus, cluster."""

    kind: Literal["trace"]
    format: Literal["philly"]
    path: str
    window: tuple[date, date] | None = None
    """First and last day to keep, both inclusive."""

    @model_validator(mode="after")
    def _in_order(self) -> PhillyTrace:
        if self.window and self.window[0] > self.window[1]:
            raise ValueError(f"'window' ends on {self.window[1]}, before it starts")
        return self


class CsvTrace(Frozen):
    """Jobs in a CSV file: submit_seconds, duration_seconds, accelerators and maybe pool."""

    kind: Literal["trace"]
    format: Literal["csv"]
    path: str


class Arrivals(Frozen):
    """A Poisson process, with a daily cycle where ``peak_to_trough`` is above 1."""

    rate: PerSecond
    """Mean over the whole day."""
    peak_to_trough: Annotated[float, Field(ge=1)] = 1.0
    peak_hour: Annotated[float, Field(ge=0, lt=24)] = 14.0


class Durations(Frozen):
    """How long jobs run: a distribution by its mean and coefficient of variation."""

    distribution: Literal["exponential", "lognormal", "deterministic"] = "lognormal"
    mean: PositiveSeconds
    cv: NonNegativeFloat = 1.0


class SyntheticTrace(Frozen):
    """Jobs drawn from distributions: a cluster's day without a record of one."""

    kind: Literal["trace"]
    format: Literal["synthetic"]
    span: PositiveSeconds
    """Jobs arrive from 0 until here."""
    arrivals: Arrivals
    durations: Durations
    accelerators: dict[PositiveInt, PositiveFloat] = Field(min_length=1)
    """Size of the gang → its weight among jobs."""
    pool: str | None = None

    @model_validator(mode="after")
    def _countable(self) -> SyntheticTrace:
        expected = self.span * self.arrivals.rate
        if expected < 1:
            raise ValueError(f"only about {expected:.1g} jobs would arrive; lengthen 'span'")
        if expected > _MOST_JOBS:
            raise ValueError(
                f"about {expected:.1g} jobs would arrive; a trace has at most {_MOST_JOBS:,.0f}"
            )
        return self


Trace = Annotated[PhillyTrace | CsvTrace | SyntheticTrace, Field(discriminator="format")]
Workload = Annotated[Training | Trace, Field(discriminator="kind")]
