"""A table in the terminal."""

from __future__ import annotations

from typing import Any

from vrbench.formats import Block, Table, superscript
from vrbench.published import Cell

_WIDE = 160
"""Columns where stdout is no terminal."""


def print_table(table: Table) -> None:
    """Print blocks, footnotes and notes on stdout; the other formats name each row's source."""
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=_WIDE)
    console.print(table.title, style="bold")
    for block in table.blocks:
        console.print()
        if block.heading:
            console.print(block.heading, style="bold")
        if block.about:
            console.print(block.about)
        if block.lines:
            console.print(_grid(block))
        for text in block.footnotes:
            console.print(text, style="dim")
    if table.notes:
        console.print("\nNotes", style="bold")
    for text in table.notes:
        console.print(f"- {text}")


def _grid(block: Block) -> Any:
    from rich import box
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in block.heads:
        grid.add_column(head)
    for column in block.columns:
        grid.add_column(column.heading, justify="right")
    for line in block.lines:
        letter = f" ({line.letter})" if line.letter else ""
        labels = [*line.labels[:-1], line.labels[-1] + letter]
        cells = [Text(_marked(cell), style="bold" if cell.best else "") for cell in line.cells]
        grid.add_row(*map(Text, labels), *cells)
    return grid


def _marked(cell: Cell) -> str:
    return f"{cell.text} {superscript(cell.beats)}" if cell.beats else cell.text
