"""Published nccl-tests all-reduce timings beside the all-reduce model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulator.models import Calibration
from simulator.models.collectives import Fabric, all_reduce_factor, all_reduce_seconds

# Link rate of one accelerator and NIC rate of one node, bytes per second in one direction;
# NaN where all ranks are in one node. Platforms of unknown hardware are left out.
_PLATFORMS = {
    "p5.48xlarge": (450e9, 400e9),
    "p4de.24xlarge": (300e9, 50e9),
    "a3-megagpu-8g": (450e9, 200e9),
    "ABCI": (300e9, 100e9),
    "BM.GPU4.8": (300e9, np.nan),
    "A100 node (OCI": (300e9, 200e9),
    "A100 single node": (300e9, np.nan),
    "V100 single node": (150e9, np.nan),
}
# Boards of V100 link 2 to 6 ranks unevenly, which the model does not know.
_FULL_V100_RANKS = 7
_REDUCING_LINK_BYTES_PER_SECOND = 450e9


@dataclass(frozen=True, slots=True)
class AllReduces:
    """Columns of timings: sizes, ranks, hardware, and the measured seconds."""

    size_bytes: NDArray[np.float64]
    ranks_per_node: NDArray[np.float64]
    nodes: NDArray[np.float64]
    link_bytes_per_second: NDArray[np.float64]
    network_bytes_per_second: NDArray[np.float64]
    measured_seconds: NDArray[np.float64]
    held_out: NDArray[np.bool_]

    def predict(self, calibration: Calibration) -> NDArray[np.float64]:
        """Predicted seconds."""
        fabric = Fabric(
            ranks_per_node=self.ranks_per_node,
            nodes=self.nodes,
            link_bytes_per_second=self.link_bytes_per_second,
            network_bytes_per_second=self.network_bytes_per_second,
            switch_reduces=self.link_bytes_per_second >= _REDUCING_LINK_BYTES_PER_SECOND,
        )
        seconds: NDArray[np.float64] = all_reduce_seconds(self.size_bytes, fabric, calibration)
        return seconds

    def bandwidth_only_seconds(self) -> NDArray[np.float64]:
        """The baseline: bytes over the slowest rate, nothing else."""
        links = all_reduce_factor(self.ranks_per_node) / self.link_bytes_per_second
        nics = np.nan_to_num(all_reduce_factor(self.nodes) / self.network_bytes_per_second)
        seconds: NDArray[np.float64] = self.size_bytes * np.maximum(links, nics)
        return seconds


def read_all_reduces(data: Path) -> AllReduces:
    """Timings of all-reduces on platforms whose link and NIC rates are known."""
    table = pd.read_csv(data / "training" / "collectives.csv")
    table = table[(table["collective"] == "all_reduce") & (table["size_bytes"] > 0)]
    rates = table["platform"].map(_rates)
    uneven = table["platform"].str.contains("V100 single") & (table["ranks"] < _FULL_V100_RANKS)
    kept = rates.notna() & ~uneven
    table, rates = table[kept], rates[kept]
    names = table["platform"] + table["size_bytes"].astype(str) + table["ranks"].astype(str)
    return AllReduces(
        size_bytes=table["size_bytes"].to_numpy(float),
        ranks_per_node=(table["ranks"] / table["nodes"]).to_numpy(float),
        nodes=table["nodes"].to_numpy(float),
        link_bytes_per_second=np.array([link for link, _ in rates]),
        network_bytes_per_second=np.array([network for _, network in rates]),
        measured_seconds=table["time_us"].to_numpy(float) * 1e-6,
        held_out=np.array([crc32(name.encode()) % 2 == 1 for name in names]),
    )


def _rates(platform: str) -> tuple[float, float] | None:
    return next((rates for key, rates in _PLATFORMS.items() if key in platform), None)
