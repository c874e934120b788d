"""What splitting a model over accelerators costs: tensor, pipeline and sharded data parallelism.

**Tensor**: every layer all-reduces its activations twice in the forward and twice in the
backward pass, and twice more where it is computed again; sequence parallelism reduces and
gathers the same bytes (Shoeybi et al., "Megatron-LM", 2019; Korthikanti et al., "Reducing
Activation Recomputation in Large Transformer Models", 2022).

**Pipeline**: of ``m`` micro batches through ``p`` stages, each cut into ``v`` parts, the
accelerators idle ``(p - 1) / (v m)`` of the busy time; the last stage also makes the logits
(Narayanan et al., "Efficient Large-Scale Language Model Training on GPU Clusters", 2021).

**Sharding**: stages 1 and 2 reduce-scatter gradients and gather weights, which are the bytes of
an all-reduce; stage 3 gathers the weights for each pass of each micro batch (Rajbhandari et
al., "ZeRO", 2020; Zhao et al., "PyTorch FSDP", 2023).

Ranks are laid out as Megatron-LM does: tensor groups are neighbours, then data groups, then
the stages of the pipeline.

Where it is wrong: layers that do not divide evenly by the stages, all-reduces that overlap
with matrix work, expert parallelism, and context parallelism are not in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from domain.model_facts import ModelFacts
from simulator.models.calibration import Calibration
from simulator.models.collectives import (
    Fabric,
    all_gather_seconds,
    all_reduce_seconds,
    point_to_point_seconds,
    reduce_scatter_seconds,
)
from simulator.models.compute import Values

Recompute = Literal["none", "selective", "full"]
SHARDINGS: Final = ("none", "zero1", "zero2", "zero3")
"""What replicas share out instead of each keeping all: nothing; optimizer states; gradients
too; weights too. An index of it is the code that vectorised models take."""

# Norms, residual sums and dropout, which a tensor group repeats unless it splits the sequence:
# 10 of the 26 passes over the hidden state that a layer makes (``count_transformer``).
REPEATED_SHARE: Final = 10.0 / 26.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Over how many accelerators a replica is split, and what the replicas share.

    ``replicas`` is the data-parallel degree, ``sharding`` an index of ``SHARDINGS``.
    """

    tensor: Any = 1
    pipeline: Any = 1
    interleave: Any = 1
    sequence: Any = False
    sharding: Any = 0
    replicas: Any = 1

    @property
    def is_plain(self) -> bool:
        """Whether nothing is split: plain data parallelism."""
        return all(
            np.ndim(each) == 0 and each == plain
            for each, plain in ((self.tensor, 1), (self.pipeline, 1), (self.sharding, 0))
        )

    def elementwise_share(self, model: ModelFacts) -> Any:
        """The part of the memory-bound work that one accelerator of a replica does."""
        scores = model.score_elements_per_sample / max(model.elementwise_elements_per_sample, 1.0)
        repeated = np.where(self.sequence, 0.0, REPEATED_SHARE)
        rest = repeated + (1.0 - repeated) / self.tensor
        return (scores / self.tensor + (1.0 - scores) * rest) / self.pipeline

    def idle_seconds(self, passes: Values, head: Values, micro_batches: Values) -> Any:
        """What the slowest accelerator of a pipeline waits and works more than an average one.

        Args:
            passes: seconds of all micro batches on an average accelerator.
            head: the part of it for logits, which the last stage makes alone.
            micro_batches: through the pipeline in one step.
        """
        bubble = (passes - head) / (self.interleave * micro_batches)
        return (self.pipeline - 1.0) * (head + bubble)


def groups(fabric: Fabric, split: Split) -> tuple[Fabric, Fabric, Any]:
    """The fabrics of a tensor group and of a data group, and whether stages share a node."""
    per_node, nodes = fabric.ranks_per_node, fabric.nodes
    inside = np.minimum(split.tensor, per_node)
    tensor = _over(fabric, inside, np.maximum(split.tensor / inside, 1.0), per_node / inside)
    beside = np.clip(per_node / split.tensor, 1.0, split.replicas)
    data = _over(fabric, beside, np.maximum(split.replicas / beside, 1.0), per_node / beside)
    alone = (nodes == 1) | (split.tensor * split.replicas < per_node)
    return tensor, data, alone


def _over(fabric: Fabric, ranks: Any, nodes: Any, groups_per_node: Any) -> Fabric:
    return replace(fabric, ranks_per_node=ranks, nodes=nodes, groups_per_node=groups_per_node)


def tensor_collectives(
    model: ModelFacts, split: Split, micro_batches: Values, recompute: Recompute
) -> Any:
    """All-reduces of a tensor group in one step."""
    times = 6.0 if recompute == "full" else 4.0
    each = micro_batches * times * model.layers / split.pipeline
    return np.where(split.tensor > 1, each, 0.0)


def tensor_seconds(
    model: ModelFacts,
    group: Fabric,
    split: Split,
    *,
    micro_batch: Values,
    micro_batches: Values,
    element_bytes: Values,
    recompute: Recompute,
    calibration: Calibration,
) -> Any:
    """Seconds in which one accelerator exchanges activations with its tensor group in a step."""
    if not model.width:
        return 0.0
    size = micro_batch * (model.sequence * model.width) * element_bytes
    once = all_reduce_seconds(size, group, calibration)
    return once * tensor_collectives(model, split, micro_batches, recompute)


def pipeline_seconds(
    model: ModelFacts,
    fabric: Fabric,
    split: Split,
    stages_share_node: Any,
    *,
    micro_batch: Values,
    micro_batches: Values,
    element_bytes: Values,
    calibration: Calibration,
) -> Any:
    """Seconds in which a stage hands activations on and gradients back in a step."""
    if not model.width:
        return 0.0
    size = micro_batch * (model.sequence * model.width) * element_bytes
    size = size / np.where(split.sequence, split.tensor, 1.0)
    pair = _over(
        fabric,
        np.where(stages_share_node, 2.0, 1.0),
        np.where(stages_share_node, 1.0, 2.0),
        fabric.ranks_per_node,
    )
    hop = point_to_point_seconds(size, pair, calibration) + calibration.pipeline_hop_seconds
    hops = 2.0 * split.interleave * (micro_batches + split.pipeline - 1.0)
    return np.where(split.pipeline > 1, hops * hop, 0.0)


def sharded_exchange_seconds(
    model: ModelFacts,
    group: Fabric,
    split: Split,
    *,
    micro_batches: Values,
    element_bytes: Values,
    recompute: Recompute,
    calibration: Calibration,
) -> Any:
    """Seconds in which replicas exchange gradients, and weights where they are shared out."""
    share = 1.0 / (split.tensor * split.pipeline)
    gradients = model.gradient_bytes(1.0) * element_bytes * share
    weights = model.dense_parameters * element_bytes * share
    plain = all_reduce_seconds(gradients, group, calibration)
    scatter = reduce_scatter_seconds(gradients, group, calibration)
    gather = all_gather_seconds(weights, group, calibration)
    passes = 3.0 if recompute == "full" else 2.0
    # Gradients of stage 3 leave after every micro batch, since nobody keeps them whole.
    whole = micro_batches * (passes * gather + scatter)
    seconds = np.where(
        split.sharding == 3, whole, np.where(split.sharding > 0, scatter + gather, plain)
    )
    return np.where(split.replicas > 1, seconds, 0.0)
