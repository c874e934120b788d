"""How the runs of a table lie on their accelerators: nodes, batches, parallel degrees."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.catalog import Accelerator
from domain.model_facts import ModelFacts
from simulator.models.collectives import torus_of
from simulator.models.model_parallel import SHARDINGS, Recompute
from simulator.study.point_columns import combined_codes, spread

Floats = NDArray[np.float64]

_SHARDING_NAMES = {
    "": "none",
    "none": "none",
    "ddp": "none",
    "no_shard": "none",
    "zero1": "zero1",
    "zero2": "zero2",
    "shard_grad_op": "zero2",
    "zero3": "zero3",
    "fsdp": "zero3",
    "full_shard": "zero3",
    "hybrid_shard": "zero3",
}

FILLED = ("global_batch", "per_device_batch", "grad_accum")

LAID_OUT = (
    "accelerators_per_node",
    "nodes",
    "global_batch",
    "micro_batch",
    "torus_dimensions",
    "tensor_parallel",
    "pipeline_parallel",
    "sharding",
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of ``StepInputs`` by name, and which rows cannot be laid out, with the reason.

    ``trays`` are machines whose accelerators links join, so that they count as one node.
    """

    columns: dict[str, Floats]
    problems: list[tuple[str, NDArray[np.bool_]]]


def lay_out(
    frame: pd.DataFrame,
    filled: Mapping[str, Floats],
    chips: Mapping[str, Accelerator],
    chip_ids: NDArray[np.object_],
    states: Floats,
    memory: Floats,
) -> Layout:
    """Nodes, batches and parallel degrees of each row, and what cannot be so.

    ``states`` are bytes of weights and optimizer states, NaN where a model cannot be split.
    """

    def number(name: str) -> Floats:
        return frame[name].to_numpy(float, copy=True)

    total, nodes, per_node = map(number, ("total_accelerators", "nodes", "accelerators_per_node"))
    # One row of the published tables counts TensorCores of TPU v3, the catalog chips of two.
    counts_cores = spread(frame["accelerator"], lambda text: "(cores)" in text).astype(bool)
    cores = np.where(counts_cores, 0.5, 1.0)
    nodes = np.where(np.isnan(nodes), np.where(np.isnan(per_node), 1.0, total / per_node), nodes)
    nodes = np.where(np.isnan(nodes), 1.0, np.maximum(nodes, 1.0))
    per_node = np.where(np.isnan(per_node), total / nodes, per_node)
    per_node = np.maximum(np.where(np.isnan(per_node), 1.0, per_node) * cores, 1.0)
    accelerators = np.where(np.isnan(total), per_node * nodes, np.maximum(total * cores, 1.0))
    nodes = np.maximum(accelerators / per_node, 1.0)

    dimensions, wraps = np.zeros(len(frame)), np.ones(len(frame))
    for name, chip in chips.items():
        rows = chip_ids == name
        if torus_of(chip.link_kind, 1)[0]:
            for size in np.unique(accelerators[rows]):
                same = rows & (accelerators == size)
                dimensions[same], wraps[same] = torus_of(chip.link_kind, float(size))
    on_torus = dimensions > 0
    per_node = np.where(on_torus, accelerators, per_node)
    nodes = np.where(on_torus, 1.0, nodes)

    trays = np.ones(len(frame))
    for name, size in _LINK_DOMAINS.items():
        rows = chip_ids == name
        trays[rows] = np.maximum(np.minimum(accelerators, size)[rows] / per_node[rows], 1.0)
    in_machine = per_node
    per_node, nodes = per_node * trays, np.maximum(nodes / trays, 1.0)

    tensor, stages, replicas = (number(name) for name in ("tp", "pp", "dp"))
    tensor, stages = (np.where(np.isnan(each), 1.0, each) for each in (tensor, stages))
    unsaid = np.isnan(number("tp")) & np.isnan(number("pp")) & np.isnan(replicas) & ~on_torus
    unsaid &= ~np.isnan(states) & (frame["sharding"] == "").to_numpy()
    tensor, stages = _implied_split(
        unsaid, tensor, stages, accelerators, in_machine, filled["global_batch"], states / memory
    )
    replicas = np.where(np.isnan(replicas), accelerators / (tensor * stages), replicas)
    impossible = np.abs(tensor * stages * replicas - accelerators) > 0.5

    batch, device, parts = (filled[name] for name in FILLED)
    counted = np.where(np.isnan(parts), 1.0, parts)
    whole = np.where(np.isnan(batch), device * replicas * counted, batch)
    per_replica = whole / replicas
    is_mlperf = spread(frame["group"], lambda text: text.startswith("MLPerf")).astype(bool)
    micro = np.where(is_mlperf | np.isnan(device), per_replica / counted, device)
    micro = np.minimum(np.maximum(micro, 1.0), np.maximum(per_replica, 1.0))
    unknown = np.isnan(whole)
    codes = spread(frame["sharding"], _sharding_code).astype(float)
    return Layout(
        {
            "accelerators_per_node": per_node,
            "nodes": nodes,
            "global_batch": whole,
            "micro_batch": micro,
            "torus_dimensions": dimensions,
            "torus_wraps": wraps,
            "tensor_parallel": tensor,
            "pipeline_parallel": stages,
            "sharding": np.nan_to_num(codes),
            "trays": trays,
        },
        [
            ("tp · pp · dp is not the number of accelerators", impossible),
            ("neither global_batch nor per_device_batch is given", unknown),
            ("no such way of sharding", np.isnan(codes)),
        ],
    )


