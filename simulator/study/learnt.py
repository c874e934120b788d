"""What measurements of runs like a job say of it: parameters, effects, and how much to trust."""

from __future__ import annotations

import math
from dataclasses import dataclass

from domain.model_facts import ModelFacts
from domain.workload import Training
from simulator.models.calibration import Calibration
from simulator.study.calibrated import Calibrated
from simulator.study.point_predictions import KNOWLEDGE
from simulator.study.points import framework_family
from simulator.study.residuals import FEATURES, LEVELS, SEPARATOR
from simulator.study.software import usual_software

# A standard deviation of the logarithm, of half a 90 % interval of it.
_HALF_WIDTH_DEVIATIONS = 1.645


@dataclass(frozen=True, slots=True)
class Learnt:
    """What measurements say of one job on one hardware choice.

    ``coefficients`` are those of ``residuals.FEATURES``, ``knowledge`` says of what runs they
    are; ``typical_error`` and ``variation`` (of a run about its prediction) are relative.
    """

    calibration: Calibration
    coefficients: tuple[float, ...]
    batch_centre: float
    knowledge: str
    typical_error: float | None
    variation: float

    @classmethod
    def of(
        cls,
        calibrated: Calibrated,
        workload: Training,
        model: ModelFacts,
        accelerator: str,
        matrix_format: str,
    ) -> Learnt:
        """From the runs that are like a job in what it tells; the rest has no effect."""
        keys = {
            "model": model.name if isinstance(workload.model, str) else "",
            "accelerator": accelerator,
            "format": matrix_format,
            "framework": framework_family(workload.framework),
        }
        found = {}
        for level in LEVELS:
            table = calibrated.effects.levels.get(level.name, {})
            told = [keys.get(name, "") for name in level.keys]
            key = SEPARATOR.join(told) if told else "all"
            if all(told) and key in table:
                found[level.name] = table[key]
        name = f"{accelerator}{SEPARATOR}{keys['framework']}"
        knowledge = next((name for name in KNOWLEDGE if name in found), KNOWLEDGE[-1])
        if name in calibrated.stacks:
            # Its parameters were fitted to its own runs: nothing is left to say.
            found, knowledge = {}, KNOWLEDGE[0]
        software = workload.software or usual_software("", keys["framework"], accelerator)
        calibration = calibrated.parameters(name, software)
        half_width = calibrated.half_widths.get(knowledge)
        return cls(
            calibration=calibration,
            coefficients=tuple(map(sum, zip(_NOTHING, *found.values(), strict=True))),
            batch_centre=calibrated.batch_centres.get(keys["model"], math.nan),
            knowledge=knowledge,
            typical_error=calibrated.typical_errors.get(knowledge),
            variation=calibration.run_to_run_variation
            if half_width is None
            else half_width / _HALF_WIDTH_DEVIATIONS,
        )


_NOTHING = (0.0,) * len(FEATURES)
