"""Accuracy against published, measured or exact truth; every module prints its own table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a table of checks.

    Attributes:
        model: what was checked.
        rows: how many figures of truth it was held against.
        measure: what ``error`` and ``bar`` are figures of.
        error: what came out.
        bar: the most that passes; None where no bar was set.
        baseline: the same error of a trivial answer; None where there is none.
    """

    model: str
    rows: int
    measure: str
    error: float
    bar: float | None
    baseline: float | None = None

    @property
    def passed(self) -> bool | None:
        """Whether the error is within the bar; None where there is none."""
        return None if self.bar is None else self.error <= self.bar


def shared_data() -> Path:
    """Where public traces and measurements lie: ``WINDTUNNEL_SHARED``, default ``../shared``."""
    return Path(os.environ.get("WINDTUNNEL_SHARED", "../shared")) / "data"


def print_checks(checks: Sequence[Check], *, heading: bool = True) -> None:
    """The table for people; without ``heading`` to go on with one that was begun."""
    if heading:
        figures = f"{'error':>12}{'baseline':>12}{'bar':>8}  passed"
        print(f"{'model':34}{'rows':>8}  {'measure':42}{figures}")
    for check in checks:
        baseline = "-" if check.baseline is None else f"{check.baseline:,.4g}"
        bar = "-" if check.bar is None else f"{check.bar:.4g}"
        passed = {None: "-", True: "yes", False: "NO"}[check.passed]
        print(
            f"{check.model:34}{check.rows:>8,}  {check.measure:42}{check.error:>12.4g}"
            f"{baseline:>12}{bar:>8}  {passed}"
        )
