"""What short probes of a host measured: products, copies, launches, exchanges, reads.

A probe times one thing alone and takes seconds, where a training run times everything at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from domain.frozen import Frozen
from domain.measurement import MeasuredMachine

ProbedPrecision = Literal["fp32", "tf32", "fp16", "bf16"]


class MatmulProbe(Frozen):
    """One product of an m × k and a k × n matrix."""

    precision: ProbedPrecision
    m: PositiveInt
    n: PositiveInt
    k: PositiveInt
    seconds: PositiveFloat

    @property
    def flops(self) -> float:
        """Operations: a multiplication and an addition each."""
        return 2.0 * self.m * self.n * self.k


class ConvolutionProbe(Frozen):
    """One convolution of square images, as large after it as before."""

    precision: ProbedPrecision
    batch: PositiveInt
    size: PositiveInt
    channels_in: PositiveInt
    channels_out: PositiveInt
    kernel: PositiveInt
    seconds: PositiveFloat

    @property
    def flops(self) -> float:
        """Operations: a multiplication and an addition each."""
        per_pixel = 2.0 * self.channels_in * self.channels_out * self.kernel**2
        return self.batch * self.size**2 * per_pixel


class MemoryProbe(Frozen):
    """Bytes read and written, and how long that took."""

    bytes: PositiveFloat
    seconds: PositiveFloat


class AllReduceProbe(Frozen):
    """One all-reduce of a buffer that each of ``ranks`` holds."""

    ranks: Annotated[int, Field(ge=2)]
    bytes: PositiveFloat
    seconds: PositiveFloat


class StorageProbe(Frozen):
    """A read of ``bytes`` in all through ``parallelism`` connections at once."""

    kind: Literal["local", "s3", "gs"]
    parallelism: PositiveInt
    bytes: PositiveFloat
    seconds: PositiveFloat
    first_byte_seconds: Annotated[float, Field(ge=0)] | None = None


class Probes(Frozen):
    """All probes of one host; what was not probed is empty."""

    machine: MeasuredMachine = MeasuredMachine()
    matmul: tuple[MatmulProbe, ...] = ()
    convolution: tuple[ConvolutionProbe, ...] = ()
    memory: tuple[MemoryProbe, ...] = ()
    launch_seconds: PositiveFloat | None = None
    """Of a kernel that does next to nothing."""
    all_reduce: tuple[AllReduceProbe, ...] = ()
    round_trip_seconds: PositiveFloat | None = None
    storage: tuple[StorageProbe, ...] = ()
    taken_at: datetime | None = None
