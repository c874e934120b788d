"""Published nccl-tests timings, each with the hardware that they are of.

A platform whose hardware is not known is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulator.models import Calibration
from simulator.models.collectives import (
    Fabric,
    all_reduce_factor,
    hybrid_mesh_share,
    interconnect_of,
    switch_reduces,
)
from simulator.models.collectives.fit import COLLECTIVES, Collective, Timings

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a platform of the table is: its machine, kinds, and rates in one direction."""

    machine: str
    link_kind: str
    link_bytes_per_second: float
    network_kind: str = "generic"
    network_bytes_per_second: float = np.nan


# By a part of the platform's name. Rates are nominal, of one accelerator and of one node.
_HARDWARE = {
    "p5.48xlarge": Hardware("p5", "nvlink4", 450e9, "efa-2", 400e9),
    "p4de.24xlarge": Hardware("p4de", "nvlink3", 300e9, "efa", 50e9),
    "a3-megagpu-8g": Hardware("a3-mega", "nvlink4", 450e9, "gpudirect-tcpxo", 200e9),
    "ABCI": Hardware("ABCI A100", "nvlink3", 300e9, "infiniband-sharp", 100e9),
    "A100 node (OCI": Hardware("OCI A100", "nvlink3", 300e9, "roce", 200e9),
    "BM.GPU4.8": Hardware("OCI A100", "nvlink3", 300e9),
    "BM.GPU3.8": Hardware("OCI V100", "nvlink2", 150e9),
    "A100 single node": Hardware("vTrain A100", "nvlink3", 300e9),
    "V100 single node": Hardware("vTrain V100", "nvlink2", 150e9),
    # One accelerator a node: no link is used.
    "koordinator": Hardware("koordinator", "generic", np.nan, "roce", 3.125e9),
    "MI-series": Hardware("MI300", "xgmi", 448e9),
    "8xA100 (li-plus)": Hardware("li-plus A100", "nvlink3", 300e9),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """The timings of one collective on one platform, by rising size."""

    platform: str
    hardware: Hardware
    timings: Timings

    @property
    def rows(self) -> int:
        """How many sizes were measured."""
        return self.timings.size_bytes.size

    def half(self, first: int) -> Measured:
        """Every second size from the first (0) or second (1) on."""
        kept = Timings(
            self.timings.collective,
            self.timings.fabric,
            self.timings.size_bytes[first::2],
            self.timings.seconds[first::2],
        )
        return Measured(self.platform, self.hardware, kept)

    def errors(self, calibration: Calibration) -> Floats:
        """Predicted over measured less 1, of every size."""
        return self.timings.predict(calibration) / self.timings.seconds - 1.0

    def bandwidth_seconds(self) -> Floats:
        """The baseline: bytes over the slowest rate, nothing else."""
        fabric, collective = self.timings.fabric, self.timings.collective
        if collective == "sendrecv":
            per_byte = 1.0 / fabric.link_bytes_per_second
        else:
            rounds = 1.0 if collective == "all_reduce" else 0.5
            links = rounds * all_reduce_factor(fabric.ranks_per_node) / fabric.link_bytes_per_second
            nics = rounds * all_reduce_factor(fabric.nodes) / fabric.network_bytes_per_second
            per_byte = np.fmax(links, nics)
        seconds: Floats = self.timings.size_bytes * per_byte
        return seconds

    def baseline_errors(self) -> Floats:
        """Baseline over measured less 1, of every size."""
        return self.bandwidth_seconds() / self.timings.seconds - 1.0


def read_measured(data: Path) -> list[Measured]:
    """Every platform whose links and NICs are known."""
    table = pd.read_csv(data / "training" / "collectives.csv")
    table = table[(table["size_bytes"] > 0) & table["collective"].isin(list(COLLECTIVES))]
    found = []
    for _, rows in table.groupby(["platform", "collective"], sort=False):
        platform = str(rows["platform"].iloc[0])
        hardware = next((each for key, each in _HARDWARE.items() if key in platform), None)
        if hardware is None:
            continue
        collective: Collective = rows["collective"].iloc[0]
        rows = rows.sort_values("size_bytes")
        nodes = float(rows["nodes"].iloc[0])
        ranks = float(rows["ranks"].iloc[0]) / nodes
        mesh = hybrid_mesh_share(ranks) if hardware.link_kind == "nvlink2" else 1.0
        fabric = Fabric(
            ranks_per_node=ranks,
            nodes=nodes,
            link_bytes_per_second=hardware.link_bytes_per_second * mesh,
            network_bytes_per_second=hardware.network_bytes_per_second,
            switch_reduces=switch_reduces(hardware.link_kind),
            interconnect=interconnect_of(hardware.link_kind, hardware.network_kind),
        )
        sizes = rows["size_bytes"].to_numpy(float)
        seconds = rows["time_us"].to_numpy(float) * 1e-6
        found.append(Measured(platform, hardware, Timings(collective, fabric, sizes, seconds)))
    return found
