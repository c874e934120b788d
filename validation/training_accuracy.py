"""How far off calibrated step times are on runs that they were not fitted on.

Run with ``python -m validation.training_accuracy``. Each line leaves out what its name says
(whole models, whole machine sizes, whole accelerators, whole rounds), fits the rest, and
predicts what was left out; nothing is fitted and scored at once. The global parameters of the
closed forms (``PRIORS``, ``TUNED``) and the spreads of the effects were fitted on one half of the
table by a hash of the row's name, so that errors are told of the other half; stacks are refitted
from assumed starts and told of all their rows. Where nothing is known, the global parameters are
fitted anew as well, without the model and without the accelerator.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulator.models import PRIORS
from simulator.study.calibrate import Residuals
from simulator.study.calibrated import Calibrated
from simulator.study.point_predictions import closed_forms
from simulator.study.points import Points, subset
from simulator.study.stack_fit import fit_without
from simulator.study.widths import cell_deviations, source_widths
from validation import Check, shared_data
from validation.public_runs import PublicRuns, read_public_runs
from validation.training_fit import fit_software, in_fitting_half

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_VTRAIN = "vTrain-measured"
_DLE = "DeepLearningExamples"
_SIXTEEN_BITS = ("fp16", "bf16", "fp8")


@dataclass(frozen=True, slots=True)
class Errors:
    """Predicted over measured step times of rows that were left out, and a baseline's."""

    name: str
    ratio: Floats
    baseline: Floats
    bar: float | None = None
    of_median: bool = False

    def check(self) -> Check:
        """As the common table has it."""
        off = np.abs(self.ratio - 1.0)
        mape, median = float(np.mean(off)), float(np.median(off))
        bias = float(np.median(self.ratio)) - 1.0
        trivial = np.abs(self.baseline[np.isfinite(self.baseline)] - 1.0)
        if self.of_median:
            measure, error = f"median error (MAPE {mape:.1%}, bias {bias:+.1%})", median
            baseline = float(np.median(trivial))
        else:
            measure, error = f"MAPE (median {median:.1%}, bias {bias:+.1%})", mape
            baseline = float(np.mean(trivial))
        return Check(self.name, len(self.ratio), measure, error, self.bar, baseline)


class Held:
    """The runs without a stack of their own, ready to be left out in any way."""

    def __init__(self, runs: PublicRuns) -> None:
        rows = np.flatnonzero(runs.points.keys["group"] != _VTRAIN)
        self.points: Points = subset(runs.points, rows)
        self.seconds = runs.seconds[rows]
        self.residuals = Residuals.of(self.points, self.seconds, Calibrated())
        self.reported = ~in_fitting_half(runs.ids[rows])
        frame = self.points.frame
        self.accelerators = frame["total_accelerators"].to_numpy(float)
        keys = self.points.keys
        self.model, self.chip = keys["model"].astype(str), keys["accelerator"].astype(str)
        self.group = keys["group"].astype(str)
        self.mixed = np.isin(keys["format"].astype(str), _SIXTEEN_BITS)
        self.predicted = np.exp(-self.residuals.logs) * self.seconds
        """By the closed forms alone."""
        # Seconds of one accelerator for one sample, what a trivial baseline carries over.
        batch = frame["global_batch"].to_numpy(float)
        device = frame["per_device_batch"].to_numpy(float) * self.accelerators
        whole = np.where(np.isnan(batch), device, batch)
        self.each = self.seconds * self.accelerators / whole
        self.configuration = _joined(
            frame,
            self.points,
            ("precision", "per_device_batch", "seq_len", "image_size", "task"),
        )

    def ratio(self, train: Mask, test: Mask, logs: Floats | None = None) -> Floats:
        """Predicted over measured of the rows of ``test`` that are reported; ``logs`` are
        residuals of other parameters than the usual."""
        residuals = self.residuals if logs is None else replace(self.residuals, logs=logs)
        places = np.flatnonzero(test & self.reported)
        found = residuals.predict(np.flatnonzero(train), places)
        return np.asarray(np.exp(found - residuals.logs[places]))

    def refitted(self, out: Mask) -> Floats:
        """Residuals of global parameters that were fitted without some rows, of those of the
        fitting half that are left."""
        stock, tuned = fit_software(self.points, self.seconds, ~self.reported & ~out, rounds=5)
        forms = closed_forms(self.points, Calibrated(base=stock, tuned=tuned))
        return np.asarray(np.log(self.seconds / forms.step_seconds))

    def rows(self, test: Mask) -> NDArray[np.intp]:
        """The reported rows of a test."""
        return np.flatnonzero(test & self.reported)


def read_held() -> Held:
    """The shared table."""
    return Held(read_public_runs(shared_data()))


def _joined(frame: pd.DataFrame, points: Points, columns: tuple[str, ...]) -> NDArray[np.str_]:
    parts = [points.keys[name].astype(str) for name in ("model", "framework", "accelerator")]
    parts.append(points.keys["variant"].astype(str))
    parts += [frame[name].astype(str).to_numpy(str) for name in columns]
    return np.array(["|".join(row) for row in zip(*parts, strict=True)])


