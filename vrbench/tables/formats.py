"""Tables as one value, and the formats that it can be printed in: functions from it to text."""

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
"""What would be a cell, emphasis, HTML, code, a link or a character reference."""

_FIELDS = ("table", "row", "column", "value", "unit", "kind", "source")


@dataclass(frozen=True)
class Line:
    """One row of a block.

    Attributes:
        labels: under the block's heads.
        cells: under the block's columns.
        row: what the row is called where it stands alone, data and protocol included.
        source: paper and table, or provenance of the result, or ``UNMEASURED``.
        table: the published table that the row is from, where it is not that of the name.
        letter: by which other rows' cells say that they are better than this row.
    """

    labels: tuple[str, ...]
    cells: tuple[Cell, ...]
    row: str
    source: str
    table: str = ""
    letter: str = ""


@dataclass(frozen=True)
class Block:
    """Rows under one heading.

    Attributes:
        kind: where the numbers come from; what is only claimed is no cell of a table, and in no
            CSV or JSON.
        heading: empty where the table has only one block.
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
    """Blocks under one title; the notes are about the published one.

    All its text is printable, whatever the results' fields hold: no format has to see to it.
    """

    name: str
    title: str
    blocks: tuple[Block, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, printable(getattr(self, field.name)))

    def __str__(self) -> str:
        return markdown(self)

    def _repr_markdown_(self) -> str:
        return markdown(self)


def markdown(table: Table) -> str:
    """Render as Markdown: a table a block, sources of measured rows as footnotes."""
    parts = [f"## {_escape(table.title)}"]
    sources: list[str] = []
    for block in table.blocks:
        parts += [f"### {_escape(block.heading)}"] if block.heading else []
        parts += [_escape(block.about)] if block.about else []
        rows = [[*block.heads, *(column.heading for column in block.columns)]]
        for line in block.lines:
            labels = [_escape(label) for label in line.labels]
            labels[-1] += f" ({line.letter})" if line.letter else ""
            if block.kind == "measured" and line.source != UNMEASURED:
                sources.append(line.source)
                labels[-1] += f" [^{len(sources)}]"
            rows.append([*labels, *(_marked(cell) for cell in line.cells)])
        parts += [_grid(rows, len(block.heads))] if block.lines else []
        parts += [_escape(text) for text in block.footnotes]
    if table.notes:
        parts.append("\n".join(["Notes:", "", *(f"- {_escape(note)}" for note in table.notes)]))
    if sources:
        parts.append("\n".join(f"[^{i}]: {_escape(text)}" for i, text in enumerate(sources, 1)))
    return "\n\n".join(parts) + "\n"


def csv(table: Table) -> str:
    """Render as CSV, one line a cell: table, row, column, value, unit, kind, source.

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
    """Render as a JSON list, one object a cell with the keys of ``csv``; empty cells are null."""
    return json.dumps(list(_records(table)), indent=1, ensure_ascii=False) + "\n"


def _records(table: Table) -> Iterator[dict[str, str | float | None]]:
    for block in (block for block in table.blocks if block.kind != "claimed"):
        for line in block.lines:
            for column, cell in zip(block.columns, line.cells, strict=True):
                if block.kind == "published" and not cell.text:
                    continue  # a column that this row's table does not have
                value = cell.text if column.unit == "text" else cell.value
                place = (line.table or table.name, line.row, column.label, value, column.unit)
                yield dict(zip(_FIELDS, (*place, block.kind, line.source), strict=True))


def superscript(letters: str) -> str:
    """Return letters as superscripts that every terminal and Markdown viewer shows."""
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
