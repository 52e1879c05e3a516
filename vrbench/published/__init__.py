"""The tables of the papers as data: every printed cell with its table, row, column and unit.

Each paper is one TOML file, as printed and in printed order, so that a page can be checked against
it line by line; comments in the files explain them. ``extras()`` have the same form: figures,
sections and threads whose numbers are in no table.
"""

from __future__ import annotations

from collections.abc import Iterator

from vrbench.errors import InputError, did_you_mean
from vrbench.published.read import tables
from vrbench.published.table import (
    Cell,
    Claim,
    Column,
    MeasuredBy,
    PublishedTable,
    Row,
)

__all__ = [
    "Cell",
    "Claim",
    "Column",
    "MeasuredBy",
    "PublishedTable",
    "Row",
    "cells",
    "extras",
    "load",
    "names",
]


def names() -> list[str]:
    """Return the names of the papers' numbered tables, a paper's tables in its own order."""
    return [table.name for table in tables().values() if table.numbered]


def extras() -> list[str]:
    """Return the names of the extras: numbers of figures, sections, threads."""
    return [table.name for table in tables().values() if not table.numbered]


def load(name: str) -> PublishedTable:
    """Return the published table of this name.

    Raises:
        InputError: no table has this name.
    """
    known = tables()
    if name not in known:
        hint = did_you_mean(name, known)
        raise InputError(f"Unknown table '{name}'.{hint} vrbench list tables has them all.")
    return known[name]


def cells() -> Iterator[tuple[PublishedTable, Row, Column, Cell]]:
    """Yield every cell of every table, empty ones too."""
    for table in tables().values():
        for row in table.rows:
            for column, cell in zip(table.columns, row.cells, strict=True):
                yield table, row, column, cell
