"""Tables never cut a figure, however narrow the terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from simulator.report.layout import Column, draw_table

ROWS = [
    ["c0001", "a candidate of many words that may well wrap", "$1,234.56", "1.25 h"],
    ["c0002", "another", "$0.0123", "17 min"],
]
COLUMNS = [Column("", left=True), Column("what", words=True), Column("cost"), Column("t", spare=1)]


def drawn(width: int) -> str:
    stream = io.StringIO()
    draw_table(Console(file=stream, width=width), COLUMNS, ROWS)
    return stream.getvalue()


@pytest.mark.parametrize("width", [200, 80, 60, 44])
def test_figures_are_never_cut(width: int) -> None:
    text = drawn(width)
    for figure in ("c0001", "c0002", "$1,234.56", "$0.0123"):
        assert figure in text
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= width


def test_what_matters_least_goes_first() -> None:
    assert "17 min" in drawn(60)
    assert "17 min" not in drawn(44)
