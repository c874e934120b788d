"""What the closed forms say of one training job on many hardware choices at once.

Step times are those of the closed forms, by the parameters of the stack (accelerator and
framework) where it has its own, times what was learnt of runs like it; reading and decoding
are as the closed forms have them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.environment import Storage
from domain.errors import CatalogError
from domain.model_facts import ModelFacts, resolve_model
from domain.prediction import Rejection
from domain.workload import Parallelism, Training
from simulator.models.bottleneck import BOTTLENECKS
from simulator.models.calibration import Calibration
from simulator.models.collectives import switch_reduces, torus_of
from simulator.models.input_pipeline import (
    decode_seconds,
    decode_seconds_per_sample,
    storage_seconds,
)
from simulator.models.memory import state_bytes
from simulator.models.model_parallel import SHARDINGS
from simulator.models.precision import MATRIX_FORMATS, choose_precision, format_code
from simulator.models.training_step import StepInputs, StepPrediction, predict_training_step
from simulator.study.calibrated import Calibrated, load_calibrated
from simulator.study.data_reading import reading_rates
from simulator.study.hardware import Hardware, known
from simulator.study.learnt import Learnt

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


_STORAGE, _DECODING = BOTTLENECKS.index("storage"), BOTTLENECKS.index("input decoding")


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
    impossible: NDArray[np.bool_]
    """Where the job cannot be divided among the accelerators."""
    learnt: tuple[Learnt, ...]
    """Of each hardware choice; ``choice`` says which one each configuration has."""
    choice: Indices

    def bottleneck(self, index: int) -> str:
        """What bounds the steps that the job spends most of its time in."""
        return BOTTLENECKS[int(self.later_epochs.bottleneck[index])]

    def learnt_of(self, index: int) -> Learnt:
        """What measurements say of one configuration."""
        return self.learnt[int(self.choice[index])]

    @property
    def variation(self) -> Floats:
        """Coefficient of variation of a run's time about its prediction.

        Steps that wait for their input vary from run to run as any other does: measurements
        of what accelerators need say nothing of them.
        """
        of_choices = np.array([each.variation for each in self.learnt])
        usual = np.array([each.calibration.run_to_run_variation for each in self.learnt])
        starved = np.isin(self.later_epochs.bottleneck, (_STORAGE, _DECODING))
        return np.where(starved, usual[self.choice], of_choices[self.choice])

    @property
    def typical_error(self) -> Floats:
        """Median relative error of predictions like each; NaN where it is not known."""
        of_choices = np.array([known(each.typical_error) for each in self.learnt])
        return of_choices[self.choice]


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
    calibrated: Calibrated | None = None,
) -> TrainingEstimate:
    """The job on ``nodes`` nodes of ``hardware.choices[index]``, all at once.

    A gang smaller than the pool takes the fewest nodes that hold it. Without ``calibrated``
    the calibration that is shipped is used.
    """
    calibrated = calibrated or load_calibrated()
    model = resolve_model(workload.model)
    columns = {key: values[index] for key, values in hardware.columns.items()}
    slots = columns["accelerators_per_node"]
    gang = np.full(slots.shape, workload.accelerators or math.nan)
    accelerators = np.where(np.isnan(gang), slots * nodes, gang)
    nodes_used = np.ceil(accelerators / slots)
    inputs = _step_inputs(workload, columns, accelerators, nodes_used)
    learnt = tuple(
        _learnt(calibrated, workload, model, hardware, at) for at in range(len(hardware.choices))
    )
    busy = _busy_step(workload, model, inputs, learnt, index)
    first_rate, later_rate, cached_share = reading_rates(
        workload, storage, columns, nodes_used, calibrated.base
    )
    dataset = workload.dataset
    decode = (dataset.kind if dataset else "none") or model.decode
    stored = (dataset.sample_size if dataset else model.sample_bytes) or 0.0
    per_node = workload.global_batch / nodes_used
    decoding = decode_seconds(
        per_node, decode_seconds_per_sample(decode, stored, calibrated.base), columns["vcpu"]
    )
    first, later = (
        _fed(busy, storage_seconds(per_node, stored, rate), decoding, workload.global_batch)
        for rate in (first_rate, later_rate)
    )
    impossible = _impossible(workload, model, accelerators)
    steps = workload.total_steps
    first_steps = min(steps, dataset.samples / workload.global_batch) if dataset else 0.0
    startup = calibrated.base.startup_seconds
    run = startup + first_steps * first.step_seconds + (steps - first_steps) * later.step_seconds
    saving = workload.checkpointing
    size = saving.size if saving and saving.size is not None else _checkpoint_bytes(workload, model)
    transfer = size / np.fmin(
        columns["network_bytes_per_second"],
        calibrated.base.connections_per_node * calibrated.base.connection_bytes_per_second,
    )
    return TrainingEstimate(
        model=model,
        first_epoch=first,
        later_epochs=later,
        accelerators=accelerators,
        run_seconds=np.where(impossible, np.nan, run),
        checkpoint_interval_seconds=saving.interval if saving else math.nan,
        checkpoint_bytes=size if saving else 0.0,
        checkpoint_write_seconds=transfer if saving else np.zeros_like(transfer),
        restart_seconds=startup + (transfer if saving else 0.0 * transfer),
        reading_bytes_per_second=first_rate,
        cached_share=cached_share,
        impossible=impossible,
        learnt=learnt,
        choice=index,
    )


def _learnt(
    calibrated: Calibrated,
    workload: Training,
    model: ModelFacts,
    hardware: HardwareColumns,
    at: int,
) -> Learnt:
    accelerator = hardware.choices[at].accelerator
    matrix_format = MATRIX_FORMATS[int(hardware.columns["format_code"][at])]
    return Learnt.of(calibrated, workload, model, accelerator, matrix_format)


def _step_inputs(
    workload: Training, columns: Mapping[str, Floats], accelerators: Floats, nodes: Floats
) -> StepInputs:
    """Inputs of steps that wait for no input."""
    split = workload.parallelism or Parallelism()
    return StepInputs(
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
        # A gang that does not fill its nodes is taken as spread evenly over them.
        accelerators_per_node=accelerators / nodes,
        nodes=nodes,
        global_batch=workload.global_batch,
        micro_batch=known(workload.micro_batch),
        tensor_parallel=split.tensor,
        pipeline_parallel=split.pipeline,
        interleave=split.interleave,
        sequence_parallel=split.sequence,
        sharding=SHARDINGS.index(split.sharding),
    )


def _impossible(workload: Training, model: ModelFacts, accelerators: Floats) -> NDArray[np.bool_]:
    counts, codes = np.unique(accelerators, return_inverse=True)
    found = [
        not math.isnan(count) and workload.division_problem(model, count) is not None
        for count in counts.tolist()
    ]
    return np.array(found, dtype=bool)[codes]


def _busy_step(
    workload: Training,
    model: ModelFacts,
    inputs: StepInputs,
    learnt: Sequence[Learnt],
    index: Indices,
) -> StepPrediction:
    """Steps that wait for no input, as measured runs say that they take."""
    best = _closed_forms(workload, model, inputs, learnt, index)
    shortest: Any = np.inf
    for micro_batch in _pipelined_batches(workload):
        other = replace(inputs, micro_batch=micro_batch)
        step = _closed_forms(workload, model, other, learnt, index)
        quicker = (step.step_seconds < shortest) & (step.per_device_batch % micro_batch == 0)
        shortest = np.where(quicker, step.step_seconds, shortest)
        best = StepPrediction(
            **{
                each.name: np.where(quicker, getattr(step, each.name), getattr(best, each.name))
                for each in fields(StepPrediction)
            }
        )
    coefficients = np.array([each.coefficients for each in learnt])
    if not coefficients.any():
        return best
    centres = np.array([each.batch_centre for each in learnt])[index]
    with np.errstate(divide="ignore", invalid="ignore"):
        features = (
            1.0,
            np.log2(np.maximum(inputs.accelerators_per_node * np.asarray(inputs.nodes), 1.0)),
            np.log2(np.maximum(inputs.nodes, 1.0)),
            np.nan_to_num(np.log(best.micro_batch) - centres),
        )
    effect = sum(coefficients[index, at] * each for at, each in enumerate(features))
    factor = np.exp(effect)
    return replace(
        best,
        throughput_samples_per_second=best.throughput_samples_per_second / factor,
        **{
            name: getattr(best, name) * factor
            for name in (
                "compute_seconds",
                "communication_seconds",
                "communication_exposed_seconds",
                "overhead_seconds",
                "step_seconds",
            )
        },
    )


def _pipelined_batches(workload: Training) -> Iterator[float]:
    """Micro batches to try where nobody gives one: small ones fill a pipeline better."""
    split = workload.parallelism
    if workload.micro_batch is None and split is not None and split.pipeline > 1:
        yield from (2.0**power for power in range(_LARGEST_PIPELINED.bit_length()))


# Samples of a micro batch; more than this is a pipeline of tiny models, where it matters little.
_LARGEST_PIPELINED = 64


def _closed_forms(
    workload: Training,
    model: ModelFacts,
    inputs: StepInputs,
    learnt: Sequence[Learnt],
    index: Indices,
) -> StepPrediction:
    """Each configuration by the parameters of its stack."""

    def predict(inputs: StepInputs, calibration: Calibration) -> StepPrediction:
        return predict_training_step(
            model,
            inputs,
            optimizer=workload.optimizer,
            recompute=workload.recompute,
            decode="none",
            calibration=calibration,
        )

    distinct = list({id(each.calibration): each.calibration for each in learnt}.values())
    if len(distinct) == 1:
        return predict(inputs, distinct[0])
    of_choice = np.array(
        [[each.calibration is one for one in distinct].index(True) for each in learnt]
    )
    of_row = of_choice[index]
    parts = []
    for at, calibration in enumerate(distinct):
        rows = np.flatnonzero(of_row == at)
        own = {
            each.name: np.asarray(value)[rows]
            for each in fields(inputs)
            if np.ndim(value := getattr(inputs, each.name))
        }
        parts.append((rows, predict(replace(inputs, **own), calibration)))
    joined: dict[str, Any] = {}
    for each in fields(StepPrediction):
        values = [getattr(step, each.name) for _, step in parts]
        whole = np.empty(index.shape, values[0].dtype)
        for (rows, _), value in zip(parts, values, strict=True):
            whole[rows] = value
        joined[each.name] = whole
    return StepPrediction(**joined)


def _fed(
    busy: StepPrediction, reading: Any, decoding: Floats, global_batch: float
) -> StepPrediction:
    """Steps that wait for their input where it is slower than the accelerators."""
    slowest = np.maximum(reading, decoding)
    step = np.where(busy.fits, np.maximum(busy.step_seconds, slowest), np.nan)
    code = np.where(reading >= decoding, _STORAGE, _DECODING)
    starved = slowest > busy.step_seconds
    return replace(
        busy,
        storage_seconds=np.broadcast_to(reading, step.shape),
        decode_seconds=np.broadcast_to(decoding, step.shape),
        step_seconds=step,
        throughput_samples_per_second=global_batch / step,
        bottleneck=np.where(starved, code, busy.bottleneck).astype(np.int8),
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
