"""What a user should know of a training job beside its figures, or why it cannot run."""

from __future__ import annotations

import math
from collections.abc import Iterator

from domain.figures import duration
from domain.prediction import Rejection
from domain.workload import Parallelism, Training
from simulator.models.failures import daly_interval_seconds
from simulator.models.memory import Need, shortfall_text, ways_to_fit
from simulator.models.model_parallel import SHARDINGS
from simulator.models.precision import choose_precision
from simulator.study.hardware import Hardware
from simulator.study.training import TrainingEstimate

_WORTH_SAYING = 0.01


def _reading_notes(
    name: str, workload: Training, hardware: Hardware, estimate: TrainingEstimate
) -> Iterator[str]:
    if workload.dataset is None:
        return
    if not math.isfinite(float(estimate.reading_bytes_per_second[0])):
        yield f"{name} has no storage for its dataset: reading it is taken to cost no time"
    if math.isnan(hardware.vcpu):
        yield f"the vCPUs of {hardware.machine} are not known: decoding is taken to keep up"


def job_notes(
    name: str, workload: Training, hardware: Hardware, estimate: TrainingEstimate
) -> Iterator[str]:
    """Sentences: another number format than asked, spot without or with odd checkpoints."""
    chip = hardware.accelerator
    if chip is not None:
        used = choose_precision(workload.precision, chip.peak_flops).matrix_format
        if used not in (None, workload.precision):
            yield f"{workload.precision} runs as {used} on {chip.id}"
    yield from _reading_notes(name, workload, hardware, estimate)
    nodes = math.ceil(float(estimate.accelerators[0]) / hardware.slots)
    rate = hardware.interruptions_per_second * nodes
    if not rate:
        return
    if workload.checkpointing is None:
        yield f"{name} runs on spot without checkpoints: each interruption starts it over"
        return
    write = float(estimate.checkpoint_write_seconds[0])
    best = float(daly_interval_seconds(write, 1.0 / rate))
    interval = workload.checkpointing.interval
    spared = _lost_share(interval, write, rate) - _lost_share(best, write, rate)
    if best > 1.0 and spared > _WORTH_SAYING:
        yield (
            f"{name} checkpoints every {duration(interval)}; every {duration(best)} would spare "
            f"{spared:.0%} of the time (Daly 2006)"
        )


def job_problem(
    estimate: TrainingEstimate, index: int, workload: Training, hardware: Hardware
) -> Rejection | None:
    """Why a job cannot run so: it cannot be divided, or does not fit; None if it can."""
    wanted = float(estimate.accelerators[index])
    if (problem := workload.division_problem(estimate.model, wanted)) is not None:
        return Rejection("closed_form", *problem)
    step = estimate.later_epochs
    if step.fits[index]:
        return None
    chip = hardware.accelerator
    memory = chip.memory_bytes if chip else None
    short = float(step.memory_short_bytes[index])
    if chip is None or memory is None or math.isnan(short):
        return Rejection(
            "closed_form", "unknown_memory", f"memory of {hardware.machine} is not known"
        )
    split = workload.parallelism or Parallelism()
    need = Need(
        model=estimate.model,
        optimizer=workload.optimizer or estimate.model.optimizer,
        element_bytes=choose_precision(workload.precision, chip.peak_flops).element_bytes,
        accelerators=wanted,
        recompute=workload.recompute,
        micro_batch=float(step.micro_batch[index]),
        tensor=split.tensor,
        pipeline=split.pipeline,
        sequence=split.sequence,
        sharding=SHARDINGS.index(split.sharding),
    )
    ways = ways_to_fit(need, memory, estimate.learnt_of(index).calibration)
    return Rejection(
        "closed_form", "does_not_fit", shortfall_text(short, memory, ways), short / memory
    )


def _lost_share(interval: float, write: float, rate: float) -> float:
    """Share of the time that goes into writing, and into half an interval an interruption."""
    return write / interval + rate * interval / 2
