"""From measured runs to a calibration, and how well it predicts runs that it has not seen.

Stacks with many runs get parameters of their own (``stack_fit``); what the closed forms leave
of all others becomes effects (``residuals``). Errors are of rows held out, refitted without
them: by configuration, by model and accelerator, by both. Intervals come from them
(``widths``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg

from simulator.study.calibrated import Calibrated
from simulator.study.described_widths import described_widths
from simulator.study.point_predictions import closed_forms, features_of, stack_of
from simulator.study.points import Points, subset
from simulator.study.residuals import (
    CELL,
    CONFIGURATION,
    LEVELS,
    Effects,
    design_of,
    fit_effects,
    inverse_covariance,
    joined,
    solve,
)
from simulator.study.stack_fit import fit_stack, fit_without
from simulator.study.support import count_support, joined_support
from simulator.study.widths import FEWEST, cell_deviations, conformal, source_widths

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

STACK_ROWS = 300
"""As many runs of a stack that splits models as its own parameters need."""
FOLDS = 10
CURVE = (0, 1, 2, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Errors of ``|predicted / measured - 1|`` of step time on rows that were not fitted;
    ``bias`` is the median of the ratio less one, ``baseline`` the error before the fit."""

    name: str
    rows: int
    mape: float
    median: float
    bias: float
    baseline: float


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibration and what is known of its errors."""

    calibrated: Calibrated
    rows: int
    held_out: tuple[HeldOut, ...]
    curve: tuple[tuple[int, float], ...] = ()
    """Measurements of a new accelerator → median error on its other runs."""


@dataclass(frozen=True)
class Residuals:
    """Rows without a stack of their own, ready to be fitted with any of them left out."""

    keys: Mapping[str, NDArray[np.object_]]
    features: Floats
    logs: Floats
    """Of measured over predicted seconds."""
    gram: Floats = field(repr=False)
    inverse: Floats = field(repr=False)
    """Of the rows' covariance with their noise, when none is thought to be wrong."""

    @classmethod
    def of(cls, points: Points, seconds: Floats, prior: Calibrated) -> Residuals:
        """The residuals of a prior, its effects taken off."""
        forms = closed_forms(points, replace(prior, stacks={}))
        centres = {**batch_centres(points, forms.micro_batch), **prior.batch_centres}
        features = features_of(points, forms, centres)
        logs = np.log(seconds / forms.step_seconds) - prior.effects.of(points.keys, features)
        design, _ = design_of(points.keys, features, (*LEVELS, CONFIGURATION))
        gram = (design @ design.T).toarray()
        return cls(points.keys, features, logs, gram, inverse_covariance(gram))

    def predict(self, train: Rows, test: Rows) -> Floats:
        """The logs of rows, from those of others."""
        if not len(train):
            return np.zeros(len(test))
        gram, logs = self.gram[np.ix_(train, train)], self.logs[train]
        weights = solve(gram, logs, first=self._without_others(train))
        return np.asarray(self.gram[np.ix_(test, train)] @ weights)

    def _without_others(self, train: Rows) -> Floats:
        """What ``solve`` starts from, by the inverse for all rows: exact, and much quicker where
        few are left out."""
        out = np.setdiff1d(np.arange(len(self.logs)), train)
        logs = self.logs[train]
        own = self.inverse[np.ix_(train, train)] @ logs
        if not len(out):
            return np.asarray(own)
        across = self.inverse[np.ix_(out, train)]
        between = self.inverse[np.ix_(out, out)]
        return np.asarray(own - across.T @ linalg.solve(between, across @ logs, assume_a="pos"))

    @property
    def cells(self) -> NDArray[np.object_]:
        """The model, framework and accelerator of each row, as one key."""
        level = next(each for each in LEVELS if each.name == CELL)
        codes, names = joined(self.keys, level.keys, len(self.logs))
        return np.array(names, dtype=object)[codes]

    def deviations(self, folds: NDArray[Any]) -> Floats:
        """What the posterior is unsure of, as a standard deviation of each row predicted without
        its fold."""
        found = np.full(len(self.logs), np.nan)
        for fold in pd.unique(folds):
            out = np.flatnonzero(folds == fold)
            found[out] = np.sqrt(np.diag(linalg.inv(self.inverse[np.ix_(out, out)])))
        return found

    def errors(self, folds: NDArray[Any], left_out: Callable[[Any], NDArray[np.bool_]]) -> Floats:
        """Measured over predicted (log) of each row, each fold predicted without what
        ``left_out`` says of it."""
        found = np.full(len(self.logs), np.nan)
        for fold in pd.unique(folds):
            test = np.flatnonzero(folds == fold)
            train = np.flatnonzero(~left_out(fold))
            found[test] = self.logs[test] - self.predict(train, test)
        return found


