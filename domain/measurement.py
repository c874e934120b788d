"""A training run that somebody timed: where, what, how fast, with which software.

Measurements are kept as JSON: one, a list, or one a line. As rows of a table they have the
columns of published runs, so that both are compared with predictions alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, ValidationError, model_validator

from domain.catalog import Catalog
from domain.catalog.facts import spelling
from domain.described import AcceleratorChoice, DescribedAccelerator
from domain.environment import Market
from domain.errors import CatalogError, InputError
from domain.frozen import Frozen
from domain.located import Located, is_json, parse, read_text
from domain.model_facts import model_text
from domain.workload import ModelReference, Software

Steps = Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]


class StepTimes(Frozen):
    """The times of steps, told by their mean and standard deviation."""

    mean: PositiveFloat
    standard_deviation: Annotated[float, Field(ge=0)] = 0.0
    steps: PositiveInt = 1


class Share(Frozen):
    """A share of time or of capacity, from 0 to 1, by its mean and its largest."""

    mean: Annotated[float, Field(ge=0, le=1)]
    largest: Annotated[float, Field(ge=0, le=1)]


class Observed(Frozen):
    """What was seen beside the time of steps; what could not be read is absent."""

    warmup_steps: Annotated[int, Field(ge=0)] = 0
    """Steps before those that were timed: compilation, caches, the first epoch's reading."""
    input_stall_share: Annotated[float, Field(ge=0, le=1)] | None = None
    """Of the time of steps: the accelerator waited for its next batch."""
    device_utilisation: Share | None = None
    host_utilisation: Share | None = None
    """What the run itself took of the processors that it may use."""
    other_utilisation: Share | None = None
    """What other programs took of the host's processors: the run was the slower for it."""
    device_memory_bytes: PositiveFloat | None = None
    """The most that was in use on one accelerator."""
    host_memory_bytes: PositiveFloat | None = None
    """The most that the processes of one host held."""
    read_bytes: Annotated[float, Field(ge=0)] | None = None
    exchanged_bytes: Annotated[float, Field(ge=0)] | None = None
    """Sent by one host over its network while steps were timed."""
    run_seconds: PositiveFloat | None = None
    """From the start of the program to its end."""
    usd: Annotated[float, Field(ge=0)] | None = None
    """What the hosts cost while it ran."""
    first_loss: float | None = None
    last_loss: float | None = None


class MeasuredMachine(Frozen):
    """One host as it told of itself; what could not be read is absent."""

    processor: str = ""
    vcpu: PositiveInt | None = None
    memory_bytes: PositiveFloat | None = None
    accelerator: str = ""
    """The driver's name of it."""
    accelerators: Annotated[int, Field(ge=0)] = 0
    accelerator_memory_bytes: PositiveFloat | None = None
    driver: str = ""
    kernel: str = ""


class MeasuredEnvironment(Frozen):
    """Where it ran: a machine type of a provider, or accelerators by name."""

    provider: Literal["aws", "gcp", "custom"] = "custom"
    region: str | None = None
    machine: str | None = None
    accelerator: AcceleratorChoice | None = None
    """Its id or alias, or a description of one that no catalog has."""
    accelerators_per_node: PositiveInt | None = None
    nodes: PositiveInt = 1
    market: Market | None = None

    @model_validator(mode="after")
    def _names_its_accelerators(self) -> Self:
        if self.machine is None and self.accelerator is None:
            raise ValueError("needs a machine or an accelerator")
        if self.machine is None and self.accelerators_per_node is None:
            raise ValueError("an accelerator needs accelerators_per_node beside it")
        if self.machine is not None and self.provider == "custom" and self.accelerator is None:
            raise ValueError("a machine needs its provider, aws or gcp, or its accelerator")
        return self


