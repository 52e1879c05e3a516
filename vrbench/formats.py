"""Tables as one value, and the formats that it can be printed in.

A format is a function from a ``Table`` to text; ``FORMATS`` is all there is to add one to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from csv import DictWriter
from dataclasses import dataclass
from io import StringIO
from typing import Literal

from vrbench.published import Cell, Column

UNMEASURED = "not measured"
_FIELDS = ("table", "row", "column", "value", "unit", "kind", "source")


@dataclass(frozen=True)
class Line:
    """One row of a block.

    Attributes:
        labels: under the block's heads.
        cells: under the block's columns.
        row: what the row is called where it stands alone, data and protocol included.
        source: paper and table, or provenance of the result, or ``UNMEASURED``.
    """

    labels: tuple[str, ...]
    cells: tuple[Cell, ...]
    row: str
    source: str


@dataclass(frozen=True)
class Block:
    """Rows under one heading.

    Attributes:
        kind: where the numbers come from.
        heading: empty where the table has only one block.
        about: what all rows share: data, protocol, source.
        heads: headings of the label columns.
    """

    kind: Literal["published", "measured"]
    heading: str
    about: str
    heads: tuple[str, ...]
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Table:
    """Blocks under one title; the notes are about the published one."""

    name: str
    title: str
    blocks: tuple[Block, ...]
    notes: tuple[str, ...] = ()


def markdown(table: Table) -> str:
    """Render as Markdown: a table a block, sources of measured rows as footnotes."""
    parts = [f"## {_escape(table.title)}"]
    sources: list[str] = []
    for block in table.blocks:
        parts += [f"### {_escape(block.heading)}"] if block.heading else []
        parts += [_escape(block.about)] if block.about else []
        rows = [[*block.heads, *(column.label for column in block.columns)]]
        for line in block.lines:
            labels = [_escape(label) for label in line.labels]
            if block.kind == "measured" and line.source != UNMEASURED:
                sources.append(line.source)
                labels[-1] += f" [^{len(sources)}]"
            rows.append([*labels, *(_marked(cell) for cell in line.cells)])
        parts += [_grid(rows, len(block.heads))] if block.lines else []
    if table.notes:
        parts.append("\n".join(["Notes:", "", *(f"- {_escape(note)}" for note in table.notes)]))
    if sources:
        parts.append("\n".join(f"[^{i}]: {_escape(text)}" for i, text in enumerate(sources, 1)))
    return "\n\n".join(parts) + "\n"


def csv(table: Table) -> str:
    """Render as CSV, one line a cell: table, row, column, value, unit, kind, source.

    Values are not rounded; an empty cell has an empty value.
    """
    out = StringIO()
    writer = DictWriter(out, _FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_records(table))
    return out.getvalue()


def to_json(table: Table) -> str:
    """Render as a JSON list, one object a cell with the keys of ``csv``; empty cells are null."""
    return json.dumps(list(_records(table)), indent=1, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Table], str]] = {"markdown": markdown, "csv": csv, "json": to_json}


def _records(table: Table) -> Iterator[dict[str, str | float | None]]:
    for block in table.blocks:
        for line in block.lines:
            for column, cell in zip(block.columns, line.cells, strict=True):
                place = (table.name, line.row, column.label, cell.value, column.unit)
                yield dict(zip(_FIELDS, (*place, block.kind, line.source), strict=True))


def _marked(cell: Cell) -> str:
    return f"**{cell.text}**" if cell.best else cell.text


def _escape(text: str) -> str:
    return re.sub(r"([|*])", r"\\\1", text)


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
