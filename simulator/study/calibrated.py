"""What was fitted to measurements, as one versioned file.

A calibration has the parameters of the closed forms (``Calibration``) for stock and for tuned
software, those of stacks that were measured often enough to have their own (an accelerator with
a framework), the effects that the closed forms leave (``residuals``), and how far off all of it
was on runs that it was not fitted on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from domain.catalog import Accelerator
from domain.described import DescribedAccelerator, described_of
from domain.errors import InputError
from domain.located import read_text
from simulator.models.calibration import PRIORS, TUNED, Calibration
from simulator.study.residuals import SEPARATOR, Effects
from simulator.study.support import Support

SHIPPED = "calibrations/public-runs.json"
FORMAT = 2


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Fitted parameters and effects.

    ``half_widths`` are those of 90 % intervals of the logarithm of time, by what is known of a
    row (``knowledge`` in ``point_predictions``) and by ``source: …``; ``typical_errors`` are the
    median relative errors of the same rows.
    """

    version: str = "priors-1"
    base: Calibration = PRIORS
    tuned: Calibration = TUNED
    stacks: Mapping[str, Calibration] = field(default_factory=dict)
    """``accelerator|framework`` → its own parameters."""
    effects: Effects = field(default_factory=Effects)
    batch_centres: Mapping[str, float] = field(default_factory=dict)
    """Model → the logarithm of the micro batch at which its effects are centred."""
    half_widths: Mapping[str, float] = field(default_factory=dict)
    cell_deviations: Mapping[str, float] = field(default_factory=dict)
    """Key of the level ``residuals.CELL`` → what is unsure of it over what is usual; widths of
    sources are multiplied by it."""
    typical_errors: Mapping[str, float] = field(default_factory=dict)
    fitted_on: Mapping[str, Any] = field(default_factory=dict)
    """Rows, sources, date and method."""
    probed: Mapping[str, Calibration] = field(default_factory=dict)
    """Accelerator → parameters that probes of it gave."""
    accelerators: Mapping[str, DescribedAccelerator] = field(default_factory=dict)
    """Described accelerators that it was fitted on, by id."""
    support: tuple[Support, ...] = ()
    """The user's own measurements that it has learnt from; public runs are not among them."""

    @classmethod
    def of(cls, calibration: Calibration) -> Calibrated:
        """The same parameters for all software, nothing else known."""
        return cls(base=calibration, tuned=calibration)

    def parameters(self, stack: str, software: str, chip: Accelerator | None = None) -> Calibration:
        """Those of a stack (``accelerator|framework``), most particular first: its own, of the
        probes of its accelerator, of stock or of tuned software. ``chip`` is needed where it is a
        described one."""
        own = self.stacks.get(stack) or self.probed.get(stack.partition(SEPARATOR)[0])
        if own is not None:
            return own
        base = self.tuned if software == "tuned" else self.base
        return base if chip is None else scaled_to(base, chip)

    def to_json(self) -> dict[str, Any]:
        """Plain data; numbers with six digits, which is more than any of them is worth."""
        document: dict[str, Any] = {
            "format": FORMAT,
            "version": self.version,
            "fitted_on": dict(self.fitted_on),
            "support": [each.to_json() for each in self.support],
            "accelerators": [
                each.model_dump(mode="json", exclude_defaults=True)
                for _, each in sorted(self.accelerators.items())
            ],
            "base": _changed(self.base, PRIORS),
            "tuned": _changed(self.tuned, TUNED),
            "probed": {name: _changed(each, PRIORS) for name, each in sorted(self.probed.items())},
            "stacks": {name: _changed(each, PRIORS) for name, each in sorted(self.stacks.items())},
            "half_widths": dict(self.half_widths),
            "cell_deviations": dict(self.cell_deviations),
            "typical_errors": dict(self.typical_errors),
            "batch_centres": dict(self.batch_centres),
            "effects": {
                level: {key: list(row) for key, row in sorted(table.items())}
                for level, table in self.effects.levels.items()
            },
        }
        short: dict[str, Any] = _rounded(document)
        return short


# Below it is a processor that computes itself what it launches: no accelerator of the catalog is
# that slow. A call of an operation in a compiled graph takes it some millionths of a second
# (TensorFlow's on two cores of an AMD EPYC: 0.4 to 2.3).
_PROCESSOR_FLOPS = 2e12
_PROCESSOR_LAUNCH_SECONDS = 2e-6


def scaled_to(base: Calibration, chip: Accelerator) -> Calibration:
    """Parameters for an accelerator that a user described: a processor launches at once."""
    if not chip.is_described or max(chip.peak_flops.values()) >= _PROCESSOR_FLOPS:
        return base
    return replace(
        base,
        kernel_launch_seconds=_PROCESSOR_LAUNCH_SECONDS,
        kernel_ramp_seconds=_PROCESSOR_LAUNCH_SECONDS,
    )


def load_calibrated(path: Path | None = None) -> Calibrated:
    """A calibration file; without a path the one that is shipped.

    Raises:
        InputError: absent, not JSON, of another format, or with a parameter that there is not.
    """
    if path is None:
        return _shipped()
    return _parsed(read_text(path, "calibration", InputError), str(path))


@cache
def _shipped() -> Calibrated:
    text = files("simulator").joinpath(SHIPPED).read_text(encoding="utf-8")
    return _parsed(text, SHIPPED)


def _parsed(text: str, name: str) -> Calibrated:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InputError(f"is not JSON: {error}", where=name) from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError(
            "is no calibration of a format that is known here; 'windtunnel calibrate' writes one",
            where=name,
        )
    try:
        described = [
            described_of(each, f"{name}: accelerators") for each in document.get("accelerators", ())
        ]
        effects = {
            level: {key: tuple(row) for key, row in table.items()}
            for level, table in document["effects"].items()
        }
        return Calibrated(
            version=document["version"],
            base=_parameters(document["base"], PRIORS, name),
            tuned=_parameters(document["tuned"], TUNED, name),
            stacks={
                key: _parameters(each, PRIORS, name) for key, each in document["stacks"].items()
            },
            effects=Effects(effects),
            batch_centres=document["batch_centres"],
            half_widths=document["half_widths"],
            cell_deviations=document["cell_deviations"],
            typical_errors=document["typical_errors"],
            fitted_on=document["fitted_on"],
            probed={
                key: _parameters(each, PRIORS, name)
                for key, each in document.get("probed", {}).items()
            },
            accelerators={each.id: each for each in described},
            support=tuple(Support(**each) for each in document.get("support", ())),
        )
    except (KeyError, AttributeError, TypeError) as error:
        raise InputError(f"is no whole calibration: {error}", where=name) from None


def _parameters(values: Mapping[str, Any], usual: Calibration, name: str) -> Calibration:
    known = {each.name for each in fields(Calibration)}
    for key in values:
        if key not in known:
            raise InputError(f"there is no parameter '{key}'", where=name)
    return replace(usual, **values)


def _changed(calibration: Calibration, usual: Calibration) -> dict[str, Any]:
    """The parameters that differ from the priors."""
    ours, priors = asdict(calibration), asdict(usual)
    return {key: value for key, value in ours.items() if value != priors[key]}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value
