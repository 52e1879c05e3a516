"""Every published number of one system, side by side."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace

from vrbench import published
from vrbench.errors import InputError, did_you_mean
from vrbench.metrics.table import recall_k
from vrbench.published import Cell, Column, PublishedTable, Row
from vrbench.published.conflicts import conflicts, place, sentences
from vrbench.tables.choices import without_reference
from vrbench.tables.claims import contradictions
from vrbench.tables.formats import Line, Section, Table

_ABSENT = Cell(None, "")

Found = tuple[PublishedTable, Row, dict[Column, Cell]]


def system_table(name: str) -> Table:
    """Collect the numbers of a system, a section for each dataset and setting.

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
    sections = tuple(_section(where, found) for where, found in places.items())
    differing = sentences(one for one in conflicts() if one.system in systems)
    notes = (*(differing or ["No two tables differ about it."]), *_remarks(systems, places))
    title = f"{', '.join(systems)} in every table"
    return Table("system", title, sections, notes)


def _systems(name: str) -> list[str]:
    known: dict[str, dict[str, None]] = defaultdict(dict)
    spelled: dict[str, str] = {}
    for _, row, _, _ in published.cells():
        for label in (row.system, without_reference(row.printed)):
            known[label.casefold()][row.system] = None
            spelled[label.casefold()] = label
    if name.casefold() not in known:
        hint = did_you_mean(name, spelled.values())
        raise InputError(
            f"No published table has a system '{name}'.{hint} Write it as a paper's table does."
        )
    return list(known[name.casefold()])


def _remarks(systems: list[str], places: dict[str, list[Found]]) -> list[str]:
    """Return the notes of these tables on the system, and the claims on its rows that do not hold.

    A note that only names the paper of the same name is left out.
    """
    words: dict[PublishedTable, set[str]] = defaultdict(set)
    rows: dict[PublishedTable, set[str]] = defaultdict(set)
    for table, row, _ in (one for some in places.values() for one in some):
        words[table] |= {*systems, without_reference(row.printed)}
        rows[table].add(row.label)
    found: dict[str, list[str]] = defaultdict(list)
    for table, names in words.items():
        own = tuple(claim for claim in table.claims if claim.row in rows[table])
        named = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b(?!'s Table)")
        notes = (note for note in table.notes if named.search(note))
        for note in (*notes, *contradictions(replace(table, claims=own))):
            found[note].append(table.name)
    return [f"{', '.join(tables)}: {note}" for note, tables in found.items()]


def _by_place(table: PublishedTable, row: Row) -> dict[str, dict[Column, Cell]]:
    found: dict[str, dict[Column, Cell]] = defaultdict(dict)
    for column, cell in zip(table.columns, row.cells, strict=True):
        plain = Column(column.direction, column.metric, column.unit)
        found[place(table, row, column)][plain] = cell
    return found


def _section(where: str, found: list[Found]) -> Section:
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
    return Section("published", where, "", ("table", "printed as"), tuple(columns), lines)


def _order(column: Column) -> tuple[str, bool, int, str]:
    k = recall_k(column.metric)
    return column.direction, not k, k, column.metric
