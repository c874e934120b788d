"""What the simulator answers: metrics with intervals, a bill, a bottleneck, the facts used."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from domain.environment import Environment
from domain.pricing import Bill


def finite(value: float) -> float | None:
    """JSON has no NaN and no infinity; unknown is null there."""
    return value if math.isfinite(value) else None


def _plain(value: Any) -> Any:
    """A value of a scenario file as JSON has it: dates as text."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return finite(value)
    return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure over jobs and replications; NaN where it is not known.

    ``ci95`` is the 95 % confidence interval of the mean over replications. Where nothing
    is random it is the mean itself; of a single random replication it is unknown.
    """

    mean: float
    p50: float = math.nan
    p95: float = math.nan
    p99: float = math.nan
    ci95: tuple[float, float] = (math.nan, math.nan)

    def to_json(self) -> dict[str, Any]:
        """Keys that people may rely on."""
        low, high = self.ci95
        return {
            "mean": finite(self.mean),
            "p50": finite(self.p50),
            "p95": finite(self.p95),
            "p99": finite(self.p99),
            "ci95": [finite(low), finite(high)],
        }


@dataclass(frozen=True, slots=True)
class CalibrationUsed:
    """Which model parameters were in force, and how far off they are known to be."""

    version: str
    typical_error: float | None
    """Median relative error of step times like this one, on runs that nothing was fitted to."""
    knowledge: str | None = None
    """From what runs the longest training job was predicted; None where there is none."""
    support: str = ""
    """A sentence on the user's own measurements that it rests on; empty where there are none."""

    def to_json(self) -> dict[str, Any]:
        """Keys that people may rely on."""
        return {
            "version": self.version,
            "knowledge": self.knowledge,
            "typical_error": self.typical_error,
            "support": self.support or None,
        }


@dataclass(frozen=True, slots=True)
class GoalOutlook:
    """How likely the limits of the scenario's goal are kept: the share of replications.

    A limit that the goal does not set is None; a probability that is not known (a cost without
    prices) is NaN.
    """

    deadline_seconds: float | None
    deadline_probability: float | None
    budget_usd: float | None
    budget_probability: float | None
    confidence: float
    """The share that the goal asks for."""

    def to_json(self) -> dict[str, Any]:
        """Keys that people may rely on."""
        return {
            "deadline_seconds": self.deadline_seconds,
            "deadline_probability": _finite_or_none(self.deadline_probability),
            "budget_usd": self.budget_usd,
            "budget_probability": _finite_or_none(self.budget_probability),
            "confidence": self.confidence,
        }


def _finite_or_none(value: float | None) -> float | None:
    return None if value is None else finite(value)


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer to one scenario."""

    scenario: str
    seed: int
    replications: int
    metrics: dict[str, Metric]
    bill: Bill
    bottleneck: str
    catalog_snapshot: str
    catalog_as_of: str
    calibration: CalibrationUsed
    workloads: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Per workload, what the closed forms say of it."""
    goal: GoalOutlook | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Keys that people may rely on; no wall clock, so equal seeds give equal bytes."""
        return {
            "scenario": self.scenario,
            "seed": self.seed,
            "replications": self.replications,
            "metrics": {name: metric.to_json() for name, metric in self.metrics.items()},
            "bill": self.bill.to_json(),
            "bottleneck": self.bottleneck,
            "catalog": {"snapshot": self.catalog_snapshot, "as_of": self.catalog_as_of},
            "calibration": self.calibration.to_json(),
            "workloads": self.workloads,
            "goal": self.goal.to_json() if self.goal else None,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a candidate is out: at which stage, in a word for machines and a sentence.

    ``miss`` is by how much, relative to the limit, where a limit was missed; NaN elsewhere.
    """

    stage: str
    code: str
    reason: str
    miss: float = math.nan


@dataclass(frozen=True, slots=True)
class Candidate:
    """One point of the axes, and what became of it."""

    id: str
    values: dict[str, Any]
    environment: Environment | None
    metrics: dict[str, Metric]
    basis: str
    """``engine`` when it was flown, ``closed_form`` when bounds decided, else ``none``."""
    rejection: Rejection | None = None
    prediction: Prediction | None = None

    def to_json(self) -> dict[str, Any]:
        """Keys that people may rely on."""
        row: dict[str, Any] = {
            "id": self.id,
            "values": _plain(self.values),
            "environment": self.environment.model_dump(mode="json", exclude_unset=True)
            if self.environment
            else None,
            "basis": self.basis,
            "metrics": {name: metric.to_json() for name, metric in self.metrics.items()},
        }
        if self.rejection:
            row |= {
                "stage": self.rejection.stage,
                "reason_code": self.rejection.code,
                "reason": self.rejection.reason,
            }
        return row


@dataclass(frozen=True, slots=True)
class Choice:
    """The recommended candidate, the frontier beside it, and why the others lost."""

    scenario: str
    seed: int
    replications: int
    time_metric: str
    """The metric that time means here: makespan, or mean job completion time of a queue."""
    candidates: int
    flown: int
    choice: Candidate | None
    reasons: tuple[str, ...]
    frontier: tuple[Candidate, ...]
    rejected: tuple[Candidate, ...]
    catalog_snapshot: str
    catalog_as_of: str
    calibration: CalibrationUsed
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Keys that people may rely on: every candidate appears once."""
        chosen = self.choice.prediction if self.choice else None
        return {
            "scenario": self.scenario,
            "seed": self.seed,
            "replications": self.replications,
            "time_metric": self.time_metric,
            "candidates": self.candidates,
            "flown": self.flown,
            "choice": self.choice.to_json() if self.choice else None,
            "reasons": list(self.reasons),
            "frontier": [candidate.to_json() for candidate in self.frontier],
            "rejected": [candidate.to_json() for candidate in self.rejected],
            "bill": chosen.bill.to_json() if chosen else None,
            "bottleneck": chosen.bottleneck if chosen else None,
            "catalog": {"snapshot": self.catalog_snapshot, "as_of": self.catalog_as_of},
            "calibration": self.calibration.to_json(),
            "notes": list(self.notes),
        }