def vtrain(runs: PublicRuns) -> Iterator[Errors]:
    """Whole models left out of the stack's own fit; every model of several nodes has a number of
    nodes of its own, so that leaves whole machine sizes out as well."""
    rows = np.flatnonzero(runs.points.keys["group"] == _VTRAIN)
    points, seconds = subset(runs.points, rows), runs.seconds[rows]
    model = points.keys["model"].astype(str)
    predicted = np.full(len(rows), np.nan)
    trivial = np.full(len(rows), np.nan)
    work = _work(points)
    for name in np.unique(model):
        out = model == name
        predicted[out] = fit_without(points, seconds, PRIORS, out)[out]
        trivial[out] = work[out] * float(np.median(seconds[~out] / work[~out]))
    many = points.frame["nodes"].to_numpy(float) > 1
    for where, part in (("one node", ~many), ("several nodes", many)):
        yield Errors(
            f"vTrain A100, {where}, model unseen",
            predicted[part] / seconds[part],
            trivial[part] / seconds[part],
            bar=0.11,
        )


def _work(points: Points) -> Floats:
    """Seconds of a step at the peak of all accelerators."""
    found = np.full(len(points), np.nan)
    for group in points.groups:
        inputs, facts = group.inputs, group.facts
        passes = 4.0 if group.recompute == "full" else 3.0
        many = np.asarray(inputs.accelerators_per_node) * np.asarray(inputs.nodes)
        flops = passes * facts.forward_flops_per_sample * np.asarray(inputs.global_batch)
        found[group.rows] = flops / (np.asarray(inputs.peak_flops) * many)
    return found


def llm_foundry(held: Held) -> Errors:
    """Up to 64 accelerators known, more predicted; the baseline scales linearly."""
    source = held.group == "llm-foundry"
    test = source & (held.accelerators > 64)
    rows = held.rows(test)
    trivial = [_like(held, row, source & ~test) for row in rows]
    return Errors(
        "llm-foundry, up to 64 GPUs → more",
        held.ratio(~test, test),
        np.array(trivial) / held.each[rows],
        bar=0.08,
    )


def _like(held: Held, row: int, known: Mask) -> float:
    """Seconds a sample of the same model on the same accelerator, as the median knows it."""
    same = known & (held.model == held.model[row]) & (held.chip == held.chip[row])
    if not same.any():
        same = known & (held.model == held.model[row])
    return float(np.median(held.each[same])) if same.any() else float("nan")


def scaling_out(held: Held) -> Errors:
    """One accelerator of the very configuration known, of the model nothing else: how it scales.

    Rows of equal inputs are merged by their median.
    """
    source = held.group == _DLE
    single = source & (held.accelerators == 1)
    found = []
    for name in np.unique(held.model[source]):
        mine = held.model == name
        test = source & mine & (held.accelerators > 1)
        known = np.unique(held.configuration[single & mine])
        test &= np.isin(held.configuration, known)
        if not (test & held.reported).any():
            continue
        train = ~mine | (single & mine)
        rows = held.rows(test)
        alone = [
            float(np.median(held.each[single & (held.configuration == held.configuration[row])]))
            for row in rows
        ]
        found.append(
            pd.DataFrame(
                {
                    "key": np.char.add(
                        held.configuration[rows], held.accelerators[rows].astype(str)
                    ),
                    "ratio": held.ratio(train, test),
                    "trivial": np.array(alone) / held.each[rows],
                }
            )
        )
    merged = pd.concat(found).groupby("key").median()
    return Errors(
        "DeepLearningExamples, 1 GPU → N, model unseen",
        merged["ratio"].to_numpy(float),
        merged["trivial"].to_numpy(float),
        bar=0.09,
    )


def mlperf(held: Held) -> Iterator[Errors]:
    """Sixteen and more accelerators of a round, none of which was seen; its small runs were."""
    source = np.char.startswith(held.group, "MLPerf")
    small = np.unique(held.model[source & (held.accelerators <= 8)])
    ratios, trivial = [], []
    for name in np.unique(held.group[source]):
        test = (held.group == name) & (held.accelerators >= 16) & np.isin(held.model, small)
        rows = held.rows(test)
        if not len(rows):
            continue
        ratios.append(held.ratio(~test, test))
        known = source & (held.accelerators <= 8)
        trivial.append(np.array([_like(held, row, known) for row in rows]) / held.each[rows])
    ratio, base = np.concatenate(ratios), np.concatenate(trivial)
    yield Errors("MLPerf, up to 8 → 16 and more, round unseen", ratio, base, bar=0.20)
    yield Errors("MLPerf, the same", ratio, base, bar=0.11, of_median=True)


def other_accelerator(held: Held) -> Errors:
    """A model known elsewhere, on an accelerator on which it was never seen, mixed precision."""
    work = _work(held.points)
    ratios, trivial = [], []
    for model, chip in _pairs(held, held.mixed):
        out = (held.model == model) & (held.chip == chip)
        elsewhere = (held.model == model) & ~out
        rows = held.rows(out & held.mixed)
        if not len(rows) or not (elsewhere & held.mixed).any():
            continue
        ratios.append(held.ratio(~out, out & held.mixed))
        trivial.append(_usual(held, work, elsewhere, rows))
    return Errors(
        "other accelerator, mixed precision",
        np.concatenate(ratios),
        np.concatenate(trivial),
        bar=0.18,
    )


