"""Step time of synchronous training, for any number of configurations at once.

One optimizer step of ``global_batch`` samples on ``n`` accelerators:

    device    (matrix + memory + launch + tensor exchange) · idle of a pipeline + optimizer
    exposed   max(exchange of replicas - overlap · backward, 0) + hand-over between stages
    step      max((device + exposed + overhead) · straggler, reading, decoding)

What splitting a model costs is in ``model_parallel``. The gradients are reduced behind the
backward pass of the last micro batch (Li et al., "PyTorch Distributed", 2020); where weights
are shared out they travel behind all passes. A host that launches kernels slower than they
run lets the accelerator wait. All replicas wait for the slowest: with independent normal
jitter of variation ``v`` the largest of ``n`` is about ``1 + v · √(2 ln n)`` times the mean
(extreme-value theory). A batch that does not fit at once is cut into the fewest equal micro
batches that do.

Where it is wrong: uneven last batches are not in it, and jitter is neither independent nor
normal.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.model_facts import ModelFacts
from simulator.models.bottleneck import BOTTLENECKS as BOTTLENECKS
from simulator.models.bottleneck import bottleneck_codes
from simulator.models.calibration import PRIORS, Calibration
from simulator.models.collectives import Fabric
from simulator.models.compute import device_seconds, matrix_efficiency
from simulator.models.gradient_exchange import exchange_seconds
from simulator.models.input_pipeline import (
    decode_seconds,
    decode_seconds_per_sample,
    storage_seconds,
)
from simulator.models.memory import (
    activation_bytes,
    largest_batch,
    optimizer_bytes_moved,
    split_state_bytes,
    usable_bytes,
)
from simulator.models.model_parallel import Recompute, Split

_CHUNK: Final = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class StepInputs:
    """Hardware and batch, each a number or an array; all broadcast together.

    Rates are of one accelerator (``peak_flops`` at ``format_code``, the index in
    ``precision.MATRIX_FORMATS``; ``link_bytes_per_second`` in one direction, all links) or of
    one node (``network_…``, ``storage_…``, ``vcpus_per_node``). ``torus_dimensions`` is 0
    where accelerators share a host; 2 or 3 where a node is a slice of chips joined by links.
    NaN in a rate that is needed gives NaN and the bottleneck ``unknown``.
    """

    peak_flops: ArrayLike
    memory_bytes_per_second: ArrayLike
    accelerator_memory_bytes: ArrayLike
    accelerators_per_node: ArrayLike
    nodes: ArrayLike
    global_batch: ArrayLike
    format_code: ArrayLike
    element_bytes: ArrayLike
    link_bytes_per_second: ArrayLike = np.nan
    network_bytes_per_second: ArrayLike = np.nan
    link_is_pcie: ArrayLike = False
    switch_reduces: ArrayLike = False
    """Whether the switches between the links add up what passes (from NVLink 4 on)."""
    torus_dimensions: ArrayLike = 0
    torus_wraps: ArrayLike = True
    vcpus_per_node: ArrayLike = np.inf
    storage_bytes_per_second: ArrayLike = np.inf
    micro_batch: ArrayLike = np.nan
    """A micro batch that the user fixed; NaN to take the largest that fits."""
    tensor_parallel: ArrayLike = 1
    pipeline_parallel: ArrayLike = 1
    interleave: ArrayLike = 1
    """Parts that each stage of a pipeline is cut into."""
    sequence_parallel: ArrayLike = False
    sharding: ArrayLike = 0
    """What replicas share out: an index of ``model_parallel.SHARDINGS``."""


@dataclass(frozen=True, slots=True)
class StepPrediction:
    """What each configuration does in one step; all arrays of one shape.

    ``fits`` is false where not even one sample fits, and times are NaN there;
    ``memory_short_bytes`` says by how much (0 where it fits, NaN where memory is unknown).
    ``memory_needed_bytes`` is at the micro batch in use, at one sample where none fits.
    ``communication_seconds`` is all of it, ``…_exposed_seconds`` what the step waits for.
    """

    fits: NDArray[np.bool_]
    memory_needed_bytes: NDArray[np.float64]
    memory_short_bytes: NDArray[np.float64]
    per_device_batch: NDArray[np.float64]
    micro_batch: NDArray[np.float64]
    micro_batches: NDArray[np.float64]
    compute_seconds: NDArray[np.float64]
    communication_seconds: NDArray[np.float64]
    communication_exposed_seconds: NDArray[np.float64]
    overhead_seconds: NDArray[np.float64]
    storage_seconds: NDArray[np.float64]
    decode_seconds: NDArray[np.float64]
    step_seconds: NDArray[np.float64]
    throughput_samples_per_second: NDArray[np.float64]
    bottleneck: NDArray[np.int8]

    @property
    def input_seconds(self) -> NDArray[np.float64]:
        """The slower of reading and decoding."""
        slower: NDArray[np.float64] = np.maximum(self.storage_seconds, self.decode_seconds)
        return slower


def predict_training_step(
    model: ModelFacts,
    inputs: StepInputs,
    *,
    optimizer: str | None = None,
    recompute: bool | Recompute = False,
    sample_bytes: float | None = None,
    decode: str | None = None,
    calibration: Calibration = PRIORS,
) -> StepPrediction:
    """Predict one step of ``model`` for every configuration in ``inputs``.

    ``optimizer`` and ``decode`` default to what is usual for the model; without
    ``sample_bytes`` (and none usual) reading and image decoding are taken to cost nothing.
    Large inputs are worked through in pieces that stay in the processor's cache.

    Raises:
        ScenarioError: an optimizer or a decoding that is not known.
    """
    columns = {each.name: np.asarray(getattr(inputs, each.name)) for each in fields(inputs)}
    shape = np.broadcast_shapes(*(column.shape for column in columns.values()))
    size = int(np.prod(shape))
    columns = {
        name: column
        if column.ndim == 0
        else np.ascontiguousarray(np.broadcast_to(column, shape)).reshape(size)
        for name, column in columns.items()
    }
    stored = model.sample_bytes if sample_bytes is None else sample_bytes
    job = _Job(
        model=model,
        optimizer=optimizer or model.optimizer,
        recompute=recompute if isinstance(recompute, str) else "full" if recompute else "none",
        sample_bytes=0.0 if stored is None else stored,
        decode=decode or model.decode,
        calibration=calibration,
    )
    results = {each.name: np.empty(size, _dtype(each.name)) for each in fields(StepPrediction)}
    for start in range(0, size, _CHUNK):
        part = slice(start, min(start + _CHUNK, size))
        piece = {
            name: column if column.ndim == 0 else column[part] for name, column in columns.items()
        }
        with np.errstate(divide="ignore", invalid="ignore"):
            for name, values in _predict(job, piece).items():
                results[name][part] = values
    return StepPrediction(**{name: values.reshape(shape) for name, values in results.items()})


@dataclass(frozen=True, slots=True)
class _Job:
    model: ModelFacts
    optimizer: str
    recompute: Recompute
    sample_bytes: float
    decode: str
    calibration: Calibration


def _dtype(name: str) -> type[np.generic]:
    return {"fits": np.bool_, "bottleneck": np.int8}.get(name, np.float64)


def _predict(job: _Job, c: dict[str, NDArray[Any]]) -> dict[str, Any]:
    model, calibration = job.model, job.calibration
    per_node = c["accelerators_per_node"]
    accelerators = per_node * c["nodes"]
    model_ranks = c["tensor_parallel"] * c["pipeline_parallel"]
    split = Split(
        tensor=c["tensor_parallel"],
        pipeline=c["pipeline_parallel"],
        interleave=c["interleave"],
        sequence=c["sequence_parallel"],
        sharding=c["sharding"],
        replicas=accelerators / model_ranks,
    )
    per_replica = np.ceil(c["global_batch"] / split.replicas)

    state = split_state_bytes(model, job.optimizer, accelerators, split)
    per_sample = activation_bytes(
        model,
        c["element_bytes"],
        recompute=job.recompute,
        calibration=calibration,
        split=None if split.is_plain else split,
    )
    usable = usable_bytes(c["accelerator_memory_bytes"], calibration)
    batch_limit = largest_batch(usable, state, per_sample)
    micro_limit = np.where(np.isnan(c["micro_batch"]), batch_limit, c["micro_batch"])
    micro_batches = np.maximum(np.ceil(per_replica / np.maximum(micro_limit, 1.0)), 1.0)
    micro_batch = np.ceil(per_replica / micro_batches)
    needed = state + per_sample * micro_batch
    short = np.maximum(needed - usable, 0.0)
    fits = short == 0.0

    optimizer_bytes = optimizer_bytes_moved(model.dense_parameters, job.optimizer)
    shares: dict[str, Any] = {}
    if not split.is_plain:
        optimizer_bytes = optimizer_bytes / (
            model_ranks * np.where(split.sharding > 0, split.replicas, 1.0)
        )
        shares = {
            "kernel_share": 1.0 / split.pipeline,
            "matrix_share": 1.0 / model_ranks,
            "memory_share": split.elementwise_share(model),
        }
    device = device_seconds(
        model,
        samples=per_replica,
        micro_batches=micro_batches,
        peak_flops=c["peak_flops"],
        efficiency=matrix_efficiency(model.matrix_kind, c["format_code"], calibration),
        memory_bytes_per_second=c["memory_bytes_per_second"],
        element_bytes=c["element_bytes"],
        optimizer_bytes=optimizer_bytes,
        recompute=job.recompute,
        calibration=calibration,
        **shares,
    )
    fabric = Fabric(
        ranks_per_node=per_node,
        nodes=c["nodes"],
        link_bytes_per_second=c["link_bytes_per_second"],
        network_bytes_per_second=c["network_bytes_per_second"],
        link_is_pcie=c["link_is_pcie"],
        switch_reduces=c["switch_reduces"],
    )
    exchange = exchange_seconds(
        model,
        samples=per_replica,
        micro_batch=micro_batch,
        micro_batches=micro_batches,
        element_bytes=c["element_bytes"],
        fabric=fabric,
        split=split,
        recompute=job.recompute,
        torus_dimensions=c["torus_dimensions"],
        torus_wraps=c["torus_wraps"],
        calibration=calibration,
    )
    busy_passes = device.passes + exchange.tensor
    # A host that cannot launch as fast as kernels end lets the accelerator wait.
    waits = np.maximum(device.host + exchange.host - busy_passes, 0.0)
    passes = busy_passes + waits
    hidden_behind = passes / micro_batches * (0.75 if job.recompute == "full" else 2.0 / 3.0)
    if not split.is_plain:
        hidden_behind = np.where(split.sharding == 3, passes, hidden_behind)
    exposed = np.maximum(exchange.replicas - calibration.overlap_fraction * hidden_behind, 0.0)
    exposed = exposed + exchange.lookups + exchange.tensor + exchange.stages

    idle = 0.0
    if not split.is_plain:
        idle = split.idle_seconds(passes, device.head, micro_batches)
    compute = device.passes + device.optimizer + waits + idle
    straggler = 1.0 + calibration.straggler_variation * np.sqrt(2.0 * np.log(accelerators))
    fixed = (
        calibration.step_overhead_seconds + micro_batches * calibration.micro_batch_overhead_seconds
    )
    overhead = fixed + (straggler - 1.0) * (compute + exposed + fixed)
    samples_per_node = c["global_batch"] / c["nodes"]
    reading = storage_seconds(samples_per_node, job.sample_bytes, c["storage_bytes_per_second"])
    decoding = decode_seconds(
        samples_per_node,
        decode_seconds_per_sample(job.decode, job.sample_bytes, calibration),
        c["vcpus_per_node"],
    )
    busy = compute + exposed + overhead
    step = np.where(fits, np.maximum(np.maximum(busy, reading), decoding), np.nan)
    return {
        "fits": fits,
        "memory_needed_bytes": needed,
        "memory_short_bytes": short,
        "per_device_batch": per_replica,
        "micro_batch": micro_batch,
        "micro_batches": micro_batches,
        "compute_seconds": compute,
        "communication_seconds": exchange.total,
        "communication_exposed_seconds": exposed,
        "overhead_seconds": overhead,
        "storage_seconds": reading,
        "decode_seconds": decoding,
        "step_seconds": step,
        "throughput_samples_per_second": c["global_batch"] / step,
        "bottleneck": bottleneck_codes(
            (
                device.matrix,
                device.memory + device.optimizer,
                device.launch + overhead + waits + idle,
                exposed,
            ),
            busy,
            reading,
            decoding,
            fits | np.isnan(short),
            step,
        ),
    }
