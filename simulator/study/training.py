"""What the closed forms say of one training job on many hardware choices at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from domain.environment import Storage
from domain.errors import CatalogError
from domain.model_facts import ModelFacts, resolve_model
from domain.prediction import Rejection
from domain.workload import Training
from simulator.models.calibration import PRIORS, Calibration
from simulator.models.collectives import switch_reduces, torus_of
from simulator.models.memory import shortfall_text, state_bytes
from simulator.models.precision import choose_precision, format_code
from simulator.models.training_step import (
    BOTTLENECKS,
    StepInputs,
    StepPrediction,
    predict_training_step,
)
from simulator.study.data_reading import reading_rates
from simulator.study.hardware import Hardware, known

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_NEEDED = {
    "peak_flops": "its peak FLOP/s",
    "memory_bytes_per_second": "its memory bandwidth",
    "accelerator_memory_bytes": "its memory",
    "link_bytes_per_second": "the links between its accelerators",
    "network_bytes_per_second": "the network between its hosts",
}


@dataclass(frozen=True, slots=True)
class HardwareColumns:
    """Hardware choices as columns, one entry a choice, and why a job cannot run on one."""

    choices: tuple[Hardware, ...]
    problems: tuple[Rejection | None, ...]
    columns: dict[str, Floats]

    @classmethod
    def of(cls, choices: Sequence[Hardware], workload: Training) -> HardwareColumns:
        """Columns at the precision and for the framework of one workload."""
        rows = [_row(hardware, workload) for hardware in choices]
        columns = {key: np.array([row[key] for _, row in rows], dtype=float) for key in rows[0][1]}
        return cls(tuple(choices), tuple(problem for problem, _ in rows), columns)

    def unknown(self, index: int) -> str:
        """What is missing to predict on one choice, and who would have to say it."""
        names = [
            name for key, name in _NEEDED.items() if math.isnan(float(self.columns[key][index]))
        ]
        missing = ", ".join(names) or "enough of it"
        if self.choices[index].provider == "custom":
            return f"its description lacks {missing}, like 'network: 200 Gbit/s'"
        return f"the catalog does not know {missing}"


@dataclass(frozen=True, slots=True)
class TrainingEstimate:
    """One job on each configuration; arrays of one shape.

    ``run_seconds`` is from start to end without interruption and without checkpoints: start
    up, a first epoch that fills the cache, the others. NaN where it does not fit.
    """

    model: ModelFacts
    first_epoch: StepPrediction
    later_epochs: StepPrediction
    accelerators: Floats
    run_seconds: Floats
    checkpoint_interval_seconds: float
    checkpoint_bytes: float
    checkpoint_write_seconds: Floats
    restart_seconds: Floats
    reading_bytes_per_second: Floats
    """Of one node in the first epoch; infinite where nothing says where the data lie."""
    cached_share: Floats
    """Of the dataset, on the nodes' own disks after the first epoch."""

    def bottleneck(self, index: int) -> str:
        """What bounds the steps that the job spends most of its time in."""
        return BOTTLENECKS[int(self.later_epochs.bottleneck[index])]

    def problem(self, index: int, workload: Training, hardware: Hardware) -> Rejection | None:
        """Why the job cannot run so: too many accelerators, too little memory; None if it can."""
        wanted = float(self.accelerators[index])
        if workload.global_batch < wanted:
            return Rejection(
                "closed_form",
                "batch_too_small",
                f"a global batch of {workload.global_batch} leaves some of {wanted:,.0f} "
                "accelerators without a sample",
                wanted / workload.global_batch - 1,
            )
        return self._memory_problem(index, hardware)

    def _memory_problem(self, index: int, hardware: Hardware) -> Rejection | None:
        step = self.later_epochs
        if step.fits[index]:
            return None
        accelerator = hardware.accelerator
        memory = accelerator.memory_bytes if accelerator else None
        if memory is None or math.isnan(step.memory_short_bytes[index]):
            return Rejection(
                "closed_form", "unknown_memory", f"memory of {hardware.machine} is not known"
            )
        short = float(step.memory_short_bytes[index])
        return Rejection(
            "closed_form", "does_not_fit", shortfall_text(short, memory), short / memory
        )


def model_of(name: str, workload: Training) -> ModelFacts:
    """Facts of the model of the workload with this name.

    Raises:
        CatalogError: there is no such model; says where it was asked for.
    """
    try:
        return resolve_model(workload.model)
    except CatalogError as error:
        raise CatalogError(error.message, where=f"workloads.{name}.model") from None


