"""Parameters of the closed forms from probes of a host: minutes, where runs take hours.

Products and convolutions are fitted with what the closed forms say of a kernel,
``t_launch + (F + F0) / (peak · e)``: one efficiency for each kind and format, one ramp ``F0`` for
all; memory by the largest copies, which no cache holds; all-reduces by the closed form itself.
Residuals are logarithms, so that small kernels count as much as large ones.

Where it is wrong: a probe runs one kernel again and again on data that are hot in caches, and
training mixes many shapes; efficiencies are at the upper end of what a run attains.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from domain.catalog import Accelerator
from domain.probe import (
    AllReduceProbe,
    ConvolutionProbe,
    MatmulProbe,
    Probes,
    StorageProbe,
    undisturbed,
)
from simulator.models.calibration import Calibration
from simulator.models.collectives import Fabric, all_reduce_seconds

Floats = NDArray[np.float64]

_SUFFIXES = {"fp32": "fp32", "tf32": "tf32", "fp16": "16bit", "bf16": "16bit", "fp8": "8bit"}
_LEAST_RAMP_SECONDS = 1e-9


def pooled(probes: Sequence[Probes]) -> Probes:
    """Several probings of one accelerator as one: all rows, and the medians of single figures.

    A machine that others use is slow one minute and fast the next; what they took is taken off.
    """
    probes = [undisturbed(each) for each in probes]

    def middle(name: str) -> float | None:
        told = [getattr(each, name) for each in probes if getattr(each, name) is not None]
        return float(np.median(told)) if told else None

    return Probes(
        machine=probes[0].machine,
        **{
            name: tuple(row for each in probes for row in getattr(each, name))
            for name in ("matmul", "convolution", "memory", "all_reduce", "storage")
        },
        **{
            name: middle(name)
            for name in ("launch_seconds", "host_launch_seconds", "round_trip_seconds")
        },
        versions=probes[0].versions,
        taken_at=max((each.taken_at for each in probes if each.taken_at), default=None),
    )


def fit_probes(probes: Probes, chip: Accelerator, base: Calibration) -> Calibration:
    """The parameters of ``base`` with what probes say of one accelerator in their place."""
    changes: dict[str, Any] = {}
    if probes.launch_seconds:
        changes["kernel_launch_seconds"] = probes.launch_seconds
    if probes.host_launch_seconds:
        # The host asks for a whole step at once, not for each kernel.
        changes["micro_batch_overhead_seconds"] = probes.host_launch_seconds
    launch = changes.get("kernel_launch_seconds", 0.0)
    changes |= _kernels(probes.matmul, probes.convolution, chip, launch)
    memory_rate = probes.memory_bytes_per_second
    if memory_rate and chip.memory_bytes_per_second:
        changes["memory_efficiency"] = min(memory_rate / chip.memory_bytes_per_second, 1.0)
    rates = _network_rate(each for each in probes.all_reduce if each.between == "hosts")
    if rates and chip.network_bytes_per_second:
        latency, rate = rates
        changes |= {
            "network_latency_seconds": latency,
            "network_efficiency": min(rate / chip.network_bytes_per_second, 1.0),
        }
    return replace(base, **changes)


def fit_storage(probes: Probes, base: Calibration) -> Calibration:
    """The parameters of ``base`` with the rates at which storage was read in their place."""
    changes: dict[str, Any] = {}
    local = [each for each in probes.storage if each.kind == "local"]
    remote = [each for each in probes.storage if each.kind != "local"]
    if local:
        changes["local_nvme_bytes_per_second"] = max(map(_rate, local))
    if remote:
        fewest = min(each.parallelism for each in remote)
        alone = [_rate(each) / each.parallelism for each in remote if each.parallelism == fewest]
        each_one = float(np.median(alone))
        changes["connection_bytes_per_second"] = each_one
        best = max(map(_rate, remote))
        changes["connections_per_node"] = max(best / each_one, 1.0)
        waits = [each.first_byte_seconds for each in remote if each.first_byte_seconds]
        if waits:
            changes["first_byte_seconds"] = float(np.median(waits))
    return replace(base, **changes)


def _rate(probe: StorageProbe) -> float:
    """Bytes a second while they flow."""
    flowing = probe.seconds - (probe.first_byte_seconds or 0.0)
    return probe.bytes / (flowing if flowing > 0 else probe.seconds)


def _kernels(
    matmuls: Sequence[MatmulProbe],
    convolutions: Sequence[ConvolutionProbe],
    chip: Accelerator,
    launch_seconds: float,
) -> dict[str, float]:
    """Efficiencies by kind and format, and the ramp."""
    rows = [("gemm", each) for each in matmuls] + [("convolution", each) for each in convolutions]
    known = [(kind, each) for kind, each in rows if each.precision in chip.peak_flops]
    if not known:
        return {}
    names = [f"{kind}_efficiency_{_SUFFIXES[each.precision]}" for kind, each in known]
    distinct = list(dict.fromkeys(names))
    which = np.array([distinct.index(name) for name in names])
    flops = np.array([each.flops for _, each in known])
    peaks = np.array([chip.peak_flops[each.precision] for _, each in known])
    seconds = np.array([each.seconds for _, each in known])

    def predicted(values: Floats) -> Floats:
        ramp, efficiencies = np.exp(values[0]), np.exp(values[1:])[which]
        found: Floats = launch_seconds + ramp + flops / (peaks * efficiencies)
        return found

    best = [float(np.max((flops / peaks / seconds)[which == at])) for at in range(len(distinct))]
    start = np.log([float(np.min(seconds)), *np.minimum(best, 0.95)])
    low = np.array([math.log(_LEAST_RAMP_SECONDS), *[math.log(1e-3)] * len(distinct)])
    high = np.array([math.log(np.max(seconds) + 1e-6), *[0.0] * len(distinct)])

    def errors(values: Floats) -> Floats:
        return np.asarray(np.log(predicted(values) / seconds))

    found = least_squares(
        errors,
        np.clip(start, low + 1e-6, high - 1e-6),
        bounds=(low, high),
        loss="soft_l1",
        f_scale=0.1,
    )
    ramp, *efficiencies = np.exp(found.x).tolist()
    return {"kernel_ramp_seconds": ramp, **dict(zip(distinct, efficiencies, strict=True))}


def _network_rate(probes: Iterable[AllReduceProbe]) -> tuple[float, float] | None:
    """Seconds of a hop and bytes a second between hosts, as all-reduces show them.

    Each rank is taken for a host; protocols of small messages that pay bandwidth for latency
    are those of one vendor's library, and not in it.
    """
    known = list(probes)
    if len(known) < 2:
        return None
    base = Calibration(low_latency_bandwidth_share=1.0, network_efficiency=1.0)
    ranks = np.array([float(each.ranks) for each in known])
    sizes = np.array([each.bytes for each in known])
    seconds = np.array([each.seconds for each in known])

    def predicted(values: Floats) -> Floats:
        latency, rate = np.exp(values).tolist()
        fabric = Fabric(
            ranks_per_node=1.0,
            nodes=ranks,
            link_bytes_per_second=1.0,
            network_bytes_per_second=rate,
        )
        calibration = replace(base, network_latency_seconds=latency)
        found: Floats = np.asarray(all_reduce_seconds(sizes, fabric, calibration))
        return found

    def errors(values: Floats) -> Floats:
        return np.asarray(np.log(predicted(values) / seconds))

    start = np.log([float(np.min(seconds)) / 2.0, float(np.max(sizes / seconds))])
    found = least_squares(errors, start, loss="soft_l1", f_scale=0.1)
    latency, rate = np.exp(found.x).tolist()
    return latency, rate
