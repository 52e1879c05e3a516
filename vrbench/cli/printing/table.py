"""Printing a table."""

from __future__ import annotations

from rich.text import Text

from vrbench.cli.printing.terminal import TextRow, TextTable, console, print_text_table
from vrbench.published import Cell
from vrbench.tables.formats import Section, Table, superscript


def print_table(table: Table) -> None:
    """Print sections, footnotes and notes on stdout; the other formats name each row's source."""
    out = console()
    out.print(table.title, style="bold")
    for section in table.sections:
        out.print()
        if section.heading:
            out.print(section.heading, style="bold")
        if section.about:
            out.print(section.about)
        if section.lines:
            print_text_table(out, _grid(section))
        for text in section.footnotes:
            out.print(text, style="dim")
    if table.notes:
        out.print()
        out.print("Notes", style="bold")
    for text in table.notes:
        out.print(f"- {text}")


def _grid(section: Section) -> TextTable:
    rows = []
    for line in section.lines:
        letter = f" ({line.letter})" if line.letter else ""
        names = [*line.labels[:-1], line.labels[-1] + letter]
        cells = [Text(_marked(cell), style="bold" if cell.best else "") for cell in line.cells]
        rows.append(TextRow(names, cells))
    return TextTable(section.heads, [column.heading for column in section.columns], rows)


def _marked(cell: Cell) -> str:
    return f"{cell.text} {superscript(cell.beats)}" if cell.beats else cell.text
