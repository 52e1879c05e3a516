"""The papers' tables that a results folder has measurements for, as parts of its page."""

from __future__ import annotations

from collections.abc import Sequence

from vrbench import published
from vrbench.published import Cell, PublishedTable
from vrbench.reports.parts import Folded, Heading, PageCell, PagePart, PageTable, Paragraph
from vrbench.results import labels
from vrbench.results.schema import ResultDict
from vrbench.tables import paper_table
from vrbench.tables.formats import Line, Section, Table
from vrbench.tables.matching import fill, slots
from vrbench.tables.of_tasks import task_sections

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


def tasks_of(results: Sequence[ResultDict]) -> list[PagePart]:
    """Return a table for each task that these results are of."""
    parts = [part for section in task_sections(results) for part in _section(section)]
    said = labels.notes(results)
    heading: list[PagePart] = [Heading("Tasks")] if parts else []
    return [*heading, *parts, *(Paragraph(text, note=True) for text in said)]


def _measured_rows(table: PublishedTable, results: Sequence[ResultDict]) -> int:
    """Count the rows that are filled; one filled row of a task's table is enough."""
    found = fill(table, results)
    return LEAST if any(slots(table)[row].task for row in found) else len(found)


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
    return PageCell(cell.text, cell.value, cell.best, raised=cell.beats)
