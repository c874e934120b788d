"""What the closed forms leave unexplained, by what runs have in common.

The logarithm of measured over predicted step time is a sum of effects, partially pooled: an
effect of the accelerator and its matrix format, of the framework, of the model, of their
pairs, and so on to the single configuration; each has a normal prior around 0, so that little
data means little effect (Gelman and Hill, "Data Analysis Using Regression and
Multilevel/Hierarchical Models", 2006). Beside a constant, levels have slopes over the
logarithms of the number of accelerators, of nodes, and of the micro batch.

The posterior mean is that of Bayesian linear regression, solved over rows (n × n), with
Student-t weights so that a row that is plainly wrong counts little.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg, sparse

Floats = NDArray[np.float64]
SEPARATOR = "|"
FEATURES = ("constant", "accelerators", "nodes", "batch")


@dataclass(frozen=True, slots=True)
class Level:
    """Rows that share ``keys`` share an effect; ``spread`` is the prior's standard deviation of
    each feature's coefficient, 0 where the level has none."""

    name: str
    keys: tuple[str, ...]
    spread: tuple[float, float, float, float]


# Under these spreads one half of the public runs is most likely (``validation.training_fit``).
LEVELS = (
    Level("everything", (), (0.003, 0.01, 0.0, 0.0)),
    Level("format", ("format",), (0.013, 0.007, 0.006, 0.0)),
    Level("accelerator", ("accelerator", "format"), (0.09, 0.003, 0.004, 0.004)),
    # Assumed: what a user says of a machine that no catalog has may be off by a factor of two, and
    # what is said of the network between such machines by as much.
    Level("described", ("described",), (0.7, 0.05, 0.5, 0.05)),
    # Assumed: models differ more there than on what vendors tuned their kernels for.
    Level("described, model", ("described", "model"), (0.3, 0.0, 0.0, 0.05)),
    Level("framework", ("framework",), (0.003, 0.01, 0.01, 0.0)),
    Level("source", ("group",), (0.084, 0.0, 0.007, 0.0)),
    Level("model", ("model",), (0.1, 0.006, 0.003, 0.09)),
    Level(
        "framework, accelerator",
        ("framework", "accelerator", "format"),
        (0.003, 0.004, 0.013, 0.009),
    ),
    Level("model, format", ("model", "format"), (0.14, 0.004, 0.0, 0.003)),
    Level("model, accelerator", ("model", "accelerator", "format"), (0.1, 0.008, 0.0, 0.0)),
    Level("model, framework", ("model", "framework", "task"), (0.07, 0.0, 0.0, 0.084)),
    Level(
        "model, framework, accelerator",
        ("model", "framework", "task", "accelerator", "format"),
        (0.042, 0.01, 0.0, 0.003),
    ),
)
CELL = "model, framework, accelerator"
"""The most particular level that is shipped."""
PARTIAL = ("described", "described, model")
"""Levels with an effect for rows that have their first key, and none where it is empty."""
CONFIGURATION = Level(
    "configuration",
    ("model", "framework", "task", "accelerator", "format", "group", "variant", "shape"),
    (0.003, 0.0, 0.007, 0.0),
)
"""What runs of one configuration share: it helps to predict more of the same, and is too close
to the measurements themselves to be shipped."""
NOISE = 0.05
DEGREES = 4.0


@dataclass(frozen=True, slots=True)
class Effects:
    """Fitted coefficients: level → key → one for each of ``FEATURES``."""

    levels: Mapping[str, Mapping[str, tuple[float, ...]]] = field(default_factory=dict)

    def knows(
        self, keys: Mapping[str, NDArray[np.object_]], name: str, count: int
    ) -> NDArray[np.bool_]:
        """Which rows have a fitted effect at a level."""
        level = next(each for each in (*LEVELS, CONFIGURATION) if each.name == name)
        table = self.levels.get(name, {})
        codes, names = joined(keys, level.keys, count)
        known: NDArray[np.bool_] = np.array([each in table for each in names], dtype=bool)[codes]
        return known

    def without_configurations(self) -> Effects:
        """The effects that may be shipped."""
        kept = {name: table for name, table in self.levels.items() if name != CONFIGURATION.name}
        return Effects(kept)

    def of(self, keys: Mapping[str, NDArray[np.object_]], features: Floats) -> Floats:
        """The sum of the effects of each row: log of measured over predicted seconds."""
        levels = [each for each in (*LEVELS, CONFIGURATION) if self.levels.get(each.name)]
        codes, kinds, count = kinds_of(keys, levels, len(features))
        total = np.zeros((count, len(FEATURES)))
        for level in levels:
            table = self.levels[level.name]
            own, names = joined(kinds, level.keys, count)
            total += np.array([table.get(name, _NOTHING) for name in names])[own]
        return np.asarray(np.einsum("ij,ij->i", total[codes], features))


