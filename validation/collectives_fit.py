"""Fits the defaults of the collective model to one half of the published timings.

Run with ``python -m validation.collectives_fit``: prints the parameters of the calibration
and the rows of ``domain/facts/collectives.csv``. All machines are fitted at once and count
alike: one set of parameters, and for each kind of link and NIC a factor on its efficiency and
latency. What the fit starts from is published, not from these timings:

    launch, hops     NCCL's tuning model (NVIDIA/nccl 2.19, src/graph/tuning.cc): 6.8 µs to
                     start, 0.6 and 3.4 µs a hop over NVLink of its LL and Simple protocols, LL
                     with a quarter of the bandwidth, trees with 0.9 of it; a hop over
                     InfiniBand 5 µs, of Simple 14 µs in a ring and 28 in a tree
    EFA              75 µs a hop (aws/aws-ofi-nccl, src/platform-aws.c)
    efficiencies     SimAI's bus bandwidths (aliyun/SimAI, calbusbw.h): 20 of 25 GB/s a link,
                     23.5 of 25 a NIC, 475 GB/s through the switches of an H100
    filling          theory: 1
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simulator.models import PRIORS, Calibration
from simulator.models.collectives import Interconnect
from simulator.models.collectives.fit import limits, maximum_a_posteriori
from validation import shared_data
from validation.collectives_timings import Floats, Measured, read_measured

# Parameter → published value and standard deviation of its logarithm.
_PUBLISHED: Mapping[str, tuple[float, float]] = {
    "collective_launch_seconds": (6.8e-6, 0.4),
    "bulk_launch_seconds": (12e-6, 0.7),
    "link_latency_seconds": (0.6e-6, 0.3),
    "bulk_link_latency_seconds": (3.4e-6, 0.4),
    "link_efficiency": (0.8, 0.1),
    "point_to_point_share": (0.9, 0.2),
    # Between InfiniBand's and EFA's.
    "network_latency_seconds": (20e-6, 0.5),
    "bulk_ring_latency_factor": (2.8, 0.4),
    "bulk_tree_latency_factor": (4.0, 0.5),
    "network_efficiency": (0.94, 0.03),
    "network_tree_share": (0.9, 0.08),
    "low_latency_bandwidth_share": (0.25, 0.4),
    "fill_factor": (1.0, 0.5),
    "fill_limit_latencies": (3.0, 0.7),
}
# (field of ``Interconnect``, kind) → the same, relative to all kinds. What is not here was not
# measured: latencies of RoCE, whose timings are of large messages only.
_KINDS: Mapping[tuple[str, str], tuple[float, float]] = {
    ("link_efficiency", "nvlink2"): (1.0, 0.08),
    ("link_efficiency", "nvlink3"): (1.0, 0.08),
    ("link_efficiency", "nvlink4"): (1.0, 0.08),
    ("link_efficiency", "xgmi"): (1.0, 0.08),
    # 475 GB/s of bus are 271 of buffer, with 9 / 8 of it through links of 450, over 20 / 25.
    ("switch_efficiency", "nvlink4"): (0.678 / 0.8, 0.1),
    ("network_latency", "efa"): (75 / 20, 0.6),
    ("network_latency", "efa-2"): (75 / 20, 0.6),
    ("network_latency", "gpudirect-tcpxo"): (1.0, 0.8),
    ("network_latency", "infiniband-sharp"): (5 / 20, 0.6),
    ("network_efficiency", "efa"): (1.0, 0.08),
    ("network_efficiency", "efa-2"): (1.0, 0.08),
    ("network_efficiency", "gpudirect-tcpxo"): (1.0, 0.08),
    # SHARP's trees inside the switches are not modelled: free to be far off.
    ("network_efficiency", "infiniband-sharp"): (1.0, 0.5),
    ("network_efficiency", "roce"): (1.0, 0.08),
}
_LEVELS = {
    "link_efficiency": "link",
    "switch_efficiency": "link",
    "network_latency": "network",
    "network_efficiency": "network",
}
# Standard deviation of the logarithm that no default explains, and how many rows of one
# machine count fully: more of them shed no more light on other machines.
_SCATTER = 0.1
_FULL_ROWS = 12


@dataclass(frozen=True, slots=True)
class Defaults:
    """Parameters for any machine, and factors of the kinds that were measured."""

    calibration: Calibration
    factors: Mapping[tuple[str, str], float]

    def interconnect(self, link_kind: str, network_kind: str) -> Interconnect:
        """The factors of two kinds, 1 where a kind was not measured."""
        kinds = {"link": link_kind, "network": network_kind}
        return Interconnect(
            **{
                field: self.factors.get((field, kinds[level]), 1.0)
                for field, level in _LEVELS.items()
            }
        )

    def on(self, measured: Measured) -> Measured:
        """The same timings, with the factors of their kinds."""
        hardware, timings = measured.hardware, measured.timings
        interconnect = self.interconnect(hardware.link_kind, hardware.network_kind)
        fabric = replace(timings.fabric, interconnect=interconnect)
        return replace(measured, timings=replace(timings, fabric=fabric))


def fit_defaults(measured: Sequence[Measured]) -> Defaults:
    """The defaults that come nearest to ``measured``; where it tells nothing, as published."""
    names = list(_PUBLISHED)
    kinds = list(_KINDS)
    mean = np.log([*(_PUBLISHED[name][0] for name in names), *(_KINDS[key][0] for key in kinds)])
    spread = np.array(
        [*(_PUBLISHED[name][1] for name in names), *(_KINDS[key][1] for key in kinds)]
    )
    least, most = limits(names)
    free = np.full(len(kinds), np.inf)

    def defaults(logarithms: Floats) -> Defaults:
        values = [float(each) for each in np.exp(logarithms)]
        parameters: dict[str, Any] = dict(zip(names, values, strict=False))
        factors = dict(zip(kinds, values[len(names) :], strict=True))
        return Defaults(replace(PRIORS, **parameters), factors)

    rows: dict[str, int] = {}
    for each in measured:
        rows[each.hardware.machine] = rows.get(each.hardware.machine, 0) + each.rows
    weights = [
        np.sqrt(_FULL_ROWS / max(rows[each.hardware.machine], _FULL_ROWS)) / _SCATTER
        for each in measured
    ]

    def residuals(logarithms: Floats) -> Floats:
        found = defaults(logarithms)
        return np.concatenate(
            [
                np.log1p(found.on(each).errors(found.calibration)) * weight
                for each, weight in zip(measured, weights, strict=True)
            ]
        )

    solution = maximum_a_posteriori(
        residuals,
        mean,
        spread,
        (np.concatenate([least, -free]), np.concatenate([most, free])),
        [mean],
    )
    return defaults(solution)


def main() -> None:
    """Fits to the first half and prints what the models should use."""
    measured = [each.half(0) for each in read_measured(shared_data())]
    found = fit_defaults(measured)
    for name in _PUBLISHED:
        print(
            f"{name:32}{_PUBLISHED[name][0]:10.3g}{getattr(PRIORS, name):10.3g} -> "
            f"{getattr(found.calibration, name):.3g}"
        )
    print("level,kind,latency_us,efficiency,switch_efficiency")
    for level, kind in sorted({(_LEVELS[field], kind) for field, kind in found.factors}):
        both = found.interconnect(kind, kind)
        if level == "link":
            efficiency = found.calibration.link_efficiency * both.link_efficiency
            print(f"link,{kind},,{efficiency:.3f},{efficiency * both.switch_efficiency:.3f}")
        else:
            latency = found.calibration.network_latency_seconds * both.network_latency * 1e6
            efficiency = found.calibration.network_efficiency * both.network_efficiency
            print(f"network,{kind},{latency:.1f},{efficiency:.3f},")


if __name__ == "__main__":
    main()
