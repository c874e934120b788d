"""What short probes of a host measured: products, copies, launches, exchanges, reads.

A probe times one thing alone and takes seconds, where a training run times everything at once.
From probes follows a description of the accelerator, enough to predict runs on a machine that
no catalog has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, PositiveFloat, PositiveInt, ValidationError

from domain.errors import InputError
from domain.frozen import Frozen
from domain.located import Located, parse, read_text
from domain.measurement import MeasuredMachine, Share, described_id

ProbedPrecision = Literal["fp32", "tf32", "fp16", "bf16"]

_Timed = TypeVar("_Timed", bound="Probe")

# Of the largest buffer: those from here on lie in memory, not in a cache.
_LARGE = 0.25


class Probe(Frozen):
    """One thing that was done again and again; the seconds are the median of it."""

    seconds: PositiveFloat
    deviation_seconds: Annotated[float, Field(ge=0)] | None = None
    """Half of the range that holds the median in 95 of 100 cases."""
    runs: PositiveInt = 1


class MatmulProbe(Probe):
    """One product of an m × k and a k × n matrix."""

    precision: ProbedPrecision
    m: PositiveInt
    n: PositiveInt
    k: PositiveInt

    @property
    def flops(self) -> float:
        """Operations: a multiplication and an addition each."""
        return 2.0 * self.m * self.n * self.k


class ConvolutionProbe(Probe):
    """One convolution of square images, as large after it as before."""

    precision: ProbedPrecision
    batch: PositiveInt
    size: PositiveInt
    channels_in: PositiveInt
    channels_out: PositiveInt
    kernel: PositiveInt

    @property
    def flops(self) -> float:
        """Operations, those on the border's padding included, as profilers count them."""
        per_pixel = 2.0 * self.channels_in * self.channels_out * self.kernel**2
        return self.batch * self.size**2 * per_pixel


class MemoryProbe(Probe):
    """Bytes read and written in the accelerator's memory."""

    bytes: PositiveFloat


class AllReduceProbe(Probe):
    """One all-reduce of a buffer that each of ``ranks`` holds."""

    ranks: Annotated[int, Field(ge=2)]
    bytes: PositiveFloat
    between: Literal["hosts", "accelerators"] = "hosts"


class StorageProbe(Probe):
    """A read of ``bytes`` in all through ``parallelism`` connections at once."""

    kind: Literal["local", "s3", "gs"]
    parallelism: PositiveInt
    bytes: PositiveFloat
    request_bytes: PositiveFloat | None = None
    """What one request asks for."""
    first_byte_seconds: Annotated[float, Field(ge=0)] | None = None
    """From asking for a small range to having it, with nothing else under way."""


class Probes(Frozen):
    """All probes of one host; what was not probed is empty."""

    machine: MeasuredMachine = MeasuredMachine()
    matmul: tuple[MatmulProbe, ...] = ()
    convolution: tuple[ConvolutionProbe, ...] = ()
    memory: tuple[MemoryProbe, ...] = ()
    launch_seconds: PositiveFloat | None = None
    """Of a kernel that does next to nothing, inside of a compiled step."""
    host_launch_seconds: PositiveFloat | None = None
    """Of the host that asks for such a kernel from Python, outside of one."""
    all_reduce: tuple[AllReduceProbe, ...] = ()
    round_trip_seconds: PositiveFloat | None = None
    """Of a small message to another host and back."""
    storage: tuple[StorageProbe, ...] = ()
    other_utilisation: Share | None = None
    """What other programs took of the host's processors meanwhile."""
    versions: Mapping[str, str] = {}
    taken_at: datetime | None = None

    @property
    def peak_flops(self) -> dict[str, float]:
        """The most operations per second that any product or convolution reached."""
        best: dict[str, float] = {}
        rows: tuple[MatmulProbe | ConvolutionProbe, ...] = (*self.matmul, *self.convolution)
        for each in rows:
            best[each.precision] = max(best.get(each.precision, 0.0), each.flops / each.seconds)
        return best

    @property
    def memory_bytes_per_second(self) -> float | None:
        """The rate of memory itself: the median of the buffers that no cache holds."""
        largest = max((each.bytes for each in self.memory), default=0.0)
        rates = [
            each.bytes / each.seconds for each in self.memory if each.bytes >= _LARGE * largest
        ]
        return median(rates) if rates else None

    @property
    def memory_bytes(self) -> float | None:
        """Of one accelerator; of the host, where it has none."""
        return self.machine.accelerator_memory_bytes or self.machine.memory_bytes


