"""Printing for people: plain text, and tables that are never cut.

Every string is printed as one line of plain text: no markup, no emoji codes, no control
characters. Import it only where something is printed: ``rich`` is slow to import.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vrbench.runtime.printable import one_line

WIDE = 160
"""Width in columns where stdout is no terminal."""

NAME = 20
"""Least columns of a name, if it needs them, before names are put on separate lines."""

GAP = 3
"""Gap between two columns of a table; 2 where names are on separate lines."""


class _Plain(Console):
    def render_str(self, text: str, **how: Any) -> Text:
        return super().render_str(one_line(text), **how)


def console(*, wrap: bool = True) -> Console:
    """Return a console on stdout, wide where that is no terminal."""
    found = _Plain(markup=False, emoji=False, highlight=False, soft_wrap=not wrap)
    if not found.is_terminal:
        found.width = WIDE
    return found


@dataclass(frozen=True)
class TextRow:
    """A row of a text table.

    Attributes:
        names: under the heads; a row without names belongs to those above it.
        cells: under the columns.
        about: under the last heading.
        end: whether a gap follows.
    """

    names: Sequence[str]
    cells: Sequence[str | Text]
    about: str = ""
    end: bool = False


@dataclass(frozen=True)
class TextTable:
    """A table whose names may wrap and whose cells may not.

    Attributes:
        heads: of names.
        columns: headings of cells.
        rows: as many names and cells as there are heads and columns.
        about: heading of a last column of words, which is left out where there is no room for it.
    """

    heads: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[TextRow]
    about: str = ""

    def widths(self, width: int) -> tuple[list[int], list[int]] | None:
        """Return the widths of the columns of words and of cells; None: there is no room.

        Headings are broken between words before names are; names keep at least ``NAME`` columns.
        """
        words = [[h, *(row.names[i] for row in self.rows)] for i, h in enumerate(self.heads)]
        words += [[self.about, *(row.about for row in self.rows)]] if self.about else []
        full = [_widest(column) for column in words]
        longest = [_widest(" ".join(column).split()) for column in words]
        least = [max(min(a, NAME), b) for a, b in zip(full, longest, strict=True)]
        space = width - 2 - GAP * (len(words) + len(self.columns) - 1)
        wide, narrow = self.cell_widths(broken=False), self.cell_widths(broken=True)
        if sum(full) + sum(wide) <= space:
            return full, wide
        room = space - sum(least) - sum(narrow)
        if room < 0:
            return None
        for i, wanted in enumerate(full):
            more = min(room, wanted - least[i])
            least[i] += more
            room -= more
        return least, narrow

    def cell_widths(self, *, broken: bool) -> list[int]:
        """Return the width of each column of cells, its heading broken between words or not."""
        return [
            _widest([*(head.split() if broken else [head]), *(row.cells[i] for row in self.rows)])
            for i, head in enumerate(self.columns)
        ]


def print_text_table(out: Console, grid: TextTable) -> bool:
    """Print a table; where the console is too narrow, names are on separate lines.

    Returns:
        Whether the last column was printed.
    """
    found = grid.widths(out.width)
    if found is None:
        if grid.about:
            print_text_table(out, replace(grid, about=""))
        else:
            for line in _stacked(grid, out):
                out.print(line)
        return False
    words, cells = found
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head, width in zip(grid.heads, words, strict=False):
        table.add_column(head, width=width, overflow="fold")
    for head, width in zip(grid.columns, cells, strict=True):
        table.add_column(head, width=width, justify="right")
    if grid.about:
        table.add_column(grid.about, width=words[-1], overflow="fold")
    for row in grid.rows:
        about = [row.about] if grid.about else []
        table.add_row(*row.names, *row.cells, *about, end_section=row.end)
    out.print(table)
    return True


def _stacked(grid: TextTable, out: Console) -> Iterator[str | Text]:
    """Yield lines: all headings, and for each row its names and under them its cells.

    What does not fit on one line of cells continues on the next, under headings that do the same.
    """
    parts, widths = _parts(grid.cell_widths(broken=True), out.width)
    yield ""
    for part in parts:
        heads = [
            _broken(head, width) for head, width in zip(grid.columns[part], widths, strict=False)
        ]
        for line in range(-max(map(len, heads)), 0):
            yield _aligned([head[line] if -line <= len(head) else "" for head in heads], widths)
    yield ("-" if out.options.ascii_only else "─") * min(out.width, sum(widths) + 2 * len(widths))
    for row in grid.rows:
        if any(row.names):
            yield "  ".join(filter(None, row.names))
        for part in parts:
            yield _aligned(row.cells[part], widths)
        if row.end:
            yield ""
    yield ""


def _parts(widths: Sequence[int], width: int) -> tuple[list[slice], list[int]]:
    """Return which cells stand on each line, and the widths that all lines share."""
    n = len(widths)
    if not n:
        return [], []
    for lines in range(1, n + 1):
        size = -(-n // lines)
        shared = [max(widths[place::size]) for place in range(size)]
        if sum(shared) + 2 * size <= width:
            break
    return [slice(start, start + size) for start in range(0, n, size)], shared


def _broken(head: str, width: int) -> list[str]:
    """Return a heading in lines."""
    lines = [""]
    for word in head.split():
        longer = f"{lines[-1]} {word}".strip()
        if _width(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _aligned(cells: Sequence[str | Text], widths: Sequence[int]) -> Text:
    line = Text(no_wrap=True)
    for cell, width in zip(cells, widths, strict=False):
        line.append(" " * (2 + width - _width(cell)))
        line.append(one_line(cell) if isinstance(cell, str) else cell)
    return line


def _widest(texts: Sequence[str | Text]) -> int:
    return max(map(_width, texts), default=0)


def _width(text: str | Text) -> int:
    return text.cell_len if isinstance(text, Text) else cell_len(one_line(text))
