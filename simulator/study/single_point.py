"""One training run, asked for by hand: checked, predicted, priced, and what would make it fit.

It goes the way of a row of a table (``points``), but with the network and the price of the
machine that it runs on, and with what a table has no column for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from domain.catalog import Catalog
from domain.errors import CatalogError, InputError, near_misses
from domain.model_facts import resolve_model
from domain.model_zoo import spellings
from domain.published_names import published_model
from simulator.models.calibration import Calibration
from simulator.models.collectives import torus_of
from simulator.models.memory import usable_bytes
from simulator.models.training_step import StepPrediction, predict_training_step
from simulator.study.calibrated import Calibrated
from simulator.study.fitting_advice import Fitting, Suggestion, suggestions
from simulator.study.point_predictions import predict_points, stack_of
from simulator.study.point_runs import Run, check_degrees, check_split, with_batches
from simulator.study.points import Group, Points, resolve_points
from simulator.study.support import Supported, support_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PointPrediction:
    """One run as predicted; ``seconds`` say where its step goes and add up to it."""

    run: Run
    model: str
    step_seconds: float
    throughput: float
    unit: str
    lower90: float
    upper90: float
    tokens_per_sample: float
    seconds: dict[str, float]
    hidden_communication_seconds: float
    needed_bytes: float
    accelerator_bytes: float
    usable_bytes: float
    fits: bool | None
    bottleneck: str
    usd_per_million_samples: float
    model_flops_utilisation: float
    knowledge: str
    typical_error: float
    calibration: str
    supported: Supported
    advice: tuple[Suggestion, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Plain data; what is not known is null."""
        run, place = self.run, self.run.place
        return {
            "model": self.model,
            "machine": place.name if place.is_machine else None,
            "provider": place.provider,
            "region": place.region,
            "market": place.market,
            "accelerator": place.accelerator.id,
            "accelerators": run.accelerators,
            "nodes": run.nodes,
            "global_batch": run.global_batch,
            "micro_batch": run.micro_batch,
            "data_parallel": run.replicas,
            "tensor_parallel": run.tensor_parallel,
            "pipeline_parallel": run.pipeline_parallel,
            "interleave": run.interleave,
            "sequence_parallel": run.sequence_parallel,
            "sharding": run.sharding,
            "recompute": run.recompute,
            "precision": run.precision,
            "step_seconds": self.step_seconds,
            "throughput": self.throughput,
            "unit": self.unit,
            "lower90": self.lower90,
            "upper90": self.upper90,
            "seconds": self.seconds,
            "hidden_communication_seconds": self.hidden_communication_seconds,
            "memory": {
                "needed_bytes": self.needed_bytes,
                "accelerator_bytes": _known(self.accelerator_bytes),
                "usable_bytes": _known(self.usable_bytes),
                "fits": self.fits,
                "advice": [each.to_json() for each in self.advice],
            },
            "bottleneck": self.bottleneck,
            "usd_per_million_samples": _known(self.usd_per_million_samples),
            "unpriced": place.unpriced if math.isnan(self.usd_per_million_samples) else None,
            "model_flops_utilisation": self.model_flops_utilisation,
            "knowledge": self.knowledge,
            "typical_error": _known(self.typical_error),
            "calibration": self.calibration,
            "support": self.supported.to_json(),
        }


def predict_point(run: Run, calibrated: Calibrated, catalog: Catalog) -> PointPrediction:
    """One run, with what would make it fit where it does not.

    Raises:
        InputError: it cannot run so, whatever memory there is; says why and what could.
    """
    check_degrees(run)
    if run.place.described is not None:
        catalog = catalog.with_accelerators([run.place.described])
    # The batch follows from what fits where it is not given; the model comes first.
    group = _resolved(replace(run, global_batch=run.replicas, micro_batch=1), catalog).groups[0]
    check_split(run, group.facts)
    parameters = _parameters(run, calibrated, catalog)
    run = with_batches(run, _fitting(run, group, parameters))
    points = _resolved(run, catalog)
    group = points.groups[0]
    found = predict_points(points, calibrated)
    if found.reasons[0]:
        raise InputError(found.reasons[0])
    step = _step(group, parameters)
    return _told(run, points, found, step, parameters, calibrated, catalog)


