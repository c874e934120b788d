"""Whether recent outcomes say that predictions have gone wrong.

Two tests over the outcomes of one machine, in the order in which they were measured:

*Coverage.* Each 90 % interval holds its outcome with probability 0.9; of the last ``n`` at
most, so many misses or more have probability ``P(X ≥ k), X ~ Binomial(n, 0.1)`` (the
unconditional-coverage idea of Kupiec, "Techniques for Verifying the Accuracy of Risk
Measurement Models", 1995, by its exact one-sided test).

*CUSUM.* Errors ``z`` in units of their predicted standard deviation are summed up:
``S = max(0, S + z - 1/2)``, and the same for ``-z``; a shift by one standard deviation passes 5
after about 10 outcomes, and none passes it in about 465 (Page, "Continuous Inspection Schemes",
1954; figures of Montgomery, "Introduction to Statistical Quality Control").

Where they are wrong: outcomes of one afternoon are not independent, and several machines are
several tests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

from simulator.study.ledger import Entry

_RECENT = 20
_FEWEST = 3
_MISSED = 0.1
_UNLIKELY = 0.01
_ALLOWANCE = 0.5
_DECISION = 5.0
_DEVIATIONS = 1.645
"""Of half a 90 % interval."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One warning: of which machine, by which test, since when, and in words."""

    accelerator: str
    test: Literal["coverage", "cusum"]
    since: str
    """When the first outcome was measured that counts towards it."""
    text: str

    def to_json(self) -> dict[str, Any]:
        """Keys that people may rely on."""
        return {
            "accelerator": self.accelerator,
            "test": self.test,
            "since": self.since,
            "text": self.text,
        }


def find_drift(outcomes: Sequence[Entry]) -> tuple[Drift, ...]:
    """Warnings of all machines; ``outcomes`` in the order in which they were measured."""
    found = []
    for name in sorted({each.accelerator for each in outcomes}):
        mine = [each for each in outcomes if each.accelerator == name and _scored(each)]
        found += [each for each in (_coverage(name, mine), _cusum(name, mine)) if each]
    return tuple(found)


def _scored(entry: Entry) -> bool:
    width = entry.upper90_step_seconds / entry.lower90_step_seconds
    return math.isfinite(entry.log_error) and width > 1.0


def _coverage(name: str, outcomes: Sequence[Entry]) -> Drift | None:
    recent = outcomes[-_RECENT:]
    misses = [each for each in recent if not each.is_inside]
    chance = float(stats.binom.sf(len(misses) - 1, len(recent), _MISSED)) if misses else 1.0
    if len(recent) < _FEWEST or chance >= _UNLIKELY:
        return None
    return Drift(
        name,
        "coverage",
        misses[0].measured_at,
        f"{len(misses)} of the last {len(recent)} outcomes on {name} lie outside their 90 % "
        f"interval (by chance: {chance:.1g}); calibrate with them",
    )


def standardised(entry: Entry) -> float:
    """An outcome's error in units of the standard deviation that was predicted."""
    half_width = math.log(entry.upper90_step_seconds / entry.lower90_step_seconds) / 2.0
    return entry.log_error / (half_width / _DEVIATIONS)


def _cusum(name: str, outcomes: Sequence[Entry]) -> Drift | None:
    for sign, word in ((1.0, "slower"), (-1.0, "faster")):
        total, start = 0.0, 0
        for place, entry in enumerate(outcomes):
            # One wild run counts as three deviations, and raises no alarm alone.
            error = float(np.clip(sign * standardised(entry), -3.0, 3.0))
            if total == 0.0:
                start = place
            total = max(0.0, total + error - _ALLOWANCE)
        if total > _DECISION and len(outcomes) - start >= _FEWEST:
            since = outcomes[start].measured_at
            count = len(outcomes) - start
            shift = math.exp(np.median([each.log_error for each in outcomes[start:]])) - 1.0
            return Drift(
                name,
                "cusum",
                since,
                f"the last {count} outcomes on {name}, since {since[:10]}, are {word} than "
                f"predicted, by {abs(shift):.0%} (median); calibrate with them",
            )
    return None