def batch_centres(points: Points, micro_batch: Floats) -> dict[str, float]:
    """Model → the median of the logarithm of its micro batches."""
    table = pd.Series(np.log(micro_batch)).groupby(points.keys["model"]).median()
    return {str(name): float(value) for name, value in table.items() if np.isfinite(value)}


def calibrate(
    points: Points,
    measured_step_seconds: Floats,
    *,
    prior: Calibrated | None = None,
    version: str = "own-1",
    fitted_on: Mapping[str, Any] | None = None,
    names: NDArray[np.object_] | None = None,
    days: NDArray[np.object_] | None = None,
    thorough: bool = False,
) -> Fit:
    """A calibration of these runs, on top of a prior one.

    Args:
        points: the runs, answers apart.
        measured_step_seconds: one a row; rows with NaN are left out, as are those that the
            closed forms cannot predict.
        prior: what is known before; its effects stay, these come on top.
        version: what predictions will name.
        fitted_on: what to write down of the source of the runs.
        names: names of rows, which decide the folds; otherwise their places.
        days: the day of each row, as ISO date or empty, where the rows are measurements of the
            user's own, which predictions will name as what supports them.
        thorough: also leave out whole models and accelerators, for intervals of what was
            never measured (minutes for thousands of rows).
    """
    prior = prior or Calibrated()
    predicted = closed_forms(points, replace(prior, stacks={})).step_seconds
    good = np.isfinite(predicted) & np.isfinite(measured_step_seconds) & (points.reasons == "")
    good &= measured_step_seconds > 0
    rows = np.flatnonzero(good)
    labels = names[rows] if names is not None else rows.astype(str)
    points, seconds = subset(points, rows), measured_step_seconds[rows]
    folds = np.array([crc32(str(name).encode()) % FOLDS for name in labels])

    stacks, own, own_errors = _stacks(points, seconds, prior, folds)
    rest = np.flatnonzero(~own)
    residuals = Residuals.of(subset(points, rest), seconds[rest], prior)
    effects = (
        fit_effects(residuals.keys, residuals.features, residuals.logs) if len(rest) else Effects()
    )
    forms = closed_forms(points, prior)
    errors = np.where(own, own_errors, np.nan)
    errors[rest] = residuals.errors(folds[rest], lambda fold: folds[rest] == fold)
    before = np.log(seconds / forms.step_seconds)
    before[rest] = residuals.logs
    widths, typical = _widths(points, errors, own)
    cells: dict[str, float] = {}
    if len(rest) >= FEWEST:
        cells = cell_deviations(residuals.cells, residuals.deviations(folds[rest]))
        relative = np.array([cells[each] for each in residuals.cells])
        of_sources = source_widths(errors[rest], relative, residuals.keys["group"])
        widths |= {f"source: {name}": width for name, width in of_sources.items()}
    curve: tuple[tuple[int, float], ...] = ()
    if len(rest) >= FEWEST:
        curve = learning_curve(residuals)
    if thorough:
        _widen(residuals, widths, typical)
    described = described_widths(residuals.keys, residuals.errors, {**prior.half_widths, **widths})
    widths |= described.half_widths
    typical |= described.typical_errors
    names_of = (points.keys[name] for name in ("accelerator", "model", "framework"))
    fitted = Calibrated(
        version=version,
        base=prior.base,
        tuned=prior.tuned,
        stacks={**prior.stacks, **stacks},
        effects=combined(prior.effects, effects),
        batch_centres={**batch_centres(points, forms.micro_batch), **prior.batch_centres},
        half_widths={**prior.half_widths, **widths},
        cell_deviations={**prior.cell_deviations, **cells},
        typical_errors={**prior.typical_errors, **typical},
        fitted_on=dict(fitted_on or {}) | {"rows": len(rows)},
        probed=prior.probed,
        accelerators=prior.accelerators,
        support=prior.support
        if days is None
        else joined_support(prior.support, count_support(zip(*names_of, days[rows], strict=True))),
    )
    return Fit(fitted, len(rows), tuple(_by_source(points, errors, before)), curve)


def combined(prior: Effects, more: Effects) -> Effects:
    """The sum of two sets of effects."""
    levels: dict[str, dict[str, tuple[float, ...]]] = {
        level: dict(table) for level, table in prior.levels.items()
    }
    for level, table in more.levels.items():
        known = levels.setdefault(level, {})
        for key, row in table.items():
            old = known.get(key, (0.0,) * len(row))
            known[key] = tuple(a + b for a, b in zip(old, row, strict=True))
    return Effects(levels)


