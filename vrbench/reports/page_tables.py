"""The papers' tables that a results folder has measurements for, as parts of its page."""

from __future__ import annotations

from collections.abc import Sequence

from vrbench import published
from vrbench.published import Cell, PublishedTable
from vrbench.reports.parts import Folded, Heading, PageCell, PagePart, PageTable, Paragraph
from vrbench.results.schema import ResultDict
from vrbench.tables import paper_table
from vrbench.tables.formats import Line, Section, Table, superscript
from vrbench.tables.matching import fill

LEAST = 2
"""Fewest measured rows of a table that is shown."""


def filled(results: Sequence[ResultDict]) -> list[PagePart]:
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


def _measured_rows(table: PublishedTable, results: Sequence[ResultDict]) -> int:
    return len(fill(table, results))


def _folded(table: Table) -> PagePart:
    body = [part for section in table.sections for part in _section(section)]
    return Folded(table.title, [*body, *(Paragraph(n, note=True) for n in table.notes)])


def _section(section: Section) -> list[PagePart]:
    heads = [*section.heads, *(column.heading for column in section.columns)]
    rows = [[*map(PageCell, _labels(line)), *map(_cell, line.cells)] for line in section.lines]
    return [
        Heading(section.heading, 3),
        Paragraph(section.about),
        *([PageTable(heads, rows)] if rows else []),
        *(Paragraph(text, note=True) for text in section.footnotes),
    ]


def _labels(line: Line) -> list[str]:
    letter = f" ({line.letter})" if line.letter else ""
    return [*line.labels[:-1], line.labels[-1] + letter]


def _cell(cell: Cell) -> PageCell:
    text = f"{cell.text} {superscript(cell.beats)}" if cell.beats else cell.text
    return PageCell(text, cell.value, cell.best)
