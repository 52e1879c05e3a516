"""The papers' tables that a results folder fills, as parts of its page."""

from __future__ import annotations

from collections.abc import Sequence

from vrbench import published
from vrbench.published import Cell, PublishedTable
from vrbench.reports.parts import Cell as Shown
from vrbench.reports.parts import Folded, Heading, Paragraph, Part
from vrbench.reports.parts import Table as Grid
from vrbench.results.labels import Result
from vrbench.tables import paper_table
from vrbench.tables.formats import Block, Line, Table, superscript
from vrbench.tables.matching import fill

LEAST = 2
"""Measured rows from which on a table is shown: one row alone is nothing to compare."""


def filled(results: Sequence[Result]) -> list[Part]:
    """Return the papers' tables of which two rows or more are measured, folded.

    Args:
        results: dicts as in a result file, with ``rank_vectors`` where rows are to be tested.
    """
    tables = map(published.load, (*published.names(), *published.extras()))
    names = [table.name for table in tables if _measured_rows(table, results) >= LEAST]
    if not names:
        return []
    about = (
        f"Tables with {LEAST} rows or more that these results measure: published rows, and apart "
        "from them what was measured here. Unfold one with a click."
    )
    folded = [_folded(paper_table(name, results)) for name in names]
    return [Heading("Papers' tables"), Paragraph(about, note=True), *folded]


def _measured_rows(table: PublishedTable, results: Sequence[Result]) -> int:
    return len(fill(table, results))


def _folded(table: Table) -> Part:
    body = [part for block in table.blocks for part in _block(block)]
    return Folded(table.title, [*body, *(Paragraph(n, note=True) for n in table.notes)])


def _block(block: Block) -> list[Part]:
    heads = [*block.heads, *(column.heading for column in block.columns)]
    rows = [[*map(Shown, _labels(line)), *map(_cell, line.cells)] for line in block.lines]
    return [
        Heading(block.heading, 3),
        Paragraph(block.about),
        *([Grid(heads, rows)] if rows else []),
        *(Paragraph(text, note=True) for text in block.footnotes),
    ]


def _labels(line: Line) -> list[str]:
    letter = f" ({line.letter})" if line.letter else ""
    return [*line.labels[:-1], line.labels[-1] + letter]


def _cell(cell: Cell) -> Shown:
    text = f"{cell.text} {superscript(cell.beats)}" if cell.beats else cell.text
    return Shown(text, cell.value, cell.best)
