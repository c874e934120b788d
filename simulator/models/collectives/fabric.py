"""What joins the ranks of a group: how many they are, which links, which NICs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.models.calibration import Calibration

# A ring of the hybrid cube mesh of eight V100 (DGX-1, p3.16xlarge), in links of six, by the
# ranks 0 to n - 1 in it: Hamiltonian cycles of the mesh, two for each, one a direction. No
# ring closes over five; their 1.5 links are the bus bandwidth of vTrain's timings.
_MESH_LINKS = np.array([6.0, 6.0, 1.0, 2.0, 4.0, 1.5, 2.0, 4.0, 6.0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Interconnect:
    """What is known of a kind of link or NIC, in multiples of the calibration's parameters.

    Each a number or an array; 1 where the kind was not measured.
    """

    link_efficiency: Any = 1.0
    switch_efficiency: Any = 1.0
    """Of switches that reduce, beyond ``link_efficiency``."""
    network_latency: Any = 1.0
    network_efficiency: Any = 1.0


GENERIC = Interconnect()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """What joins the ranks of one group, each field a number or an array.

    ``ranks_per_node`` and ``nodes`` are the group's own: a tensor-parallel group inside a node
    has ``ranks_per_node`` = its degree and one node; a data-parallel group of one rank a node
    has ``ranks_per_node`` 1. ``link_bytes_per_second`` is of one accelerator to its peers in
    the node, in one direction, all links together; ``network_bytes_per_second`` of one node
    in one direction, all NICs together. ``switch_reduces`` is true from NVLink 4 on.

    ``groups_per_node`` says how many groups like this one use the NICs of a node at the same
    time: each has its share of their bandwidth. Eight tensor-parallel ranks a node whose
    data-parallel groups all reduce at once are eight groups a node. Links are not divided,
    since every rank has its own. Where each accelerator has NICs of its own and cannot reach
    the others', give the accelerators of the node even if only one of them sends.
    """

    ranks_per_node: Any
    nodes: Any
    link_bytes_per_second: Any
    network_bytes_per_second: Any
    link_is_pcie: Any = False
    switch_reduces: Any = False
    groups_per_node: Any = 1
    interconnect: Interconnect = GENERIC

    def link_rate(self, calibration: Calibration) -> Any:
        """What a ring over the links carries in the best case, bytes per second."""
        linked = np.minimum(calibration.link_efficiency * self.interconnect.link_efficiency, 1.0)
        if np.any(self.link_is_pcie):
            linked = np.where(self.link_is_pcie, calibration.pcie_efficiency, linked)
        return self.link_bytes_per_second * linked

    def network_rate(self, calibration: Calibration) -> Any:
        """What a ring through this group's share of the NICs carries, bytes per second."""
        efficiency = np.minimum(
            calibration.network_efficiency * self.interconnect.network_efficiency, 1.0
        )
        return self.network_bytes_per_second * (efficiency / self.groups_per_node)

    def network_hop_seconds(self, calibration: Calibration) -> Any:
        """Latency of one hop between nodes by the low-latency protocol."""
        return calibration.network_latency_seconds * self.interconnect.network_latency


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


def hybrid_mesh_share(ranks: Any) -> Any:
    """Fraction of a V100's links that a ring over the first ``ranks`` of eight can use.

    For boards without switches (p3, DGX-1); multiply ``link_bytes_per_second`` by it.
    """
    shares = _MESH_LINKS[np.clip(np.asarray(ranks), 0, 8).astype(np.intp)] / 6.0
    return shares if shares.ndim else float(shares)
