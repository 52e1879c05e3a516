"""Tables, and functions that print them in several formats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from csv import DictWriter
from dataclasses import dataclass, fields
from io import StringIO
from typing import Literal

from vrbench.published import Cell, Column
from vrbench.runtime.printable import csv_cell, printable

UNMEASURED = "not measured"
_RAISED = str.maketrans("abcdefghijklmnoprstuvwxyz", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ")
_MARKDOWN = re.compile(r"[\\|*<`]|\](?=[(\[:])|&(?=[#\w])")
"""Characters of Markdown: of cells, emphasis, HTML, code, links, character references."""

_FIELDS = ("table", "row", "column", "value", "unit", "kind", "source")


@dataclass(frozen=True)
class Line:
    """One row of a section.

    Attributes:
        labels: under the section's heads.
        cells: under the section's columns.
        row: the row's full name, data and protocol included.
        source: paper and table, or provenance of the result, or ``UNMEASURED``.
        table: the published table that the row is from, where it is not that of the name.
        letter: other rows' cells bear it where they are better than this row.
        brief: the last label without the bank, for formats that put banks into footnotes.
        bank: of the row's norm; empty: none.
    """

    labels: tuple[str, ...]
    cells: tuple[Cell, ...]
    row: str
    source: str
    table: str = ""
    letter: str = ""
    brief: str = ""
    bank: str = ""


@dataclass(frozen=True)
class Section:
    """Rows under one heading.

    Attributes:
        kind: where the numbers come from; ``claimed`` numbers are left out of CSV and JSON.
        heading: empty where the table has only one section.
        about: what all rows share: data, protocol, source.
        heads: headings of the label columns.
        footnotes: what letters and bold type mean.
    """

    kind: Literal["published", "measured", "claimed"]
    heading: str
    about: str
    heads: tuple[str, ...]
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    footnotes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """Sections under one title; the notes are about the published one.

    Its text is made printable here, whatever the results' fields hold, once for all formats.
    """

    name: str
    title: str
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, printable(getattr(self, field.name)))

    def __str__(self) -> str:
        return markdown(self)

    def _repr_markdown_(self) -> str:
        return markdown(self)


def markdown(table: Table) -> str:
    """Render as Markdown: a table for each section, sources of measured rows as footnotes."""
    parts = [f"## {_escape(table.title)}"]
    sources: list[str] = []
    for section in table.sections:
        parts += [f"### {_escape(section.heading)}"] if section.heading else []
        parts += [_escape(section.about)] if section.about else []
        rows = [[*section.heads, *(column.heading for column in section.columns)]]
        for line in section.lines:
            labels = [_escape(label) for label in line.labels]
            labels[-1] += f" ({line.letter})" if line.letter else ""
            if section.kind == "measured" and line.source != UNMEASURED:
                sources.append(line.source)
                labels[-1] += f" [^{len(sources)}]"
            rows.append([*labels, *(_marked(cell) for cell in line.cells)])
        parts += [_grid(rows, len(section.heads))] if section.lines else []
        parts += [_escape(text) for text in section.footnotes]
    if table.notes:
        parts.append("\n".join(["Notes:", "", *(f"- {_escape(note)}" for note in table.notes)]))
    if sources:
        parts.append("\n".join(f"[^{i}]: {_escape(text)}" for i, text in enumerate(sources, 1)))
    return "\n\n".join(parts) + "\n"


def csv(table: Table) -> str:
    """Render as CSV, one line for each cell: table, row, column, value, unit, kind, source.

    Values are not rounded; an empty cell has an empty value. Text that a spreadsheet would take
    for a formula has an apostrophe before it.
    """
    out = StringIO()
    writer = DictWriter(out, _FIELDS, lineterminator="\n")
    writer.writeheader()
    for record in _records(table):
        writer.writerow({key: csv_cell(value) for key, value in record.items()})
    return out.getvalue()


def to_json(table: Table) -> str:
    """Render as a JSON list, one object for each cell, with the keys of ``csv``.

    Empty cells are null.
    """
    return json.dumps(list(_records(table)), indent=1, ensure_ascii=False) + "\n"


def _records(table: Table) -> Iterator[dict[str, str | float | None]]:
    for section in (section for section in table.sections if section.kind != "claimed"):
        for line in section.lines:
            for column, cell in zip(section.columns, line.cells, strict=True):
                if section.kind == "published" and not cell.text:
                    continue  # a column that this row's table does not have
                value = cell.text if column.unit == "text" else cell.value
                place = (line.table or table.name, line.row, column.label, value, column.unit)
                yield dict(zip(_FIELDS, (*place, section.kind, line.source), strict=True))


def superscript(letters: str) -> str:
    """Return letters as Unicode superscripts."""
    return letters.translate(_RAISED)


def _marked(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.best else _escape(cell.text)
    return f"{text} {superscript(cell.beats)}" if cell.beats else text


def _escape(text: str) -> str:
    return _MARKDOWN.sub(r"\\\g<0>", text)


def _grid(rows: Sequence[Sequence[str]], n_labels: int) -> str:
    """Lay out a Markdown table, padded so that it reads in a terminal too."""
    widths = [max(3, *map(len, column)) for column in zip(*rows, strict=True)]

    def pad(row: Sequence[str]) -> str:
        cells = [
            text.ljust(width) if i < n_labels else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        return f"| {' | '.join(cells)} |"

    rule = ["-" * w if i < n_labels else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
    return "\n".join(map(pad, [rows[0], rule, *rows[1:]]))
