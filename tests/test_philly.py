"""The Philly trace, job by job (only where the shared data is)."""

from __future__ import annotations

from pathlib import Path

import pytest

from validation.philly import replay


@pytest.mark.parametrize(
    ("cluster", "policy", "mean_queueing_delay_seconds"),
    [("tight", "fifo", 202_924.930), ("tight", "sjf", 22_327.079), ("real", "fifo", 104.611)],
)
def test_every_job_starts_in_its_second(
    shared_data: Path, cluster: str, policy: str, mean_queueing_delay_seconds: float
) -> None:
    replayed = replay(shared_data / "scheduling", cluster, policy)
    assert len(replayed.true_start_seconds) == 68_503
    assert replayed.mismatches == 0
    mean = replayed.flight.queueing_delay_seconds.mean()
    assert mean == pytest.approx(mean_queueing_delay_seconds, abs=5e-4)
