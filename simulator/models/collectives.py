"""Time of collective communication.

``t = α · log2 n + γ · √S + c(n) · S / B``: latency, a ramp of pipelines that fill (fitted to
nccl-tests), and bandwidth with ``c = 2 (n - 1) / n`` for all-reduce and ``(n - 1) / n`` for
all-gather, reduce-scatter and all-to-all (Thakur, Rabenseifner and Gropp, 2005). ``S`` is the
size of one rank's buffer in bytes.

Across nodes the all-reduce is hierarchical: every node reduces inside, the nodes exchange
through their NICs, every node gathers inside. NCCL runs the stages as one pipeline, so the
slower of links and NICs sets the bandwidth term and the latencies add up.

Switches that add up what passes (NVLink SHARP, from NVLink 4 on) make each rank send its
buffer once and receive the sum once: ``c = (n + 1) / n`` (Klenk et al., "An In-Network
Architecture for Accelerating Shared-Memory Multiprocessor Collectives", 2020).

Where it is wrong: reduction inside InfiniBand switches, links that form no full mesh (V100
boards with 2 to 6 ranks), congestion by other tenants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.models.calibration import Calibration
from simulator.models.compute import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """What joins the accelerators of a job.

    ``link_bytes_per_second`` is of one accelerator to its peers in the node, in one
    direction, all links together; ``network_bytes_per_second`` of one node in one
    direction, all NICs together. ``switch_reduces`` is true from NVLink 4 on.
    """

    ranks_per_node: Any
    nodes: Any
    link_bytes_per_second: Any
    network_bytes_per_second: Any
    link_is_pcie: Any = False
    switch_reduces: Any = False

    def link_rate(self, calibration: Calibration) -> Any:
        """What the links inside a node carry in the best case, bytes per second."""
        return self.link_bytes_per_second * np.where(
            self.link_is_pcie, calibration.pcie_efficiency, calibration.link_efficiency
        )

    def network_rate(self, calibration: Calibration) -> Any:
        """What the NICs of a node carry in the best case, bytes per second."""
        return self.network_bytes_per_second * calibration.network_efficiency

    def latency(self, calibration: Calibration) -> Any:
        """Seconds of an exchange of nothing."""
        return calibration.link_latency_seconds * np.log2(
            self.ranks_per_node
        ) + calibration.network_latency_seconds * np.log2(self.nodes)


_TORUS_DIMENSIONS = {"ici-2d-torus": 2, "ici-3d-torus": 3}
# Slices with whole rings: from 4×4×4 chips on v4 and v5p, from 16×16 on v5e and v6e
# (Google Cloud, TPU v4, v5e and v6e system architecture, recalled).
_WRAPPED_FROM_CHIPS = {2: 256, 3: 64}


def torus_of(link_kind: str, chips: float) -> tuple[int, bool]:
    """Dimensions of the torus that ``chips`` chips form, 0 where none, and whether it wraps."""
    dimensions = _TORUS_DIMENSIONS.get(link_kind, 0)
    return dimensions, chips >= _WRAPPED_FROM_CHIPS.get(dimensions, 0)


def switch_reduces(link_kind: str) -> bool:
    """Whether the switches of a node add up what passes through them: from NVLink 4 on."""
    return link_kind in ("nvlink4", "nvlink5")


def all_reduce_factor(ranks: Values) -> Values:
    """Times the buffer that each rank sends, ``2 (n - 1) / n``."""
    return 2.0 * (ranks - 1.0) / ranks


def all_reduce_seconds(size_bytes: Values, fabric: Fabric, calibration: Calibration) -> Any:
    """Seconds of one all-reduce of ``size_bytes`` over all accelerators."""
    ranks, nodes = fabric.ranks_per_node, fabric.nodes
    ramp = np.sqrt(size_bytes) * (
        np.where(ranks > 1, calibration.link_ramp_seconds_per_root_byte, 0.0)
        + np.where(nodes > 1, calibration.network_ramp_seconds_per_root_byte, 0.0)
    )
    ring = all_reduce_factor(ranks)
    once = np.minimum(ring, (ranks + 1.0) / ranks)
    links = _share(
        np.where(fabric.switch_reduces, once, ring) * size_bytes, fabric.link_rate(calibration)
    )
    nics = _share(all_reduce_factor(nodes) * size_bytes, fabric.network_rate(calibration))
    return fabric.latency(calibration) + ramp + np.maximum(links, nics)


def all_to_all_seconds(size_bytes: Values, fabric: Fabric, calibration: Calibration) -> Any:
    """Seconds in which every rank sends ``size_bytes``, an equal part to each rank."""
    ranks, nodes = fabric.ranks_per_node, fabric.nodes
    stays = size_bytes * (ranks - 1.0) / (ranks * nodes)
    leaves = size_bytes * ranks * (nodes - 1.0) / nodes
    links = _share(stays, fabric.link_rate(calibration))
    nics = _share(leaves, fabric.network_rate(calibration))
    return fabric.latency(calibration) + np.maximum(links, nics)


def torus_all_reduce_seconds(
    size_bytes: Values,
    *,
    chips: Values,
    dimensions: Values,
    wraps: Any,
    link_bytes_per_second: Values,
    calibration: Calibration,
) -> Any:
    """Seconds of one all-reduce over a slice whose links form a mesh or a torus.

    The buffer is cut so that the rings of all dimensions work at once, in both directions:
    the bandwidth is the sum of one chip's links; a mesh that does not wrap around has half
    of it (Austin et al., "How to Scale Your Model", 2025). Latency counts the hops around
    each dimension of a cube, once to reduce and once to gather. ``link_bytes_per_second`` is
    one chip's, one direction, all links together.
    """
    hops = dimensions * chips ** (1.0 / dimensions)
    rate = link_bytes_per_second * calibration.torus_efficiency * np.where(wraps, 1.0, 0.5)
    bandwidth = _share(all_reduce_factor(chips) * size_bytes, rate)
    latency = np.where(chips > 1, 2.0 * hops * calibration.torus_hop_seconds, 0.0)
    return latency + bandwidth


def _share(sent_bytes: Values, rate: Any) -> Any:
    """Seconds to send, 0 when there is nothing to send whatever the rate (unknown, none)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(sent_bytes) > 0, sent_bytes / rate, 0.0)
