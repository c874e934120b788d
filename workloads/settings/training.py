"""How a model is trained: the same keys for every benchmark."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from domain.frozen import Frozen

Precision = Literal["fp32", "fp16", "bf16"]
OptimizerName = Literal["sgd", "momentum", "rmsprop", "adam", "lamb"]
Schedule = Literal["constant", "cosine", "exponential", "steps"]
Share = Annotated[float, Field(ge=0, lt=1)]


class Training(Frozen):
    """Steps, data, optimizer, precision, devices and checkpoints of one run.

    ``steps`` wins over ``epochs``. ``accumulate`` splits the batch of a replica into so many
    parts whose gradients are added up before one update.
    """

    steps: PositiveInt | None = None
    epochs: PositiveInt = 1
    global_batch: PositiveInt = 32
    accumulate: PositiveInt = 1
    precision: Precision = "fp32"
    compile_xla: bool = False

    optimizer: OptimizerName = "adam"
    learning_rate: PositiveFloat = 1e-3
    schedule: Schedule = "constant"
    schedule_warmup_steps: NonNegativeInt = 0
    """Steps over which the learning rate rises from 0."""
    l1: NonNegativeFloat = 0.0
    l2: NonNegativeFloat = 0.0
    early_stopping_patience: PositiveInt | None = None
    """Evaluations without a lower validation loss after which training ends."""
    prune_to: Share = 0.0
    """Share of the weights of each kernel that are zero at the end, the smallest ones."""

    dataset: str = ""
    """A folder or URL of images or TFRecord files; empty: generated samples."""
    format: Literal["auto", "folder", "tfrecord"] = "auto"
    samples: PositiveInt = 1024
    """How many samples are generated."""
    keep_in_memory: bool | None = None
    """Generated once rather than for every batch; by default where that is below 256 MB."""
    validation_share: Share = 0.15
    test_share: Share = 0.15
    seed: NonNegativeInt = 0

    strategy: Literal["auto", "single", "mirrored", "multi_worker", "tpu"] = "auto"
    devices: PositiveInt | None = None
    """Accelerators of this host that are used; on a CPU, into how many it is divided."""
    warmup_steps: NonNegativeInt = 5
    """Steps that are not timed: compilation and caches."""
    checkpoint_steps: PositiveInt | None = None
    evaluate_steps: PositiveInt | None = None
    """Steps between evaluations; an epoch by default."""
    evaluate_batches: PositiveInt = 20
    """Batches of one evaluation, at most."""
    progress_steps: PositiveInt = 10
    export: bool = False
    """Writes the trained model as a SavedModel beside the results."""
    start_timeout_seconds: PositiveFloat = 300.0
    """How long workers wait for each other, and for the first step to be compiled."""
    step_timeout_seconds: PositiveFloat = 120.0
    """Without a finished step for so long a worker gives up: a peer is gone."""

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.validation_share + self.test_share >= 1:
            raise ValueError(
                f"validation_share {self.validation_share:g} and test_share {self.test_share:g} "
                "leave nothing to train on; together they must be below 1"
            )
        if self.steps is not None and self.steps <= self.warmup_steps:
            raise ValueError(
                f"steps {self.steps} must be more than warmup_steps {self.warmup_steps}, "
                "which are not timed"
            )
        return self
