"""A table in the terminal."""

from __future__ import annotations

from rich.text import Text

from vrbench.cli.printing.terminal import Grid, Row, console, print_grid
from vrbench.published import Cell
from vrbench.tables.formats import Block, Table, superscript


def print_table(table: Table) -> None:
    """Print blocks, footnotes and notes on stdout; the other formats name each row's source."""
    out = console()
    out.print(table.title, style="bold")
    for block in table.blocks:
        out.print()
        if block.heading:
            out.print(block.heading, style="bold")
        if block.about:
            out.print(block.about)
        if block.lines:
            print_grid(out, _grid(block))
        for text in block.footnotes:
            out.print(text, style="dim")
    if table.notes:
        out.print()
        out.print("Notes", style="bold")
    for text in table.notes:
        out.print(f"- {text}")


def _grid(block: Block) -> Grid:
    rows = []
    for line in block.lines:
        letter = f" ({line.letter})" if line.letter else ""
        names = [*line.labels[:-1], line.labels[-1] + letter]
        cells = [Text(_marked(cell), style="bold" if cell.best else "") for cell in line.cells]
        rows.append(Row(names, cells))
    return Grid(block.heads, [column.heading for column in block.columns], rows)


def _marked(cell: Cell) -> str:
    return f"{cell.text} {superscript(cell.beats)}" if cell.beats else cell.text