# Accelerators that links join across machines, as if they were one (NVIDIA, GB200 NVL72).
_LINK_DOMAINS = {"gb200": 72}


def _sharding_code(text: str) -> float:
    name = _SHARDING_NAMES.get(text.lower())
    return math.nan if name is None else float(SHARDINGS.index(name))


# Of its memory that an accelerator can give to states, where it holds activations as well.
_STATE_SHARE = 0.7


def state_bytes_of(facts: ModelFacts) -> float:
    """Bytes of weights and of Adam's states, 16 a parameter; NaN where no layers can be split."""
    if not facts.width:
        return math.nan
    return 16.0 * facts.trained_parameters + 2.0 * facts.frozen_parameters


def _implied_split(
    unsaid: NDArray[np.bool_],
    tensor: Floats,
    stages: Floats,
    accelerators: Floats,
    per_node: Floats,
    batch: Floats,
    memories: Floats,
) -> tuple[Floats, Floats]:
    """Tensor and pipeline degrees where a row tells none although it must have some.

    A replica takes the fewest accelerators, a power of two, that hold its states and leave
    each replica a sample; tensor groups fill a machine before there are stages.
    """
    at_least = np.maximum(
        memories / _STATE_SHARE, accelerators / np.where(batch > 0, batch, np.inf)
    )
    wanted = np.exp2(np.ceil(np.log2(np.maximum(np.nan_to_num(at_least, nan=1.0), 1.0))))
    wanted = np.minimum(wanted, np.exp2(np.floor(np.log2(accelerators))))
    inside = np.minimum(wanted, np.exp2(np.floor(np.log2(per_node))))
    return (
        np.where(unsaid, inside, tensor),
        np.where(unsaid, np.maximum(wanted / inside, 1.0), stages),
    )


def variants_of(notes: pd.Series[Any]) -> NDArray[np.object_]:
    """What notes say of the software and the system that ran, and no word of results."""
    return spread(notes, _variant_of)


_VARIANTS = tuple(map(re.compile, (r"XLA=(\w+)", r"heading: [^:|]*: ?([^|]*)", r"system=([^;]*)")))

# One vendor's system with two and with eight nodes is one variant.
_SYSTEM_SIZE = re.compile(r"\d+x|_n\d+|\d+nodes?")


def _variant_of(note: str) -> str:
    found = [pattern.search(note) for pattern in _VARIANTS]
    software, heading, system = (each[1] if each else "" for each in found)
    return f"{software}/{heading}/{_SYSTEM_SIZE.sub('', system)}"


def shapes_of(frame: pd.DataFrame, micro_batch: Floats) -> NDArray[np.object_]:
    """Batch, lengths and switches of a run: what makes it one configuration on any number of
    accelerators."""
    parts = pd.DataFrame(
        {
            "batch": np.round(np.log2(micro_batch), 2),
            **{name: frame[name] for name in ("seq_len", "image_size", "recompute", "sharding")},
        }
    )
    codes = combined_codes(parts, map(str, parts))
    firsts = parts.iloc[np.unique(codes, return_index=True)[1]].astype(object)
    texts = np.empty(len(firsts), dtype=object)
    texts[:] = ["/".join(map(str, row)) for row in firsts.itertuples(index=False)]
    found: NDArray[np.object_] = texts[codes]
    return found


def recomputes_of(column: pd.Series[Any]) -> NDArray[np.object_]:
    """What each run computes again in the backward pass (``model_parallel.Recompute``)."""
    return spread(column, _recompute_of)


def _recompute_of(text: str) -> Recompute:
    lower = text.lower()
    if "selective" in lower:
        return "selective"
    return "none" if lower in ("", "none", "false", "no", "0", "nan") else "full"
