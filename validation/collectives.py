"""How well the collective model predicts published nccl-tests timings.

Run with ``python -m validation.collectives``. Three questions, each on rows that nothing was
fitted to:

    a platform   whose collectives were measured at 11 sizes or more: every second size is held
                 out, its parameters are fitted to the others, starting from defaults that were
                 fitted to the same half of all platforms; ``swapped`` is the error of the
                 fitted half when it is the one that is held out
    defaults     of kinds that were measured: the parameters that the models use, on the half
                 of all sizes that they were not fitted to
    without      a machine that nobody measured: defaults fitted to all other machines

and one on the number of nodes: efficiencies on 1 to 128 nodes that SimAI publishes
(aliyun/SimAI, inputs/ratio). Nothing was fitted to those, but the fits start from efficiencies
of the same project.

The baseline is bytes over the slowest rate. Error is the mean of ``|predicted / measured - 1|``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulator.models import PRIORS, Calibration
from simulator.models.collectives import (
    Fabric,
    all_gather_seconds,
    all_to_all_seconds,
    interconnect_of,
)
from simulator.models.collectives.fit import fit_collectives
from validation import Check, print_checks, shared_data
from validation.collectives_fit import fit_defaults
from validation.collectives_timings import Floats, Measured, read_measured

_BAR = 0.10
_FEWEST_ROWS = 11


@dataclass(frozen=True, slots=True)
class AllReduces:
    """All all-reduces in one column, with the parameters that the models use by default."""

    measured: tuple[Measured, ...]
    held_out: NDArray[np.bool_]

    @property
    def measured_seconds(self) -> Floats:
        """What was measured."""
        return np.concatenate([each.timings.seconds for each in self.measured])

    def predict(self, calibration: Calibration) -> Floats:
        """Predicted seconds."""
        return np.concatenate([each.timings.predict(calibration) for each in self.measured])

    def bandwidth_only_seconds(self) -> Floats:
        """The baseline: bytes over the slowest rate, nothing else."""
        return np.concatenate([each.bandwidth_seconds() for each in self.measured])


def read_all_reduces(data: Path) -> AllReduces:
    """Timings of all-reduces on platforms whose link and NIC rates are known."""
    chosen = [each for each in read_measured(data) if each.timings.collective == "all_reduce"]
    second = [np.arange(each.rows) % 2 == 1 for each in chosen]
    return AllReduces(tuple(chosen), np.concatenate(second))


def checks() -> list[Check]:
    """All three questions and the number of nodes, one line each."""
    measured = read_measured(shared_data())
    return [
        *_platforms(measured),
        _defaults(measured),
        *_left_out(measured),
        *_node_counts(shared_data()),
    ]


def _platforms(measured: list[Measured]) -> list[Check]:
    starts = [
        fit_defaults([each.half(first) for each in measured if each.rows > first])
        for first in (0, 1)
    ]
    found = []
    for each in measured:
        if each.rows < _FEWEST_ROWS:
            continue
        errors = []
        for first, start in enumerate(starts):
            platform = start.on(each)
            fitted = fit_collectives([platform.half(first).timings], start.calibration)
            errors.append(platform.half(1 - first).errors(fitted))
        name = f"{each.timings.collective.replace('_', '-')}, {each.platform.split(' (')[0]}"
        baseline = each.half(1).baseline_errors()
        found.append(_check(name, errors[0], baseline, errors[1], _BAR))
    return found


def _defaults(measured: list[Measured]) -> Check:
    held_out = [each.half(1) for each in measured]
    return _check(
        "collectives, defaults by kind",
        np.concatenate([each.errors(PRIORS) for each in held_out]),
        np.concatenate([each.baseline_errors() for each in held_out]),
    )


def _left_out(measured: list[Measured]) -> list[Check]:
    errors: dict[str, Floats] = {}
    baseline: dict[str, Floats] = {}
    for machine in dict.fromkeys(each.hardware.machine for each in measured):
        start = fit_defaults([each for each in measured if each.hardware.machine != machine])
        rows = [
            each
            for each in measured
            if each.hardware.machine == machine and not _known_from_itself(each)
        ]
        errors[machine] = np.concatenate(
            [start.on(each).errors(start.calibration) for each in rows]
        )
        baseline[machine] = np.concatenate([each.baseline_errors() for each in rows])
    found = [
        _check(f"collectives, without {machine}", errors[machine], baseline[machine])
        for machine in errors
    ]
    every = [np.concatenate(list(each.values())) for each in (errors, baseline)]
    return [*found, _check("collectives, each left out", every[0], every[1])]


def _known_from_itself(each: Measured) -> bool:
    """The links that a ring of five V100 uses are known from these timings only."""
    return each.hardware.machine == "vTrain V100" and each.timings.fabric.ranks_per_node == 5


def _node_counts(data: Path) -> list[Check]:
    """SimAI's efficiencies, as fractions of the rate of NICs or links, nodes of eight ranks.

    The source does not state the rates. Taken are NVLink 3 and eight NICs of 200 Gbit/s; with
    NVLink 4 and 400 Gbit/s the errors are a fifth larger.
    """
    found = []
    for name, file in (("all-gather", "nic_ratio"), ("all-to-all", "ata_ratio")):
        table = pd.read_csv(data / "training" / "simai_ratio" / f"{file}.csv")
        sizes = table["Size"].to_numpy(float)
        errors, trivial = [], []
        for column in table.columns[1:9]:
            nodes = int(column.split("Node")[0])
            published = table[column].to_numpy(float)
            fabric = Fabric(
                ranks_per_node=8.0,
                nodes=nodes,
                link_bytes_per_second=300e9,
                network_bytes_per_second=200e9,
                interconnect=interconnect_of("nvlink3", "roce"),
            )
            rate = 300e9 if nodes == 1 else 200e9
            ring = sizes * (1.0 - 1.0 / (8.0 * nodes)) / rate
            if name == "all-gather":
                ideal, seconds = ring, all_gather_seconds(sizes, fabric, PRIORS)
            else:
                ideal = ring if nodes == 1 else sizes * 8.0 * (1.0 - 1.0 / nodes) / rate
                seconds = all_to_all_seconds(sizes, fabric, PRIORS)
            known = np.isfinite(published)
            errors.append((ideal / seconds / published - 1.0)[known])
            trivial.append((1.0 / published - 1.0)[known])
        found.append(
            _check(f"{name}, 1 to 128 nodes", np.concatenate(errors), np.concatenate(trivial))
        )
    return found


def _check(
    name: str,
    errors: Floats,
    baseline: Floats,
    swapped: Floats | None = None,
    bar: float | None = None,
) -> Check:
    other = "" if swapped is None else f", swapped {np.abs(swapped).mean():.0%}"
    median, bias = np.median(np.abs(errors)), np.median(errors)
    return Check(
        model=name,
        rows=errors.size,
        measure=f"MAPE (median {median:.0%}, bias {bias:+.0%}{other})",
        error=float(np.abs(errors).mean()),
        bar=bar,
        baseline=float(np.abs(baseline).mean()),
    )


if __name__ == "__main__":
    print_checks(checks())
