"""Predictions and outcomes as entries of a ledger."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from domain.model_facts import described_name, resolve_model
from domain.prediction import Prediction
from domain.scenario import Scenario
from domain.workload import Training
from simulator.study.compare_measured import Comparison
from simulator.study.ledger import Entry
from simulator.study.single_point import PointPrediction
from simulator.study.software import framework_family


def stamp(moment: datetime) -> str:
    """A moment as the ledger writes it: UTC, and texts in order are moments in order."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def entry_of_point(found: PointPrediction, moment: datetime) -> Entry:
    """A run that was asked for by hand."""
    run, place = found.run, found.run.place
    batch = run.global_batch or 0
    return Entry(
        kind="prediction",
        recorded_at=stamp(moment),
        command="predict",
        subject=found.model,
        model=found.model,
        framework=framework_family(run.framework) if run.framework else "",
        precision=run.precision,
        accelerator=place.accelerator.id,
        machine=place.name if place.is_machine else "",
        region=place.region or "",
        market=place.market or "",
        nodes=run.nodes,
        accelerators=run.accelerators,
        global_batch=batch,
        micro_batch=run.micro_batch or 0,
        sequence=run.sequence or 0,
        predicted_step_seconds=found.step_seconds,
        lower90_step_seconds=batch / found.upper90,
        upper90_step_seconds=batch / found.lower90,
        predicted_usd_per_million=found.usd_per_million_samples,
        calibration=found.calibration,
        knowledge=found.knowledge,
        own_measurements=found.supported.of_accelerator,
    )


def entries_of_scenario(
    prediction: Prediction, scenario: Scenario, command: str, moment: datetime
) -> Iterator[Entry]:
    """Each training job of a flown scenario. Flights have no interval of the step time."""
    for name, told in prediction.workloads.items():
        workload = scenario.workloads.get(name)
        step = told.get("step_seconds")
        if not isinstance(workload, Training) or step is None:
            continue
        cost = prediction.metrics.get("cost_per_million_samples_usd")
        yield Entry(
            kind="prediction",
            recorded_at=stamp(moment),
            command=command,
            subject=f"{prediction.scenario}: {name}",
            model=_model_name(workload),
            framework=framework_family(workload.framework),
            precision=workload.precision,
            accelerator=told["accelerator"] or "",
            machine=told["machine"],
            region=scenario.environment.region or "",
            nodes=_nodes(scenario, workload),
            accelerators=told["accelerators"],
            global_batch=workload.global_batch,
            micro_batch=told["micro_batch"],
            predicted_step_seconds=step,
            predicted_usd_per_million=math.nan if cost is None else cost.mean,
            calibration=prediction.calibration.version,
            knowledge=told.get("knowledge") or "",
        )


def _model_name(workload: Training) -> str:
    if isinstance(workload.model, str):
        return resolve_model(workload.model).name
    return described_name(workload.model)


def _nodes(scenario: Scenario, workload: Training) -> int:
    pools = scenario.environment.pools
    pool = pools[workload.pool or next(iter(pools))]
    return pool.count or pool.min or 1


def entry_of_outcome(found: Comparison, moment: datetime) -> Entry:
    """A measured run, with what the calibration in use predicts of it."""
    where, what = found.measurement.environment, found.measurement.workload
    told: dict[str, Any] = {
        "predicted_input_share": found.predicted_input_share,
        "predicted_usd_per_million": found.predicted_usd_per_million,
        "measured_input_share": found.measured_input_share,
        "measured_usd_per_million": found.measured_usd_per_million,
    }
    return Entry(
        kind="outcome",
        recorded_at=stamp(moment),
        command="launch",
        subject=found.model,
        model=found.model,
        framework=found.framework if what.framework else "",
        precision=what.precision,
        accelerator=found.accelerator,
        machine=where.machine or "",
        region=where.region or "",
        market=where.market or "",
        nodes=where.nodes,
        accelerators=found.accelerators,
        global_batch=what.global_batch,
        micro_batch=what.micro_batch or 0,
        sequence=what.sequence or 0,
        predicted_step_seconds=found.predicted_step_seconds,
        lower90_step_seconds=found.lower90_step_seconds,
        upper90_step_seconds=found.upper90_step_seconds,
        measured_step_seconds=found.measured_step_seconds,
        measured_at=stamp(found.measurement.taken_at),
        calibration=found.calibration,
        knowledge=found.knowledge,
        own_measurements=found.supported.of_accelerator,
        **told,
    )
