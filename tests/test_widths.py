"""Intervals hold the share of new runs that they promise, and are narrow where much is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.study.widths import cell_deviations, conformal, source_widths


def _sources(*names: str, each: int) -> np.ndarray:
    return np.repeat(np.array(names, dtype=object), each)


@given(st.integers(20, 400), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_a_conformal_width_holds_at_least_its_share(count: int, seed: int) -> None:
    errors = np.random.default_rng(seed).standard_t(3, count)
    assert np.mean(np.abs(errors) <= conformal(errors)) >= 0.9


def test_nine_of_ten_new_runs_are_inside_whatever_their_deviation() -> None:
    draw = np.random.default_rng(7)
    relative = np.tile([0.5, 2.0], 2_000)
    known, new = (draw.normal(0.0, 0.1 * relative) for _ in range(2))
    sources = _sources("one", each=len(relative))
    width = source_widths(known, relative, sources)["one"]
    for deviation in (0.5, 2.0):
        rows = relative == deviation
        assert np.mean(np.abs(new[rows]) <= width * deviation) == pytest.approx(0.9, abs=0.02)


def test_editions_share_what_they_have_in_common() -> None:
    draw = np.random.default_rng(7)
    sources = _sources("MLPerf-v4.0", "MLPerf-v4.1", "MLPerf-v5.0", each=15)
    scale = np.repeat([1.0, 1.0, 3.0], 15)
    errors = draw.normal(0.0, 0.05 * scale)
    found = source_widths(errors, np.ones(len(errors)), sources)
    # None has enough runs for a width of its own; the one that is off more is told apart.
    assert set(found) == {"MLPerf-v4.0", "MLPerf-v4.1", "MLPerf-v5.0"}
    assert found["MLPerf-v5.0"] > 1.3 * max(found["MLPerf-v4.0"], found["MLPerf-v4.1"])


def test_too_few_runs_have_no_width_of_their_own() -> None:
    sources = _sources("small", each=5)
    assert source_widths(np.full(5, 0.1), np.ones(5), sources) == {}


def test_deviations_are_relative_to_all_rows() -> None:
    cells = np.array(["a", "a", "b", "b"], dtype=object)
    found = cell_deviations(cells, np.array([1.0, 1.0, 2.0, 2.0]))
    assert found["b"] == pytest.approx(2.0 * found["a"])
    rows = np.array([found[name] for name in cells])
    assert np.mean(rows**2) == pytest.approx(1.0)