def estimate_training(
    workload: Training,
    storage: Mapping[str, Storage],
    hardware: HardwareColumns,
    index: Indices,
    nodes: Floats,
    calibration: Calibration = PRIORS,
) -> TrainingEstimate:
    """The job on ``nodes`` nodes of ``hardware.choices[index]``, all at once.

    A gang smaller than the pool takes the fewest nodes that hold it.
    """
    model = resolve_model(workload.model)
    columns = {key: values[index] for key, values in hardware.columns.items()}
    slots = columns["accelerators_per_node"]
    gang = np.full(slots.shape, workload.accelerators or math.nan)
    accelerators = np.where(np.isnan(gang), slots * nodes, gang)
    nodes_used = np.ceil(accelerators / slots)
    # A gang that does not fill its nodes is taken as spread evenly over them.
    per_node = accelerators / nodes_used
    inputs = StepInputs(
        **{
            key: columns[key]
            for key in (
                "peak_flops",
                "memory_bytes_per_second",
                "accelerator_memory_bytes",
                "element_bytes",
                "link_bytes_per_second",
                "network_bytes_per_second",
                "torus_dimensions",
            )
        },
        link_is_pcie=columns["link_is_pcie"] > 0,
        torus_wraps=columns["torus_wraps"] > 0,
        switch_reduces=columns["switch_reduces"] > 0,
        format_code=columns["format_code"].astype(np.intp),
        vcpus_per_node=columns["vcpu"],
        accelerators_per_node=per_node,
        nodes=nodes_used,
        global_batch=workload.global_batch,
        micro_batch=known(workload.micro_batch),
    )
    first_rate, later_rate, cached_share = reading_rates(
        workload, storage, columns, nodes_used, calibration
    )
    dataset = workload.dataset
    sample_bytes = dataset.sample_size if dataset else None
    decode = (dataset.kind if dataset else "none") or model.decode

    def predict(rate: Floats) -> StepPrediction:
        return predict_training_step(
            model,
            replace(inputs, storage_bytes_per_second=rate),
            optimizer=workload.optimizer,
            recompute=workload.recompute,
            sample_bytes=sample_bytes,
            decode=decode,
            calibration=calibration,
        )

    first, later = predict(first_rate), predict(later_rate)
    steps = workload.total_steps
    first_steps = min(steps, dataset.samples / workload.global_batch) if dataset else 0.0
    run = (
        calibration.startup_seconds
        + first_steps * first.step_seconds
        + (steps - first_steps) * later.step_seconds
    )
    saving = workload.checkpointing
    size = saving.size if saving and saving.size is not None else _checkpoint_bytes(workload, model)
    transfer = size / np.fmin(
        columns["network_bytes_per_second"],
        calibration.connections_per_node * calibration.connection_bytes_per_second,
    )
    return TrainingEstimate(
        model=model,
        first_epoch=first,
        later_epochs=later,
        accelerators=accelerators,
        run_seconds=run,
        checkpoint_interval_seconds=saving.interval if saving else math.nan,
        checkpoint_bytes=size if saving else 0.0,
        checkpoint_write_seconds=transfer if saving else np.zeros_like(transfer),
        restart_seconds=calibration.startup_seconds + (transfer if saving else 0.0 * transfer),
        reading_bytes_per_second=first_rate,
        cached_share=cached_share,
    )


def _checkpoint_bytes(workload: Training, model: ModelFacts) -> float:
    """Weights and optimizer state, in fp32; gradients are not saved."""
    gradients = 4.0 * model.dense_parameters
    return float(state_bytes(model, workload.optimizer or model.optimizer, 1.0)) - gradients


def _row(hardware: Hardware, workload: Training) -> tuple[Rejection | None, dict[str, float]]:
    chip = hardware.accelerator
    problem: Rejection | None = None
    peak, code, element_bytes = math.nan, 0, 2.0
    if chip is None or not hardware.accelerators_per_node:
        problem = Rejection(
            "closed_form",
            "no_accelerator",
            f"{hardware.machine} has no accelerator that the training model knows",
        )
    elif unsupported := chip.supports(workload.framework):
        problem = Rejection("closed_form", "framework", unsupported)
    else:
        choice = choose_precision(workload.precision, chip.peak_flops)
        peak, code = choice.peak_flops, format_code(choice.matrix_format)
        element_bytes = choice.element_bytes
        if choice.reason:
            problem = Rejection("closed_form", "precision", f"{chip.id}: {choice.reason}")
    chips = hardware.accelerators_per_node
    link = chip.link_kind if chip else ""
    dimensions, wraps = torus_of(link, chips)
    return problem, {
        "peak_flops": peak,
        "format_code": code,
        "element_bytes": element_bytes,
        "memory_bytes_per_second": known(chip.memory_bytes_per_second if chip else None),
        "accelerator_memory_bytes": known(chip.memory_bytes if chip else None),
        "link_bytes_per_second": known(chip.link_bytes_per_second if chip else None),
        "switch_reduces": float(switch_reduces(link)),
        "link_is_pcie": float(link.startswith("pcie")),
        "torus_dimensions": dimensions,
        "torus_wraps": float(wraps),
        "accelerators_per_node": hardware.slots,
        "network_bytes_per_second": hardware.network_bytes_per_second,
        # Hosts that nobody described are taken to keep up; the chips decide then.
        "vcpu": math.inf if math.isnan(hardware.vcpu) else hardware.vcpu,
        "local_nvme_bytes": hardware.local_nvme_bytes,
        "reads_per_second": hardware.reads_per_second,
    }
