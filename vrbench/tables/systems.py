"""Every published number of one system, side by side."""

from __future__ import annotations

import re
from collections import defaultdict

from vrbench import published
from vrbench.errors import InputError, did_you_mean
from vrbench.published import Cell, Column, PublishedTable, Row
from vrbench.published.conflicts import conflicts, place, sentences
from vrbench.tables.formats import Block, Line, Table

_CITATION = re.compile(r"\s*(\[\d+\]|\([^()]*\d{4}\w?\)|†)")
_ABSENT = Cell(None, "")

Found = tuple[PublishedTable, Row, dict[Column, Cell]]


def system_table(name: str) -> Table:
    """Put the numbers of a system together, a block for each dataset and setting.

    Notes name every measure that the tables print differently, and what the tables' own notes say
    about it.

    Args:
        name: of the system, or as any paper prints it without its reference; case is ignored.

    Raises:
        InputError: no table has a row of it.
    """
    systems = _systems(name)
    places: dict[str, list[Found]] = defaultdict(list)
    for table in map(published.load, (*published.names(), *published.extras())):
        for row in table.rows:
            if row.system in systems:
                for where, cells in _by_place(table, row).items():
                    places[where].append((table, row, cells))
    blocks = tuple(_block(where, found) for where, found in places.items())
    differing = sentences(one for one in conflicts() if one.system in systems)
    notes = (*(differing or ["No two tables differ about it."]), *_remarks(systems, places))
    title = f"{', '.join(systems)} in every table"
    return Table("system", title, blocks, notes)


def _systems(name: str) -> list[str]:
    known: dict[str, dict[str, None]] = defaultdict(dict)
    spelled: dict[str, str] = {}
    for _, row, _, _ in published.cells():
        for label in (row.system, _CITATION.sub("", row.printed).strip()):
            known[label.casefold()][row.system] = None
            spelled[label.casefold()] = label
    if name.casefold() not in known:
        hint = did_you_mean(name, spelled.values())
        raise InputError(
            f"No published table has a system '{name}'.{hint} Write it as a paper's table does."
        )
    return list(known[name.casefold()])


def _remarks(systems: list[str], places: dict[str, list[Found]]) -> list[str]:
    """Return the notes of these tables that name the system, not only the paper called like it."""
    words: dict[PublishedTable, set[str]] = defaultdict(set)
    for table, row, _ in (one for some in places.values() for one in some):
        words[table] |= {*systems, _CITATION.sub("", row.printed).strip()}
    return [
        f"{table.name}: {note}"
        for table, names in words.items()
        for note in table.notes
        if re.search(rf"\b({'|'.join(map(re.escape, names))})\b(?!'s Table)", note)
    ]


def _by_place(table: PublishedTable, row: Row) -> dict[str, dict[Column, Cell]]:
    found: dict[str, dict[Column, Cell]] = defaultdict(dict)
    for column, cell in zip(table.columns, row.cells, strict=True):
        plain = Column(column.direction, column.metric, column.unit)
        found[place(table, row, column)][plain] = cell
    return found


def _block(where: str, found: list[Found]) -> Block:
    columns = sorted({column for _, _, cells in found for column in cells}, key=_order)
    lines = tuple(
        Line(
            (table.name, row.printed),
            tuple(cells.get(column, _ABSENT) for column in columns),
            f"{row.label} [{where}]",
            table.source,
            table.name,
        )
        for table, row, cells in found
    )
    return Block("published", where, "", ("table", "printed as"), tuple(columns), lines)


def _order(column: Column) -> tuple[str, bool, int, str]:
    recall = column.metric.startswith("R@")
    k = int(column.metric[2:]) if recall else 0
    return column.direction, not recall, k, column.metric
