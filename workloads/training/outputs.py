"""What a training run leaves in its folder: measurement, report, curves."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from domain.errors import InputError
from domain.located import Located, parse
from domain.measurement import (
    MeasuredEnvironment,
    MeasuredMachine,
    MeasuredWorkload,
    Measurement,
    Observed,
    Results,
    write_measurements,
)
from workloads.meter import this_machine, versions
from workloads.settings import BenchmarkSettings
from workloads.writing import write_whole

ENVIRONMENT = "WINDTUNNEL_ENVIRONMENT"
"""Where it runs, in JSON, as the launcher knows."""


def stated_environment() -> MeasuredEnvironment | None:
    """Where the run is said to be, ``None`` where nobody said.

    Raises:
        InputError: not JSON, or no environment of a measurement.
    """
    text = os.environ.get(ENVIRONMENT, "").strip()
    if not text:
        return None
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError(f"is not JSON: {error}", where=ENVIRONMENT) from None
    if not isinstance(data, dict):
        raise InputError("is no JSON object", where=ENVIRONMENT)
    return parse(MeasuredEnvironment, Located(data, ENVIRONMENT))


def own_environment(machine: MeasuredMachine, per_node: int, nodes: int) -> MeasuredEnvironment:
    """Where the run is as far as the machine itself can tell; a CPU is one accelerator."""
    accelerator = machine.accelerator or machine.processor or "cpu"
    return MeasuredEnvironment(
        accelerator=accelerator,
        accelerators_per_node=per_node if machine.accelerator else 1,
        nodes=nodes,
    )


def make_measurement(
    settings: BenchmarkSettings,
    results: Results,
    observed: Observed,
    *,
    replicas: int,
    workers: int,
    micro_batch: int,
    notes: str,
) -> Measurement:
    """The record of a run that just ended on this machine."""
    machine = this_machine()
    stated = stated_environment()
    data = "generated"
    if settings.dataset:
        data = f"{settings.format}: {settings.dataset}"
    return Measurement(
        environment=stated or own_environment(machine, replicas // workers, workers),
        workload=MeasuredWorkload(
            model=settings.descriptor,
            framework="tensorflow",
            precision=settings.precision,
            global_batch=settings.global_batch,
            micro_batch=micro_batch,
            sequence=settings.sequence,
            image_size=settings.image_size,
            input_data=data,
        ),
        results=results,
        machine=machine,
        observed=observed,
        versions=versions(),
        taken_at=datetime.now(UTC).replace(microsecond=0),
        notes=notes,
    )


def write_measurement(path: Path, measurement: Measurement) -> None:
    """Writes one measurement as JSON."""
    text = write_measurements([measurement])
    write_whole(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def plain(value: Any) -> Any:
    """The same data with figures of six digits, for a report that people read."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value