def _told(
    run: Run,
    points: Points,
    found: Any,
    step: StepPrediction,
    parameters: Calibration,
    calibrated: Calibrated,
    catalog: Catalog,
) -> PointPrediction:
    group, place = points.groups[0], run.place
    facts, seconds = group.facts, float(found.step_seconds[0])
    memory = float(points.memory_bytes[0])
    usable = float(usable_bytes(memory, parameters))
    needed = float(step.memory_needed_bytes[0])
    fits = None if math.isnan(memory) else needed <= usable
    per_second = float(run.global_batch or 0) / seconds
    peak = float(np.asarray(group.inputs.peak_flops)[0])
    knowledge = str(found.knowledge[0])
    name = str(points.keys["model"][0])
    own = f"{knowledge}: {place.accelerator.id}"
    return PointPrediction(
        run=run,
        model=name,
        step_seconds=seconds,
        throughput=float(found.predicted[0]),
        unit=f"{facts.sample_unit}s/s",
        lower90=float(found.lower90[0]),
        upper90=float(found.upper90[0]),
        tokens_per_sample=facts.tokens_per_sample,
        seconds=_parts(group, step, parameters, seconds),
        hidden_communication_seconds=_hidden(step, seconds),
        needed_bytes=needed,
        accelerator_bytes=memory,
        usable_bytes=usable,
        fits=fits,
        bottleneck=str(found.forms.bottleneck[0]),
        usd_per_million_samples=place.usd_per_hour * run.nodes / 3600.0 / per_second * 1e6,
        model_flops_utilisation=(3.0 - facts.frozen_share)
        * facts.forward_flops_per_sample
        * per_second
        / (run.accelerators * peak),
        knowledge=knowledge,
        typical_error=calibrated.typical_errors.get(
            own, calibrated.typical_errors.get(knowledge, math.nan)
        ),
        calibration=calibrated.version,
        supported=support_of(calibrated.support, place.accelerator.id, name),
        advice=() if fits is not False else suggestions(_fitting(run, group, parameters), catalog),
    )


def _row(run: Run) -> dict[str, Any]:
    chip = run.place.accelerator.id
    return {
        "model": run.model,
        "framework": run.framework,
        "software": run.software,
        "accelerator": chip,
        "canonical_accelerator": chip,
        "accelerators_per_node": run.place.accelerators_per_node,
        "nodes": run.nodes,
        "total_accelerators": run.accelerators,
        "precision": run.precision,
        "global_batch": run.global_batch,
        "per_device_batch": run.micro_batch,
        "seq_len": run.sequence,
        "image_size": run.image_size,
        "tp": run.tensor_parallel,
        "pp": run.pipeline_parallel,
        "dp": run.replicas,
        "sharding": run.sharding,
        "recompute": run.recompute,
        "unit": "samples/s",
    }


def _resolved(run: Run, catalog: Catalog) -> Points:
    """The run as a table of one row, on the network of its machine."""
    if not run.model.startswith("{") and published_model(run.model) is None:
        _check_model(run.model)
    points = resolve_points(pd.DataFrame([_row(run)]), catalog)
    if points.reasons[0]:
        raise InputError(points.reasons[0])
    group, place = points.groups[0], run.place
    changes: dict[str, Any] = {
        "interleave": np.array([run.interleave]),
        "sequence_parallel": np.array([run.sequence_parallel]),
    }
    if place.is_machine:
        dimensions, wraps = torus_of(place.accelerator.link_kind, place.accelerators_per_node)
        changes |= {
            "network_bytes_per_second": np.array([place.network_bytes_per_second]),
            "accelerators_per_node": np.array([float(place.accelerators_per_node)]),
            "nodes": np.array([float(run.nodes)]),
            "torus_dimensions": np.array([float(dimensions)]),
            "torus_wraps": np.array([wraps]),
        }
    group = replace(group, inputs=replace(group.inputs, **changes))
    return replace(points, groups=(group,))


def _check_model(name: str) -> None:
    try:
        resolve_model(name)
    except CatalogError:
        hint = near_misses(name, spellings()) or "; windtunnel catalog show --models lists them"
        raise CatalogError(f"no model '{name}' in the catalog{hint}", where="MODEL") from None


def _parameters(run: Run, calibrated: Calibrated, catalog: Catalog) -> Calibration:
    """Those of the stack that it runs on, or of all."""
    points = _resolved(replace(run, global_batch=run.replicas, micro_batch=1), catalog)
    return calibrated.parameters(
        str(stack_of(points)[0]), str(points.keys["software"][0]), run.place.accelerator
    )


def _step(group: Group, parameters: Calibration, **changes: Any) -> StepPrediction:
    return predict_training_step(
        group.facts,
        replace(group.inputs, **changes),
        recompute=group.recompute,
        decode="none",
        calibration=parameters,
    )


def _parts(
    group: Group, step: StepPrediction, parameters: Calibration, seconds: float
) -> dict[str, float]:
    """Where the time goes; what was learnt of such runs stretches every part alike."""
    stretch = seconds / float(step.step_seconds[0])
    compute = float(step.compute_seconds[0])
    # Stages that are cut into ever smaller parts do not wait for each other to fill.
    filled = float(_step(group, parameters, interleave=np.array([1e12])).compute_seconds[0])
    return {
        "compute": filled * stretch,
        "pipeline_idle": (compute - filled) * stretch,
        "exposed_communication": float(step.communication_exposed_seconds[0]) * stretch,
        "overhead": float(step.overhead_seconds[0]) * stretch,
    }


def _hidden(step: StepPrediction, seconds: float) -> float:
    hidden = float(step.communication_seconds[0] - step.communication_exposed_seconds[0])
    return max(hidden, 0.0) * seconds / float(step.step_seconds[0])


def _fitting(run: Run, group: Group, parameters: Calibration) -> Fitting:
    return Fitting(
        group=group,
        parameters=parameters,
        accelerator=run.place.accelerator,
        accelerators=run.accelerators,
        accelerators_per_node=run.place.accelerators_per_node,
        global_batch=run.global_batch,
        micro_batch=run.micro_batch or 1,
        precision=run.precision,
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