_NOTHING = (0.0,) * len(FEATURES)


def kinds_of(
    keys: Mapping[str, NDArray[np.object_]], levels: Iterable[Level], count: int
) -> tuple[NDArray[np.intp], dict[str, NDArray[np.object_]], int]:
    """Rows by all keys of some levels at once: the number of each row's kind, the keys of each
    kind, and how many there are. What is the same for a kind is worked out once."""
    names = list(dict.fromkeys(name for level in levels for name in level.keys))
    codes: NDArray[np.intp] = np.zeros(count, dtype=np.intp)
    for name in names:
        own, values = pd.factorize(keys[name], use_na_sentinel=False)
        if len(values) > 1:
            codes = pd.factorize(codes * len(values) + own)[0]
    firsts = np.zeros(int(codes.max(initial=0)) + 1, dtype=np.intp)
    firsts[codes[::-1]] = np.arange(count)[::-1]
    return codes, {name: keys[name][firsts] for name in names}, len(firsts)


def joined(
    keys: Mapping[str, NDArray[np.object_]], names: Iterable[str], count: int
) -> tuple[NDArray[np.intp], list[str]]:
    """Rows by the combination of their keys: the number of each row's, and the combinations."""
    wanted = list(names)
    if not wanted:
        return np.zeros(count, dtype=np.intp), ["all"]
    frame = pd.DataFrame({name: keys[name] for name in wanted})
    groups = frame.groupby(wanted, sort=False, dropna=False)
    codes: NDArray[np.intp] = groups.ngroup().to_numpy().astype(np.intp)
    firsts = np.unique(codes, return_index=True)[1]
    distinct = frame.iloc[firsts].itertuples(index=False)
    texts = [SEPARATOR.join(map(str, row)) for row in distinct]
    return codes, texts


def design_of(
    keys: Mapping[str, NDArray[np.object_]], features: Floats, levels: Iterable[Level]
) -> tuple[Any, list[tuple[str, str, int, float]]]:
    """Rows by coefficients, each in units of its prior's standard deviation (sparse), and what
    each coefficient is of: level, key, feature, spread."""
    count = len(features)
    blocks: list[Any] = []
    columns: list[tuple[str, str, int, float]] = []
    for level in levels:
        codes, names = joined(keys, level.keys, count)
        rows: NDArray[np.intp] = np.arange(count)
        if level.name in PARTIAL:
            rows = np.flatnonzero(np.array([_has_first(name) for name in names])[codes])
        if not len(rows):
            continue
        for feature, spread in enumerate(level.spread):
            if spread:
                entries = (features[rows, feature] * spread, (rows, codes[rows]))
                blocks.append(sparse.csr_array(entries, shape=(count, len(names))))
                columns += [(level.name, name, feature, spread) for name in names]
    return sparse.hstack(blocks).tocsr(), columns


def _has_first(name: str) -> bool:
    return name.partition(SEPARATOR)[0] != ""


def solve(gram: Floats, residuals: Floats, *, first: Floats | None = None) -> Floats:
    """The weights of rows whose sum, by covariance with another row, is its posterior mean.

    Rows count alike in a first solution (``first``, where it is known already); those that
    stand out from it count less in the second.
    """
    if first is None:
        first = _solved(gram, residuals, np.ones(len(residuals)))
    left = residuals - gram @ first
    return _solved(gram, residuals, (DEGREES + 1.0) / (DEGREES + (left / NOISE) ** 2))


def _solved(gram: Floats, residuals: Floats, weights: Floats) -> Floats:
    noisy = gram.copy()
    noisy[np.diag_indices_from(noisy)] += NOISE**2 / weights
    return np.asarray(linalg.solve(noisy, residuals, assume_a="pos", overwrite_a=True))


def inverse_covariance(gram: Floats) -> Floats:
    """The inverse of the covariance of rows and their noise, all rows counting alike."""
    return np.asarray(linalg.inv(gram + NOISE**2 * np.eye(len(gram))))


def fit_effects(
    keys: Mapping[str, NDArray[np.object_]],
    features: Floats,
    residuals: Floats,
    *,
    levels: Iterable[Level] = (*LEVELS, CONFIGURATION),
) -> Effects:
    """The effects that explain ``residuals`` (logs of measured over predicted seconds)."""
    design, columns = design_of(keys, features, levels)
    coefficients = design.T @ solve((design @ design.T).toarray(), residuals)
    found: dict[str, dict[str, list[float]]] = {}
    for (level, name, feature, spread), value in zip(columns, coefficients, strict=True):
        if level in PARTIAL and not _has_first(name):
            continue
        row = found.setdefault(level, {}).setdefault(name, [0.0] * len(FEATURES))
        row[feature] = float(value) * spread
    return Effects(
        {level: {name: tuple(row) for name, row in table.items()} for level, table in found.items()}
    )
