"""The step model meets its accuracy bars on published rows that nothing was fitted to."""

from __future__ import annotations

from pathlib import Path


def test_median_errors_are_below_their_bars(shared_data: Path) -> None:
    from validation.training import run

    rows = run(shared_data)
    assert {row.model for row in rows} >= {"resnet50", "bert-large pretraining", "dlrm"}
    assert [row.model for row in rows if row.passed is False] == []
    assert all(row.median < row.baseline for row in rows)
    assert all(row.rank_correlation > 0.9 for row in rows)
