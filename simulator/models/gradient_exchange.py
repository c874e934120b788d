"""What the accelerators of a job send each other in one step.

Replicas reduce their dense gradients, and gather weights where those are shared out. Rows of
embedding tables live on one accelerator each: looked-up rows go to the replicas that asked in
the forward pass, their gradients come back in the backward pass, both all-to-all (Naumov et
al., 2019). What a split model exchanges besides is in ``model_parallel``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from domain.model_facts import ModelFacts
from simulator.models.calibration import Calibration
from simulator.models.collectives import (
    Fabric,
    all_reduce_seconds,
    all_to_all_seconds,
    torus_all_reduce_seconds,
)
from simulator.models.compute import Values
from simulator.models.model_parallel import (
    Recompute,
    Split,
    groups,
    pipeline_seconds,
    sharded_exchange_seconds,
    tensor_collectives,
    tensor_seconds,
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Seconds of each kind of communication in one step."""

    replicas: Any
    lookups: Any = 0.0
    tensor: Any = 0.0
    stages: Any = 0.0
    host: Any = 0.0
    """Of the host, which launches the collectives of a tensor group."""

    @property
    def total(self) -> Any:
        """All of it, hidden or not."""
        return self.replicas + self.lookups + self.tensor + self.stages


def exchange_seconds(
    model: ModelFacts,
    *,
    samples: Values,
    micro_batch: Values,
    micro_batches: Values,
    element_bytes: Values,
    fabric: Fabric,
    split: Split,
    recompute: Recompute,
    torus_dimensions: Any,
    torus_wraps: Any,
    calibration: Calibration,
) -> Exchange:
    """Seconds of every exchange of one step.

    ``samples`` is what one replica works through in the step; ``torus_dimensions`` is 0 where
    the fabric is links inside nodes and NICs between them; else a node is a slice.
    """
    rows = samples * model.lookup_elements_per_sample * element_bytes
    lookups: Any = 0.0
    if model.lookup_elements_per_sample > 0:
        lookups = 2.0 * all_to_all_seconds(rows, fabric, calibration)
    if split.is_plain:
        reduced = _plain_seconds(
            model, element_bytes, fabric, torus_dimensions, torus_wraps, calibration
        )
        return Exchange(reduced, lookups)
    tensor_group, data_group, stages_share_node = groups(fabric, split)
    size: dict[str, Any] = {"micro_batches": micro_batches, "element_bytes": element_bytes}
    within: dict[str, Any] = {**size, "micro_batch": micro_batch, "calibration": calibration}
    replicas = sharded_exchange_seconds(
        model, data_group, split, **size, recompute=recompute, calibration=calibration
    )
    if np.any(torus_dimensions > 0):
        # Slices move the bytes of a plain exchange at the rate of their torus.
        on_links = all_reduce_seconds(
            model.gradient_bytes(1.0) * element_bytes, fabric, calibration
        )
        plain = _plain_seconds(
            model, element_bytes, fabric, torus_dimensions, torus_wraps, calibration
        )
        faster = np.where(on_links > 0, plain / on_links, 1.0)
        replicas = np.where(torus_dimensions > 0, replicas * faster, replicas)
    return Exchange(
        replicas,
        lookups,
        tensor_seconds(model, tensor_group, split, recompute=recompute, **within),
        pipeline_seconds(model, fabric, split, stages_share_node, **within),
        # Every member waits for the host that is last: the larger the group, the later.
        calibration.host_collective_seconds
        * (split.tensor - 1.0)
        * tensor_collectives(model, split, micro_batches, recompute),
    )


def _plain_seconds(
    model: ModelFacts,
    element_bytes: Values,
    fabric: Fabric,
    torus_dimensions: Any,
    torus_wraps: Any,
    calibration: Calibration,
) -> Any:
    """Seconds of the all-reduce of all dense gradients over all accelerators."""
    gradients = model.gradient_bytes(1.0) * element_bytes
    reduced = all_reduce_seconds(gradients, fabric, calibration)
    on_torus = torus_dimensions > 0
    if not np.any(on_torus):
        return reduced
    inside = torus_all_reduce_seconds(
        gradients,
        chips=fabric.ranks_per_node,
        dimensions=np.maximum(torus_dimensions, 1),
        wraps=torus_wraps,
        link_bytes_per_second=fabric.link_bytes_per_second,
        calibration=calibration,
    )
    # Slices reduce inside first; what they exchange then goes through their hosts' NICs.
    between = all_reduce_seconds(gradients, replace(fabric, ranks_per_node=1), calibration)
    return np.where(on_torus, inside + between, reduced)