class MeasuredWorkload(Frozen):
    """What ran; batches in samples, ``micro_batch`` of one accelerator at once."""

    model: ModelReference
    """A name, or a description as a scenario has it."""
    framework: str = ""
    software: Software | None = None
    precision: str
    global_batch: PositiveInt
    micro_batch: PositiveInt | None = None
    sequence: PositiveInt | None = None
    image_size: PositiveInt | None = None
    tensor_parallel: PositiveInt = 1
    pipeline_parallel: PositiveInt = 1
    sharding: Literal["none", "zero1", "zero2", "zero3"] = "none"
    recompute: Literal["none", "selective", "full"] = "none"
    input_data: str = ""
    phase: Literal["training", "inference"] = "training"


class Results(Frozen):
    """How fast it was: step times or the throughput of the whole system, not both."""

    step_seconds: Steps | StepTimes | None = None
    throughput_samples_per_second: PositiveFloat | None = None

    @model_validator(mode="after")
    def _tells_one_speed(self) -> Self:
        if (self.step_seconds is None) == (self.throughput_samples_per_second is None):
            raise ValueError("give one of step_seconds and throughput_samples_per_second")
        return self


class Measurement(Frozen):
    """One timed run."""

    environment: MeasuredEnvironment
    workload: MeasuredWorkload
    results: Results
    machine: MeasuredMachine | None = None
    observed: Observed | None = None
    versions: Mapping[str, str] = {}
    """Software by name, like ``{torch: "2.9.0", cuda: "13.0"}``."""
    taken_at: datetime
    notes: str = ""

    @property
    def step_seconds(self) -> float:
        """Seconds of a step: the mean of those that were timed."""
        told = self.results.step_seconds
        if isinstance(told, StepTimes):
            return told.mean
        if told is not None:
            return sum(told) / len(told)
        return self.workload.global_batch / float(self.results.throughput_samples_per_second or 0)

    @property
    def throughput_samples_per_second(self) -> float:
        """Samples per second of the whole system."""
        return self.workload.global_batch / self.step_seconds

    @property
    def input_stall_share(self) -> float:
        """Share of a step in which accelerators waited for their input; 0 where nobody looked."""
        return (self.observed.input_stall_share if self.observed else None) or 0.0

    @property
    def own_share(self) -> float:
        """Share of the host's processors that other programs left, where steps run on them.

        Programs take turns on processors, so that a step takes its time alone over this share;
        1 where accelerators do the work, or nobody looked.
        """
        others = self.observed.other_utilisation if self.observed else None
        on_processors = (
            self.environment.provider == "custom"
            and self.machine is not None
            and not self.machine.accelerator
        )
        return 1.0 - others.mean if others and on_processors and others.mean < 1.0 else 1.0

    @property
    def alone_step_seconds(self) -> float:
        """Seconds that a step would have taken with the host to itself."""
        return self.step_seconds * self.own_share

    @property
    def fed_step_seconds(self) -> float:
        """The same without its wait for input: what the accelerators themselves take."""
        return self.alone_step_seconds * (1.0 - self.input_stall_share)

    @property
    def accelerator_name(self) -> str | None:
        """Its id or alias as it is written; None where a machine type tells it."""
        chosen = self.environment.accelerator
        return chosen.id if isinstance(chosen, DescribedAccelerator) else chosen


def read_measurements(path: Path) -> tuple[Measurement, ...]:
    """The measurements of a file: one as JSON, a list of them, or one a line.

    Raises:
        InputError: absent, not JSON, or a measurement that does not hold together; says which.
    """
    text = read_text(path, "file of measurements", InputError)
    found = [measurement_of(document, place) for place, document in _documents(text, str(path))]
    if not found:
        raise InputError("holds no measurement", where=str(path))
    return tuple(found)


def write_measurements(measurements: Iterable[Measurement]) -> str:
    """The text of a file of measurements, one a line; the caller writes it."""
    return "".join(
        json.dumps(each.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False) + "\n"
        for each in measurements
    )


