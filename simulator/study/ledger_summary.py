"""Past errors of a ledger, by machine and model, and how they ran."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.study.ledger import Entry

_RECENT = 5


@dataclass(frozen=True, slots=True)
class Record:
    """Outcomes of one model on one machine, or of all (``model`` empty). Errors are of
    ``|predicted / measured - 1|``, ``bias`` the median of the ratio less one; ``scored`` is how
    many outcomes had an interval."""

    accelerator: str
    model: str
    outcomes: int
    median_error: float
    recent_error: float
    bias: float
    inside: int
    scored: int
    last: str

    def to_json(self) -> dict[str, Any]:
        """Keys that people may rely on."""
        return {**asdict(self), "model": self.model or None}


def summarise(outcomes: Sequence[Entry]) -> tuple[Record, ...]:
    """A record of each machine, then of its models; ``outcomes`` in order of time."""
    found = []
    for accelerator, some in groupby(
        sorted(outcomes, key=lambda each: each.accelerator), key=lambda each: each.accelerator
    ):
        mine = list(some)
        models = sorted({each.model for each in mine})
        if len(models) > 1:
            found.append(_record(accelerator, "", mine))
        found += [
            _record(accelerator, model, [each for each in mine if each.model == model])
            for model in models
        ]
    return tuple(found)


def _record(accelerator: str, model: str, outcomes: Sequence[Entry]) -> Record:
    errors = errors_of(outcomes)
    scored = [each for each in outcomes if math.isfinite(each.lower90_step_seconds)]
    return Record(
        accelerator=accelerator,
        model=model,
        outcomes=len(outcomes),
        median_error=float(np.median(np.abs(errors))),
        recent_error=float(np.median(np.abs(errors[-_RECENT:]))),
        bias=float(np.median(errors)),
        inside=sum(each.is_inside for each in scored),
        scored=len(scored),
        last=outcomes[-1].measured_at,
    )


def errors_of(outcomes: Sequence[Entry]) -> NDArray[np.float64]:
    """Predicted over measured step time, less one, of each."""
    logs = np.array([each.log_error for each in outcomes], dtype=np.float64)
    return np.asarray(np.expm1(-logs))


def running_median(errors: NDArray[np.float64], window: int = _RECENT) -> NDArray[np.float64]:
    """The median of the size of each error and of those before it, at most ``window`` of them."""
    sizes = np.abs(errors)
    return np.array(
        [np.median(sizes[max(0, place + 1 - window) : place + 1]) for place in range(len(sizes))]
    )
