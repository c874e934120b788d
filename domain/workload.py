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
from domain.quantity import Bytes, PerSecond, PositiveBytes, PositiveSeconds, Seconds

Precision = Literal["fp32", "tf32", "fp16", "bf16", "fp8"]
Framework = Literal["tensorflow", "jax", "pytorch"]

_MOST_JOBS = 20_000_000.0


def _model_tag(value: object) -> str:
    return "named" if isinstance(value, str) else "described"


ModelReference = Annotated[
    Annotated[str, Tag("named")] | Annotated[ModelDescriptor, Tag("described")],
    Discriminator(_model_tag),
]


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


class Training(Frozen):
    """A training job, gang-scheduled on all its accelerators at once."""

    kind: Literal["training"]
    model: ModelReference
    dataset: Dataset | None = None
    precision: Precision = "fp16"
    global_batch: Annotated[int, Field(gt=0, le=10**9)]
    micro_batch: PositiveInt | None = None
    """Samples at once on one accelerator; otherwise the most that fits."""
    epochs: Annotated[float, Field(gt=0, le=10**6)] | None = None
    steps: Annotated[int, Field(gt=0, le=10**12)] | None = None
    optimizer: Optimizer | None = None
    """Otherwise what is usual for the model."""
    recompute: bool = False
    """Whether activations are computed again in the backward pass instead of kept."""
    framework: Framework = "tensorflow"
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