def to_rows(measurements: Iterable[Measurement], catalog: Catalog) -> list[dict[str, Any]]:
    """Measured trainings as rows with the columns of published runs, in ``samples/s``.

    Their throughput is that of accelerators that need not wait for input, on hosts that nobody
    else uses.

    Raises:
        CatalogError: a machine that the catalog does not have, or one without accelerators.
    """
    return [_row(each, catalog) for each in measurements if each.workload.phase == "training"]


def described_id(machine: MeasuredMachine) -> str:
    """An id after what a host says of itself: lower-case letters, digits, '-' and '.'."""
    vcpu = f" {machine.vcpu} vcpu" if machine.vcpu else ""
    told = machine.accelerator or f"{machine.processor or 'host'}{vcpu}"
    return re.sub(r"[^a-z0-9.]+", "-", told.lower())[:64].strip("-.") or "host"


def measured_accelerator(measurement: Measurement, catalog: Catalog) -> str | None:
    """What a catalog knows the accelerator of a measurement by; None where the machine tells it.

    A program that nobody told where it runs calls its accelerator what the host calls it, and
    probes of that host describe it by ``described_id``.
    """
    name = measurement.accelerator_name
    if name is not None and measurement.machine is not None:
        known = {each.id for each in catalog.accelerators() if each.is_described}
        own = described_id(measurement.machine)
        if own in known and spelling(name) not in known:
            return own
    return name


def described_accelerators(
    measurements: Iterable[Measurement],
) -> tuple[DescribedAccelerator, ...]:
    """The accelerators that measurements describe, each as often as it is described."""
    chosen = (each.environment.accelerator for each in measurements)
    return tuple(each for each in chosen if isinstance(each, DescribedAccelerator))


def _documents(text: str, name: str) -> list[tuple[str, Any]]:
    """Each document with the place that it stands at."""
    try:
        whole = json.loads(text)
    except ValueError as error:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        if len(lines) < 2 or not is_json(lines[0][1]):
            raise InputError(f"is not JSON: {error}", where=name) from None
        return [(f"{name}:{number}", _line(line, f"{name}:{number}")) for number, line in lines]
    if isinstance(whole, list):
        return [(f"{name}: measurement {number}", each) for number, each in enumerate(whole, 1)]
    return [(name, whole)]


def _line(line: str, place: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise InputError(f"is not JSON: {error}", where=place) from None


def measurement_of(document: Any, place: str) -> Measurement:
    """One measurement out of plain data; ``place`` is what errors call it.

    Raises:
        InputError: it does not hold together.
    """
    if not isinstance(document, dict):
        raise InputError("is no measurement, which is a JSON object", where=place)
    try:
        return Measurement.model_validate_json(json.dumps(document))
    except ValidationError:
        return parse(Measurement, Located(document, place))


def _row(measurement: Measurement, catalog: Catalog) -> dict[str, Any]:
    where, what = measurement.environment, measurement.workload
    accelerator, per_node = measured_accelerator(measurement, catalog), where.accelerators_per_node
    if where.machine is not None and where.provider != "custom":
        machine = catalog.machine(where.provider, where.machine)
        if machine.accelerator is None:
            raise CatalogError(f"{machine.name} has no accelerators")
        accelerator = accelerator or machine.accelerator
        per_node = per_node or machine.accelerator_count
    per_node = per_node or 1
    return {
        "model": model_text(what.model),
        "framework": what.framework,
        "software": what.software or "",
        "accelerator": accelerator,
        "accelerators_per_node": per_node,
        "nodes": where.nodes,
        "total_accelerators": per_node * where.nodes,
        "precision": what.precision,
        "global_batch": what.global_batch,
        "per_device_batch": what.micro_batch,
        "seq_len": what.sequence,
        "image_size": what.image_size,
        "tp": what.tensor_parallel,
        "pp": what.pipeline_parallel,
        "sharding": what.sharding,
        "recompute": what.recompute,
        "input_data": what.input_data,
        "unit": "samples/s",
        "date": measurement.taken_at.date().isoformat(),
        "notes": measurement.notes,
        "throughput": what.global_batch / measurement.fed_step_seconds,
    }
