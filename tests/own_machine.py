"""A machine that no catalog has, and runs that were measured on it, for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from domain.catalog import load_catalog
from domain.measurement import Measurement, write_measurements
from simulator.study.calibrated import load_calibrated
from simulator.study.compare_measured import compare

HOST: dict[str, Any] = {
    "id": "lab-host",
    "peak_flops": {"fp32": "120 GFLOP/s"},
    "memory": "16 GB",
    "memory_bandwidth": "15 GB/s",
}
MLP = {"kind": "mlp", "layers": [784, 512, 10]}


def run(model: Any, batch: int, seconds: float, **more: Any) -> Measurement:
    """One measured run on the host; ``observed``, ``nodes`` and ``taken_at`` may be given."""
    nodes = more.pop("nodes", 1)
    return Measurement.model_validate(
        {
            "environment": {"accelerator": HOST, "accelerators_per_node": 1, "nodes": nodes},
            "workload": {
                "model": model,
                "framework": "tensorflow",
                "precision": "fp32",
                "global_batch": batch,
                "micro_batch": batch // nodes,
            },
            "results": {"step_seconds": {"mean": seconds, "steps": 20}},
            "taken_at": "2026-11-20T12:00:00Z",
            **more,
        }
    )


def foreseen(model: Any, batch: int, **more: Any) -> float:
    """What is predicted of a run before anything was measured."""
    found = compare(run(model, batch, 1.0, **more), load_calibrated(), load_catalog())
    return found.predicted_step_seconds


def write(path: Path, measurements: list[Measurement]) -> Path:
    path.write_text(write_measurements(measurements))
    return path


def write_host(path: Path, **changes: Any) -> Path:
    """The description as a file; JSON is YAML."""
    path.write_text(json.dumps({**HOST, **changes}))
    return path
