"""What was predicted of a run beside what was measured of it: time, wait for input, cost.

Programs that share the processors of a host without accelerators slow each other down; what
others took is taken off before a run is held against its prediction.

A run is predicted as if it were asked for by hand. Steps wait for input where the host takes
longer to decode a batch than the accelerators to work through it (``input_pipeline``); runs on
data that are made in memory need none. Where it is wrong: reading over a network is not
predicted here, since a measurement does not say where the data lay.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from domain.catalog import Catalog
from domain.errors import CatalogError, InputError
from domain.measurement import Measurement, described_accelerators, measured_accelerator
from domain.model_facts import ModelFacts, model_of_text, model_text, resolve_model
from domain.published_names import published_model
from simulator.models.calibration import Calibration
from simulator.models.input_pipeline import decode_seconds, decode_seconds_per_sample
from simulator.study.calibrated import Calibrated
from simulator.study.point_places import Place, find_place
from simulator.study.point_runs import Run
from simulator.study.single_point import PointPrediction, predict_point
from simulator.study.software import framework_family
from simulator.study.support import Supported

MADE_IN_MEMORY = ("", "synthetic", "generated", "memory", "none", "random", "dummy")
"""What ``input_data`` says where nothing is read or decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One run. Costs are dollars of a million samples; NaN is what is not known."""

    measurement: Measurement
    model: str
    accelerator: str
    accelerators: int
    predicted_step_seconds: float
    lower90_step_seconds: float
    upper90_step_seconds: float
    measured_step_seconds: float
    """With the host to itself (``Measurement.alone_step_seconds``)."""
    predicted_input_share: float
    measured_input_share: float
    predicted_usd_per_million: float
    measured_usd_per_million: float
    usd_per_hour: float
    """Of all hosts together."""
    knowledge: str
    calibration: str
    supported: Supported

    @property
    def error(self) -> float:
        """Predicted over measured step time, less one."""
        return self.predicted_step_seconds / self.measured_step_seconds - 1.0

    @property
    def is_inside(self) -> bool:
        """Whether the measured time lies in the interval that should hold nine of ten."""
        return self.lower90_step_seconds <= self.measured_step_seconds <= self.upper90_step_seconds

    @property
    def framework(self) -> str:
        """The family of the framework."""
        return framework_family(self.measurement.workload.framework)

    def to_json(self) -> dict[str, Any]:
        """Keys that people may rely on; what is not known is null."""
        where, what = self.measurement.environment, self.measurement.workload
        return {
            "model": self.model,
            "accelerator": self.accelerator,
            "machine": where.machine,
            "nodes": where.nodes,
            "precision": what.precision,
            "global_batch": what.global_batch,
            "predicted": {
                "step_seconds": self.predicted_step_seconds,
                "lower90": self.lower90_step_seconds,
                "upper90": self.upper90_step_seconds,
                "input_share": self.predicted_input_share,
                "usd_per_million_samples": _known(self.predicted_usd_per_million),
            },
            "measured": {
                "step_seconds": self.measured_step_seconds,
                "elapsed_step_seconds": self.measurement.step_seconds,
                "input_share": _known(self.measured_input_share),
                "usd_per_million_samples": _known(self.measured_usd_per_million),
                "taken_at": self.measurement.taken_at.isoformat(),
            },
            "error": self.error,
            "inside": self.is_inside,
            "knowledge": self.knowledge,
            "calibration": self.calibration,
            "support": self.supported.to_json(),
        }


def compare(measurement: Measurement, calibrated: Calibrated, catalog: Catalog) -> Comparison:
    """One run as predicted now, beside what it was.

    Raises:
        InputError: a machine, accelerator or model that is not known, or a run that could not
            have run so.
    """
    catalog = known_accelerators(catalog, calibrated, [measurement])
    run = run_of(measurement, catalog)
    found = predict_point(run, calibrated, catalog)
    feeding = _feeding_seconds(measurement, catalog, calibrated.base)
    step = max(found.step_seconds, feeding)
    batch = measurement.workload.global_batch
    paid = _usd_per_hour(measurement, found)
    seen = measurement.observed
    share = seen.input_stall_share if seen else None
    return Comparison(
        measurement=measurement,
        model=found.model,
        accelerator=run.place.accelerator.id,
        accelerators=run.accelerators,
        predicted_step_seconds=step,
        # The interval is one of throughput: its ends are the other way round.
        lower90_step_seconds=max(batch / found.upper90, feeding),
        upper90_step_seconds=max(batch / found.lower90, feeding),
        measured_step_seconds=measurement.alone_step_seconds,
        predicted_input_share=1.0 - found.step_seconds / step,
        measured_input_share=math.nan if share is None else share,
        predicted_usd_per_million=paid / 3600.0 * step / batch * 1e6,
        measured_usd_per_million=paid / 3600.0 * measurement.alone_step_seconds / batch * 1e6,
        usd_per_hour=paid,
        knowledge=found.knowledge,
        calibration=calibrated.version,
        supported=found.supported,
    )


def known_accelerators(
    catalog: Catalog, calibrated: Calibrated, measurements: list[Measurement]
) -> Catalog:
    """The catalog with what a calibration describes, and what measurements describe beside it.

    Effects were fitted beside the calibration's own description, so that it wins.
    """
    own = calibrated.accelerators
    others = [each for each in described_accelerators(measurements) if each.id not in own]
    return catalog.with_accelerators([*own.values(), *others])


def run_of(measurement: Measurement, catalog: Catalog) -> Run:
    """A measured run as one that is asked for by hand.

    Raises:
        InputError: a machine or accelerator that is not known.
    """
    what, where = measurement.workload, measurement.environment
    return Run(
        model=model_text(what.model),
        place=_place(measurement, catalog),
        nodes=where.nodes,
        global_batch=what.global_batch,
        micro_batch=what.micro_batch,
        precision=what.precision,
        sequence=what.sequence,
        image_size=what.image_size,
        tensor_parallel=what.tensor_parallel,
        pipeline_parallel=what.pipeline_parallel,
        sharding=what.sharding,
        recompute=what.recompute,
        framework=what.framework,
    )


def _place(measurement: Measurement, catalog: Catalog) -> Place:
    where = measurement.environment
    name = measured_accelerator(measurement, catalog)
    if where.machine is not None and where.provider != "custom":
        found = find_place(
            where.machine,
            catalog,
            provider=where.provider,
            region=where.region,
            market=where.market or "on_demand",
        )
        per_node = where.accelerators_per_node
        return found if per_node is None else replace(found, accelerators_per_node=per_node)
    if name is None:
        raise InputError("names neither a machine nor an accelerator")
    try:
        chip = catalog.accelerator(name)
    except CatalogError as error:
        raise InputError(
            f"{error.message}; probe the host and calibrate with that, or describe it",
            where="environment.accelerator",
        ) from None
    return Place(
        name=where.machine or chip.id,
        accelerator=chip,
        accelerators_per_node=where.accelerators_per_node or 1,
    )


def _usd_per_hour(measurement: Measurement, found: PointPrediction) -> float:
    """What was paid, else what the catalog asks."""
    seen = measurement.observed
    if seen and seen.usd is not None and seen.run_seconds:
        return seen.usd / seen.run_seconds * 3600.0
    return found.run.place.usd_per_hour * found.run.nodes


def _feeding_seconds(measurement: Measurement, catalog: Catalog, calibration: Calibration) -> float:
    """Seconds until the hosts have decoded a batch; 0 where there is nothing to decode."""
    what, where = measurement.workload, measurement.environment
    if what.input_data.lower() in MADE_IN_MEMORY:
        return 0.0
    vcpu = measurement.machine.vcpu if measurement.machine else None
    if vcpu is None and where.machine is not None and where.provider != "custom":
        shape = catalog.machine(where.provider, where.machine)
        vcpu = None if shape.vcpu is None else int(shape.vcpu)
    if vcpu is None:
        return 0.0
    facts = _facts(what.model if isinstance(what.model, str) else model_text(what.model))
    if facts.decode == "jpeg" and facts.sample_bytes is None:
        return 0.0
    each = decode_seconds_per_sample(facts.decode, facts.sample_bytes or 0.0, calibration)
    return float(decode_seconds(what.global_batch / where.nodes, each, float(vcpu)))


def _facts(text: str) -> ModelFacts:
    published = None if text.startswith("{") else published_model(text)
    return resolve_model(published.name if published else model_of_text(text))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
