"""Calibrated step times are as close as they must be to runs that they were not fitted on.

The whole protocol is ``python -m validation.training_accuracy``; here are its parts that take
seconds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from validation.public_runs import read_public_runs
from validation.training_accuracy import Errors, Held, coverage, intervals, llm_foundry, mlperf


@pytest.fixture(scope="module")
def held(shared_data: Path) -> Held:
    return Held(read_public_runs(shared_data))


def within(errors: Errors) -> None:
    check = errors.check()
    assert check.bar is not None
    assert check.error <= check.bar, check
    # A trivial baseline on the same rows does worse.
    assert check.baseline is not None
    assert check.error < check.baseline


def test_larger_clusters_of_a_known_model(held: Held) -> None:
    within(llm_foundry(held))


def test_large_runs_of_a_round_that_was_never_seen(held: Held) -> None:
    for errors in mlperf(held):
        within(errors)


def test_most_rows_are_predicted(shared_data: Path) -> None:
    for check in coverage(read_public_runs(shared_data)):
        assert check.bar is not None
        assert check.error <= check.bar, check


def test_what_is_left_out_is_not_fitted(held: Held) -> None:
    """A row that is left out does not change its own prediction."""
    test = held.group == "llm-foundry"
    before = held.ratio(~test, test)
    logs = held.residuals.logs.copy()
    held.residuals.logs[test] += 1.0
    after = held.ratio(~test, test)
    held.residuals.logs[:] = logs
    assert np.allclose(after, before * np.exp(-1.0))


def test_intervals_hold_nine_of_ten_and_are_no_wider_than_they_must_be(held: Held) -> None:
    wide = [check for check in intervals(held) if check.passed is False]
    # Two sources, whose errors have a long tail.
    assert [check.model for check in wide if check.error > 3.0 or "inside" in check.measure] == []
    assert len(wide) <= 2