def learning_curve(residuals: Residuals, seed: int = 7) -> tuple[tuple[int, float], ...]:
    """Median error on an accelerator's runs, by how many others of it were measured.

    Each accelerator in turn is taken for new; the runs that are measured first are drawn once.
    """
    accelerators = residuals.keys["accelerator"]
    draw = np.random.default_rng(seed)
    found: dict[int, list[Floats]] = {count: [] for count in CURVE}
    for name in pd.unique(accelerators):
        rows = np.flatnonzero(accelerators == name)
        others = np.flatnonzero(accelerators != name)
        if len(rows) < 2 * FEWEST or len(others) < FEWEST:
            continue
        order = draw.permutation(rows)
        test = order[max(CURVE) :]
        for count in CURVE:
            train = np.concatenate((others, order[:count]))
            left = residuals.logs[test] - residuals.predict(train, test)
            found[count].append(np.abs(np.expm1(left)))
    return tuple(
        (count, float(np.median(np.concatenate(errors))))
        for count, errors in found.items()
        if errors
    )


def _stacks(
    points: Points, seconds: Floats, prior: Calibrated, folds: NDArray[np.intp]
) -> tuple[dict[str, Any], NDArray[np.bool_], Floats]:
    """Stacks with parameters of their own, their rows, and the held-out errors of those."""
    names = stack_of(points).astype(str)
    own = np.zeros(len(points), dtype=bool)
    errors = np.full(len(points), np.nan)
    found: dict[str, Any] = {}
    for name, count in zip(*np.unique(names, return_counts=True), strict=True):
        mine = np.flatnonzero(names == name)
        split = points.frame["tp"].to_numpy(float)[mine]
        if count < STACK_ROWS or not np.nanmax(split, initial=1.0) > 1:
            continue
        part, took = subset(points, mine), seconds[mine]
        found[str(name)] = fit_stack(part, took, prior.base)
        own[mine] = True
        for fold in range(FOLDS):
            out = folds[mine] == fold
            if out.any() and not out.all():
                predicted = fit_without(part, took, prior.base, out)
                errors[mine[out]] = np.log(took[out] / predicted[out])
    return found, own, errors


def _widths(
    points: Points, errors: Floats, own: NDArray[np.bool_]
) -> tuple[dict[str, float], dict[str, float]]:
    """Half widths and typical errors of what is known best, in all and by source."""
    widths: dict[str, float] = {}
    typical: dict[str, float] = {}
    parts = {"stack": own, "model, framework, accelerator": ~own}
    for name in pd.unique(points.keys["group"]):
        if name:
            parts[f"source: {name}"] = points.keys["group"] == name
    for name, rows in parts.items():
        known = errors[rows & np.isfinite(errors)]
        if len(known) >= FEWEST:
            widths[name], typical[name] = conformal(known), _median_error(known)
    return widths, typical


def _widen(residuals: Residuals, widths: dict[str, float], typical: dict[str, float]) -> None:
    """Widths of rows whose accelerator, model, or both were never measured."""
    model, chip = residuals.keys["model"], residuals.keys["accelerator"]
    pairs = model + "|" + chip
    places = {pair: (model[i], chip[i]) for i, pair in enumerate(pairs)}
    unseen: dict[str, tuple[NDArray[Any], Callable[[Any], NDArray[np.bool_]]]] = {
        "model, framework": (pairs, lambda pair: pairs == pair),
        "accelerator": (model, lambda name: model == name),
        "nothing": (
            pairs,
            lambda pair: (model == places[pair][0]) | (chip == places[pair][1]),
        ),
    }
    for name, (folds, left_out) in unseen.items():
        errors = residuals.errors(folds, left_out)
        widths[name], typical[name] = conformal(errors), _median_error(errors)
    for name in ("model, accelerator", "model"):
        widths[name], typical[name] = widths["model, framework"], typical["model, framework"]


def _median_error(errors: Floats) -> float:
    return float(np.median(np.abs(np.expm1(-errors))))


def _by_source(points: Points, errors: Floats, before: Floats) -> list[HeldOut]:
    found = []
    groups = points.keys["group"]
    for name in pd.unique(groups):
        rows = (groups == name) & np.isfinite(errors)
        if not rows.any():
            continue
        ratio = np.exp(-errors[rows])
        found.append(
            HeldOut(
                name=str(name) or "all",
                rows=int(rows.sum()),
                mape=float(np.mean(np.abs(ratio - 1.0))),
                median=float(np.median(np.abs(ratio - 1.0))),
                bias=float(np.median(ratio)) - 1.0,
                baseline=float(np.mean(np.abs(np.expm1(-before[rows])))),
            )
        )
    return found