_MODEL_GROUPS, _CHIP_GROUPS = 4, 3


def nothing_known(held: Held) -> Errors:
    """Neither the model nor the accelerator was ever measured: zoo and specification sheet.

    The global parameters are fitted anew for groups of models and of accelerators, each
    without both groups; effects without the very model and accelerator.
    """
    work = _work(held.points)
    models, chips = _balanced(held.model, _MODEL_GROUPS), _balanced(held.chip, _CHIP_GROUPS)
    ratios, trivial = [], []
    for group, kind in product(range(_MODEL_GROUPS), range(_CHIP_GROUPS)):
        logs = held.refitted((models == group) | (chips == kind))
        for model, chip in _pairs(held, (models == group) & (chips == kind)):
            test = (held.model == model) & (held.chip == chip)
            known = ~((held.model == model) | (held.chip == chip))
            rows = held.rows(test)
            if len(rows):
                ratios.append(held.ratio(known, test, logs))
                trivial.append(_usual(held, work, known, rows))
    return Errors(
        "no measurement of model or machine",
        np.concatenate(ratios),
        np.concatenate(trivial),
        bar=0.35,
        of_median=True,
    )


def _pairs(held: Held, rows: Mask) -> list[tuple[str, str]]:
    """Each model with each accelerator that it ran on, among some rows."""
    return sorted(set(zip(held.model[rows].tolist(), held.chip[rows].tolist(), strict=True)))


def _balanced(names: NDArray[np.str_], groups: int) -> NDArray[np.intp]:
    """A group for each row, names staying together and groups of about one size."""
    distinct, codes, sizes = np.unique(names, return_inverse=True, return_counts=True)
    load, group_of = np.zeros(groups), np.zeros(len(distinct), dtype=np.intp)
    for name in np.argsort(-sizes, kind="stable"):
        group_of[name] = np.argmin(load)
        load[group_of[name]] += sizes[name]
    return np.asarray(group_of[codes])


def _usual(held: Held, work: Floats, known: Mask, rows: NDArray[np.intp]) -> Floats:
    """What a trivial answer is off: the utilisation of known rows holds for all."""
    usual = float(np.nanmedian(held.seconds[known] / work[known]))
    return np.asarray(usual * work[rows] / held.seconds[rows])


def coverage(runs: PublicRuns) -> Iterator[Check]:
    """The share of rows that are not predicted."""
    bars = {"all": 0.1, "TensorFlow": 0.1, "GPT-like": 0.1, "MLPerf": 0.25}
    for name, (done, count) in runs.coverage.items():
        share = 1.0 - done / count
        yield Check(
            f"coverage, {name}",
            count,
            "share of rows without a prediction",
            share,
            bars[name],
            None,
        )


def intervals(held: Held) -> Iterator[Check]:
    """90 % intervals by source: their width from one half of held-out errors, tried on the other,
    both ways. The error is how far the share inside is from 90 %; 5 points are allowed. Intervals
    that are too wide say nothing: 2.5 of the source's own mean errors are allowed."""
    numbers = np.arange(len(held.model))
    folds, halves = numbers % 10, numbers // 10 % 2
    errors = held.residuals.errors(folds, lambda fold: folds == fold)
    cells = held.residuals.cells
    of_cells = cell_deviations(cells, held.residuals.deviations(folds))
    relative = np.array([of_cells[each] for each in cells])
    widths = np.zeros(len(numbers))
    for half in (0, 1):
        known = halves != half
        of_sources = source_widths(errors[known], relative[known], held.group[known])
        for name, width in of_sources.items():
            test = (halves == half) & (held.group == name)
            widths[test] = width * relative[test]
    for name in np.unique(held.group):
        mine = held.group == name
        if mine.sum() < 60:
            continue
        share = float(np.mean(np.abs(errors[mine]) <= widths[mine]))
        yield Check(
            f"90 % intervals, {name}",
            int(mine.sum()),
            f"distance from 90 % (inside: {share:.1%})",
            abs(share - 0.9),
            0.05,
        )
        yield Check(
            f"90 % intervals, {name}",
            int(mine.sum()),
            "median half width, in MAPEs",
            float(np.median(np.expm1(widths[mine])) / np.mean(np.abs(np.expm1(-errors[mine])))),
            2.5,
        )


def checks() -> list[Check]:
    """What ``make validate`` prints."""
    runs = read_public_runs(shared_data())
    held = Held(runs)
    found: list[Check] = [each.check() for each in vtrain(runs)]
    found += [llm_foundry(held).check(), scaling_out(held).check()]
    found += [each.check() for each in mlperf(held)]
    found += [other_accelerator(held).check(), nothing_known(held).check()]
    return [*found, *coverage(runs), *intervals(held)]


if __name__ == "__main__":
    from validation import print_checks

    print_checks(checks())
