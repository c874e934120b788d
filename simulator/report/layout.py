"""Tables that fit: figures are never cut; words wrap, and what matters least is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Table

_GAP = 3
_LEAST_WORDS = 18


@dataclass(frozen=True, slots=True)
class Column:
    """A column: words wrap, figures do not; ``spare`` columns go first, the highest first."""

    name: str
    words: bool = False
    left: bool = False
    spare: int = 0


def draw_table(
    console: Console,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    *,
    title: str | None = None,
    styles: Sequence[str] = (),
) -> None:
    """Draws rows of plain text in the width that the console has."""
    shown = fitting(columns, rows, console.width)
    table = Table(
        box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False
    )
    for index in shown:
        column = columns[index]
        side: JustifyMethod = "left" if column.words or column.left else "right"
        table.add_column(
            escape(column.name),
            justify=side,
            no_wrap=not column.words,
            overflow="fold",
            min_width=None if column.words else _content(column, rows, index),
        )
    for number, row in enumerate(rows):
        style = styles[number] if styles else ""
        table.add_row(*(escape(row[index]) for index in shown), style=style)
    console.print(table)


def fitting(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """The columns that there is room for, by index."""
    shown = list(range(len(columns)))
    while (
        needed_width([columns[i] for i in shown], [[row[i] for i in shown] for row in rows]) > width
    ):
        spare = max(shown, key=lambda index: columns[index].spare)
        if not columns[spare].spare:
            break
        shown.remove(spare)
    return shown


def needed_width(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> int:
    """Characters that a table takes at least: figures whole, words wrapped."""
    total = 0
    for index, column in enumerate(columns):
        content = _content(column, rows, index)
        total += _GAP + (min(content, _LEAST_WORDS) if column.words else content)
    return total


def _content(column: Column, rows: Sequence[Sequence[str]], index: int) -> int:
    lines = [line for row in rows for line in row[index].split("\n")]
    return max(map(len, [*column.name.split("\n"), *lines]))
