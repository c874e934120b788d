"""What measurements of runs like a job say of it: parameters, effects, and how much to trust."""

from __future__ import annotations

import math
from dataclasses import dataclass

from domain.catalog import Accelerator
from domain.model_facts import ModelFacts, described_name
from domain.workload import Training
from simulator.models.calibration import Calibration
from simulator.study.calibrated import Calibrated
from simulator.study.point_predictions import KNOWLEDGE, KNOWLEDGE_OF_DESCRIBED, NOTHING
from simulator.study.points import OF
from simulator.study.residuals import FEATURES, LEVELS, SEPARATOR
from simulator.study.software import framework_family, stack_name, usual_software
from simulator.study.support import Supported, support_of

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
    supported: Supported

    @classmethod
    def of(
        cls,
        calibrated: Calibrated,
        workload: Training,
        model: ModelFacts,
        chip: Accelerator | None,
        matrix_format: str,
    ) -> Learnt:
        """From the runs that are like a job in what it tells; the rest has no effect."""
        accelerator = chip.id if chip else ""
        own = accelerator if chip and chip.is_described else ""
        keys = {
            "model": model.name
            if isinstance(workload.model, str)
            else described_name(workload.model),
            "accelerator": accelerator,
            "described": own,
            "group": own,
            "task": own,
            "format": f"{matrix_format}{OF}{own}" if own else matrix_format,
            "framework": framework_family(workload.framework),
        }
        supported = support_of(calibrated.support, accelerator, keys["model"])
        found = {}
        for level in LEVELS:
            table = calibrated.effects.levels.get(level.name, {})
            parts = [keys.get(name, "") for name in level.keys]
            key = SEPARATOR.join(parts) if parts else "all"
            # Of runs that name no task and no source, as a job names neither.
            if key in table:
                found[level.name] = table[key]
        stack = stack_name(accelerator, keys["framework"], is_transformer=model.width > 0)
        told = {*found, "probes"} if accelerator in calibrated.probed else set(found)
        ranks = KNOWLEDGE_OF_DESCRIBED if own else KNOWLEDGE
        knowledge = next((name for name in ranks if name in told), NOTHING)
        if stack in calibrated.stacks:
            # Its parameters were fitted to its own runs: nothing is left to say.
            found, knowledge = {}, KNOWLEDGE[0]
        software = workload.software or usual_software("", keys["framework"], accelerator)
        calibration = calibrated.parameters(stack, software, chip)
        half_width = calibrated.half_widths.get(
            f"{knowledge}: {own}", calibrated.half_widths.get(knowledge)
        )
        return cls(
            calibration=calibration,
            coefficients=tuple(map(sum, zip(_NOTHING, *found.values(), strict=True))),
            batch_centre=calibrated.batch_centres.get(keys["model"], math.nan),
            knowledge=knowledge,
            typical_error=calibrated.typical_errors.get(
                f"{knowledge}: {own}", calibrated.typical_errors.get(knowledge)
            ),
            variation=calibration.run_to_run_variation
            if half_width is None
            else half_width / _HALF_WIDTH_DEVIATIONS,
            supported=supported,
        )


_NOTHING = (0.0,) * len(FEATURES)
