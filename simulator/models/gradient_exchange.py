"""What data-parallel replicas send each other in one step.

Every replica's dense gradients are all-reduced. Rows of embedding tables live on one
accelerator each: looked-up rows go to the replicas that asked in the forward pass, their
gradients come back in the backward pass, both all-to-all (Naumov et al., 2019).
"""

from __future__ import annotations

from dataclasses import replace
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


def exchange_seconds(
    model: ModelFacts,
    *,
    samples: Values,
    element_bytes: Values,
    fabric: Fabric,
    torus_dimensions: Any,
    torus_wraps: Any,
    calibration: Calibration,
) -> tuple[Any, Any]:
    """Seconds of the gradient all-reduce, and of the exchange of embedding rows.

    ``samples`` is what one accelerator works through in the step; ``torus_dimensions`` is 0
    where the fabric is links inside nodes and NICs between them; else a node is a slice.
    """
    gradients = model.gradient_bytes(1.0) * element_bytes
    rows = samples * model.lookup_elements_per_sample * element_bytes
    looks_up = model.lookup_elements_per_sample > 0
    reduced = all_reduce_seconds(gradients, fabric, calibration)
    exchanged: Any = 2.0 * all_to_all_seconds(rows, fabric, calibration) if looks_up else 0.0

    on_torus = torus_dimensions > 0
    if not np.any(on_torus):
        return reduced, exchanged
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
    return np.where(on_torus, inside + between, reduced), exchanged