def undisturbed(probes: Probes) -> Probes:
    """What the same probes would have told of a host that nobody else uses.

    Programs take turns on processors, so that what runs on them takes its time alone over the
    share that others left. Accelerators, networks and storage are not shared so.
    """
    others = probes.other_utilisation
    if others is None or probes.machine.accelerator or others.mean >= 1.0:
        return probes
    share = 1.0 - others.mean

    def alone(rows: tuple[_Timed, ...]) -> tuple[_Timed, ...]:
        return tuple(
            each.model_copy(update={"seconds": each.seconds * share, "deviation_seconds": None})
            for each in rows
        )

    def shorter(seconds: float | None) -> float | None:
        return None if seconds is None else seconds * share

    return probes.model_copy(
        update={
            "matmul": alone(probes.matmul),
            "convolution": alone(probes.convolution),
            "memory": alone(probes.memory),
            "launch_seconds": shorter(probes.launch_seconds),
            "host_launch_seconds": shorter(probes.host_launch_seconds),
            "other_utilisation": None,
        }
    )


def describe(probes: Probes, name: str = "") -> dict[str, Any]:
    """The accelerator that was probed, as a scenario or a measurement would describe it.

    A host without accelerators is one accelerator: all its cores and its memory. Peaks are the
    best that was reached, so they lie below what the maker states, and those of a host with the
    processors to itself.

    Raises:
        InputError: neither products nor memory were probed.
    """
    probes = undisturbed(probes)
    peaks, bandwidth = probes.peak_flops, probes.memory_bytes_per_second
    if not peaks or bandwidth is None:
        raise InputError(
            "the probes hold no products or no memory, without which nothing can be predicted; "
            "probe again without --no-compute"
        )
    memory = probes.memory_bytes
    network = _busiest(each for each in probes.all_reduce if each.between == "hosts")
    link = _busiest(each for each in probes.all_reduce if each.between == "accelerators")
    return {
        "id": name or described_id(probes.machine),
        "peak_flops": {key: f"{_short(peak / 1e9)} GFLOP/s" for key, peak in peaks.items()},
        "memory_bandwidth": f"{_short(bandwidth / 1e9)} GB/s",
        **({"memory": f"{_short(memory / 2**30)} GiB"} if memory else {}),
        **({"link": f"{_short(link / 1e9)} GB/s"} if link else {}),
        **({"network": f"{_short(network / 1e9)} GB/s"} if network else {}),
    }


def read_probes(path: Path) -> Probes:
    """The probes of a file.

    Raises:
        InputError: absent, not JSON, or probes that do not hold together; says which.
    """
    text = read_text(path, "file of probes", InputError)
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InputError(f"is not JSON: {error}", where=str(path)) from None
    if not isinstance(document, dict):
        raise InputError("holds no probes, which are a JSON object", where=str(path))
    try:
        return Probes.model_validate_json(text)
    except ValidationError:
        return parse(Probes, Located(document, str(path)))


def _busiest(probes: Iterable[AllReduceProbe]) -> float | None:
    """Bytes a second that each rank sent in the fastest of these all-reduces.

    A ring sends ``2 (n - 1) / n`` of the buffer (Patarasuk and Yuan, "Bandwidth optimal
    all-reduce algorithms", 2009), which nccl-tests calls the bus bandwidth.
    """
    return max(
        (2.0 * (each.ranks - 1) / each.ranks * each.bytes / each.seconds for each in probes),
        default=None,
    )


def _short(value: float) -> str:
    """Four digits, which is more than a probe is good for."""
    return f"{float(f'{value:.4g}'):f}".rstrip("0").rstrip(".")
